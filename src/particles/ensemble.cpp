#include "fokker/particles/ensemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/particles/euler.hpp"
#include "fokker/particles/philox.hpp"
#include "fokker/particles/step_size.hpp"
#include "fokker/particles/walls.hpp"

namespace fokker {
namespace {

constexpr Index block = Tape::block;
constexpr double steps_between_choices = 32;  // of a chosen dt: particles have come a tenth of a relaxation time
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Steps on the way of one `advance`: `full` of dt whose times count from the anchor, then perhaps a shorter one.
struct Plan {
  double anchor = 0, dt = 0;
  long anchor_step = 0, first = 0, full = 0;
  double rest = 0;

  [[nodiscard]] long steps() const { return full + (rest > 0 ? 1 : 0); }
  [[nodiscard]] double begin(long k) const { return anchor + static_cast<double>(first + k - anchor_step) * dt; }
  [[nodiscard]] double length(long k) const { return k < full ? dt : rest; }
  [[nodiscard]] double middle(long k) const { return begin(k) + 0.5 * length(k); }
};

/// Columns of one block, small enough for the innermost cache; a block lives through all steps of a plan in it.
struct Scratch {
  alignas(64) double before[2][block], f[2][block], D[3][block], z[2][block];
  alignas(64) double ahead[2][block], f_ahead[2][block];  ///< of Heun: where a step of Euler ends
  alignas(64) std::uint64_t flags[block];
};

/// How many particle steps a block did, and the first of its particles that was lost to a non-finite position.
struct Outcome {
  double particle_steps = 0;
  double lost_at = infinity;
  Index lost = -1;
};

}  // namespace

struct ParticleEnsemble::State {
  std::shared_ptr<const Grid> grid;
  std::shared_ptr<const Sde> sde;
  ParticleOptions options;
  Traits traits;
  Walls walls;
  std::array<std::vector<double>, 2> position;  ///< padded to whole blocks
  std::vector<std::int8_t> side;                ///< through which it left, 2 axis + side; -1 while it is here
  double time, anchor, dt;
  long step = 0, anchor_step = 0;
  ChosenSteps chosen;
  double seconds = 0, particle_steps = 0;

  State(std::shared_ptr<const Grid> g, std::shared_ptr<const Sde> s, const InitialDistribution& initial,
        const ParticleOptions& o, double t0);
  /// -1 once it has left.
  [[nodiscard]] Index cell_of(std::size_t n) const {
    return side[n] >= 0 ? -1 : grid->find(Position{position[0][n], grid->dimension() > 1 ? position[1][n] : 0});
  }
  [[nodiscard]] std::size_t blocks() const { return side.size() / static_cast<std::size_t>(block); }
  [[nodiscard]] double chosen_step(double until) const;
  [[nodiscard]] double shortest_affordable() const;
  [[nodiscard]] Plan plan(double until, double longest);
  void follow(const Plan& plan, double until);
  [[noreturn]] void refuse(const Outcome& outcome) const;
  void run(const Plan& plan, long begin, long end, std::vector<Outcome>& outcomes);
  void run_block(Index first, const Plan& plan, long begin, long end, Outcome& outcome);
  void coefficients(const PointsIn& x, double t, bool first, Scratch& s) const;
  void noise(Index first, long at, Scratch& s) const;
  void take_step(double h, const Scratch& s, double* const x[2]) const;
  void look_ahead(const PointsIn& x, double t, double h, Scratch& s) const;
  Index settle_block(Index first, long at, double t, double h, Scratch& s, Outcome& outcome);
};

ParticleEnsemble::State::State(std::shared_ptr<const Grid> g, std::shared_ptr<const Sde> s,
                               const InitialDistribution& initial, const ParticleOptions& o, double t0)
    : grid(std::move(g)), sde(std::move(s)), options(o), traits(sde->traits()), walls(*grid), time(t0), anchor(t0) {
  if (options.particles < 1) throw std::invalid_argument("the number of particles must be positive");
  if (options.dt && !(*options.dt > 0 && std::isfinite(*options.dt)))
    throw std::invalid_argument("the particles' dt must be positive");
  if (options.order == 2 && !traits.additive)
    throw std::invalid_argument("Heun steps have their order where noise does not depend on the position");
  const std::size_t n = options.particles;
  const std::size_t padded = (n + block - 1) / block * block;
  std::array<std::span<double>, 2> columns;
  for (std::size_t k = 0; k < static_cast<std::size_t>(grid->dimension()); ++k) {
    position[k].resize(padded);
    columns[k] = std::span(position[k]).first(n);
  }
  draw_particles(*grid, initial, options.seed, columns);
  // The padding walks along with particle 0's start, counted by nobody.
  for (auto& column : position)
    if (!column.empty()) std::fill(column.begin() + static_cast<Index>(n), column.end(), column[0]);
  side.assign(padded, -1);
  std::fill(side.begin() + static_cast<Index>(n), side.end(), std::int8_t{127});
  dt = options.dt ? *options.dt : chosen_step(t0);
}

/// particle_step for a sample of the particles that are still here.
double ParticleEnsemble::State::chosen_step(double until) const {
  constexpr std::size_t most = 2048;
  const auto n = static_cast<std::size_t>(options.particles), stride = (n + most - 1) / most;
  std::array<std::vector<double>, 2> sample;
  for (std::size_t i = 0; i < n; i += stride)
    for (std::size_t k = 0; side[i] < 0 && k < static_cast<std::size_t>(grid->dimension()); ++k)
      sample[k].push_back(position[k][i]);
  return particle_step(options.order, *grid, *sde, {sample[0], sample[1]},
                       options.stand_for.value_or(options.particles), time, until, options.prepare);
}

/// The step that makes what is left of the budget do; 0 without one.
double ParticleEnsemble::State::shortest_affordable() const {
  const double left = options.budget.steps - static_cast<double>(step);
  return std::isfinite(left) ? (options.budget.end - time) / std::max(left, 1.0) : 0;
}

/// `longest`: what no step may exceed.
Plan ParticleEnsemble::State::plan(double until, double longest) {
  if (options.dt && *options.dt <= longest) {
    dt = *options.dt;
    constexpr double rounding = 1e-9;  // of a step: what the sum of many dt may be short of a multiple
    const double ahead = (until - anchor) / dt - static_cast<double>(step - anchor_step);
    const double full = std::floor(ahead + rounding), rest = ahead - full;
    return {anchor, dt, anchor_step, step, static_cast<long>(full), rest > rounding ? rest * dt : 0};
  }
  const double affordable = options.dt ? 0 : shortest_affordable();
  const double wanted = options.dt ? longest : std::min(chosen_step(until), longest);
  const double count = std::max(1.0, std::ceil((until - time) / std::max(wanted, affordable) - 1e-9));
  dt = (until - time) / count;
  anchor = time;
  anchor_step = step;
  if (options.dt) return {anchor, dt, step, step, static_cast<long>(count), 0};
  const double full = std::min(count, steps_between_choices);
  chosen.wanted += full * std::max(1.0, dt / wanted);
  chosen.shortest = std::min(chosen.shortest, wanted);
  if (affordable > wanted) chosen.lengthened += static_cast<long>(full);
  return {anchor, dt, step, step, static_cast<long>(full), 0};
}

void ParticleEnsemble::State::coefficients(const PointsIn& x, double t, bool first, Scratch& s) const {
  sde->drift(x, t, {{s.f[0], s.f[1]}});
  const TensorOut D{s.D[0], s.D[1], s.D[2]};
  if (!traits.additive) return sde->diffusion(x, t, D);
  if (!first && traits.diffusion_autonomous) return;
  sde->diffusion({1, x.dimension, x.axis}, t, D);
  for (auto& column : s.D) std::fill(column + 1, column + block, column[0]);
}

// In 1D a pair of normals serves particles i and i + 128 of the block.
void ParticleEnsemble::State::noise(Index first, long at, Scratch& s) const {
  const Stream stream{options.seed, Purpose::noise, static_cast<std::uint64_t>(at)};
  if (grid->dimension() == 1)
    normal_columns(stream, static_cast<std::uint64_t>(first), block / 2, s.z[0], s.z[0] + block / 2);
  else
    normal_columns(stream, static_cast<std::uint64_t>(first), block, s.z[0], s.z[1]);
}

void ParticleEnsemble::State::take_step(double h, const Scratch& s, double* const x[2]) const {
  const double* const f[2] = {s.f[0], s.f[1]};
  const double* const D[3] = {s.D[0], s.D[1], s.D[2]};
  const double* const z[2] = {s.z[0], s.z[1]};
  if (grid->dimension() == 1)
    euler_step_1d(block, h, traits.additive, f[0], D[0], z[0], x[0]);
  else
    euler_step_2d(block, h, traits.additive, f, D, z, x);
}

/// The drift becomes the mean of those where the step begins and where a step of Euler with the same noise ends.
void ParticleEnsemble::State::look_ahead(const PointsIn& x, double t, double h, Scratch& s) const {
  const int dimension = grid->dimension();
  double* const ahead[2] = {s.ahead[0], s.ahead[1]};
  for (int axis = 0; axis < dimension; ++axis) std::copy_n(x.axis[axis], block, ahead[axis]);
  take_step(h, s, ahead);
  for (int axis = 0; axis < dimension; ++axis)
    confine_column(block, walls.lower(axis), walls.upper(axis), grid->axis(axis).periodic(), ahead[axis]);
  sde->drift({block, dimension, {ahead[0], ahead[1]}}, t, {{s.f_ahead[0], s.f_ahead[1]}});
  for (int axis = 0; axis < dimension; ++axis) average_columns(block, s.f_ahead[axis], s.f[axis]);
}

/// Steps begin .. end - 1 of the plan.
void ParticleEnsemble::State::run(const Plan& plan, long begin, long end, std::vector<Outcome>& outcomes) {
  parallel_for(0, std::ssize(outcomes), 4, [&](Index from, Index to) {
    for (Index b = from; b < to; ++b) run_block(b * block, plan, begin, end, outcomes[b]);
  });
}

void ParticleEnsemble::State::run_block(Index first, const Plan& plan, long begin, long end, Outcome& outcome) {
  Index here = std::count(side.begin() + first, side.begin() + first + block, std::int8_t{-1});
  Scratch s{};
  const std::size_t dimension = grid->dimension();
  double* const x[2] = {position[0].data() + first, dimension > 1 ? position[1].data() + first : nullptr};
  const PointsIn points{block, grid->dimension(), {x[0], x[1]}};
  for (long k = begin; k < end && here > 0 && outcome.lost < 0; ++k) {
    poll_stop();
    const double t = plan.begin(k), h = plan.length(k);
    coefficients(points, plan.middle(k), k == begin, s);
    noise(first, plan.first + k, s);
    for (std::size_t axis = 0; axis < dimension; ++axis) std::copy_n(x[axis], block, s.before[axis]);
    if (options.order == 2) look_ahead(points, plan.middle(k), h, s);
    take_step(h, s, x);
    outcome.particle_steps += static_cast<double>(here);
    bool any = false;
    for (int axis = 0; axis < grid->dimension(); ++axis)
      any |= flag_crossings(block, h, s.before[axis], x[axis], s.D[2 * axis], walls.lower(axis), walls.upper(axis),
                            walls.bridge_reach(axis, 0), walls.bridge_reach(axis, 1), s.flags);
    if (any) here -= settle_block(first, plan.first + k, t, h, s, outcome);
  }
}

// Ghosts of those that left stay where they are whenever they would cross a wall again.
Index ParticleEnsemble::State::settle_block(Index first, long at, double t, double h, Scratch& s, Outcome& outcome) {
  const Stream bridge{options.seed, Purpose::bridge, static_cast<std::uint64_t>(at)};
  const std::size_t dimension = grid->dimension();
  Index gone = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(block); ++i) {
    if (s.flags[i] == 0) continue;
    s.flags[i] = 0;
    const std::size_t n = static_cast<std::size_t>(first) + i;
    const Position start{s.before[0][i], s.before[1][i]};
    Position end{position[0][n], dimension > 1 ? position[1][n] : 0};
    if (side[n] >= 0) {
      end = start;
    } else if (!std::isfinite(end[0]) || !std::isfinite(end[1])) {
      if (outcome.lost < 0) outcome.lost = static_cast<Index>(n);
      outcome.lost_at = t + h;
      end = start;
    } else {
      side[n] = static_cast<std::int8_t>(
          walls.settle(start, {s.D[0][i], s.D[1][i], s.D[2][i]}, h, bridge, static_cast<std::uint64_t>(n), end));
      gone += side[n] >= 0;
      if (side[n] >= 0) end = start;
    }
    for (std::size_t axis = 0; axis < dimension; ++axis) position[axis][n] = end[axis];
  }
  return gone;
}

/// All steps of a plan on the way to `until`.
void ParticleEnsemble::State::follow(const Plan& plan, double until) {
  std::vector<Outcome> outcomes(blocks());
  if (!options.prepare) run(plan, 0, plan.steps(), outcomes);
  const auto lost = [](const Outcome& outcome) { return outcome.lost >= 0; };
  for (long k = 0; options.prepare && k < plan.steps() && std::none_of(outcomes.begin(), outcomes.end(), lost); ++k) {
    options.prepare(plan.middle(k));
    run(plan, k, k + 1, outcomes);
  }
  const Outcome* worst = &outcomes[0];
  for (const Outcome& outcome : outcomes) {
    particle_steps += outcome.particle_steps;
    if (outcome.lost_at < worst->lost_at) worst = &outcome;
  }
  if (worst->lost >= 0) refuse(*worst);
  step += plan.steps();
  const bool arrived = options.dt || !(plan.begin(plan.steps()) < until - 0.5 * dt);
  time = arrived ? until : plan.begin(plan.steps());
  if (plan.rest > 0 || (options.dt && plan.dt != *options.dt)) {
    anchor = time;
    anchor_step = step;
  }
}

void ParticleEnsemble::State::refuse(const Outcome& outcome) const {
  const std::size_t n = outcome.lost;
  std::string from = fmt::format("{} = {:.6g}", grid->axis(0).name, position[0][n]);
  if (grid->dimension() > 1) from += fmt::format(", {} = {:.6g}", grid->axis(1).name, position[1][n]);
  throw NumericalError(
      fmt::format("particle {}: the step from {} to t = {:.6g} is not finite", outcome.lost, from, outcome.lost_at),
      outcome.lost_at);
}

ParticleEnsemble::ParticleEnsemble(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                   const InitialDistribution& initial, const ParticleOptions& options, double t0)
    : state_(std::make_unique<State>(std::move(grid), std::move(sde), initial, options, t0)) {}
ParticleEnsemble::~ParticleEnsemble() = default;
ParticleEnsemble::ParticleEnsemble(ParticleEnsemble&&) noexcept = default;

void ParticleEnsemble::advance(double t) {
  State& s = *state_;
  if (!(t >= s.time)) throw std::invalid_argument("particles cannot go back in time");
  const auto start = std::chrono::steady_clock::now();
  constexpr double steps_in_stretch = 8;
  const double longest = s.traits.autonomous || s.options.dt ? infinity : (t - s.time) / 100;
  const double usual = std::min(s.options.dt.value_or(infinity), longest);
  while (s.time < t) {
    const auto [to, stretch] = s.options.timeline.ahead(s.time, t, steps_in_stretch * usual);
    s.follow(s.plan(to, std::min(longest, stretch / steps_in_stretch)), to);
  }
  s.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void ParticleEnsemble::keep(Archive& archive) {
  State& s = *state_;
  const std::size_t padded = s.side.size();
  archive(s.position, s.side, s.time, s.anchor, s.dt, s.step, s.anchor_step, s.chosen, s.seconds, s.particle_steps);
  if (s.side.size() != padded || s.position[0].size() != padded)
    throw ArchiveError("it holds another number of particles");
}

const std::shared_ptr<const Grid>& ParticleEnsemble::grid() const { return state_->grid; }
double ParticleEnsemble::time() const { return state_->time; }
Index ParticleEnsemble::particles() const { return state_->options.particles; }
long ParticleEnsemble::steps() const { return state_->step; }
ChosenSteps ParticleEnsemble::chosen() const { return state_->chosen; }
double ParticleEnsemble::dt() const { return state_->dt; }
double ParticleEnsemble::seconds() const { return state_->seconds; }
double ParticleEnsemble::particle_steps() const { return state_->particle_steps; }

std::vector<double> ParticleEnsemble::counts() const {
  const State& s = *state_;
  std::vector<double> counts(s.grid->cells(), 0.0);
  constexpr Index stretch = 1 << 18, grain = 1 << 13;  // cells are found by all threads, counted by one
  std::vector<Index> cells(std::min(stretch, s.options.particles));
  for (Index begin = 0; begin < s.options.particles; begin += stretch) {
    const Index n = std::min(stretch, s.options.particles - begin);
    parallel_for(0, n, grain, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) cells[i] = s.cell_of(static_cast<std::size_t>(begin + i));
    });
    for (Index i = 0; i < n; ++i)
      if (cells[i] >= 0) counts[cells[i]] += 1;
  }
  return counts;
}

std::vector<Index> ParticleEnsemble::left() const {
  const State& s = *state_;
  std::vector<Index> left(s.grid->outflows(), 0);
  for (std::size_t n = 0; n < static_cast<std::size_t>(s.options.particles); ++n)
    if (s.side[n] >= 0) ++left[s.grid->outflow(s.side[n] / 2, s.side[n] % 2)];
  return left;
}

double ParticleEnsemble::position(Index n, int axis) const {
  const std::size_t i = n;
  if (state_->side[i] >= 0) return std::numeric_limits<double>::quiet_NaN();
  return state_->position[axis][i];
}

}  // namespace fokker
