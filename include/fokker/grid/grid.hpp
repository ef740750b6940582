#pragma once
#include <Eigen/Core>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/points.hpp"

namespace fokker {

/// What a side of the box does to probability: zero total flux, p = 0 (mass leaves and is accounted for), or a torus.
enum class Boundary { reflecting, absorbing, periodic };
[[nodiscard]] std::string to_string(Boundary);

/// A uniform axis. Periodic is a property of both sides or neither.
struct Axis {
  std::string name;
  double lower = 0, upper = 1;  ///< [x]
  Index cells = 1;
  Boundary at_lower = Boundary::reflecting, at_upper = Boundary::reflecting;
  std::string label{}, unit{};  ///< for people who look at pictures of it; "" where nothing is said

  /// What stands beside it: its label, or else its name; and with its unit, "position [um]".
  [[nodiscard]] const std::string& title() const { return label.empty() ? name : label; }
  [[nodiscard]] std::string title_with_unit() const { return title() + (unit.empty() ? "" : " [" + unit + "]"); }

  [[nodiscard]] double width() const { return (upper - lower) / static_cast<double>(cells); }
  /// Centre of cell i; exact mirror images about the middle of the axis.
  [[nodiscard]] double center(Index i) const;
  /// Face i in 0..cells; face 0 is `lower` and face `cells` is `upper` exactly.
  [[nodiscard]] double face(Index i) const;
  [[nodiscard]] bool periodic() const { return at_lower == Boundary::periodic; }
};

/// The number of a cell on a ring of n, counted on beyond either end.
[[nodiscard]] inline Index wrapped(Index i, Index n) { return ((i % n) + n) % n; }

/// One or two axes; cells numbered with axis 0 fastest: cell = i + nx * j.
class Grid {
 public:
  explicit Grid(std::vector<Axis> axes);

  [[nodiscard]] int dimension() const { return static_cast<int>(axes_.size()); }
  [[nodiscard]] const Axis& axis(int k) const { return axes_[k]; }
  [[nodiscard]] const std::vector<Axis>& axes() const { return axes_; }
  [[nodiscard]] Index cells() const { return nx() * ny(); }
  [[nodiscard]] Index nx() const { return axes_[0].cells; }
  [[nodiscard]] Index ny() const { return axes_.size() > 1 ? axes_[1].cells : 1; }
  [[nodiscard]] double volume() const { return volume_; }  ///< of one cell [x^d]

  /// Coordinates of all cell centres, one column per axis, cells() long; owned by the grid.
  [[nodiscard]] PointsIn centers() const;
  /// Cell that holds the point, lower <= x < upper by `Axis::face` (the last upper face belongs to the last cell);
  /// -1 outside and for NaN.
  [[nodiscard]] Index find(std::span<const double> point) const;
  /// "cell (3, 7) at x = 0.5, y = -1" for messages.
  [[nodiscard]] std::string describe(Index cell) const;
  /// Names of the absorbing sides in outflow order: x_lower, x_upper, y_lower, y_upper, the absorbing ones only.
  [[nodiscard]] std::vector<std::string> absorbing_sides() const;
  /// Outflow number of a side (side 0 lower, 1 upper), -1 when it does not absorb.
  [[nodiscard]] int outflow(int axis, int side) const { return outflow_[2 * axis + side]; }
  [[nodiscard]] int outflows() const { return outflows_; }

 private:
  std::vector<Axis> axes_;
  std::array<std::vector<double>, 2> centers_;
  std::array<int, 4> outflow_{-1, -1, -1, -1};
  int outflows_ = 0;
  double volume_ = 1;
};

/// Cell averages on a grid [1/x^d]; owns its values, shares its grid.
struct Field {
  std::shared_ptr<const Grid> grid;
  Eigen::VectorXd values;

  Field() = default;
  explicit Field(std::shared_ptr<const Grid> g) : grid(std::move(g)), values(Eigen::VectorXd::Zero(grid->cells())) {}
  [[nodiscard]] std::span<const double> view() const {
    return {values.data(), static_cast<std::size_t>(values.size())};
  }
  [[nodiscard]] std::span<double> view() { return {values.data(), static_cast<std::size_t>(values.size())}; }
  [[nodiscard]] double mass() const;  ///< volume * sum of values, compensated
};

/// A unit mass at a point of an axis, split over the two nearest cell centres so that its mean is exact; between a wall
/// and the nearest centre it is all in that cell (the mean cannot be kept there without a negative fraction).
struct AxisSplit {
  std::array<Index, 2> cell{};
  std::array<double, 2> weight{};
};
[[nodiscard]] AxisSplit split_on(const Axis& axis, double point);

}  // namespace fokker
