#include "fokker/integrate/dyadic_steps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fokker {
namespace {

bool divides(double dt, double t, double limit) {
  const double steps = (limit - t) / dt;
  const double rounding = 4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(t), std::abs(limit)) / dt;
  return std::round(steps) >= 1 && std::abs(steps - std::round(steps)) <= std::max(1e-9, rounding);
}

}  // namespace

double fit_to_dyadic(double t, double dt, double limit) {
  const double way = limit - t;
  if (divides(dt, t, limit)) return dt;
  double length = std::isfinite(dt) ? dt : way;
  while (length > way * (1 + 1e-9)) length /= 2;
  for (const double candidate : {length, length / 2}) {
    if (divides(candidate, t, limit)) return candidate;
  }
  const int halvings = std::max(0, static_cast<int>(std::ceil(std::log2(way / dt))));
  return std::ldexp(way, -halvings);
}

double fit_to_parts(double t, double dt, double limit) {
  if (divides(dt, t, limit)) return dt;
  const double way = limit - t, parts = std::max(1.0, std::ceil(way / dt * (1 - 1e-9)));
  int exponent;
  const double digits = std::frexp(way / parts, &exponent);
  const double rounded = std::ldexp(std::round(std::ldexp(digits, 44)), exponent - 44);
  return divides(rounded, t, limit) ? rounded : way / parts;
}

double end_of_dyadic(double t, double dt, double limit) {
  const double steps = std::round((limit - t) / dt);
  return steps <= 1 ? limit : limit - (steps - 1) * dt;
}

double largest_dyadic(double dt, double most) {
  if (!(dt > 0 && std::isfinite(most))) return dt;
  while (2 * dt <= most * (1 + 1e-9)) dt *= 2;
  return dt;
}

}  // namespace fokker
