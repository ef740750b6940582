#include "phase_space.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fokker/base/parallel.hpp"

namespace fokker::kinetic {
namespace {

constexpr Index most_pieces = 16;  // of a sweep, each with scratch memory of its own

/// The tails of a kernel beyond are less than 1e-16 of it.
constexpr double reach = 8.5;

/// e^(2 x) - 1 over 2 x.
double relative_growth(double x) { return x == 0 ? 1 : std::expm1(2 * x) / (2 * x); }

/// A shift in cells: whole ones, and a part of one in [0, 1). A line that moves down is turned round and moves up, so
/// that what is mirrored stays so to the bit.
struct Shift {
  explicit Shift(double cells) : down(cells < 0), whole(std::floor(std::abs(cells))), part(std::abs(cells) - whole) {}
  bool down;
  double whole, part;
};

}  // namespace

PhaseSpace::PhaseSpace(const CanonicalFlow& flow, bool keep)
    : flow_(flow),
      x_(flow.grid().axis(flow.position())),
      v_(flow.grid().axis(flow.velocity())),
      nx_(x_.cells),
      nv_(v_.cells),
      keep_(keep),
      p_(static_cast<std::size_t>(nx_ * nv_)),
      force_(static_cast<std::size_t>(nx_)),
      gamma_(static_cast<std::size_t>(nx_)),
      D_(static_cast<std::size_t>(nx_)),
      blocked_rows_(static_cast<std::size_t>(nv_)),
      blocked_columns_(static_cast<std::size_t>(nx_)) {
  const Index pieces = std::min(most_pieces, std::max(nv_, (nx_ + lanes - 1) / lanes));
  for (Index k = 0; k < pieces; ++k) scratch_.push_back(make_scratch());
}

/// A column with as many empty cells beyond either end as it has; a row with its ghosts.
PhaseSpace::Scratch PhaseSpace::make_scratch() const {
  const Index column = (3 * nv_ + 2 * ghosts) * lanes, others = (nv_ + 3) * lanes, row = nx_ + 2 * ghosts + 16;
  Scratch made;
  made.memory.assign(static_cast<std::size_t>(column + 3 * others + 4 * row), 0.0);
  double* memory = made.memory.data();
  const auto cut = [&](Index size, Index before) {
    double* const part = memory + before;
    memory += size;
    return part;
  };
  made.columns = {.cells = nv_,
                  .ring = false,
                  .cell = cut(column, (nv_ + ghosts) * lanes),
                  .low = cut(others, lanes),
                  .excess = cut(others, lanes),
                  .keep = cut(others, lanes)};
  made.rows = {.cells = nx_,
               .ring = x_.periodic(),
               .cell = cut(row, ghosts),
               .low = cut(row, ghosts),
               .excess = cut(row, ghosts),
               .keep = cut(row, ghosts)};
  return made;
}

/// work(line, scratch) for all lines, in pieces by their number alone.
template <class Work>
void PhaseSpace::over(Index count, const Work& work) {
  const auto pieces = static_cast<Index>(scratch_.size());
  parallel_for(0, pieces, 1, [&](Index first, Index last) {
    for (Index piece = first; piece < last; ++piece)
      for (Index line = piece * count / pieces; line < (piece + 1) * count / pieces; ++line)
        work(line, scratch_[piece]);
  });
  ++sweeps_;
}

void PhaseSpace::load(std::span<const double> state) {
  const bool turned = flow_.velocity() == 0;
  for (Index j = 0; j < nv_; ++j)
    for (Index i = 0; i < nx_; ++i) p_[i + nx_ * j] = state[turned ? j + nv_ * i : i + nx_ * j];
}

void PhaseSpace::store(std::span<double> state) const {
  const bool turned = flow_.velocity() == 0;
  for (Index j = 0; j < nv_; ++j)
    for (Index i = 0; i < nx_; ++i) state[turned ? j + nv_ * i : i + nx_ * j] = p_[i + nx_ * j];
}

Blocked PhaseSpace::take_blocked() {
  const double volume = flow_.grid().volume();
  const auto sum = [&](std::vector<double>& of) {
    const double total = std::accumulate(of.begin(), of.end(), 0.0) * volume;
    std::fill(of.begin(), of.end(), 0.0);
    return total;
  };
  const double along_x = sum(blocked_rows_);
  return {along_x, sum(blocked_columns_)};
}

void PhaseSpace::hamilton(double t, double h) {
  constexpr double xi = 0.1786178958448091, lambda = -0.2123418310626054, chi = -0.06626458266981849;
  constexpr double kicks[] = {0.5 - lambda, lambda, lambda, 0.5 - lambda};
  constexpr double moves[] = {xi, chi, 1 - 2 * (chi + xi), chi};
  double passed = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    move(moves[k] * h);
    passed += moves[k];
    kick(t + passed * h, kicks[k] * h);
  }
  move(xi * h);
}

void PhaseSpace::move(double h) {
  over(nv_, [&](Index row, Scratch& scratch) { move_row(row, h, scratch); });
}

void PhaseSpace::move_row(Index row, double h, Scratch& scratch) {
  const Lines& lines = scratch.rows;
  double *const p = p_.data() + row * nx_, *const cell = lines.cell;
  const Shift shift(v_.center(row) * h / x_.width());
  if (shift.down) std::reverse(p, p + nx_);
  const auto n = static_cast<double>(nx_);
  const auto whole = static_cast<Index>(lines.ring ? std::fmod(shift.whole, n) : std::min(shift.whole, n));
  std::copy_n(p, nx_ - whole, cell + whole);
  if (lines.ring) {
    std::copy_n(p + nx_ - whole, whole, cell);
  } else {
    std::fill_n(cell, whole, 0.0);
    const double beyond = std::accumulate(p + nx_ - whole, p + nx_, 0.0);
    blocked_rows_[row] += beyond + shift.part * cell[nx_ - 1];
    cell[nx_ - 1] += beyond;
  }
  double weight[taps];
  partial_.weights(shift.part, weight);
  shift_line(lines, weight, shift.part, keep_);
  if (shift.down)
    std::reverse_copy(cell, cell + nx_, p);
  else
    std::copy_n(cell, nx_, p);
}

void PhaseSpace::kick(double t, double h) {
  flow_.force(t, force_);
  over((nx_ + lanes - 1) / lanes, [&](Index panel, Scratch& scratch) { kick_panel(panel, h, scratch); });
}

void PhaseSpace::kick_panel(Index panel, double h, Scratch& scratch) {
  const Lines& lines = scratch.columns;
  const Index first = panel * lanes, count = std::min<Index>(lanes, nx_ - first);
  double weight[taps * lanes] = {}, part[lanes] = {};
  bool down[lanes] = {};
  std::fill_n(lines.cell, nv_ * lanes, 0.0);
  for (Index l = 0; l < count; ++l) {
    const Shift shift(force_[first + l] * h / v_.width());
    const auto whole = static_cast<Index>(std::min(shift.whole, static_cast<double>(nv_)));
    down[l] = shift.down;
    part[l] = shift.part;
    partial_.weights(shift.part, weight + l, lanes);
    const Index step = shift.down ? -nx_ : nx_;
    const double* const p = p_.data() + first + l + (shift.down ? (nv_ - 1) * nx_ : 0);
    double* const cell = lines.cell + l;
    for (Index j = 0; j < nv_ - whole; ++j) cell[(j + whole) * lanes] = p[j * step];
    double beyond = 0;
    for (Index j = nv_ - whole; j < nv_; ++j) beyond += p[j * step];
    double& top = cell[(nv_ - 1) * lanes];
    blocked_columns_[first + l] += beyond + shift.part * top;
    top += beyond;
  }
  shift_lanes(lines, weight, part, keep_);
  const bool some_up = std::any_of(down, down + count, [](bool turned) { return !turned; });
  const bool some_down = std::any_of(down, down + count, [](bool turned) { return turned; });
  for (Index j = 0; j < nv_; ++j) {
    double* const p = p_.data() + first + j * nx_;
    const double *const there = lines.cell + j * lanes, *const turned = lines.cell + (nv_ - 1 - j) * lanes;
    if (!some_down)
      std::copy_n(there, count, p);
    else if (!some_up)
      std::copy_n(turned, count, p);
    else
      for (Index l = 0; l < count; ++l) p[l] = down[l] ? turned[l] : there[l];
  }
}

void PhaseSpace::thermostat(double t, double h) {
  flow_.friction(t + h / 2, gamma_, D_);
  over((nx_ + lanes - 1) / lanes, [&](Index panel, Scratch& scratch) { thermalise_panel(panel, h, scratch); });
}

/// In pieces in which v shrinks to no less than 0.6 of itself: a packet is to be wider than its cells between shrinking
/// and diffusing.
void PhaseSpace::thermalise_panel(Index panel, double h, Scratch& scratch) {
  constexpr double most_relaxed = 40, most_at_once = 0.5;  // gamma h: what e^-40 leaves is nothing
  const Lines& lines = scratch.columns;
  const Index first = panel * lanes, count = std::min<Index>(lanes, nx_ - first);
  double damping[lanes] = {}, noise[lanes] = {}, strongest = 0;
  for (Index l = 0; l < count; ++l) {
    const double gamma = gamma_[first + l], D = D_[first + l];
    const double rate = std::abs(gamma) * h, part = rate > most_relaxed ? most_relaxed / rate : 1;
    damping[l] = gamma * h * part;
    noise[l] = D * h * part;
    strongest = std::max(strongest, std::abs(damping[l]));
  }
  std::fill(damping + count, damping + lanes, damping[count - 1]);  // lanes of nothing, alike
  if (strongest == 0 && std::all_of(noise, noise + lanes, [](double D) { return D == 0; })) return;
  for (Index j = 0; j < nv_; ++j) {
    std::fill_n(lines.cell + j * lanes, lanes, 0.0);
    std::copy_n(p_.data() + first + j * nx_, count, lines.cell + j * lanes);
  }
  const double pieces = std::max(1.0, std::ceil(strongest / most_at_once));
  for (double k = 0; k < pieces; ++k) relax(first, count, 1 / pieces, damping, noise, scratch);
  for (Index j = 0; j < nv_; ++j) std::copy_n(lines.cell + j * lanes, count, p_.data() + first + j * nx_);
}

/// Shrinking by a = e^-g and diffusing: the kernel of mean v a and variance s^2 = 2 D h (1 - a^2) / (2 g). Shrinking
/// takes its cells for averages, which are wider than points by 1/12 [cells^2]; shrunk, a^2/12 of that would be left,
/// so that much less is to be diffused.
void PhaseSpace::relax(Index first, Index count, double part, const double* damping, const double* noise,
                       Scratch& scratch) {
  const Lines& lines = scratch.columns;
  const double square = v_.width() * v_.width(), origin = -v_.lower / v_.width();
  double factor[lanes], variance[lanes];
  bool shrinks = false;
  for (Index l = 0; l < lanes; ++l) {
    const double g = damping[l] * part;
    factor[l] = std::exp(g);
    variance[l] = 2 * noise[l] * part * relative_growth(-g) / square + std::expm1(-2 * g) / 12;
    shrinks = shrinks || g != 0;
  }
  if (shrinks) {
    for (Index l = 0; l < count; ++l) {  // what grows beyond an end
      const double below = origin * (1 - factor[l]), above = (static_cast<double>(nv_) - origin) * (1 - factor[l]);
      double gone = 0;
      for (Index j = 0; static_cast<double>(j) < std::min(below, static_cast<double>(nv_)); ++j)
        gone += lines.cell[j * lanes + l];
      for (Index j = 0; static_cast<double>(j) < std::min(above, static_cast<double>(nv_)); ++j)
        gone += lines.cell[(nv_ - 1 - j) * lanes + l];
      blocked_columns_[first + l] += gone;
    }
    contract_lanes(lines, partial_, origin, factor, keep_);
  }
  diffuse(first, count, variance, scratch);
}

void PhaseSpace::diffuse(Index first, Index count, const double* variance, Scratch& scratch) {
  const Lines& lines = scratch.columns;
  double narrow[lanes], widest = 0;
  bool spreads = false;
  for (Index l = 0; l < lanes; ++l) {
    narrow[l] = variance[l] > 1 ? 0 : variance[l];
    spreads = spreads || narrow[l] != 0;
    widest = std::max(widest, variance[l]);
  }
  if (spreads) {
    for (Index l = 0; l < count; ++l)
      blocked_columns_[first + l] += std::max(narrow[l], 0.0) / 2 * (lines.cell[l] + lines.cell[(nv_ - 1) * lanes + l]);
    spread_lanes(lines, narrow, keep_);
  }
  if (!(widest > 1)) return;
  const auto radius = static_cast<Index>(std::min(std::ceil(reach * std::sqrt(widest)), static_cast<double>(nv_)));
  double* const weight = scratch.columns.excess;  // radius + 1 of them: convolve_lanes has no use for it
  for (Index l = 0; l < lanes; ++l) {
    double rest = 0;
    for (Index k = radius; k >= 1; --k) {
      const auto distance = static_cast<double>(k);
      const double value = variance[l] > 1 ? std::exp(-distance * distance / (2 * variance[l])) : 0;
      weight[k * lanes + l] = value;
      rest += value;
    }
    const double all = 1 + 2 * rest;
    double others = 0;
    for (Index k = radius; k >= 1; --k) others += weight[k * lanes + l] /= all;
    weight[l] = 1 - 2 * others;
  }
  for (Index k = 0; k < radius * lanes; ++k) {
    lines.cell[-1 - k] = 0;
    lines.cell[nv_ * lanes + k] = 0;
  }
  double lower[lanes], upper[lanes];
  convolve_lanes(lines, weight, radius, lower, upper);
  for (Index l = 0; l < count; ++l) blocked_columns_[first + l] += lower[l] + upper[l];
}

}  // namespace fokker::kinetic
