#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "sections.hpp"

// [[check]]: which quantities there are, what each must and must not be given.
namespace fokker::input {
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

CaseCheck& check_of(const Reading& r) { return r.c.checks[r.entry]; }

// A table of a density, read once however many checks speak of it, and held against the axes.
void read_file_witness(const Reading& r) {
  auto& [reader, table, row, node, c, entry] = r;
  CaseCheck& check = check_of(r);
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

// The witnesses that a check may name, and whether the case has each of them.
struct Active {
  std::string_view name;
  bool active;
};
std::vector<Active> witnesses(const Reading& r) {
  const CaseCompare& compare = r.c.compare;
  const auto faulty = [&](const char* key) { return r.reader.faulty.contains(key); };
  return {{"exact", compare.exact_closed_form || compare.exact_formula || faulty("compare.exact")},
          {"monte_carlo", compare.monte_carlo || faulty("compare.monte_carlo")},
          {"spectral", compare.spectral || faulty("compare.spectral")},
          {"twin", compare.twin},
          {"reverse", r.c.reverse.has_value()}};
}

// A name that stands for a witness of the case, or for a file.
void read_named_witness(const Reading& r, const Quantity& quantity, const std::string& against) {
  const std::vector<Active> all = witnesses(r);
  const auto named = std::find_if(all.begin(), all.end(), [&](const Active& w) { return w.name == against; });
  const bool file = against.ends_with(".csv");
  if (named == all.end() && !file) {
    std::vector<std::string> names;
    for (const Active& witness : all) names.emplace_back(witness.name);
    names.emplace_back("a .csv file");
    return r.report(fmt::format("{} is unknown", toml_string(against)) + allowed_names(against, names));
  }
  const std::string_view only = only_witness(quantity.against);
  if (!only.empty() && against != only)
    return r.report(fmt::format("{}, {} is for \"{}\"", toml_string(against), quantity.name, only));
  if (file && !quantity.from_file)
    return r.report(fmt::format("{} cannot be taken from a table of points, l1, l2, linf and kl can", quantity.name));
  if (file) return read_file_witness(r);
  if (quantity.name == "kl" && against == "spectral")
    return r.report("\"spectral\", kl needs a density that is positive, and its noise at 1e-16 is not");
  if (!named->active)
    r.report(against == "reverse" ? "needs [reverse], which is not there"
                                  : fmt::format("needs compare.{}, which is not set", against));
  if (quantity.name == "characteristic_error" && r.c.compare.exact_formula)
    return r.report("characteristic_error needs the closed form (compare.exact = true)");
  if (quantity.name == "l1_exact" && !all.front().active) r.report("l1_exact needs compare.exact, which is not set");
}

// For one quantity alone: false (reported) with any other.
bool goes_with(const Reading& r, std::string_view argument) {
  const Quantity* const quantity = find_quantity(check_of(r).quantity);
  if (!quantity) return false;
  if (quantity->argument == argument) return true;
  if (r.node)
    r.report(fmt::format("goes with {}, not with {}", argument == "of" ? "expectation" : "p", quantity->name));
  return false;
}

}  // namespace

std::vector<std::string> quantity_names() {
  std::vector<std::string> names;
  for (const Quantity& quantity : quantities) names.emplace_back(quantity.name);
  return names;
}

void read_checks(Reading& r) {
  const auto entries = r.reader.list(r.node);
  if (!entries) return;
  if (entries->size() > most_checks)
    return r.report(fmt::format("{} checks, at most {}", entries->size(), most_checks));
  for (const Node& entry : *entries) {
    r.c.checks.emplace_back().where = r.reader.problems.where(entry.value->place);
    read_entry(r, entry, r.c.checks.size() - 1);
  }
}

void read_quantity(Reading& r) {
  CaseCheck& check = check_of(r);
  check.quantity = r.reader.word(r.node, quantity_names()).value_or("");
  if (check.quantity.starts_with("log_likelihood") && !r.c.compare.log_likelihood &&
      !r.reader.faulty.contains("compare.log_likelihood"))
    r.report(fmt::format("{} needs compare.log_likelihood, which is not set", check.quantity));
  if (check.quantity == "w1" && r.reader.dimension() == 2) r.report("w1 is for one axis");
}

void read_against(Reading& r) {
  const Quantity* const quantity = find_quantity(check_of(r).quantity);
  if (!quantity) return;
  if (quantity->against == Against::nothing) {
    if (r.node) r.report(fmt::format("{} is a number of the run itself, leave against out", quantity->name));
    return;
  }
  const std::string_view only = only_witness(quantity->against);
  static_cast<void>(r.table.require("against", only.empty()
                                                   ? "\"exact\", \"monte_carlo\", \"spectral\", \"twin\" or a .csv file"
                                                   : fmt::format("\"{}\"", only)));
  const auto against = r.reader.text(r.node);
  if (!against) return;
  check_of(r).against = *against;
  read_named_witness(r, *quantity, *against);
}

// Files by their full path: the resolved case stands in another folder than the case did.
std::string write_against(const Case& c, std::size_t entry) {
  const CaseCheck& check = c.checks[entry];
  if (!check.file.empty()) return toml_path(check.file);
  return check.against.empty() ? "" : toml_string(check.against);
}

// The output time that `at` means, bit for bit, so that nobody compares times with a tolerance again. What came back is
// compared with the initial density.
void read_at(Reading& r) {
  CaseCheck& check = check_of(r);
  if (r.node && check.against == "reverse")
    r.report("what came back is compared with the initial density, leave at out");
  const auto at = r.reader.number(r.node);
  if (!r.reader.times_known) return;
  check.at = r.c.time.end;
  if (!at) return;
  check.timed = true;
  const std::vector<double>& times = r.c.output.times;
  const auto after = std::lower_bound(times.begin(), times.end(), *at);
  std::vector<double> nearest;
  if (after != times.begin()) nearest.push_back(*(after - 1));
  if (after != times.end()) nearest.push_back(*after);
  for (const double t : nearest)
    if (std::abs(t - *at) <= 1e-12 * r.c.time.end) {
      check.at = t;
      return;
    }
  r.report(fmt::format("{} is not an output time, nearest: {}", *at, fmt::join(nearest, " and ")));
}

std::string write_at(const Case& c, std::size_t entry) {
  return c.checks[entry].against == "reverse" ? "" : toml(c.checks[entry].at);
}

// A verdict needs no bound: it is one.
bool takes_bound(const Reading& r) {
  if (check_of(r).quantity != "agrees") return true;
  if (r.node) r.report("agrees takes no bound: it fails where z, KS and chi-square together differ (p below 1e-3)");
  return false;
}

KeyAccess bound(std::optional<double> CaseCheck::*member) {
  KeyAccess access = number(member);
  access.read = [member](Reading& r) {
    if (takes_bound(r)) check_of(r).*member = r.reader.number(r.node);
  };
  return access;
}

// Exactly one of: below, above, near with within, within alone (which bounds |value|).
void read_within(Reading& r) {
  if (!takes_bound(r)) return;
  constexpr std::array<std::string_view, 3> kinds = {"below", "above", "near"};
  const auto given = r.table.one_of(kinds);
  check_of(r).within = r.reader.number(r.node, Bounds::not_negative());
  if (given.empty() && !r.node)
    r.reader.problems.add(r.table.place(), r.table.path("below"),
                          "missing, must have below, above, near with within, or within alone");
  else if (given.size() == 1 && given.front() == "near" && !r.node)
    static_cast<void>(r.table.require("within", "a number >= 0, with near"));
  else if (given.size() == 1 && given.front() != "near" && r.node)
    r.report(fmt::format("goes with near or alone, not with {}", given.front()));
}

void read_of(Reading& r) {
  if (!goes_with(r, "of")) return;
  static_cast<void>(r.table.require("of", r.row.access.must_be));
  check_of(r).of = r.reader.formula(r.node, r.reader.symbols.axes);
  if (r.node) check_of(r).of_text = formula_text(r.node);
}

std::string write_of(const Case& c, std::size_t entry) {
  return c.checks[entry].of ? toml_string(c.checks[entry].of_text) : "";
}

void read_check_point(Reading& r) {
  if (!goes_with(r, "point")) return;
  static_cast<void>(r.table.require("point", r.row.access.must_be));
  if (const auto point = point_in_box(r)) check_of(r).point = *point;
}

std::string write_check_point(const Case& c, std::size_t entry) {
  return c.checks[entry].point.empty() ? "" : toml_list(c.checks[entry].point);
}

// What came back is compared for one lambda, or for the worst of all.
void read_check_lambda(Reading& r) {
  CaseCheck& check = check_of(r);
  if (!find_quantity(check.quantity) || !r.node) return;
  if (check.against != "reverse") return r.report("goes with against = \"reverse\"");
  check.lambda = r.reader.number(r.node, Bounds::not_negative());
  if (!check.lambda || !r.c.reverse) return;
  const auto& all = r.c.reverse->lambda;  // empty: its own fault was reported
  if (!all.empty() && std::find(all.begin(), all.end(), *check.lambda) == all.end())
    r.report(fmt::format("{}, reverse.lambda holds {}", *check.lambda, fmt::join(all, ", ")));
}

}  // namespace fokker::input
