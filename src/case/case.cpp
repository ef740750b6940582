#include "fokker/case/case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "case_reader.hpp"
#include "fokker/base/printable.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/sha256.hpp"

namespace fokker {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;
constexpr std::int64_t most_cells = std::int64_t{1} << 26;

const std::vector<std::string> boundaries = {"reflecting", "absorbing", "periodic"};

std::optional<Boundary> boundary_named(const std::optional<std::string>& name) {
  for (const Boundary boundary : {Boundary::reflecting, Boundary::absorbing, Boundary::periodic})
    if (name && *name == to_string(boundary)) return boundary;
  return std::nullopt;
}

// One word for both sides, or a pair [lower, upper]; a torus has no sides.
void read_boundary(CaseReader& reader, const Node& node, Axis& axis) {
  if (!node) return;
  if (node.value->kind != Value::Kind::array) {
    const auto both = boundary_named(reader.word(node, boundaries));
    axis.at_lower = axis.at_upper = both.value_or(Boundary::reflecting);
    return;
  }
  const auto pair = reader.list(node);
  if (pair->size() != 2)
    return reader.report(node, fmt::format("a list of {}, must be one word or a pair [lower, upper]", pair->size()));
  const auto lower = boundary_named(reader.word((*pair)[0], boundaries));
  const auto upper = boundary_named(reader.word((*pair)[1], boundaries));
  if (!lower || !upper) return;
  if ((*lower == Boundary::periodic) != (*upper == Boundary::periodic))
    return reader.report(node, "periodic on one side only, must be on both or neither");
  axis.at_lower = *lower;
  axis.at_upper = *upper;
}

void read_range(CaseReader& reader, const Node& node, Axis& axis) {
  const auto range = node ? reader.vector(node, 2) : std::nullopt;
  if (!range) {  // reported; no point is outside of an unknown box
    axis.lower = -std::numeric_limits<double>::infinity();
    axis.upper = std::numeric_limits<double>::infinity();
    return;
  }
  axis.lower = (*range)[0];
  axis.upper = (*range)[1];
  if (!(axis.upper > axis.lower))
    reader.report(node, fmt::format("[{}, {}], the upper end must be greater than the lower", axis.lower, axis.upper));
  else if (!std::isfinite(axis.upper - axis.lower))
    reader.report(node, fmt::format("[{}, {}] is too wide", axis.lower, axis.upper));
}

Axis read_axis(CaseReader& reader, const Node& entry) {
  Axis axis;
  TableReader table(entry, reader.problems);
  if (!table.is_table()) return axis;
  // The name was read, and its faults reported, before everything else.
  const Node name = table.find("name");
  if (name && name.value->kind == Value::Kind::string) axis.name = name.value->text;
  read_range(reader, table.require("range", "a pair [lower, upper]"), axis);
  const Node cells = table.require("cells", "an integer >= 2");
  axis.cells = reader.integer(cells, 2, std::numeric_limits<std::int64_t>::max()).value_or(2);
  read_boundary(reader, table.require("boundary", "reflecting, absorbing, periodic or a pair of them"), axis);
  table.finish();
  const bool countable = axis.cells <= most_cells && std::isfinite(axis.width());
  if (countable && axis.upper > axis.lower && !(axis.center(0) > axis.lower && axis.face(1) > axis.center(0)))
    reader.report(cells, fmt::format("{}, the cells would be too narrow to tell apart", axis.cells));
  return axis;
}

std::string memory_text(double bytes) {
  constexpr std::array<const char*, 6> units = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < units.size(); ++unit) bytes /= 1000;
  return fmt::format("{:.3g} {}", bytes, units[unit]);
}

void check_grid_size(CaseReader& reader, const Node& node, const Case& c) {
  double cells = 1;
  for (const Axis& axis : c.axes) cells *= static_cast<double>(axis.cells);
  if (cells > static_cast<double>(most_cells))
    reader.report(node, fmt::format("a grid of {:.15g} cells ({} per field), at most {}", cells, memory_text(8 * cells),
                                    most_cells));
}

// Where every key stands, for whoever finds fault with the case later.
void keep_places(const Value& value, const std::string& path, const Problems& problems,
                 std::map<std::string, std::string>& places) {
  places[path] = problems.where(value.place);
  const bool axes = path == "axis", list = value.kind == Value::Kind::array;
  if (value.kind != Value::Kind::table && !(list && (axes || path == "check"))) return;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const Value* name = axes ? value.items[i].find("name") : nullptr;
    const std::string step = name ? name->text : list ? std::to_string(i) : value.keys[i].first;
    keep_places(value.items[i], path.empty() ? step : path + "." + step, problems, places);
  }
}

}  // namespace

std::string Case::where(std::string_view key) const {
  for (;;) {
    if (const auto found = places.find(std::string(key)); found != places.end()) return found->second;
    if (key.empty()) return file.string();
    const std::size_t dot = key.rfind('.');
    key = key.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
}

void read_axes(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = root.find("axis");
  if (reader.dimension() == 0) return;
  const auto entries = reader.list(node);
  for (Node entry : *entries) {
    // Messages call an axis by its name, as --set does.
    const Value* name = entry.value->find("name");
    if (name && reader.symbols.axes.size() == reader.dimension()) entry.key = "axis." + name->text;
    c.axes.push_back(read_axis(reader, entry));
    c.sde.variables.push_back(c.axes.back().name);
  }
  check_grid_size(reader, node, c);
}

Node section(CaseReader& reader, TableReader& root, std::string_view name, std::string_view must_be) {
  return reader.use == CaseFor::steady ? root.find(name) : root.require(name, must_be);
}

void read_time(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = section(reader, root, "time", "a table with end");
  if (!node && reader.use == CaseFor::steady) {
    c.has_time = false;
    c.time.tolerance = 1e-6;
    return;
  }
  TableReader time(node, reader.problems);
  if (!time.is_table()) return;
  const Node end_node = time.require("end", "a number > 0");
  const auto end = reader.number(end_node, Bounds::positive());
  std::vector<std::string> steppers = {"auto"};
  steppers.insert(steppers.end(), reader.vocabulary.steppers.begin(), reader.vocabulary.steppers.end());
  if (const auto name = reader.word(time.find("stepper"), steppers)) c.time.stepper = *name;
  constexpr std::array<std::string_view, 2> accuracy = {"tolerance", "dt"};
  static_cast<void>(time.one_of(accuracy));
  const Node tolerance = time.find("tolerance"), dt = time.find("dt");
  c.time.tolerance = reader.number(tolerance, Bounds::positive());
  c.time.dt = reader.number(dt, Bounds::positive());
  const auto& adaptive = reader.vocabulary.adaptive_steppers;
  const bool estimates =
      c.time.stepper == "auto" || std::find(adaptive.begin(), adaptive.end(), c.time.stepper) != adaptive.end();
  if (estimates && !tolerance && !dt) c.time.tolerance = 1e-6;
  if (!estimates && tolerance && !adaptive.empty())
    reader.report(tolerance, fmt::format("{} has no error estimate, give dt or one of auto, {}", c.time.stepper,
                                         fmt::join(adaptive, ", ")));
  time.finish();
  if (!end) return;
  // Spans beyond leave no digits for the steps, or none for their number.
  constexpr double shortest = 1e-250, longest = 1e250;
  if (!(*end >= shortest && *end <= longest))
    return reader.report(
        end_node, fmt::format("{}, must lie in [{:.0e}, {:.0e}]: take another unit of time", *end, shortest, longest));
  c.time.end = *end;
  reader.end_known = true;
  if (c.time.dt && *c.time.dt > *end)
    reader.warn(dt, fmt::format("{} is beyond time.end = {}: one step goes all the way", *c.time.dt, *end));
  if (c.time.dt && !(*end / *c.time.dt <= most_fixed_steps))
    reader.report(dt, fmt::format("{} would take {:.3g} steps to {}, at most {:.0e}", *c.time.dt, *end / *c.time.dt,
                                  *end, most_fixed_steps));
}

// Its own keys are of later work; the section says that the case is for `steady`.
void read_steady(CaseReader& reader, TableReader& root) {
  const Node node = root.find("steady");
  if (!node) return;
  TableReader steady(node, reader.problems);
  if (!steady.is_table()) return;
  for (const char* key : {"periodic", "branches", "stability"}) steady.later(key);
  steady.finish();
}

Case parse_case(std::string_view text, const std::string& name, const std::filesystem::path& folder,
                const std::vector<std::string>& overrides, const Vocabulary& vocabulary, CaseFor use) {
  Problems problems(name, overrides);
  if (text.size() > most_bytes)
    throw CaseError({Problem{problems.where({}), "", fmt::format("more than {} bytes (1 MiB)", most_bytes)}});
  Value tree = parse_toml(text, problems);
  for (std::size_t i = 0; i < overrides.size(); ++i) apply_override(tree, overrides[i], static_cast<int>(i), problems);

  Case c;
  c.file = name;
  c.text = text;
  c.sha256 = sha256_hex(text);
  c.overrides = overrides;

  CaseReader reader(tree, vocabulary, folder, problems);
  reader.use = use;
  TableReader root(reader.root, problems);
  c.title = reader.text(root.find("title")).value_or(printable_line(std::filesystem::path(name).stem().string()));
  read_axis_names(reader, root);
  read_symbols(reader, root, c);
  read_axes(reader, root, c);
  read_sde(reader, root, c);
  read_schedule(reader, root, c);
  read_initial(reader, root, c);
  read_scheme(reader, root, c);
  read_time(reader, root, c);
  check_model(reader, c);
  read_output(reader, root, c);
  read_compare(reader, root, c);
  read_reverse(reader, root, c);
  read_checks(reader, root, c);
  warn_of_unused(reader, root);
  read_steady(reader, root);
  root.finish();
  problems.raise();
  c.warnings = std::move(reader.warnings);
  keep_places(tree, "", problems, c.places);
  return c;
}

Case load_case(const std::filesystem::path& file, const std::vector<std::string>& overrides,
               const Vocabulary& vocabulary, CaseFor use) {
  // One byte more than allowed, so that parse_case can tell.
  return parse_case(read_at_most(file, most_bytes + 1), file.string(), file.parent_path(), overrides, vocabulary, use);
}

}  // namespace fokker
