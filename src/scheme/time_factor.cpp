#include "time_factor.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "fokker/base/errors.hpp"
#include "fokker/base/quadrature.hpp"

namespace fokker {
namespace {

/// Gauss-Legendre of 8 points.
double rule(const std::function<double(double)>& f, double a, double b) {
  double sum = 0;
  for (std::size_t k = 0; k < GaussRule<8>::node.size(); ++k)
    sum += GaussRule<8>::weight[k] * f(0.5 * (a + b) + 0.5 * (b - a) * GaussRule<8>::node[k]);
  return 0.5 * (b - a) * sum;
}

/// The rule against that of its two halves, to rounding of `all`; halved ten times at most, or forty where a steep rise
/// is still seen and not rounding alone.
double integral_by_halves(const std::function<double(double)>& f, double from, double to, double all) {
  constexpr int depth = 10, steep_depth = 40;
  constexpr double rounding = 1e-15, steep = 1e-11;
  constexpr double nothing = 1e-270;  // in any unit: what is left of exp where it underflows has no digits to ask for
  const auto refine = [&](const auto& self, double a, double b, double whole, int level) -> double {
    const double middle = 0.5 * (a + b), lower = rule(f, a, middle), upper = rule(f, middle, b);
    const double error = std::abs(lower + upper - whole);
    const bool enough =
        error <= std::max(rounding * all, nothing) || level == steep_depth || (level >= depth && error <= steep * all);
    if (enough) return lower + upper;
    return self(self, a, middle, lower, level + 1) + self(self, middle, b, upper, level + 1);
  };
  return refine(refine, from, to, rule(f, from, to), 0);
}

}  // namespace

TimeFactor::TimeFactor(std::optional<TimeSeparated> separated, TimeRange times) : separated_(std::move(separated)) {
  if (separated_ && separated_->knots) knots_ = separated_->knots(times.from, times.to);
}

double TimeFactor::at(double t) const {
  if (!separated_) return 1;
  const double factor = separated_->factor(t);
  if (!(factor >= 0 && std::isfinite(factor)))
    throw NumericalError("the common time factor of drift and diffusion is negative or not finite", t);
  return factor;
}

double TimeFactor::integral(double t0, double t1) const {
  if (!separated_) return t1 - t0;
  const auto factor = [this](double t) { return at(t); };
  const auto first = std::upper_bound(knots_.begin(), knots_.end(), t0);
  const auto panels = [&](const auto& visit) {
    double from = t0, sum = 0;
    for (auto knot = first; knot != knots_.end() && *knot < t1; from = *knot++) sum += visit(from, *knot);
    return sum + visit(from, t1);
  };
  const double all = panels([&](double from, double to) { return std::abs(rule(factor, from, to)); });
  return panels([&](double from, double to) { return integral_by_halves(factor, from, to, all); });
}

}  // namespace fokker
