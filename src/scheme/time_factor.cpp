#include "time_factor.hpp"

#include <cmath>
#include <functional>

#include "fokker/base/errors.hpp"
#include "fokker/model/quadrature.hpp"

namespace fokker {
namespace {

/// Gauss-Legendre of 8 points against that of its two halves, to rounding of the whole; halved ten times at most (a
/// factor with a jump is then off by 1e-4 of the jump times the way).
double integral_by_halves(const std::function<double(double)>& f, double from, double to) {
  constexpr int depth = 10;
  constexpr double rounding = 1e-15;
  const auto rule = [&](double a, double b) {
    double sum = 0;
    for (std::size_t k = 0; k < GaussRule8::node.size(); ++k)
      sum += GaussRule8::weight[k] * f(0.5 * (a + b) + 0.5 * (b - a) * GaussRule8::node[k]);
    return 0.5 * (b - a) * sum;
  };
  const double all = rule(from, to);
  const auto refine = [&](const auto& self, double a, double b, double whole, int left) -> double {
    const double middle = 0.5 * (a + b), lower = rule(a, middle), upper = rule(middle, b);
    if (left == 0 || std::abs(lower + upper - whole) <= rounding * std::abs(all)) return lower + upper;
    return self(self, a, middle, lower, left - 1) + self(self, middle, b, upper, left - 1);
  };
  return refine(refine, from, to, all, depth);
}

}  // namespace

double TimeFactor::at(double t) const {
  if (!separated_) return 1;
  const double factor = separated_->factor(t);
  if (!(factor >= 0 && std::isfinite(factor)))
    throw NumericalError("the common time factor of drift and diffusion is negative or not finite", t);
  return factor;
}

double TimeFactor::integral(double t0, double t1) const {
  if (!separated_) return t1 - t0;
  return integral_by_halves([this](double t) { return at(t); }, t0, t1);
}

}  // namespace fokker
