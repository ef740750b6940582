#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "case_reader.hpp"

// [[check]]: which quantities there are, what each must and must not be given.
namespace fokker {
namespace {

constexpr std::size_t most_checks = 1000;

enum class Against { nothing, witness, exact, histogram, spectral };
struct Quantity {
  std::string_view name;
  Against against = Against::nothing;
  bool from_file = false;          // a table of point values is enough to tell
  std::string_view argument = "";  // the key it cannot do without
};
constexpr std::array<Quantity, 22> quantities = {{
    {"l1", Against::witness, true},
    {"l2", Against::witness, true},
    {"linf", Against::witness, true},
    {"kl", Against::witness, true},
    {"w1", Against::witness},
    {"ks", Against::witness},
    {"mean_error", Against::witness},
    {"covariance_error", Against::witness},
    {"agrees", Against::histogram},
    {"z", Against::histogram},
    {"ks_p_value", Against::histogram},
    {"chi2_p_value", Against::histogram},
    {"characteristic_error", Against::exact},
    {"l1_exact", Against::spectral},
    {"own_error", Against::spectral},
    {"log_likelihood_error"},
    {"log_likelihood_error_grid"},
    {"mass_error"},
    {"min_p"},
    {"expectation", Against::nothing, false, "of"},
    {"p", Against::nothing, false, "point"},
    {"order"},
}};

// The one witness that can tell, "" where any can.
std::string_view only_witness(Against against) {
  switch (against) {
    case Against::exact:
      return "exact";
    case Against::histogram:
      return "monte_carlo";
    case Against::spectral:
      return "spectral";
    default:
      return "";
  }
}

const Quantity* find_quantity(std::string_view name) {
  const auto row =
      std::find_if(quantities.begin(), quantities.end(), [&](const Quantity& q) { return q.name == name; });
  return row == quantities.end() ? nullptr : &*row;
}

std::vector<std::string> quantity_names() {
  std::vector<std::string> names;
  for (const Quantity& quantity : quantities) names.emplace_back(quantity.name);
  return names;
}

// A table of a density, read once however many checks speak of it, and held against the axes.
void read_file_witness(CaseReader& reader, const Node& node, Case& c, CaseCheck& check) {
  check.file = reader.folder / check.against;
  std::error_code error;
  if (!std::filesystem::is_regular_file(check.file, error))
    return reader.report(node, fmt::format("{} is not a file that can be read", toml_string(check.file.string())));
  if (std::find(reader.symbols.axes.begin(), reader.symbols.axes.end(), "p") != reader.symbols.axes.end())
    return reader.report(node, "the axis p and the density p would be one column, rename the axis");
  const auto known = std::find_if(c.checks.begin(), c.checks.end(),
                                  [&](const CaseCheck& other) { return other.table && other.file == check.file; });
  if (known != c.checks.end()) {
    check.table = known->table;
    return;
  }
  const bool axes_read =
      c.axes.size() == reader.dimension() && std::all_of(c.axes.begin(), c.axes.end(), [](const Axis& axis) {
        return std::isfinite(axis.lower) && std::isfinite(axis.upper) && axis.upper > axis.lower;
      });
  if (c.axes.empty() || !axes_read) return;  // reported
  try {
    check.table = std::make_shared<const PointTable>(read_point_table(check.file, c.axes));
    c.inputs.push_back({check.against, check.table->sha256});
  } catch (const FileError& fault) {
    reader.report(node, fault.what());
  }
}

void read_against(CaseReader& reader, const Node& node, const Quantity& quantity, Case& c, CaseCheck& check) {
  if (quantity.against == Against::nothing) {
    if (node) reader.report(node, fmt::format("{} is a number of the run itself, leave against out", quantity.name));
    return;
  }
  const auto against = reader.text(node);
  if (!against) return;
  check.against = *against;
  const bool file = against->ends_with(".csv");
  const bool exact = c.compare.exact_closed_form || c.compare.exact_formula || reader.exact_faulty;
  const std::map<std::string, bool> active = {
      {"exact", exact},
      {"monte_carlo", c.compare.monte_carlo || reader.monte_carlo_faulty},
      {"spectral", c.compare.spectral || reader.spectral_faulty},
      {"twin", c.compare.twin},
      {"reverse", c.reverse.has_value()},
  };
  if (!active.contains(*against) && !file) {
    const std::vector<std::string> witnesses = {"exact", "monte_carlo", "spectral", "twin", "reverse", "a .csv file"};
    return reader.report(node,
                         fmt::format("{} is unknown", toml_string(*against)) + allowed_names(*against, witnesses));
  }
  const std::string_view only = only_witness(quantity.against);
  if (!only.empty() && *against != only)
    return reader.report(node, fmt::format("{}, {} is for \"{}\"", toml_string(*against), quantity.name, only));
  if (file && !quantity.from_file)
    return reader.report(
        node, fmt::format("{} cannot be taken from a table of points, l1, l2, linf and kl can", quantity.name));
  if (file) return read_file_witness(reader, node, c, check);
  if (quantity.name == "kl" && *against == "spectral")
    return reader.report(node, "\"spectral\", kl needs a density that is positive, and its noise at 1e-16 is not");
  if (!active.at(*against))
    reader.report(node, *against == "reverse" ? "needs [reverse], which is not there"
                                              : fmt::format("needs compare.{}, which is not set", *against));
  if (quantity.name == "characteristic_error" && c.compare.exact_formula)
    return reader.report(node, "characteristic_error needs the closed form (compare.exact = true)");
  if (quantity.name == "l1_exact" && !exact) reader.report(node, "l1_exact needs compare.exact, which is not set");
}

// A verdict needs no bound: it is one.
void read_no_bounds(CaseReader& reader, TableReader& table) {
  for (const char* key : {"below", "above", "near", "within"})
    if (const Node node = table.find(key))
      reader.report(node, "agrees takes no bound: it fails where z, KS and chi-square together differ (p below 1e-3)");
}

// Exactly one of: below, above, near with within, within alone (which bounds |value|).
void read_bounds(CaseReader& reader, TableReader& table, CaseCheck& check) {
  constexpr std::array<std::string_view, 3> kinds = {"below", "above", "near"};
  const auto given = table.one_of(kinds);
  const Node within = table.find("within");
  check.below = reader.number(table.find("below"));
  check.above = reader.number(table.find("above"));
  check.near = reader.number(table.find("near"));
  check.within = reader.number(within, Bounds::not_negative());
  if (given.empty() && !within)
    reader.problems.add(table.place(), table.path("below"),
                        "missing, must have below, above, near with within, or within alone");
  else if (given.size() == 1 && given.front() == "near" && !within)
    static_cast<void>(table.require("within", "a number >= 0, with near"));
  else if (given.size() == 1 && given.front() != "near" && within)
    reader.report(within, fmt::format("goes with near or alone, not with {}", given.front()));
}

// The output time that `at` means, bit for bit, so that nobody compares times with a tolerance again.
void read_at(CaseReader& reader, const Node& node, const Case& c, CaseCheck& check) {
  if (!reader.times_known) {
    static_cast<void>(reader.number(node));
    return;
  }
  check.at = c.time.end;
  const auto at = reader.number(node);
  if (!at) return;
  check.timed = true;
  const std::vector<double>& times = c.output.times;
  const auto after = std::lower_bound(times.begin(), times.end(), *at);
  std::vector<double> nearest;
  if (after != times.begin()) nearest.push_back(*(after - 1));
  if (after != times.end()) nearest.push_back(*after);
  for (const double t : nearest)
    if (std::abs(t - *at) <= 1e-12 * c.time.end) {
      check.at = t;
      return;
    }
  reader.report(node, fmt::format("{} is not an output time, nearest: {}", *at, fmt::join(nearest, " and ")));
}

void read_argument(CaseReader& reader, TableReader& table, const Quantity& quantity, const Case& c, CaseCheck& check) {
  for (const char* key : {"of", "point"}) {
    const Node node = table.find(key);
    if (node && quantity.argument != key)
      reader.report(node, fmt::format("goes with {}, not with {}", std::string_view(key) == "of" ? "expectation" : "p",
                                      quantity.name));
  }
  if (quantity.argument == "of") {
    const Node of = table.require("of", "a formula of the axes");
    check.of = reader.formula(of, reader.symbols.axes);
    if (of) check.of_text = of.value->kind == Value::Kind::string ? of.value->text : to_toml(*of.value);
  }
  if (quantity.argument == "point")
    check.point =
        read_point(reader, table.require("point", "a list of numbers, one per axis"), c).value_or(check.point);
}

// What came back is compared with the initial density: at 0, for one lambda or for all.
void read_lambda(CaseReader& reader, TableReader& table, const Case& c, CaseCheck& check) {
  const Node lambda = table.find("lambda"), at = table.find("at");
  if (check.against != "reverse") {
    if (lambda) reader.report(lambda, "goes with against = \"reverse\"");
    return;
  }
  if (at) reader.report(at, "what came back is compared with the initial density, leave at out");
  check.lambda = reader.number(lambda, Bounds::not_negative());
  if (!check.lambda || !c.reverse) return;
  const auto& all = c.reverse->lambda;  // empty: its own fault was reported
  if (!all.empty() && std::find(all.begin(), all.end(), *check.lambda) == all.end())
    reader.report(lambda, fmt::format("{}, reverse.lambda holds {}", *check.lambda, fmt::join(all, ", ")));
}

CaseCheck read_check(CaseReader& reader, const Node& entry, Case& c) {
  CaseCheck check;
  TableReader table(entry, reader.problems);
  if (!table.is_table()) return check;
  check.where = reader.problems.where(table.place());
  const std::vector<std::string> names = quantity_names();
  const Node quantity_node = table.require("quantity", fmt::format("one of {}", fmt::join(names, ", ")));
  check.quantity = reader.word(quantity_node, names).value_or("");
  const Node against = table.find("against");
  read_at(reader, table.find("at"), c, check);
  if (check.quantity == "agrees")
    read_no_bounds(reader, table);
  else
    read_bounds(reader, table, check);
  if (const Quantity* quantity = find_quantity(check.quantity)) {
    if (quantity->against != Against::nothing && !against) {
      const std::string_view only = only_witness(quantity->against);
      static_cast<void>(
          table.require("against", only.empty() ? "\"exact\", \"monte_carlo\", \"spectral\", \"twin\" or a .csv file"
                                                : fmt::format("\"{}\"", only)));
    }
    read_against(reader, against, *quantity, c, check);
    read_argument(reader, table, *quantity, c, check);
    if (quantity->name.starts_with("log_likelihood") && !reader.log_likelihood_asked)
      reader.report(quantity_node, fmt::format("{} needs compare.log_likelihood, which is not set", quantity->name));
    read_lambda(reader, table, c, check);
    if (quantity->name == "w1" && reader.dimension() == 2) reader.report(quantity_node, "w1 is for one axis");
  } else {
    for (const char* key : {"of", "point", "lambda"}) static_cast<void>(table.find(key));
  }
  table.finish();
  return check;
}

}  // namespace

void read_checks(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = root.find("check");
  const auto entries = reader.list(node);
  if (!entries) return;
  if (entries->size() > most_checks)
    return reader.report(node, fmt::format("{} checks, at most {}", entries->size(), most_checks));
  for (const Node& entry : *entries) c.checks.push_back(read_check(reader, entry, c));
}

}  // namespace fokker
