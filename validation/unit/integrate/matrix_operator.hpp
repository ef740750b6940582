#pragma once
#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "fokker/operator/axis_splitting.hpp"
#include "fokker/operator/operator.hpp"

/// Small operators for the tests of solvers and steppers: edges between cells, J = left p_L - right p_R, and sinks that
/// feed an outflow. Written apart from the schemes so that these tests need no grid and no SDE.
namespace fokker::test {

struct Flow {
  Index from, to;      ///< `to` >= cells: an outflow, then right = 0
  double left, right;  ///< J = left p_from - right p_to [p/t], from `from` to `to`
};

/// `row` cells make a row of the grid whose lines `split` hands out.
class MatrixOperator final : public LinearOperator, public OnEdges {
 public:
  MatrixOperator(Index cells, Index outflows, double volume, const std::vector<Flow>& flows, Index row = 0)
      : MatrixOperator({cells, outflows, volume, true, all_positive(flows, cells)}, flows, row) {}

  /// All rates times factor(t).
  [[nodiscard]] MatrixOperator vary(std::function<double(double)> factor) const {
    Shape shape = this->shape();
    shape.autonomous = false;
    MatrixOperator varied(shape, flows_, row_);
    varied.base_ = std::make_shared<const MatrixOperator>(*this);
    varied.factor_ = std::move(factor);
    return varied;
  }

  [[nodiscard]] const LinearOperator* base() const override { return factor_ ? base_.get() : this; }
  [[nodiscard]] std::optional<double> elapsed(double t0, double t1) const override {
    if (!factor_) return t1 - t0;
    constexpr int panels = 16;
    double sum = 0;
    for (int k = 0; k < panels; ++k)
      sum += boost::math::quadrature::gauss<double, 15>::integrate(factor_, t0 + (t1 - t0) * k / panels,
                                                                   t0 + (t1 - t0) * (k + 1) / panels);
    return sum;
  }
  [[nodiscard]] double stable_step(double t) const override { return 1 / (largest_ * factor(t)); }

  void apply(double t, std::span<const double> state, std::span<double> rate) const override {
    for (double& r : rate) r = 0;
    const double g = factor(t);
    for (const Flow& e : flows_) {
      const bool inside = e.to < cells();
      const double j = g * (e.left * state[std::size_t(e.from)] - (inside ? e.right * state[std::size_t(e.to)] : 0));
      rate[std::size_t(e.from)] -= j;
      rate[std::size_t(e.to)] += inside ? j : cell_volume() * j;
    }
  }

  void assemble(double t, const InsertEntry& insert) const override {
    const double g = factor(t);
    for (const Flow& e : flows_) {
      insert(e.from, e.from, -g * e.left);
      insert(e.to, e.from, g * e.left * (e.to < cells() ? 1 : cell_volume()));
      if (e.to >= cells()) continue;
      insert(e.from, e.to, g * e.right);
      insert(e.to, e.to, -g * e.right);
    }
  }

  [[nodiscard]] const OnEdges* on_edges() const override { return this; }
  [[nodiscard]] bool skew() const override { return false; }
  [[nodiscard]] EdgeView edges_at(double) const override { throw std::logic_error("no grid, no edges"); }
  [[nodiscard]] Split split(double t) const override {
    if (!directions_) lay_out_directions();
    return {directions_.get(), factor(t)};
  }

  /// Mass of the cells plus what the outflows hold.
  [[nodiscard]] double mass(std::span<const double> state) const {
    double sum = 0, left = 0;
    for (Index i = 0; i < cells(); ++i) sum += state[std::size_t(i)];
    for (Index i = cells(); i < size(); ++i) left += state[std::size_t(i)];
    return cell_volume() * sum + left;
  }

 private:
  MatrixOperator(const Shape& shape, std::vector<Flow> flows, Index row)
      : LinearOperator(shape),
        row_(row > 0 ? row : cells()),
        flows_(std::move(flows)),
        exit_(std::size_t(cells()), 0.0) {
    for (const Flow& e : flows_) {
      exit_[std::size_t(e.from)] += e.left;
      if (e.to < cells()) exit_[std::size_t(e.to)] += e.right;
    }
    for (const double w : exit_) largest_ = std::max(largest_, std::abs(w));
  }
  static bool all_positive(const std::vector<Flow>& flows, Index cells) {
    return std::all_of(flows.begin(), flows.end(),
                       [&](const Flow& e) { return e.left >= 0 && (e.to >= cells || e.right >= 0); });
  }
  [[nodiscard]] double factor(double t) const { return factor_ ? factor_(t) : 1; }

  void lay_out_directions() const {
    bool around = false;
    for (const Flow& e : flows_) around = around || (e.from == cells() - 1 && e.to == 0);
    directions_ = std::make_shared<AxisSplitting>(std::array{row_, cells() / row_}, std::array{around, false},
                                                  outflows(), cell_volume());
    for (const Flow& e : flows_) {
      if (e.to >= cells())
        directions_->add_sink(0, e.from == 0 ? 0 : 1, e.from, e.to - cells(), e.left);
      else
        directions_->add_edge(e.to == e.from + row_ ? 1 : 0, e.from, e.left, e.right);
    }
  }

  Index row_;
  std::vector<Flow> flows_;
  std::vector<double> exit_;
  std::function<double(double)> factor_;
  std::shared_ptr<const MatrixOperator> base_;
  mutable std::shared_ptr<AxisSplitting> directions_;
  double largest_ = 0;
};

inline double fitted(double z) { return std::abs(z) < 1e-8 ? 1 - z / 2 : z / std::expm1(z); }

enum class Ends { closed, open, ring };  ///< reflecting, absorbing with an outflow each, periodic

/// Exponentially fitted (or central) drift a(x), diffusion D on [lower, upper].
inline MatrixOperator drift_diffusion_1d(Index n, double lower, double upper, const std::function<double(double)>& a,
                                         double D, Ends ends, bool central = false) {
  const double h = (upper - lower) / double(n), k = D / (h * h);
  std::vector<Flow> flows;
  const auto flow = [&](Index from, Index to, double x) {
    const double pe = a(x) * h / D;
    if (central) {
      flows.push_back({from, to, k * (1 + pe / 2), k * (1 - pe / 2)});
    } else {
      flows.push_back({from, to, k * fitted(-pe), k * fitted(pe)});
    }
  };
  for (Index i = 0; i + 1 < n; ++i) flow(i, i + 1, lower + h * double(i + 1));
  if (ends == Ends::ring) flow(n - 1, 0, lower);
  if (ends == Ends::open) {
    flows.push_back({0, n, 2 * k * fitted(a(lower) * h / D / 2), 0});
    flows.push_back({n - 1, n + 1, 2 * k * fitted(-a(upper) * h / D / 2), 0});
  }
  return {n, ends == Ends::open ? 2 : 0, h, flows};
}

/// Ornstein-Uhlenbeck, f = -x, D = 1.
inline MatrixOperator ou_1d(Index n, double reach = 6, Ends ends = Ends::closed) {
  return drift_diffusion_1d(
      n, -reach, reach, [](double x) { return -x; }, 1, ends);
}

/// f = -x + rotation (-y, x), D = 1 on [-reach, reach]^2: far from normal.
inline MatrixOperator rotating_ou_2d(Index n, double rotation, double reach = 5) {
  const double h = 2 * reach / double(n), k = 1 / (h * h);
  const auto center = [&](Index i) { return -reach + h * (double(i) + 0.5); };
  std::vector<Flow> flows;
  const auto flow = [&](Index from, Index to, double drift) {
    flows.push_back({from, to, k * fitted(-drift * h), k * fitted(drift * h)});
  };
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      const Index cell = i + n * j;
      if (i + 1 < n) flow(cell, cell + 1, -(center(i) + h / 2) - rotation * center(j));
      if (j + 1 < n) flow(cell, cell + n, -(center(j) + h / 2) + rotation * center(i));
    }
  }
  return {n * n, 0, h * h, flows, n};
}

/// A Gaussian on the cells of [-reach, reach], point values scaled to mass 1, outflows empty.
inline std::vector<double> gaussian_1d(const MatrixOperator& op, double mean, double deviation, double reach = 6) {
  std::vector<double> p(std::size_t(op.size()), 0.0);
  const double h = 2 * reach / double(op.cells());
  double sum = 0;
  for (Index i = 0; i < op.cells(); ++i) {
    const double z = (-reach + h * (double(i) + 0.5) - mean) / deviation;
    sum += p[std::size_t(i)] = std::exp(-z * z / 2);
  }
  for (double& v : p) v /= sum * op.cell_volume();
  return p;
}

}  // namespace fokker::test
