#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fokker/case/words.hpp"
#include "sections.hpp"

// [[axis]]: the box and its walls.
namespace fokker::input {
namespace {

constexpr std::int64_t most_cells = std::int64_t{1} << 26;

std::optional<Boundary> boundary_named(const std::optional<std::string>& name) {
  for (const Boundary boundary : {Boundary::reflecting, Boundary::absorbing, Boundary::periodic})
    if (name && *name == to_string(boundary)) return boundary;
  return std::nullopt;
}

// Cells that no double can tell apart.
void check_width(const CaseReader& reader, const Node& entry, const Axis& axis) {
  const Value* cells = entry.value->find("cells");
  const bool countable = axis.cells <= most_cells && std::isfinite(axis.width());
  if (cells && countable && axis.upper > axis.lower && !(axis.center(0) > axis.lower && axis.face(1) > axis.center(0)))
    reader.report({cells, entry.key + ".cells"},
                  fmt::format("{}, the cells would be too narrow to tell apart", axis.cells));
}

void read_axis(Reading& list, const Node& entry, std::size_t k) {
  TableReader table(entry, list.reader.problems);
  if (!table.is_table()) return;
  // The name was read, and its faults reported, before everything else.
  Axis& axis = list.c.axes[k];
  const Value* name = entry.value->find("name");
  if (name && name->kind == Value::Kind::string) axis.name = name->text;
  axis.cells = 2;
  read_keys(list.reader, table, "axis.*", list.c, k, "", "name");
  table.finish();
  check_width(list.reader, entry, axis);
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

}  // namespace

// A side without an end is the wall of a box that is chosen such that next to nothing gets there.
void check_infinite_sides(Reading& r) {
  const Axis& axis = r.c.axes[r.entry];
  for (const InfiniteSide& side : r.c.infinite) {
    if (side.axis != r.entry) continue;
    const Boundary kind = side.side == 0 ? axis.at_lower : axis.at_upper;
    if (kind == Boundary::reflecting) continue;
    const char* const end = side.side == 0 ? "lower" : "upper";
    r.report(fmt::format("{} at the {} side, which has no end (range); {}", to_string(kind), end,
                         kind == Boundary::periodic ? "a ring has two ends, give both"
                                                    : "nothing gets there: it must be reflecting, or have an end"));
    if (kind == Boundary::periodic) return;
  }
}

// One word for both sides, or a pair [lower, upper]; a torus has no sides.
void read_boundary(Reading& r) {
  if (!r.node) return;
  const std::vector<std::string> boundaries = names_of(words("boundaries"));
  Axis& axis = r.c.axes[r.entry];
  if (r.node.value->kind != Value::Kind::array) {
    const auto both = boundary_named(r.reader.word(r.node, boundaries));
    axis.at_lower = axis.at_upper = both.value_or(Boundary::reflecting);
    return check_infinite_sides(r);
  }
  const auto pair = r.reader.list(r.node);
  if (pair->size() != 2)
    return r.report(fmt::format("a list of {}, must be one word or a pair [lower, upper]", pair->size()));
  const auto lower = boundary_named(r.reader.word((*pair)[0], boundaries));
  const auto upper = boundary_named(r.reader.word((*pair)[1], boundaries));
  if (!lower || !upper) return;
  if ((*lower == Boundary::periodic) != (*upper == Boundary::periodic))
    return r.report("periodic on one side only, must be on both or neither");
  axis.at_lower = *lower;
  axis.at_upper = *upper;
  check_infinite_sides(r);
}

std::string write_boundary(const Case& c, std::size_t entry) {
  return fmt::format("[\"{}\", \"{}\"]", to_string(c.axes[entry].at_lower), to_string(c.axes[entry].at_upper));
}

// -inf below and inf above stand for no end.
bool has_no_end(const Node& range, std::size_t side) {
  const auto& items = range.value->items;
  return range.value->kind == Value::Kind::array && items.size() == 2 && items[side].kind == Value::Kind::real &&
         items[side].real == (side == 0 ? -1 : 1) * std::numeric_limits<double>::infinity();
}

// The end of an axis that has none at the other side.
void read_one_end(Reading& r, std::size_t side) {
  const Node end{&r.node.value->items[side], fmt::format("{}.{}", r.node.key, side)};
  Axis& axis = r.c.axes[r.entry];
  if (const auto value = r.reader.number(end)) (side == 0 ? axis.lower : axis.upper) = *value;
}

void read_range(Reading& r) {
  Axis& axis = r.c.axes[r.entry];  // no point is outside of an unknown box, nor of one that is still to be chosen
  axis.lower = -std::numeric_limits<double>::infinity();
  axis.upper = std::numeric_limits<double>::infinity();
  if (!r.node) return;
  if (has_no_end(r.node, 0) || has_no_end(r.node, 1)) {
    for (std::size_t side = 0; side < 2; ++side)
      if (has_no_end(r.node, side))
        r.c.infinite.push_back({r.entry, static_cast<int>(side)});
      else
        read_one_end(r, side);
    return;
  }
  const auto range = r.reader.vector(r.node, 2);
  if (!range) return;
  axis.lower = (*range)[0];
  axis.upper = (*range)[1];
  if (!(axis.upper > axis.lower))
    r.report(fmt::format("[{}, {}], the upper end must be greater than the lower", axis.lower, axis.upper));
  else if (!std::isfinite(axis.upper - axis.lower))
    r.report(fmt::format("[{}, {}] is too wide", axis.lower, axis.upper));
}

std::string write_range(const Case& c, std::size_t entry) {
  return fmt::format("[{}, {}]", toml_number(c.axes[entry].lower), toml_number(c.axes[entry].upper));
}

// Names come first, of axes and of what [sde] defines: any number may be a formula of those.
void read_axes(Reading& r) {
  read_axis_names(r);
  read_symbols(r);
  if (r.reader.dimension() == 0) return;
  const auto entries = r.reader.list(r.node);
  r.c.axes.resize(entries->size());
  for (std::size_t k = 0; k < entries->size(); ++k) {
    Node entry = (*entries)[k];
    // Messages call an axis by its name, as --set does.
    const Value* name = entry.value->find("name");
    if (name && r.reader.symbols.axes.size() == r.reader.dimension()) entry.key = "axis." + name->text;
    read_axis(r, entry, k);
    r.c.sde.variables.push_back(r.c.axes[k].name);
  }
  check_grid_size(r.reader, r.node, r.c);
}

}  // namespace fokker::input
