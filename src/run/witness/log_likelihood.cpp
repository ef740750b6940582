#include "fokker/run/log_likelihood.hpp"

#include <cmath>

#include "fokker/analysis/norms.hpp"
#include "fokker/model/closed_flow.hpp"
#include "fokker/particles/initial.hpp"
#include "fokker/particles/likelihood.hpp"
#include "fokker/run/closed_form.hpp"
#include "fokker/run/witness.hpp"
#include "particle_score.hpp"

namespace fokker {
namespace {

using Columns = std::vector<std::vector<double>>;

Columns drawn_points(const Setup& setup) {
  const CaseLogLikelihood& asked = *setup.config.compare.log_likelihood;
  Columns points(setup.config.axes.size(), std::vector<double>(asked.points));
  std::array<std::span<double>, 2> columns;
  for (std::size_t k = 0; k < points.size(); ++k) columns[k] = points[k];
  draw_particles(*setup.grid, {setup.initial_distribution.get(), &setup.initial, std::nullopt}, asked.seed, columns);
  return points;
}

CarriedPoints start(const Setup& setup, const std::shared_ptr<ClosedFlow>& flow) {
  const Columns points = drawn_points(setup);
  PointsIn at{std::ssize(points[0]), setup.grid->dimension(), {}};
  std::vector<double> log_p(points[0].size()), lengths;
  for (std::size_t k = 0; k < points.size(); ++k) {
    at.axis[k] = points[k].data();
    lengths.push_back(setup.config.axes[k].upper - setup.config.axes[k].lower);
  }
  flow->prepare(0);
  flow->log_density(at, log_p.data());
  const FlowRates rates{[flow](double t) { flow->prepare(t); },
                        [flow](const PointsIn& x, double t, PointsOut velocity, double* divergence) {
                          flow->evaluate(x, t, velocity, divergence);
                        }};
  return {rates, points, log_p, lengths, setup.config.compare.log_likelihood->tolerance, 0, setup.timeline};
}

/// Point i, wrapped where the axis is a circle.
std::vector<double> point_in(const Grid& grid, const PointsIn& points, Index i) {
  std::vector<double> point;
  for (int k = 0; k < grid.dimension(); ++k) {
    const Axis& axis = grid.axis(k);
    double x = points.axis[k][i];
    if (axis.periodic()) x -= (axis.upper - axis.lower) * std::floor((x - axis.lower) / (axis.upper - axis.lower));
    point.push_back(x);
  }
  return point;
}

}  // namespace

ClosedForm likelihood_form(const Setup& setup) {
  return flow_form(setup, "compare.log_likelihood", "leave the key out");
}

struct LogLikelihood::State {
  std::shared_ptr<ClosedFlow> flow;
  CarriedPoints points;
};

LogLikelihood::LogLikelihood(const Setup& setup) {
  const auto flow = std::make_shared<ClosedFlow>(setup.sde, likelihood_form(setup));
  state_ = std::make_unique<State>(State{flow, start(setup, flow)});
}
LogLikelihood::~LogLikelihood() = default;

LikelihoodVerdict LogLikelihood::judge(double t, const Field& p) {
  CarriedPoints& points = state_->points;
  points.advance(t);
  state_->flow->prepare(t);
  std::vector<double> exact(points.size());
  state_->flow->log_density(points.positions(), exact.data());

  LikelihoodVerdict verdict{.t = t};
  const auto count = static_cast<double>(points.size());
  double seen = 0;
  for (Index i = 0; i < points.size(); ++i) {
    const double carried = points.log_p()[i];
    verdict.mean += carried / count;
    verdict.error = std::max(verdict.error, std::abs(carried - exact[i]));
    const std::vector<double> point = point_in(*p.grid, points.positions(), i);
    const double own = p.grid->find(point) < 0 ? 0 : point_value(*p.grid, p.view(), point);
    if (!(own > 0)) {
      ++verdict.unseen;
      continue;
    }
    const double difference = std::abs(std::log(own) - carried);
    verdict.error_grid = std::max(verdict.error_grid, difference);
    verdict.error_grid_mean += difference;
    ++seen;
  }
  if (seen > 0) verdict.error_grid_mean /= seen;
  return verdict;
}

void LogLikelihood::keep(Archive& archive) { state_->points.keep(archive); }

long LogLikelihood::steps() const { return state_->points.steps(); }

}  // namespace fokker
