#include "zalesak.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"

namespace fokker {
namespace {

constexpr double noise = 1e-15;    // of the largest p: what rounding leaves of a high-order tail
constexpr int most_fractions = 3;  // of a cell, before it becomes the low-order one
constexpr Index grain = 8192;

}  // namespace

/// The operator with its records (flux_correction.hpp).
class Zalesak::Recording final : public ScaledOperator {
 public:
  explicit Recording(const CorrectedFlux& high)
      : ScaledOperator({high.op.cells(), high.op.outflows(), high.op.cell_volume(), high.op.autonomous(), false,
                        high.op.separated() ? high.op.cells() : high.flux.x_faces() + high.flux.y_faces()}),
        high_(high),
        rates_(separated() ? 0 : static_cast<std::size_t>(records())) {}

  [[nodiscard]] double move_to(double t) const override { return high_.op.move_to(t); }
  [[nodiscard]] bool separated() const override { return high_.op.separated(); }
  [[nodiscard]] double integral(double t0, double t1) const override { return high_.op.integral(t0, t1); }
  [[nodiscard]] double exit_rate() const override { return high_.op.exit_rate(); }
  [[nodiscard]] SpectralBound eigenvalues() const override { return high_.op.eigenvalues(); }

  void products(double scale, std::span<const Product> chain) const override {
    const Index first = cells() + outflows();
    for (const Product& product : chain) {
      const Product inner{product.state.first(static_cast<std::size_t>(first)), product.stages};
      high_.op.products(scale, {&inner, 1});
      record(scale, product, first);
    }
  }

  void entries(double scale, const InsertEntry& insert) const override {
    high_.op.entries(scale, insert);
    const Index first = cells() + outflows();
    if (!separated()) return high_.flux.assemble_fluxes(scale, first, insert);
    for (Index i = 0; i < cells(); ++i) insert(first + i, i, scale);
  }

 private:
  void record(double scale, const Product& product, Index first) const {
    const double* rates = product.state.data();
    if (!separated()) {
      high_.flux.fluxes(1, rates, rates_.data(), rates_.data() + high_.flux.x_faces());
      rates = rates_.data();
    }
    parallel_for(0, records(), grain, [&](Index begin, Index end) {
      for (const Stage& stage : product.stages)
        combine(stage.scale * scale, rates + begin, stage.terms, first + begin, end - begin, stage.out);
    });
  }

  const CorrectedFlux& high_;
  mutable std::vector<double> rates_;
};

Zalesak::Zalesak(const Grid& grid, CorrectedFlux high)
    : grid_(grid),
      high_(std::move(high)),
      recording_(std::make_unique<Recording>(high_)),
      faces_(grid),
      low_(static_cast<std::size_t>(grid.cells())),
      sum_(static_cast<std::size_t>(grid.cells())),
      Gx_(static_cast<std::size_t>(high_.flux.x_faces())),
      Gy_(static_cast<std::size_t>(high_.flux.y_faces())),
      value_(static_cast<std::size_t>(grid.cells())),
      negative_(static_cast<std::size_t>(grid.ny())),
      fractions_(static_cast<std::size_t>(grid.cells())),
      listed_(static_cast<std::size_t>(grid.cells())) {
  list_.reserve(grid.cells());
  later_.reserve(grid.cells());
}

Zalesak::~Zalesak() = default;

const Operator& Zalesak::recording() const { return *recording_; }

const Form& Zalesak::default_form() {
  if (!default_) default_ = high_.make_default();
  return *default_;
}

void Zalesak::correct(double t, double end, std::span<const double> state, std::span<double> next,
                      Corrections& account) {
  const std::size_t cells = grid_.cells();
  double least = 0, largest = 0, lowest_next = 0;
  for (std::size_t i = 0; i < cells; ++i) {
    least = std::min(least, state[i]);
    largest = std::max(largest, state[i]);
    lowest_next = std::min(lowest_next, next[i]);
  }
  if (least < 0) throw NumericalError(fmt::format("negative density {:.3g} where a corrected step begins", least), t);
  if (lowest_next == 0) return;
  ++account.steps;
  take_fluxes(t, end, state, next.data() + high_.op.size(), account);
  evaluate();
  leave_noise(largest);
  evaluate();
  level_ = 0;
  std::fill(fractions_.begin(), fractions_.end(), std::uint8_t{0});
  settle(account);
  if (largest > 0) account.level = std::max(account.level, level_ / largest);
  write(state, next);
}

// low_ and G of the step from the records of the high-order one.
void Zalesak::take_fluxes(double t, double end, std::span<const double> state, const double* records,
                          Corrections& account) {
  if (!built_ || !high_.op.separated()) faces_.build(high_.spatial, high_.op.separated() ? t : 0.5 * (t + end));
  built_ = true;
  std::copy_n(state.begin(), low_.size(), low_.begin());
  const auto factor = [this](double s) { return high_.op.separated() ? high_.op.move_to(s) : 1; };
  account.substeps += faces_.advance(t, end, factor, low_.data(), sum_.data());
  if (high_.op.separated()) {
    high_.flux.fluxes(1, records, Gx_.data(), Gy_.data());
  } else {
    std::copy_n(records, Gx_.size(), Gx_.begin());
    std::copy_n(records + Gx_.size(), Gy_.size(), Gy_.begin());
  }
  faces_.subtract_fluxes(sum_.data(), Gx_.data(), Gy_.data());
  for (int side = 0; side < 4; ++side)
    if (side / 2 < grid_.dimension() && grid_.outflow(side / 2, side % 2) >= 0)
      outflow_[side] = faces_.outflow(side, sum_.data());
}

double Zalesak::value(Index cell) const {
  const Index i = cell % grid_.nx(), j = cell / grid_.nx();
  const double* const x = Gx_.data() + i + (grid_.nx() + 1) * j;
  const double along_x = x[0] - x[1];
  if (grid_.dimension() == 1) return low_[cell] + along_x;
  return low_[cell] + (along_x + (Gy_[cell] - Gy_[cell + grid_.nx()]));
}

int Zalesak::sides_of(Index cell, std::array<Side, 4>& sides) {
  const Index nx = grid_.nx();
  int count = 0;
  for (int k = 0; k < grid_.dimension(); ++k) {
    const Axis& axis = grid_.axis(k);
    const Index i = k == 0 ? cell % nx : cell / nx, step = k == 0 ? 1 : nx, n = axis.cells;
    double* const lower = k == 0 ? Gx_.data() + cell + cell / nx : Gy_.data() + cell;
    double* const upper = lower + step;
    const Index around = step * n;
    const bool at_lower = i == 0, at_upper = i == n - 1, ring = axis.periodic();
    sides[count++] = {lower, at_lower && ring ? lower + around : lower, 1,
                      !at_lower ? cell - step
                      : ring    ? cell - step + around
                                : -1};
    sides[count++] = {upper, at_upper && ring ? upper - around : upper, -1,
                      !at_upper ? cell + step
                      : ring    ? cell + step - around
                                : -1};
  }
  return count;
}

void Zalesak::scale(const Side& side, double factor, Corrections& account) {
  const double before = *side.G;
  *side.G = *side.twin = factor * before;
  ++account.faces;
  account.moved += grid_.volume() * std::abs(before - *side.G);
}

void Zalesak::push_if_negative(Index cell) {
  if (cell < 0 || listed_[cell] != 0 || value_[cell] >= 0) return;
  listed_[cell] = 1;
  later_.push_back(cell);
}

// value_ of all cells, row by row; `rows_` counts the negative ones of each.
void Zalesak::evaluate() {
  const Index nx = grid_.nx();
  const bool plane = grid_.dimension() > 1;
  parallel_for(0, grid_.ny(), std::max<Index>(1, grain / nx), [&](Index first, Index last) {
    for (Index j = first; j < last; ++j) {
      const double* const below = plane ? Gy_.data() + nx * j : nullptr;
      negative_[j] = corrected_cells(low_.data() + nx * j, Gx_.data() + (nx + 1) * j, below,
                                     plane ? below + nx : nullptr, nx, value_.data() + nx * j);
    }
  });
}

// Cells in which both solutions are noise become the low-order one.
void Zalesak::leave_noise(double largest) {
  const Index nx = grid_.nx(), ny = grid_.ny();
  double* const mask = sum_.data();  // its work is done
  parallel_for(0, grid_.cells(), grain, [&](Index first, Index last) {
    noise_mask(low_.data() + first, value_.data() + first, noise * largest, last - first, mask + first);
  });
  const bool ring_x = grid_.axis(0).periodic();
  for (Index j = 0; j < ny; ++j) {
    double *const J = Gx_.data() + (nx + 1) * j, *const here = mask + nx * j;
    mask_faces(here, here + 1, nx - 1, J + 1);
    J[0] *= here[0] * (ring_x ? here[nx - 1] : 1);
    J[nx] *= here[nx - 1] * (ring_x ? here[0] : 1);
  }
  if (grid_.dimension() == 1) return;
  const bool ring_y = grid_.axis(1).periodic();
  const double *const lowest = mask, *const highest = mask + nx * (ny - 1);
  for (Index face = 1; face < ny; ++face)
    mask_faces(mask + nx * (face - 1), mask + nx * face, nx, Gy_.data() + nx * face);
  mask_faces(lowest, ring_y ? highest : lowest, nx, Gy_.data());
  mask_faces(highest, ring_y ? lowest : highest, nx, Gy_.data() + nx * ny);
}

// Limits cells until none is negative.
void Zalesak::settle(Corrections& account) {
  later_.clear();
  const Index nx = grid_.nx();
  for (Index j = 0; j < grid_.ny(); ++j)
    for (Index cell = nx * j; negative_[j] > 0 && cell < nx * (j + 1); ++cell) push_if_negative(cell);
  while (!later_.empty()) {
    std::swap(list_, later_);
    later_.clear();
    for (const Index cell : list_) listed_[cell] = 0;
    for (const Index cell : list_)
      if (value_[cell] < 0) limit(cell, account);
  }
}

void Zalesak::limit(Index cell, Corrections& account) {
  std::array<Side, 4> sides;
  const int count = sides_of(cell, sides);
  double leaving = 0;
  for (int k = 0; k < count; ++k) leaving += std::max(-sides[k].gain * *sides[k].G, 0.0);
  if (fractions_[cell] == 0) ++account.cells;
  level_ = std::max(level_, low_[cell]);
  const double lacking = -value_[cell];
  const bool cut = fractions_[cell]++ >= most_fractions || lacking >= leaving;
  const double fraction = cut ? 0 : 1 - lacking / leaving;
  for (int k = 0; k < count; ++k) {
    const Side& side = sides[k];
    if (*side.G == 0 || (!cut && side.gain * *side.G > 0)) continue;
    scale(side, fraction, account);
    if (side.beyond >= 0) value_[side.beyond] = value(side.beyond);
    push_if_negative(side.beyond);
  }
  value_[cell] = value(cell);
  push_if_negative(cell);
}

void Zalesak::write(std::span<const double> state, std::span<double> next) {
  const Index nx = grid_.nx(), ny = grid_.ny(), cells = grid_.cells();
  std::copy(value_.begin(), value_.end(), next.begin());
  for (int side = 0; side < 2 * grid_.dimension(); ++side) {
    const int outflow = grid_.outflow(side / 2, side % 2);
    if (outflow < 0) continue;
    double G = 0;
    if (side < 2)
      for (Index j = 0; j < ny; ++j) G += Gx_[(nx + 1) * j + (side == 0 ? 0 : nx)];
    else
      for (Index i = 0; i < nx; ++i) G += Gy_[i + (side == 2 ? 0 : nx * ny)];
    const double lost = outflow_[side] + (side % 2 == 0 ? -G : G);
    next[cells + outflow] = state[cells + outflow] + grid_.volume() * lost;
  }
}

std::size_t Zalesak::bytes() const {
  return faces_.bytes() +
         (low_.capacity() + sum_.capacity() + value_.capacity() + Gx_.capacity() + Gy_.capacity()) * sizeof(double) +
         (list_.capacity() + later_.capacity()) * sizeof(Index) + fractions_.capacity() + listed_.capacity();
}

}  // namespace fokker
