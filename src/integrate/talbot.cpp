#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "contour.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/stop.hpp"
#include "method.hpp"

namespace fokker {
namespace {

/// What flows into an outflow from a cell [1/t], times the volume.
struct Outflow {
  std::size_t outflow, cell;
  double rate;
};

struct Rates {
  TridiagonalRates bands;
  std::vector<Outflow> outflows;
};

[[noreturn]] void refuse(const std::string& why) { throw UsageError("talbot " + why + "; take tr_bdf2"); }

/// The rates of A_0; refuses what is not a generator on a line or a ring.
Rates rates_of(const LinearOperator& base) {
  const Index n = base.cells();
  Rates rates;
  auto& [left, right, out, ring] = rates.bands;
  for (auto* column : {&left, &right, &out}) column->assign(static_cast<std::size_t>(n), 0.0);
  base.assemble(0, [&](Index row, Index column, double value) {
    if (row == column) return;  // what the other entries of the column say, with less rounding
    if (row >= n) {
      rates.outflows.push_back({static_cast<std::size_t>(row), static_cast<std::size_t>(column), value});
      out[column] += value / base.cell_volume();
    } else if (row == column + 1 || (row == 0 && column == n - 1 && n > 2)) {
      right[column] += value;
    } else if (row == column - 1 || (row == n - 1 && column == 0)) {
      left[column] += value;
    } else if (value != 0) {
      refuse("solves tridiagonal systems, and this operator joins cells that are not neighbours on one axis");
    }
  });
  for (const auto* column : {&left, &right, &out})
    for (const double rate : *column)
      if (!(rate >= 0)) refuse("needs rates that are not negative, and this flux has others");
  ring = left.front() != 0 || right.back() != 0;
  return rates;
}

/// The stationary distribution of a ring up to a factor: cells are taken out one after the other, from the last one
/// down, each handing to its two neighbours what went through it. No subtraction: every value to a small relative
/// error, the valleys of the distribution included. Empty where a cell has no way out.
std::vector<double> distribution_of_ring(const TridiagonalRates& rates) {
  const std::size_t n = rates.left.size();
  std::vector<double> pi(n, 1.0), in(n), out(n);  // rates into a cell from cell 0, out of it, just before it goes
  double onwards = rates.right[n - 1], in_from_zero = rates.left[0];
  for (std::size_t k = n - 1; k > 0; --k) {
    in[k] = in_from_zero;
    out[k] = onwards + rates.left[k];
    if (!(out[k] > 0)) return {};
    onwards = rates.right[k - 1] * (onwards / out[k]);
    in_from_zero *= rates.left[k] / out[k];
  }
  for (std::size_t k = 1; k < n; ++k) pi[k] = (rates.right[k - 1] * pi[k - 1] + in[k] * pi[0]) / out[k];
  return pi;
}

/// On a line the eigenvalues of a generator are real. Round a ring with a current they lie, in the norm weighted by the
/// stationary distribution pi, within a parabola: for u with sum pi |u|^2 = 1, s_e = (r pi_i + l pi_{i+1})/2 and the
/// current J,
///     Re z = -sum s_e |u_{i+1} - u_i|^2,   Im z = J sum Im(conj(u_i) (u_{i+1} - u_i)),
/// so that (Im z)^2 <= beta |Re z| with beta = max J^2/(s_e pi_i) [1/t]; for constant coefficients it is a^2/D. J is
/// the same on every edge, and rounds least where least goes to and fro: beside a barrier that is what decides.
double parabola_of(const TridiagonalRates& rates) {
  if (!rates.ring) return 0;
  const std::vector<double> pi = distribution_of_ring(rates);
  const std::size_t n = pi.size();
  double current = 0, least = std::numeric_limits<double>::infinity(), largest = 0;
  const auto edge = [&](std::size_t i, double& there, double& back) {
    there = rates.right[i] * pi[i];
    back = rates.left[(i + 1) % n] * pi[(i + 1) % n];
  };
  double there = 0, back = 0;
  for (std::size_t i = 0; i < n; ++i) {
    edge(i, there, back);
    if (!(there + back < least)) continue;
    least = there + back;
    current = there - back;
  }
  for (std::size_t i = 0; i < n; ++i) {
    edge(i, there, back);
    const double fraction = current / (0.5 * (there + back));
    if (current != 0) largest = std::max(largest, std::abs(fraction) * std::abs(current) / pi[i]);
  }
  return pi.empty() || !std::isfinite(least) ? std::numeric_limits<double>::infinity() : largest;
}

constexpr double widest = 2;  // beta h of a substep
constexpr double most_substeps = 1e5;

/// p_new = exp(h A_0) p by a contour sum in one dimension, h = the integral of the common factor of time (contour.hpp).
///
/// Mass: with R(z) the rational function of the sum and m = sum_k c_k/z_k (z_k - h A)^-1 p the mean state of the step,
///     p_new = p + h A m = (1 - R(0)) p + sum_k c_k (z_k - h A)^-1 p,
/// in flux form, and the outflows take what flows out of m. The right side has the smaller rounding errors when h A is
/// large; the mass they leave out, about 1e-15, is spread over p_new in proportion.
///
/// Error: R with 24 poles is exp to 2e-14 on the negative axis, and to 2e-10 in the parabola (Im z)^2 <= 2 |Re z|,
/// which is what substeps are cut to. Convergence in N is geometric at every z, so |sum_24 - sum_8|^3 bounds the error
/// of sum_24 (checked up to (Im z)^2 = 16 |Re z|); it is what sees an operator far from normal.
class Talbot final : public Method {
 public:
  Talbot(const LinearOperator& op, const LinearOperator& base)
      : op_(op),
        rates_(rates_of(base)),
        parabola_(parabola_of(rates_.bands)),
        work_(contour_work(rates_.bands.ring) * static_cast<std::size_t>(op.cells())),
        means_(rates_.outflows.size()),
        sums_(static_cast<std::size_t>(op.cells())) {
    if (!std::isfinite(parabola_))
      refuse("needs a stationary distribution that doubles can hold, and that of this ring is none");
  }

  void advance(const Advance& step) override {
    const double way = *op_.elapsed(step.t, step.end);
    const double substeps = way == 0 ? 0 : std::max(1.0, std::ceil(way * parabola_ / widest));
    if (!(substeps <= most_substeps))
      throw NumericalError(fmt::format("talbot would take {:.2g} substeps round the ring in one step; take tr_bdf2, or "
                                       "more output times",
                                       substeps),
                           step.t);
    error_ = 0;
    std::copy(step.p.begin(), step.p.end(), step.next.begin());
    for (double k = 0; k < substeps; ++k) {
      poll_stop();
      propagate(way / substeps, step.next);
    }
  }
  double error(const Advance& /*step*/) override { return error_; }

 private:
  void propagate(double h, std::span<double> p) {
    const auto solve = rates_.bands.ring ? contour_ring : contour_line;
    std::fill(sums_.begin(), sums_.end(), ContourSums{});
    std::fill(means_.begin(), means_.end(), 0.0);
    for (std::size_t group = 0; group < Poles::lanes / Poles::group; ++group) {
      solve(poles_, group, h, rates_.bands, p, work_.data(), sums_.data());
      add_means(group);
    }
    evaluations_ += Poles::lanes;
    factorisations_ += Poles::lanes;
    update_cells(p);
    update_outflows(h, p);
    spread_defect(p);
  }

  void update_cells(std::span<double> p) {
    const double rest = 1 - poles_.at_zero;
    double difference = 0, size = 0;
    defect_ = 0;
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      const double next = rest * p[i] + sums_[i].fine;
      difference += std::abs(sums_[i].fine - sums_[i].coarse);
      size += std::abs(next);
      defect_ += p[i] - next;
      p[i] = next;
    }
    size_ = size;
    error_ += size > 0 ? std::pow(difference / size, Poles::fine / Poles::coarse) * size * op_.cell_volume() : 0;
  }

  /// The mean state of the step in the cells that feed an outflow.
  void add_means(std::size_t group) {
    for (std::size_t i = 0; i < means_.size(); ++i) {
      const double* const work = work_.data() + rates_.outflows[i].cell * contour_work(rates_.bands.ring);
      for (std::size_t k = 0; k < Poles::group; ++k)
        means_[i] += (poles_.mean[group * Poles::group + k] * contour_value(work, k)).real();
    }
  }

  void update_outflows(double h, std::span<double> p) {
    for (std::size_t i = 0; i < means_.size(); ++i) {
      const double lost = h * rates_.outflows[i].rate * means_[i];
      p[rates_.outflows[i].outflow] += lost;
      defect_ -= lost / op_.cell_volume();
    }
  }

  void spread_defect(std::span<double> p) const {
    if (!(size_ > 0)) return;
    const double fraction = defect_ / size_;
    for (std::size_t i = 0; i < sums_.size(); ++i) p[i] += fraction * std::abs(p[i]);
  }

  const LinearOperator& op_;
  Poles poles_;
  Rates rates_;
  double parabola_;
  std::vector<double> work_, means_;
  std::vector<ContourSums> sums_;
  double error_ = 0, size_ = 0, defect_ = 0;
};

}  // namespace

double talbot_substeps(const LinearOperator& op, double way) {
  const double parabola = parabola_of(rates_of(*op.base()).bands);
  return std::max(1.0, way * parabola / widest);
}

std::unique_ptr<Method> make_talbot(const Operator& op) {
  const LinearOperator& linear = *op.linear();
  if (linear.base() == nullptr)
    refuse("needs rates that do not depend on time, but for a factor common to drift and diffusion");
  return std::make_unique<Talbot>(linear, *linear.base());
}

}  // namespace fokker
