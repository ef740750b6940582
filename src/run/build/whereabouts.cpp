#include "whereabouts.hpp"

#include <algorithm>

#include "fokker/base/errors.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/scheme/drift_diffusion.hpp"

namespace fokker {
namespace {

constexpr Index most_in_plane = 48, most_on_line = 256;
constexpr long most_products = 10'000;
constexpr double tolerance = 1e-4, seen = 1e-3;

std::shared_ptr<const Grid> coarser(const Grid& grid) {
  std::vector<Axis> axes(grid.axes().begin(), grid.axes().end());
  for (Axis& axis : axes) axis.cells = std::min(axis.cells, axes.size() > 1 ? most_in_plane : most_on_line);
  return std::make_shared<const Grid>(std::move(axes));
}

/// The mass of every cell of `grid`, in the coarse cell that holds its centre.
std::vector<double> gathered(const Grid& grid, std::span<const double> p, const Grid& coarse) {
  std::vector<double> sum(coarse.cells(), 0.0);
  const PointsIn centers = grid.centers();
  for (Index i = 0; i < grid.cells(); ++i) {
    std::array<double, 2> x{centers.axis[0][i], grid.dimension() > 1 ? centers.axis[1][i] : 0};
    sum[coarse.find(std::span(x).first(grid.dimension()))] += p[i] * grid.volume() / coarse.volume();
  }
  return sum;
}

void mark(std::span<const double> p, std::vector<std::uint8_t>& marked) {
  const double largest = *std::max_element(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(marked.size()));
  for (std::size_t i = 0; i < marked.size(); ++i)
    if (p[i] > seen * largest) marked[i] = 1;
}

std::vector<std::uint8_t> with_neighbours(const Grid& grid, const std::vector<std::uint8_t>& marked) {
  std::vector<std::uint8_t> wider = marked;
  const Index nx = grid.nx(), ny = grid.ny();
  const auto reached = [](const Axis& axis, Index i) {
    return axis.periodic() ? wrapped(i, axis.cells) : std::clamp<Index>(i, 0, axis.cells - 1);
  };
  for (Index cell = 0; cell < grid.cells(); ++cell)
    for (const Index step : {-1, 1}) {
      if (marked[cell] == 0) break;
      wider[reached(grid.axis(0), cell % nx + step) + nx * (cell / nx)] = 1;
      if (ny > 1) wider[cell % nx + nx * reached(grid.axis(1), cell / nx + step)] = 1;
    }
  return wider;
}

}  // namespace

Whereabouts find_whereabouts(const Grid& grid, std::shared_ptr<const Sde> sde, std::span<const double> start,
                             double end) try {
  const auto coarse = coarser(grid);
  const auto form = make_drift_diffusion(coarse, std::move(sde), *find_flux("upwind5_positive"), {0, end});
  const Operator& op = form->op();
  std::vector<double> p = gathered(grid, start, *coarse);
  p.resize(op.size(), 0.0);
  std::vector<std::uint8_t> marked(coarse->cells(), 0);
  mark(p, marked);
  const auto stepper = make_stepper(*find_stepper("rkc2"), op, {.tolerance = tolerance, .keep_positive = true}, 0);
  double t = 0, dt = stepper->first_step(0, p, end);
  while (t < end && stepper->rhs_evaluations() < most_products) {
    const StepResult done = stepper->step({t, dt, end}, p);
    t = done.t, dt = done.next_dt;
    if (stepper->corrections()->gave_way >= 0) break;  // to a flux that spreads
    mark(p, marked);
  }
  return {coarse, with_neighbours(*coarse, marked)};
} catch (const CaseError&) {
  return {};
} catch (const NumericalError&) {
  return {};
}

}  // namespace fokker
