#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sections.hpp"

// [[check]]: which quantities there are, what each must and must not be given.
namespace fokker::input {
namespace {

constexpr std::size_t most_checks = 1000;
constexpr auto reverse_name = "reverse";  // what came back, beside the witnesses

CaseCheck& check_of(const Reading& r) { return r.c.checks[r.entry]; }

bool is_dotted(std::string_view name) { return name.find('.') != std::string_view::npos; }

// nullptr where the name is none, which was reported.
const Quantity* quantity_of(const Reading& r) {
  const auto& rows = r.reader.vocabulary.quantities;
  const std::string& name = check_of(r).quantity;
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const Quantity& q) { return q.dotted ? is_dotted(name) : q.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

std::vector<std::string> quantity_names(const Reading& r, bool (*wanted)(const Quantity&)) {
  std::vector<std::string> names;
  for (const Quantity& quantity : r.reader.vocabulary.quantities)
    if (wanted(quantity)) names.emplace_back(quantity.name);
  return names;
}

// A table of a density, read once however many checks speak of it, and held against the axes.
void read_file_witness(const Reading& r) {
  auto& [reader, table, row, node, c, entry] = r;
  CaseCheck& check = check_of(r);
  if (std::find(reader.symbols.axes.begin(), reader.symbols.axes.end(), "p") != reader.symbols.axes.end())
    return reader.report(node, "the axis p and the density p would be one column, rename the axis");
  if (!inputs_of(reader.inputs.found(), check.against).empty()) {
    const auto same = [&](const CaseCheck& other) { return other.table && other.against == check.against; };
    const auto known = std::find_if(c.checks.begin(), c.checks.end(), same);
    if (known != c.checks.end()) check.table = known->table;  // else: what is wrong with it was reported
    return;
  }
  if (!c.infinite.empty())
    return reader.report(node,
                         fmt::format("a table of points says nothing of what lies beyond them: axis.{}.range must "
                                     "have both ends",
                                     c.axes[c.infinite.front().axis].name));
  const bool axes_read =
      c.axes.size() == reader.dimension() && std::all_of(c.axes.begin(), c.axes.end(), [](const Axis& axis) {
        return std::isfinite(axis.lower) && std::isfinite(axis.upper) && axis.upper > axis.lower;
      });
  try {
    CaseInput input = reader.inputs.file(check.against, is_of_set(node));
    const std::filesystem::path file = input.places.front();
    std::error_code error;
    if (reader.inputs.reads && input.sha256.empty() && !std::filesystem::is_regular_file(file, error))
      return reader.report(node, fmt::format("{} is not a file that can be read", toml_string(file.string())));
    if (c.axes.empty() || !axes_read) return;  // reported
    const std::string bytes = reader.inputs.take(std::move(input));
    if (reader.inputs.reads) check.table = std::make_shared<const PointTable>(parse_point_table(bytes, file, c.axes));
  } catch (const FileError& fault) {
    reader.report(node, fault.what());
  }
}

// Silent about a key that was refused.
bool is_set(const Reading& r, std::string_view path) {
  const KeyAccess& access = find_key(path)->access;
  return (access.count ? access.count(r.c) > 0 : !access.write(r.c, 0).empty()) ||
         r.reader.faulty.contains(std::string(path));
}

void require_beside(const Reading& r, const Quantity& quantity) {
  if (!quantity.needs.empty() && !is_set(r, quantity.needs))
    r.report(fmt::format("{} needs {}, which is not set", quantity.name, quantity.needs));
}

void read_witness(const Reading& r, const Quantity& quantity, const WitnessName& witness) {
  if (quantity.of_logarithms && witness.both_signs)
    return r.report(fmt::format("\"{}\", {} needs a density that is positive, and its noise at 1e-16 is not",
                                witness.name, quantity.name));
  const std::string key = fmt::format("compare.{}", witness.name);
  if (!is_set(r, key)) r.report(fmt::format("needs {}, which is not set", key));
  if (quantity.closed_form && r.c.compare.exact_formula)
    return r.report(fmt::format("{} needs the closed form (compare.exact = true)", quantity.name));
  require_beside(r, quantity);
}

// A name that stands for a witness of the case, for what came back, or for a file.
void read_named_witness(const Reading& r, const Quantity& quantity, const std::string& against) {
  const auto& all = r.reader.vocabulary.witnesses;
  const auto named = std::find_if(all.begin(), all.end(), [&](const WitnessName& w) { return w.name == against; });
  const bool file = against.ends_with(".csv"), back = check_of(r).of_reverse;
  if (named == all.end() && !file && !back) {
    std::vector<std::string> names;
    for (const WitnessName& witness : all) names.emplace_back(witness.name);
    names.insert(names.end(), {reverse_name, "a .csv file"});
    return r.report(fmt::format("{} is unknown", toml_string(against)) + allowed_names(against, names));
  }
  if (!quantity.only.empty() && against != quantity.only)
    return r.report(fmt::format("{}, {} is for \"{}\"", toml_string(against), quantity.name, quantity.only));
  if (back) {
    if (!r.c.reverse) r.report("needs [reverse], which is not there");
    return;
  }
  if (!file) return read_witness(r, quantity, *named);
  if (quantity.from_file) return read_file_witness(r);
  const auto can = quantity_names(r, [](const Quantity& other) { return other.from_file; });
  std::string text;
  for (const std::string& name : can) text += (text.empty() ? "" : name == can.back() ? " and " : ", ") + name;
  r.report(fmt::format("{} cannot be taken from a table of points, {} can", quantity.name, text));
}

// For one quantity alone: false (reported) with any other.
bool goes_with(const Reading& r, std::string_view argument) {
  const Quantity* const quantity = quantity_of(r);
  if (!quantity || quantity->argument == argument) return quantity != nullptr;
  std::vector<std::string_view> right;
  for (const Quantity& other : r.reader.vocabulary.quantities)
    if (other.argument == argument) right.push_back(other.name);
  if (r.node) r.report(fmt::format("goes with {}, not with {}", fmt::join(right, ", "), quantity->name));
  return false;
}

}  // namespace

void read_checks(Reading& r) {
  const auto entries = r.reader.list(r.node);
  if (!entries) return;
  if (entries->size() > most_checks)
    return r.report(fmt::format("{} checks, at most {}", entries->size(), most_checks));
  for (const Node& entry : *entries) {
    r.c.checks.emplace_back().where = r.reader.problems.where(entry.value->position);
    read_entry(r, entry, r.c.checks.size() - 1);
  }
}

void read_quantity(Reading& r) {
  const std::vector<std::string> names = quantity_names(r, [](const Quantity&) { return true; });
  static_cast<void>(r.table.require(r.row.key(), fmt::format("one of {}", fmt::join(names, ", "))));
  const bool dotted = r.node && r.node.value->kind == Value::Kind::string && is_dotted(r.node.value->text);
  check_of(r).quantity = dotted ? r.node.value->text : r.reader.word(r.node, names).value_or("");
  const Quantity* const quantity = quantity_of(r);
  if (!quantity) return;
  if (!quantity->compares) require_beside(r, *quantity);
  if (quantity->one_axis && r.reader.dimension() == 2) r.report(fmt::format("{} is for one axis", quantity->name));
}

// What must stand there, where the witness is not the only one that can tell.
std::string any_witness(const Vocabulary& words) {
  std::vector<std::string> names;
  for (const WitnessName& witness : words.witnesses) names.push_back(fmt::format("\"{}\"", witness.name));
  return fmt::format("{} or a .csv file", fmt::join(names, ", "));
}

void read_against(Reading& r) {
  const Quantity* const quantity = quantity_of(r);
  if (!quantity) return;
  if (!quantity->compares) {
    if (r.node) r.report(fmt::format("{} is a number of the run itself, leave against out", quantity->name));
    return;
  }
  static_cast<void>(r.table.require(
      r.row.key(), quantity->only.empty() ? any_witness(r.reader.vocabulary) : fmt::format("\"{}\"", quantity->only)));
  const auto against = r.reader.text(r.node);
  if (!against) return;
  check_of(r).against = *against;
  check_of(r).of_reverse = *against == reverse_name;
  read_named_witness(r, *quantity, *against);
}

std::string write_against(const Case& c, std::size_t entry) { return toml_input(c, c.checks[entry].against); }

// The output time that `at` means, bit for bit, so that nobody compares times with a tolerance again. What came back is
// compared with the initial density.
void read_at(Reading& r) {
  CaseCheck& check = check_of(r);
  if (r.node && check.of_reverse) r.report("what came back is compared with the initial density, leave at out");
  if (const Quantity* const quantity = quantity_of(r); r.node && quantity && quantity->dotted)
    r.report("summary.json speaks of the end, leave at out");
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
  const CaseCheck& check = c.checks[entry];
  return !check.timed || check.of_reverse || is_dotted(check.quantity) ? "" : toml(check.at);
}

// A verdict needs no bound: it is one.
bool takes_bound(const Reading& r) {
  const Quantity* const quantity = quantity_of(r);
  if (!quantity || !quantity->own_bound) return true;
  if (r.node)
    r.report(fmt::format("{} takes no bound: it fails where z, KS and chi-square together differ (p below 1e-3)",
                         quantity->name));
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
    r.reader.problems.add(r.table.position(), r.table.path("below"),
                          "missing, must have below, above, near with within, or within alone");
  else if (given.size() == 1 && given.front() == "near" && !r.node)
    static_cast<void>(r.table.require("within", "a number >= 0, with near"));
  else if (given.size() == 1 && given.front() != "near" && r.node)
    r.report(fmt::format("goes with near or alone, not with {}", given.front()));
}

// A formula, or the name of one that the case asks of every density.
void read_of(Reading& r) {
  if (!goes_with(r, "of")) return;
  static_cast<void>(r.table.require("of", r.row.access.must_be));
  if (!r.node) return;
  check_of(r).of_text = formula_text(r.node);
  const auto& asked = r.c.output.questions;
  if (std::none_of(asked.begin(), asked.end(),
                   [&](const CaseQuestion& question) { return question.name == check_of(r).of_text; }))
    check_of(r).of = r.reader.formula(r.node, r.reader.symbols.axes);
}

std::string write_of(const Case& c, std::size_t entry) {
  return c.checks[entry].of_text.empty() ? "" : toml_string(c.checks[entry].of_text);
}

void read_check_axis(Reading& r) {
  if (!goes_with(r, "axis")) return;
  static_cast<void>(r.table.require("axis", r.row.access.must_be));
  check_of(r).axis = r.reader.word(r.node, r.reader.symbols.axes).value_or("");
}

void read_check_side(Reading& r) {
  if (!goes_with(r, "side")) return;
  if (!quantity_of(r)->any_side) static_cast<void>(r.table.require("side", r.row.access.must_be));
  std::vector<std::string> sides;
  for (const Axis& axis : r.c.axes) {
    if (axis.at_lower == Boundary::absorbing) sides.push_back(axis.name + "_lower");
    if (axis.at_upper == Boundary::absorbing) sides.push_back(axis.name + "_upper");
  }
  if (!sides.empty())
    check_of(r).side = r.reader.word(r.node, sides).value_or("");
  else if (r.c.axes.size() == r.reader.dimension())
    r.reader.problems.add(r.table.position(), r.table.path("quantity"),
                          fmt::format("{} needs an absorbing side, and there is none", check_of(r).quantity));
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
  if (!quantity_of(r) || !r.node) return;
  if (!check.of_reverse) return r.report("goes with against = \"reverse\"");
  check.lambda = r.reader.number(r.node, Bounds::not_negative());
  if (!check.lambda || !r.c.reverse) return;
  const auto& all = r.c.reverse->lambda;  // empty: its own fault was reported
  if (!all.empty() && std::find(all.begin(), all.end(), *check.lambda) == all.end())
    r.report(fmt::format("{}, reverse.lambda holds {}", *check.lambda, fmt::join(all, ", ")));
}

}  // namespace fokker::input
