#include "fokker/case/point_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/case/csv.hpp"

namespace fokker {
namespace {

constexpr std::size_t fewest_positions = 8;
constexpr double mass_slack = 1e-2, slack_beside_walls = 1e-9;

class TableCheck {
 public:
  TableCheck(std::string_view bytes, const std::filesystem::path& path, std::span<const Axis> axes)
      : path_(path), axes_(axes), csv_(parse_csv(bytes, path)) {}

  PointTable table() {
    PointTable table;
    take_columns(table);
    find_positions(table);
    if (axes_.size() == 1)
      require_ascent(table);
    else
      require_tensor_grid(table);
    weigh(table);
    require_cover(table);
    require_mass(table);
    return table;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw FileError(path_.string(), what); }
  [[noreturn]] void fail(std::size_t row, const std::string& what) const {
    fail(fmt::format("line {}: {}", csv_.lines[row], what));
  }

  const std::vector<double>& column(const std::string& name) const {
    if (const auto* found = csv_.column(name)) return *found;
    fail(fmt::format("no column {}, its columns are: {}", name, fmt::join(csv_.names, ", ")));
  }

  void take_columns(PointTable& table) const {
    table.p = column("p");
    for (const Axis& axis : axes_) static_cast<void>(column(axis.name));
    if (table.p.empty()) fail("no rows below the header");
    table.points.resize(table.p.size());
    for (std::size_t k = 0; k < axes_.size(); ++k) {
      const Axis& axis = axes_[k];
      const std::vector<double>& x = column(axis.name);
      const double slack = slack_beside_walls * (axis.upper - axis.lower);
      for (std::size_t row = 0; row < x.size(); ++row) {
        if (!std::isfinite(x[row])) fail(row, fmt::format("{} = {}, must be finite", axis.name, x[row]));
        if (x[row] < axis.lower - slack || x[row] > axis.upper + slack)
          fail(row, fmt::format("{} = {} is outside the box, must be in [{}, {}]", axis.name, x[row], axis.lower,
                                axis.upper));
        table.points[row][k] = std::clamp(x[row], axis.lower, axis.upper);
      }
    }
    double largest = 0;
    for (std::size_t row = 0; row < table.p.size(); ++row) {
      if (!std::isfinite(table.p[row])) fail(row, fmt::format("p = {}, must be finite", table.p[row]));
      largest = std::max(largest, std::abs(table.p[row]));
    }
    constexpr double rounding = 1e-9;
    for (std::size_t row = 0; row < table.p.size(); ++row)
      if (table.p[row] < -rounding * largest) fail(row, fmt::format("p = {}, a density is not negative", table.p[row]));
  }

  void find_positions(const PointTable& table) {
    for (std::size_t k = 0; k < axes_.size(); ++k) {
      std::vector<double>& positions = positions_[k];
      for (const auto& point : table.points) positions.push_back(point[k]);
      std::sort(positions.begin(), positions.end());
      positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    }
    for (std::size_t k = 0; k < axes_.size(); ++k)
      if (positions_[k].size() < fewest_positions)
        fail(fmt::format("{} position{} along {}, at least {} are needed to integrate over", positions_[k].size(),
                         positions_[k].size() == 1 ? "" : "s", axes_[k].name, fewest_positions));
  }

  void require_ascent(const PointTable& table) const {
    for (std::size_t row = 1; row < table.points.size(); ++row)
      if (!(table.points[row][0] > table.points[row - 1][0]))
        fail(row, fmt::format("{} = {} after {}, must ascend", axes_[0].name, table.points[row][0],
                              table.points[row - 1][0]));
  }

  [[nodiscard]] std::size_t position(const PointTable& table, std::size_t row, std::size_t k) const {
    const auto found = std::lower_bound(positions_[k].begin(), positions_[k].end(), table.points[row][k]);
    return static_cast<std::size_t>(found - positions_[k].begin());
  }

  void require_tensor_grid(const PointTable& table) const {
    const std::size_t nx = positions_[0].size(), ny = positions_[1].size();
    // More points than rows cannot all be there; nothing is allocated for them.
    const std::string shape =
        fmt::format("{} positions along {} and {} along {} make a grid of {} points, and it has {} rows", nx,
                    axes_[0].name, ny, axes_[1].name, nx * ny, table.p.size());
    if (nx * ny > table.p.size()) fail(shape);
    std::vector<std::size_t> seen(nx * ny, 0);  // line numbers
    for (std::size_t row = 0; row < table.p.size(); ++row) {
      std::size_t& line = seen[position(table, row, 0) + nx * position(table, row, 1)];
      if (line > 0)
        fail(row, fmt::format("{} = {}, {} = {} is there twice, also in line {}", axes_[0].name, table.points[row][0],
                              axes_[1].name, table.points[row][1], line));
      line = csv_.lines[row];
    }
  }

  // The end intervals are carried on to the walls with the value at the end; a circle has none.
  [[nodiscard]] std::vector<double> weights_along(std::size_t k) const {
    const Axis& axis = axes_[k];
    const std::vector<double>& x = positions_[k];
    const double below = x.front() - axis.lower, above = axis.upper - x.back();
    std::vector<double> weight(x.size(), 0.0);
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      weight[i] += 0.5 * (x[i + 1] - x[i]);
      weight[i + 1] += 0.5 * (x[i + 1] - x[i]);
    }
    const bool circle = axis.periodic();
    weight.front() += circle ? 0.5 * (below + above) : below;
    weight.back() += circle ? 0.5 * (below + above) : above;
    return weight;
  }

  void weigh(PointTable& table) const {
    table.weight.assign(table.p.size(), 1.0);
    for (std::size_t k = 0; k < axes_.size(); ++k) {
      const std::vector<double> along = weights_along(k);
      for (std::size_t row = 0; row < table.p.size(); ++row) table.weight[row] *= along[position(table, row, k)];
    }
  }

  /// What the values at the end of an axis say about the mass of a stretch beside them.
  [[nodiscard]] double mass_beside(const PointTable& table, std::size_t k, double end, double stretch) const {
    const double own = weights_along(k)[end == positions_[k].front() ? 0 : positions_[k].size() - 1];
    double line = 0;
    for (std::size_t row = 0; row < table.p.size(); ++row)
      if (table.points[row][k] == end) line += table.weight[row] / own * std::abs(table.p[row]);
    return line * stretch;
  }

  void require_cover(const PointTable& table) const {
    constexpr double next_to_nothing = 1e-3;
    for (std::size_t k = 0; k < axes_.size(); ++k) {
      const Axis& axis = axes_[k];
      const std::vector<double>& x = positions_[k];
      const double below = x.front() - axis.lower, above = axis.upper - x.back();
      const auto open = [&](double stretch, double spacing, double end) {
        return stretch > 1.000001 * spacing && mass_beside(table, k, end, stretch) > next_to_nothing;
      };
      const double gap = axis.periodic() ? below + above : 0;  // across the ends of the ring
      if (open(std::max(below, gap), x[1] - x[0], x.front()) ||
          open(std::max(above, gap), x[x.size() - 1] - x[x.size() - 2], x.back()))
        fail(fmt::format("covers {} in [{}, {}] only, the box is [{}, {}], and p is not small at the ends", axis.name,
                         x.front(), x.back(), axis.lower, axis.upper));
    }
  }

  void require_mass(const PointTable& table) const {
    double mass = 0;
    for (std::size_t row = 0; row < table.p.size(); ++row) mass += table.weight[row] * table.p[row];
    const bool absorbs = std::any_of(axes_.begin(), axes_.end(), [](const Axis& axis) {
      return axis.at_lower == Boundary::absorbing || axis.at_upper == Boundary::absorbing;
    });
    if (mass <= 1 + mass_slack && (absorbs ? mass > 0 : mass >= 1 - mass_slack)) return;
    fail(
        fmt::format("its p integrates to {:.6g} by trapezoids, a density to {}1 within {}: too few points for it, or a "
                    "part of it, or another quantity than p",
                    mass, absorbs ? "at most " : "", mass_slack));
  }

  const std::filesystem::path& path_;
  std::span<const Axis> axes_;
  Csv csv_;
  std::array<std::vector<double>, 2> positions_;
};

}  // namespace

PointTable parse_point_table(std::string_view bytes, const std::filesystem::path& path, std::span<const Axis> axes) {
  return TableCheck(bytes, path, axes).table();
}

PointTable read_point_table(const std::filesystem::path& path, std::span<const Axis> axes) {
  return parse_point_table(read_file(path), path, axes);
}

}  // namespace fokker
