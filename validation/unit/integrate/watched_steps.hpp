#pragma once
#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "../scheme/lambda_sde.hpp"
#include "fokker/integrate/stepper.hpp"

/// A run of a stepper to its end, with what it promises watched at every step.
namespace fokker::test {

struct Outcome {
  std::vector<double> p;
  double least = 0, mass_error = 0;  ///< the smallest cell below 0; largest change of mass and outflow
  long steps = 0, rejected = 0;
  Corrections done;
};

/// From p at 0 to `end`. `options.dt` empty: adaptive, or the row's own step.
inline Outcome watched_steps(const Operator& op, std::string_view stepper, std::vector<double> p, double end,
                             const StepperOptions& options) {
  const auto steps = make_stepper(*find_stepper(stepper), op, options, 0);
  const double at_start = mass(op, p);
  double t = 0, next = options.dt ? *options.dt : steps->first_step(0, p, end);
  Outcome out;
  while (t < end) {
    const StepResult done = steps->step({t, next, end}, p);
    t = done.t;
    next = done.next_dt;
    out.least = std::min(out.least, *std::min_element(p.begin(), p.begin() + op.cells()));
    out.mass_error = std::max(out.mass_error, std::abs(mass(op, p) - at_start));
    out.rejected += done.rejected;
    ++out.steps;
  }
  if (steps->corrections() != nullptr) out.done = *steps->corrections();
  out.p = p;
  steps->averages(p, std::span(out.p).first(static_cast<std::size_t>(op.cells())));
  return out;
}

/// Cell averages of a round Gaussian around (mx, my), scaled to mass 1.
inline std::vector<double> gaussian(const Grid& grid, double mx, double my, double variance) {
  auto p = averages(grid, [&](double x, double y) {
    return std::exp(-((x - mx) * (x - mx) + (y - my) * (y - my)) / (2 * variance));
  });
  double sum = 0;
  for (const double v : p) sum += v * grid.volume();
  for (double& v : p) v /= sum;
  return p;
}

}  // namespace fokker::test
