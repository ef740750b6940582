#include "flow_integrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/numeric/odeint/stepper/runge_kutta4.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/step_factor.hpp"
#include "fokker/base/stop.hpp"

namespace fokker {
namespace {

using State = FlowIntegrator::State;
constexpr Index grain = 16384;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// odeint's vector operations, threaded: every entry stands for itself, so the bits do not depend on the pieces.
struct ParallelAlgebra {
  template <class Operation, class Target, class... Sources>
  static void each(Operation operation, Target& target, Sources&... sources) {
    parallel_for(0, std::ssize(target), grain, [&](Index first, Index last) {
      for (std::size_t i = first; i < static_cast<std::size_t>(last); ++i) operation(target[i], sources[i]...);
    });
  }
  template <class A, class B, class C, class O>
  static void for_each3(A& a, B& b, C& c, O operation) {
    each(operation, a, b, c);
  }
  template <class A, class B, class C, class D, class O>
  static void for_each4(A& a, B& b, C& c, D& d, O operation) {
    each(operation, a, b, c, d);
  }
  template <class A, class B, class C, class D, class E, class O>
  static void for_each5(A& a, B& b, C& c, D& d, E& e, O operation) {
    each(operation, a, b, c, d, e);
  }
  template <class A, class B, class C, class D, class E, class F, class O>
  static void for_each6(A& a, B& b, C& c, D& d, E& e, F& f, O operation) {
    each(operation, a, b, c, d, e, f);
  }
  template <class A, class B, class C, class D, class E, class F, class G, class O>
  static void for_each7(A& a, B& b, C& c, D& d, E& e, F& f, G& g, O operation) {
    each(operation, a, b, c, d, e, f, g);
  }
};

/// Rounding may carry the last stage beyond the end, where velocities may be others.
double within(double t, double from, double to) { return std::clamp(t, std::min(from, to), std::max(from, to)); }

using Rk4 = boost::numeric::odeint::runge_kutta4<State, double, State, double, ParallelAlgebra>;
using Dopri5 = boost::numeric::odeint::runge_kutta_dopri5<State, double, State, double, ParallelAlgebra>;

}  // namespace

struct FlowIntegrator::Parts {
  std::vector<double> scales;
  FlowSteps options;
  Rate rate;
  Settle settle;
  State here, next, next_rate, error;
  double rate_time = std::numeric_limits<double>::quiet_NaN();  // that `here`, the rate at z, belongs to
  double proposed = 0, last = 0;
  long steps = 0, rejected = 0;
  Rk4 rk4;
  Dopri5 dopri5;

  void evaluate(double t, const State& z) {
    if (rate_time == t) return;
    rate(t, z, here);
    rate_time = t;
  }
  [[nodiscard]] double largest(const State& v) const;
  void accept(double t, State& z);
  void fixed(double from, double to, double step, State& z);
  void adaptive(double from, double to, State& z);
};

/// max |v| in units of the columns' scales; infinity when an entry is not finite.
double FlowIntegrator::Parts::largest(const State& v) const {
  const Index pieces = (std::ssize(v) + grain - 1) / grain;
  std::vector<double> maxima(pieces, 0.0);
  const std::size_t column = v.size() / scales.size();
  parallel_for(0, pieces, 1, [&](Index begin, Index stop) {
    for (Index piece = begin; piece < stop; ++piece) {
      double most = 0;
      const std::size_t end = std::min(std::ssize(v), (piece + 1) * grain);
      for (std::size_t i = piece * grain; i < end; ++i) {
        const double value = std::abs(v[i]) / scales[i / column];
        if (!(value <= most)) most = std::isfinite(value) ? value : infinity;
      }
      maxima[piece] = most;
    }
  });
  return maxima.empty() ? 0 : *std::max_element(maxima.begin(), maxima.end());
}

void FlowIntegrator::Parts::accept(double t, State& z) {
  z.swap(next);
  here.swap(next_rate);
  rate_time = t;
  ++steps;
  if (settle && settle(z)) rate_time = std::numeric_limits<double>::quiet_NaN();
}

void FlowIntegrator::Parts::fixed(double from, double to, double step, State& z) {
  const auto system = [&](const State& x, State& dxdt, double t) { rate(within(t, from, to), x, dxdt); };
  const double count = std::ceil(std::abs(to - from) / step * (1 - 1e-12));
  const double dt = std::copysign(step, to - from);
  for (double k = 0; k < count; ++k) {
    const double t = from + k * dt, end = k + 1 < count ? from + (k + 1) * dt : to;
    evaluate(t, z);
    rk4.do_step(system, z, here, t, next, end - t);
    if (!std::isfinite(largest(next))) throw NumericalError("a particle of the flow is not finite", end);
    last = end - t;
    accept(end, z);
    rate_time = std::numeric_limits<double>::quiet_NaN();
  }
}

void FlowIntegrator::Parts::adaptive(double from, double to, State& z) {
  const auto system = [&](const State& x, State& dxdt, double t) { rate(within(t, from, to), x, dxdt); };
  const double span = to - from;
  const double smallest = 16 * std::numeric_limits<double>::epsilon() * std::max(std::abs(from), std::abs(to));
  evaluate(from, z);
  if (proposed == 0 || (proposed > 0) != (span > 0)) {
    const double speed = largest(here);  // in a first step nothing goes further than a hundredth of its scale
    if (!std::isfinite(speed)) throw NumericalError("the velocity of the flow is not finite", from);
    proposed = std::copysign(std::min(std::abs(span), 0.01 / std::max(speed, 1e-300)), span);
  }
  for (double t = from; t != to;) {
    if (static_cast<double>(steps + rejected) >= options.most)
      throw NumericalError(fmt::format("the flow's particles have taken the {:.4g} steps they may, the last of {:.3g}",
                                       options.most, last),
                           t);
    const double longest = span > 0 ? options.timeline.longest_step(t) : infinity;
    const bool ends = std::min(std::abs(proposed), longest) >= std::abs(to - t);
    const double dt = ends ? to - t : std::copysign(std::min(std::abs(proposed), longest), span);
    if (std::abs(dt) <= smallest && !ends) throw NumericalError("the step of the flow shrank to nothing", t);
    evaluate(t, z);
    dopri5.do_step(system, z, here, t, next, next_rate, dt, error);
    const double room = options.tolerance / largest(error), factor = step_factor(room, 5, 5);
    if (room >= 1) {
      // a step cut short by the end says little about the next one
      proposed = ends ? std::copysign(std::max(std::abs(proposed), std::abs(dt * factor)), dt) : dt * factor;
      last = dt;
      t = ends ? to : t + dt;
      accept(t, z);
    } else {
      proposed = dt * factor;
      ++rejected;
    }
  }
}

FlowIntegrator::FlowIntegrator(std::size_t size, std::vector<double> scales, const FlowSteps& steps, Rate rate,
                               Settle settle)
    : parts_(std::make_unique<Parts>()) {
  if (steps.dt && !(*steps.dt > 0 && std::isfinite(*steps.dt)))
    throw std::invalid_argument("the particles' dt must be positive");
  if (!(steps.tolerance > 0 && std::isfinite(steps.tolerance)))
    throw std::invalid_argument("the particles' tolerance must be positive");
  parts_->scales = std::move(scales);
  parts_->options = steps;
  parts_->rate = [asked = std::move(rate)](double t, const State& z, State& dzdt) {
    poll_stop();
    asked(t, z, dzdt);
  };
  parts_->settle = std::move(settle);
  for (State* v : {&parts_->here, &parts_->next, &parts_->next_rate, &parts_->error}) v->resize(size);
}
FlowIntegrator::~FlowIntegrator() = default;
FlowIntegrator::FlowIntegrator(FlowIntegrator&&) noexcept = default;

void FlowIntegrator::advance(double from, double to, State& z) {
  constexpr double steps_in_stretch = 8;
  const FlowSteps& options = parts_->options;
  const bool forwards = to > from;
  if (forwards) from = options.timeline.resume(from);
  while (from != to) {
    Timeline::Ahead way{to, infinity};
    if (forwards) way = options.timeline.ahead(from, to, options.dt ? steps_in_stretch * *options.dt : 0);
    if (options.dt)
      parts_->fixed(from, way.to, std::min(*options.dt, way.stretch / steps_in_stretch), z);
    else
      parts_->adaptive(from, way.to, z);
    from = forwards && way.to < to ? options.timeline.resume(way.to) : way.to;
  }
}

void FlowIntegrator::keep(Archive& archive) {
  Parts& p = *parts_;
  const std::size_t size = p.here.size();
  archive(p.here, p.rate_time, p.proposed, p.last, p.steps, p.rejected);
  if (p.here.size() != size) throw ArchiveError("it holds another number of particles");
}

long FlowIntegrator::steps() const { return parts_->steps; }
long FlowIntegrator::rejected() const { return parts_->rejected; }
double FlowIntegrator::dt() const { return parts_->last; }

}  // namespace fokker
