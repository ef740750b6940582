#include "fokker/particles/flow.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "flow_integrator.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/particles/walls.hpp"

namespace fokker {
namespace {

constexpr Index block = Tape::block;

/// One axis as the flow sees it. Positions on a periodic axis are kept unwrapped, so that a step is a step.
struct Room {
  double lower, upper, margin;
  bool periodic;

  explicit Room(const Axis& axis)
      : lower(axis.lower),
        upper(axis.upper),
        margin(1e-13 * (axis.upper - axis.lower)),  // coefficients may be singular on the wall, as in Walls
        periodic(axis.periodic()) {}
  /// The position in the box that x means: wrapped, or on the wall.
  [[nodiscard]] double inside(double x) const {
    if (!periodic) return std::clamp(x, lower + margin, upper - margin);
    const double width = upper - lower, wrapped = x - width * std::floor((x - lower) / width);
    return wrapped < upper ? wrapped : lower;
  }
};

}  // namespace

struct FlowEnsemble::State {
  std::shared_ptr<const Grid> grid;
  std::shared_ptr<const Sde> sde;
  Prepare prepare;
  FlowOptions options;
  std::vector<Room> rooms;
  std::vector<double> position;  ///< column after column
  FlowIntegrator integrator;
  double time = 0, seconds = 0;

  State(std::shared_ptr<const Grid> g, std::shared_ptr<const Sde> s, Prepare p, const InitialDistribution& initial,
        const FlowOptions& o, double t0);
  [[nodiscard]] std::size_t count() const { return static_cast<std::size_t>(options.particles); }
  [[nodiscard]] std::vector<double> lengths() const;
  void velocity(double t, const std::vector<double>& z, std::vector<double>& rate) const;
  bool settle(std::vector<double>& z) const;
};

FlowEnsemble::State::State(std::shared_ptr<const Grid> g, std::shared_ptr<const Sde> s, Prepare p,
                           const InitialDistribution& initial, const FlowOptions& o, double t0)
    : grid(std::move(g)),
      sde(std::move(s)),
      prepare(std::move(p)),
      options(o),
      rooms(grid->axes().begin(), grid->axes().end()),
      position(static_cast<std::size_t>(std::max<Index>(0, options.particles)) * rooms.size()),
      integrator(
          position.size(), lengths(), options.steps,
          [this](double t, const std::vector<double>& z, std::vector<double>& rate) { velocity(t, z, rate); },
          [this](std::vector<double>& z) { return settle(z); }),
      time(t0) {
  if (options.particles < 1) throw std::invalid_argument("the number of particles must be positive");
  if (grid->outflows() > 0)
    throw std::invalid_argument("a side absorbs: the flow keeps its particles, where those of the SDE leave");
  std::array<std::span<double>, 2> columns;
  for (std::size_t k = 0; k < rooms.size(); ++k) columns[k] = std::span(position).subspan(k * count(), count());
  draw_particles(*grid, initial, options.seed, columns);
}

std::vector<double> FlowEnsemble::State::lengths() const {
  std::vector<double> all;
  for (const Room& room : rooms) all.push_back(room.upper - room.lower);
  return all;
}

void FlowEnsemble::State::velocity(double t, const std::vector<double>& z, std::vector<double>& rate) const {
  if (prepare) prepare(t);
  const auto n = static_cast<Index>(count());
  parallel_for(0, (n + block - 1) / block, 4, [&](Index begin, Index end) {
    std::array<std::array<double, block>, 2> at;
    for (Index first = begin * block; first < std::min(end * block, n); first += block) {
      const Index size = std::min(block, n - first);
      PointsIn points{size, grid->dimension(), {at[0].data(), at[1].data()}};
      PointsOut out;
      for (std::size_t k = 0; k < rooms.size(); ++k) {
        const std::size_t column = k * count() + static_cast<std::size_t>(first);
        for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) at[k][i] = rooms[k].inside(z[column + i]);
        out.axis[k] = rate.data() + column;
      }
      sde->drift(points, t, out);
    }
  });
}

bool FlowEnsemble::State::settle(std::vector<double>& z) const {
  bool moved = false;
  for (std::size_t k = 0; k < rooms.size(); ++k) {
    if (rooms[k].periodic) continue;
    for (double& x : std::span(z).subspan(k * count(), count())) {
      const double inside = rooms[k].inside(x);
      moved |= inside != x;
      x = inside;
    }
  }
  return moved;
}

FlowEnsemble::FlowEnsemble(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, Prepare prepare,
                           const InitialDistribution& initial, const FlowOptions& options, double t0)
    : state_(std::make_unique<State>(std::move(grid), std::move(sde), std::move(prepare), initial, options, t0)) {}
FlowEnsemble::~FlowEnsemble() = default;
FlowEnsemble::FlowEnsemble(FlowEnsemble&&) noexcept = default;

void FlowEnsemble::advance(double t) {
  if (t == state_->time) return;
  const auto start = std::chrono::steady_clock::now();
  state_->integrator.advance(state_->time, t, state_->position);
  state_->time = t;
  state_->seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void FlowEnsemble::keep(Archive& archive) {
  State& s = *state_;
  const std::size_t size = s.position.size();
  archive(s.position, s.time, s.seconds, s.integrator);
  if (s.position.size() != size) throw ArchiveError("it holds another number of particles");
}

const std::shared_ptr<const Grid>& FlowEnsemble::grid() const { return state_->grid; }
double FlowEnsemble::time() const { return state_->time; }
Index FlowEnsemble::particles() const { return state_->options.particles; }
long FlowEnsemble::steps() const { return state_->integrator.steps(); }
long FlowEnsemble::rejected() const { return state_->integrator.rejected(); }
double FlowEnsemble::dt() const { return state_->integrator.dt(); }
double FlowEnsemble::seconds() const { return state_->seconds; }
double FlowEnsemble::particle_steps() const { return static_cast<double>(steps()) * static_cast<double>(particles()); }

double FlowEnsemble::position(Index n, int axis) const {
  const std::size_t k = axis;
  return state_->rooms[k].inside(state_->position[k * state_->count() + static_cast<std::size_t>(n)]);
}

std::vector<double> FlowEnsemble::counts() const {
  const Grid& grid = *state_->grid;
  std::vector<double> counts(grid.cells(), 0.0);
  for (Index n = 0; n < particles(); ++n) {
    const Position at{position(n, 0), grid.dimension() > 1 ? position(n, 1) : 0};
    counts[grid.find(at)] += 1;
  }
  return counts;
}

}  // namespace fokker
