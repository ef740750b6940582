#include "cell_pieces.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "fokker/base/quadrature.hpp"
#include "fokker/base/switches.hpp"

namespace fokker {
namespace {

using Rule = GaussRule<4>;
using Ends = std::array<double, 2>;
using Breaks = std::vector<std::size_t>;

constexpr int most_halvings_of_line = 40, most_halvings_of_box = 10;
constexpr std::size_t most_pieces = 256;
constexpr long most_looks_per_cell = 8, looks_to_begin_with = 200'000;

/// A part of a cell.
struct Box {
  std::array<Ends, 2> side{};
  [[nodiscard]] double middle(std::size_t axis) const { return 0.5 * (side[axis][0] + side[axis][1]); }
};

/// What a formula depends on is too much for its slope: one that says nothing.
Expression slope_of(const Expression& e, const std::string& variable) try {
  return derivative(e, variable);
} catch (const std::length_error&) {
  return Expression(0.0);
}

}  // namespace

/// One grid being cut at one time.
class CellKnife::Cutting {
 public:
  Cutting(const CellKnife& knife, double t)
      : knife_(knife),
        grid_(*knife.grid_),
        dimension_(static_cast<std::size_t>(grid_.dimension())),
        t_(t),
        bounds_(knife.bounds_),
        looks_(looks_to_begin_with + most_looks_per_cell * static_cast<long>(grid_.cells())) {
    bounds_.move_to({t, t});
  }

  Pieces all() && {
    Breaks every(knife_.breaks_);
    for (std::size_t k = 0; k < every.size(); ++k) every[k] = k;
    cut_block(0, grid_.nx(), 0, grid_.ny(), every);
    return std::move(pieces_);
  }

 private:
  /// Those of `breaks` that may be 0 somewhere in the box.
  Breaks active(const Box& box, const Breaks& breaks) {
    std::array<Interval, 2> sides;
    for (std::size_t k = 0; k < dimension_; ++k) sides[k] = {box.side[k][0], box.side[k][1]};
    bounds_.look_at(std::span(sides).first(dimension_));
    Breaks found;
    for (const std::size_t k : breaks)
      if (const Interval u = bounds_.of(k); u.contains(0) && u.low < u.high) found.push_back(k);
    return found;
  }
  [[nodiscard]] Interval slope(std::size_t k, std::size_t axis) const {
    return bounds_.of(knife_.breaks_ * (axis + 1) + k);
  }
  [[nodiscard]] bool monotone(std::size_t k, std::size_t axis) const {
    const Interval s = slope(k, axis);
    return s.low > 0 || s.high < 0;
  }
  [[nodiscard]] bool constant(std::size_t k, std::size_t axis) const {
    const Interval s = slope(k, axis);
    return s.low == 0 && s.high == 0;
  }
  /// More pieces than a formula that says what it does would leave.
  bool is_too_much(std::size_t pieces) {
    looks_ -= static_cast<long>(pieces);
    const bool too_much = pieces > most_pieces || looks_ < 0;
    pieces_.coarse = pieces_.coarse || too_much;
    return too_much;
  }

  void cut_block(Index i0, Index i1, Index j0, Index j1, const Breaks& breaks) {
    Box box;
    box.side[0] = {grid_.axis(0).face(i0), grid_.axis(0).face(i1)};
    if (dimension_ > 1) box.side[1] = {grid_.axis(1).face(j0), grid_.axis(1).face(j1)};
    const Breaks found = breaks.empty() ? Breaks{} : active(box, breaks);
    if (found.empty()) {
      for (Index j = j0; j < j1; ++j) pieces_.whole.push_back({i0 + grid_.nx() * j, i1 - i0});
    } else if (i1 - i0 > 1 && i1 - i0 >= j1 - j0) {
      cut_block(i0, (i0 + i1) / 2, j0, j1, found);
      cut_block((i0 + i1) / 2, i1, j0, j1, found);
    } else if (j1 - j0 > 1) {
      cut_block(i0, i1, j0, (j0 + j1) / 2, found);
      cut_block(i0, i1, (j0 + j1) / 2, j1, found);
    } else {
      cut_cell(i0 + grid_.nx() * j0, box, found);
    }
  }

  void cut_cell(Index cell, const Box& box, const Breaks& breaks) {
    const std::size_t first = pieces_.x.size();
    cut(box, breaks);
    pieces_.cut.push_back({cell, first, pieces_.x.size() - first});
  }

  /// Straight cuts first, whatever their number; then one curve at a time.
  void cut(const Box& box, const Breaks& breaks) {
    for (std::size_t axis = 0; axis < dimension_; ++axis) {
      std::vector<double> at;
      for (const std::size_t k : breaks)
        if (!knife_.depends_[k][1 - axis]) find_zeros(k, axis, box, at);
      if (at.empty()) continue;
      for (const Ends& part : between(box.side[axis], at)) {
        Box strip = box;
        strip.side[axis] = part;
        cut(strip, active(strip, without(breaks, axis)));
      }
      return;
    }
    Breaks curves;
    for (const std::size_t k : breaks)
      if (knife_.depends_[k][0] && knife_.depends_[k][1]) curves.push_back(k);
    cut_along_curves(box, curves);
  }
  /// Breaks but for those of one axis alone.
  [[nodiscard]] Breaks without(const Breaks& breaks, std::size_t axis) const {
    Breaks rest;
    for (const std::size_t k : breaks)
      if (knife_.depends_[k][1 - axis]) rest.push_back(k);
    return rest;
  }

  /// Halved until no part has more than one curve, level by level.
  void cut_along_curves(const Box& whole, const Breaks& among) {
    std::vector<std::pair<Box, Breaks>> level{{whole, among}}, next;
    for (int depth = 0; !level.empty(); ++depth) {
      const bool last = depth == most_halvings_of_box || is_too_much(level.size());
      next.clear();
      for (const auto& [box, before] : level) {
        const Breaks curves = before.empty() ? before : active(box, before);
        if (curves.empty()) {
          add_points(box);
        } else if (curves.size() == 1 && (monotone(curves[0], 0) || monotone(curves[0], 1))) {
          cut_along(curves[0], steeper_axis(curves[0], box), box);
        } else if (last) {
          suspect_corners(box, curves);
          add_points(box);
        } else {
          for (int quarter = 0; quarter < 4; ++quarter) next.emplace_back(quarter_of(box, quarter), curves);
        }
      }
      level.swap(next);
    }
  }
  static Box quarter_of(const Box& box, int quarter) {
    Box part = box;
    for (std::size_t axis = 0; axis < 2; ++axis)
      part.side[axis][((quarter >> axis) & 1) == 0 ? 1 : 0] = box.middle(axis);
    return part;
  }

  /// The axis along which u changes most, of those along which it is monotone.
  [[nodiscard]] std::size_t steeper_axis(std::size_t k, const Box& box) const {
    if (!monotone(k, 0)) return 1;
    if (!monotone(k, 1)) return 0;
    const auto change = [&](std::size_t axis) {
      const Interval s = slope(k, axis);
      return std::min(std::abs(s.low), std::abs(s.high)) * (box.side[axis][1] - box.side[axis][0]);
    };
    return change(0) >= change(1) ? 0 : 1;
  }

  /// u is monotone along `axis`: every line along it is cut at most once, and the place moves smoothly from where the
  /// curve enters to where it leaves.
  void cut_along(std::size_t k, std::size_t axis, const Box& box) {
    const std::size_t across = 1 - axis;
    std::vector<double> enters;
    for (const double face : box.side[axis]) {
      Box line = box;
      line.side[axis] = {face, face};
      find_zeros(k, across, line, enters);
    }
    for (const Ends& part : between(box.side[across], enters))
      for (std::size_t a = 0; a < Rule::node.size(); ++a) {
        const double half = 0.5 * (part[1] - part[0]);
        std::array<double, 2> at{};
        at[across] = part[0] + half * (1 + Rule::node[a]);
        std::vector<double> zero;
        if (positive(k, along(at, axis, box.side[axis][0])) != positive(k, along(at, axis, box.side[axis][1])))
          zero.push_back(zero_between(k, axis, at, box.side[axis]));
        for (const double z : zero) suspect(k, axis, along(at, axis, z));
        for (const Ends& piece : between(box.side[axis], zero))
          for (std::size_t b = 0; b < Rule::node.size(); ++b) {
            const double width = piece[1] - piece[0];
            at[axis] = piece[0] + 0.5 * width * (1 + Rule::node[b]);
            add_point(at, half * Rule::weight[a] * 0.5 * width * Rule::weight[b]);
          }
      }
  }

  /// All zeros of u along the middle line of a box, as far as halving tells them apart.
  void find_zeros(std::size_t k, std::size_t axis, const Box& box, std::vector<double>& zeros) {
    std::array<double, 2> at{};
    for (std::size_t other = 0; other < dimension_; ++other) at[other] = box.middle(other);
    std::vector<Ends> level{box.side[axis]}, next;
    for (int depth = 0; !level.empty(); ++depth) {
      const bool last = depth == most_halvings_of_line || is_too_much(level.size());
      next.clear();
      for (const Ends& part : level) {
        Box line = box;
        line.side[axis] = part;
        if (active(line, {k}).empty()) continue;
        const double middle = line.middle(axis);
        if (!monotone(k, axis) && !constant(k, axis) && !last && middle > part[0] && middle < part[1]) {
          next.push_back({part[0], middle});
          next.push_back({middle, part[1]});
          continue;
        }
        const bool crosses = positive(k, along(at, axis, part[0])) != positive(k, along(at, axis, part[1]));
        if (crosses) zeros.push_back(zero_between(k, axis, at, part));
        if (crosses || last) suspect(k, axis, along(at, axis, crosses ? zeros.back() : part[0]));
      }
      level.swap(next);
    }
  }

  /// Regula falsi after Illinois, and halving where that does not settle.
  double zero_between(std::size_t k, std::size_t axis, std::array<double, 2> at, Ends ends) const {
    constexpr int most_steps = 100, most_secants = 30;
    auto [low, high] = ends;
    const double close = 1e-15 * (ends[1] - ends[0]);
    double at_low = value(k, along(at, axis, low)), at_high = value(k, along(at, axis, high)), last = low;
    int same = 0;
    for (int n = 0; n < most_steps && high - low > close; ++n) {
      double x = high - at_high * (high - low) / (at_high - at_low);
      if (n >= most_secants || !(x > low && x < high)) x = low + 0.5 * (high - low);
      if (!(x > low && x < high)) break;
      const double u = value(k, along(at, axis, x));
      if (u == 0 || (n < most_secants && std::abs(x - last) <= close)) return x;
      last = x;
      if ((u > 0) == (at_low > 0)) {
        if (same == 1) at_high /= 2;
        low = x, at_low = u, same = 1;
      } else {
        if (same == -1) at_low /= 2;
        high = x, at_high = u, same = -1;
      }
    }
    return low + 0.5 * (high - low);
  }

  /// The parts of an interval between some points; those without extent are left out.
  static std::vector<Ends> between(const Ends& whole, std::vector<double> points) {
    std::sort(points.begin(), points.end());
    points.push_back(whole[1]);
    constexpr double digits = 32 * std::numeric_limits<double>::epsilon();
    const double least = digits * (whole[1] - whole[0] + std::max(std::abs(whole[0]), std::abs(whole[1])));
    std::vector<Ends> parts;
    double from = whole[0];
    for (const double to : points) {
      if (!(to - from > least)) continue;
      parts.push_back({from, to});
      from = to;
    }
    return parts;
  }

  static std::array<double, 2> along(std::array<double, 2> at, std::size_t axis, double x) {
    at[axis] = x;
    return at;
  }
  [[nodiscard]] double value(std::size_t k, const std::array<double, 2>& at) const {
    std::array inputs{TapeInput::of(at[0]), TapeInput::of(at[1]), TapeInput::of(t_)};
    if (dimension_ == 1) inputs[1] = inputs[2];
    double u = 0;
    double* const out = &u;
    knife_.values_[k].evaluate(std::span(inputs).first(dimension_ + 1), 1, {&out, 1});
    return u;
  }
  [[nodiscard]] bool positive(std::size_t k, const std::array<double, 2>& at) const { return value(k, at) > 0; }

  void add_points(const Box& box) {
    const std::size_t rows = dimension_ > 1 ? Rule::node.size() : 1;
    std::array<double, 2> half{}, at{};
    for (std::size_t k = 0; k < dimension_; ++k) half[k] = 0.5 * (box.side[k][1] - box.side[k][0]);
    for (std::size_t b = 0; b < rows; ++b)
      for (std::size_t a = 0; a < Rule::node.size(); ++a) {
        at[0] = box.side[0][0] + half[0] * (1 + Rule::node[a]);
        if (rows > 1) at[1] = box.side[1][0] + half[1] * (1 + Rule::node[b]);
        add_point(at, half[0] * Rule::weight[a] * (rows > 1 ? half[1] * Rule::weight[b] : 1));
      }
  }
  void add_point(const std::array<double, 2>& at, double area) {
    pieces_.x.push_back(at[0]);
    pieces_.y.push_back(at[1]);
    pieces_.weight.push_back(area / grid_.volume());
  }

  /// Growth by 1/d is the least that has no integral across a line, by 1/d^2 that around a point of a plane.
  void suspect(std::size_t k, std::size_t axis, const std::array<double, 2>& zero) {
    if (k < knife_.first_pole_) return;
    const double h = grid_.axis(static_cast<int>(axis)).width();
    for (const double side : {-1.0, 1.0}) {
      const auto beside = [&](double d) { return along(zero, axis, zero[axis] + side * d * h); };
      if (inside(beside(1e-3))) pieces_.suspects.push_back({beside(1e-3), beside(1e-6), 870});
    }
  }
  void suspect_corners(const Box& box, const Breaks& breaks) {
    if (std::none_of(breaks.begin(), breaks.end(), [&](std::size_t k) { return k >= knife_.first_pole_; })) return;
    const double hx = grid_.axis(0).width(), hy = grid_.axis(1).width();
    for (const double x : box.side[0])
      for (const double y : box.side[1])
        for (const double side : {-1.0, 1.0}) {
          const auto beside = [&](double d) { return std::array{x + side * d * hx, y + side * d * hy}; };
          if (inside(beside(1e-3))) pieces_.suspects.push_back({beside(1e-3), beside(1e-6), 870. * 870.});
        }
  }
  [[nodiscard]] bool inside(const std::array<double, 2>& at) const {
    return grid_.find(std::span(at).first(dimension_)) >= 0;
  }

  const CellKnife& knife_;
  const Grid& grid_;
  std::size_t dimension_;
  double t_;
  Enclosure bounds_;
  long looks_;
  Pieces pieces_;
};

namespace {

/// What is constant but for switches of its own, which are listed too.
bool is_stepwise(const Expression& u, std::span<const std::string> axes) try {
  return std::all_of(axes.begin(), axes.end(), [&](const std::string& axis) { return derivative(u, axis).is_zero(); });
} catch (const std::length_error&) {
  return false;
}

/// The formulas at whose zeros cells are cut, poles last: those of t alone are stepwise.
std::vector<Expression> breaks_of(const Expression& formula, std::span<const std::string> axes,
                                  std::size_t& first_pole) {
  std::vector<Expression> all;
  const auto add = [&](const std::vector<Expression>& some) {
    for (const Expression& u : some)
      if (!is_stepwise(u, axes)) all.push_back(u);
  };
  add(switches({&formula, 1}));
  first_pole = all.size();
  add(poles({&formula, 1}));
  return all;
}

std::span<const std::string> axes_of(const std::vector<std::string>& variables) {
  return std::span(variables).first(variables.size() - 1);
}

/// The breaks, then their slopes along the first axis, along the second.
std::vector<Expression> with_slopes(std::vector<Expression> breaks, std::span<const std::string> axes) {
  const std::size_t count = breaks.size();
  for (const std::string& axis : axes)
    for (std::size_t k = 0; k < count; ++k) breaks.push_back(slope_of(breaks[k], axis));
  return breaks;
}

}  // namespace

CellKnife::CellKnife(std::shared_ptr<const Grid> grid, const Expression& formula, std::vector<std::string> variables)
    : grid_(std::move(grid)),
      bounds_(with_slopes(breaks_of(formula, axes_of(variables), first_pole_), axes_of(variables)), variables) {
  for (const Expression& u : breaks_of(formula, axes_of(variables), first_pole_)) {
    depends_.push_back({u.depends_on(variables[0]), variables.size() > 2 && u.depends_on(variables[1])});
    values_.emplace_back(std::span(&u, 1), variables);
  }
  breaks_ = values_.size();
}

Pieces CellKnife::at(double t) const { return Cutting(*this, t).all(); }

}  // namespace fokker
