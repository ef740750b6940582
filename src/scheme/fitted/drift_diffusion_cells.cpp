#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "../edge_source.hpp"
#include "axis_fluxes.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/scheme/selling.hpp"
#include "fokker/scheme/singular_ends.hpp"
#include "tensor_layout.hpp"

// Everything here is in index units: tensors D_ij / (h_i h_j), velocities f_i / h_i, both [1/t], offsets in cells.
namespace fokker {
namespace {

constexpr Index piece = 16 * EdgeSource::block;

// The rates out of one cell: `axis` along the faces, `skew` along up to three offsets e; [0] against, [1] along.
struct Cell {
  double axis[2][2] = {}, skew[3][2] = {};
  std::int8_t x[3] = {}, y[3] = {};

  [[nodiscard]] Offset offset(int k) const { return {x[k], y[k]}; }
  [[nodiscard]] double rate(Offset e, bool along) const {
    for (int k = 0; k < 3; ++k)
      if (x[k] == e.x && y[k] == e.y) return skew[k][along ? 1 : 0];
    return 0;
  }
};

struct Tensor {
  double xx = 0, xy = 0, yy = 0;
  [[nodiscard]] bool sound() const { return semidefinite(xx, xy, yy) && std::isfinite(xx + yy); }
  [[nodiscard]] bool singular() const { return singular_tensor(xx, xy, yy); }
};

/// The drift in units of what the tensor makes of it: Pe_e = q . e on an offset, D q = u, by the share of selling.hpp.
std::array<double, 2> fitted_part(const Tensor& D, const SellingDecomposition& parts, const double (&u)[2]) {
  if (D.singular()) return {0, 0};
  const double det = D.xx * D.yy - parts.xy * parts.xy;
  const double q[2] = {(D.yy * u[0] - parts.xy * u[1]) / det, (D.xx * u[1] - parts.xy * u[0]) / det};
  double largest = 0, spread = 0;
  for (std::size_t k = 0; k < 3; ++k) {
    if (parts.rate[k] == 0 || parts.x[k] == 0 || parts.y[k] == 0) continue;
    const double peclet = std::abs(q[0] * parts.x[k] + q[1] * parts.y[k]);
    largest = std::max(largest, peclet);
    spread += parts.rate[k] * peclet * peclet * (parts.x[k] * parts.x[k] + parts.y[k] * parts.y[k]);
  }
  const double theta = fitted_share(largest, spread, std::abs(u[0]) + std::abs(u[1]));
  return {theta * q[0], theta * q[1]};
}

/// Hands over to the skew offsets what they carry of the rates along the axes: lambda_e B(-Pe_e) along e and
/// lambda_e B(Pe_e) against it, so that mean and variance of what leaves along each axis stay. Where variance is short,
/// as drift rules, both rates along that axis are raised until none is below 0: upwinding.
void share_out(const Tensor& D, const SellingDecomposition& parts, Cell& cell) {
  const std::array<double, 2> q =
      fitted_part(D, parts, {cell.axis[0][1] - cell.axis[0][0], cell.axis[1][1] - cell.axis[1][0]});
  for (std::size_t k = 0; k < 3; ++k) {
    if (parts.rate[k] == 0 || parts.x[k] == 0 || parts.y[k] == 0) continue;
    const int steps[2] = {parts.x[k], parts.y[k]};
    const double peclet = q[0] * steps[0] + q[1] * steps[1];
    cell.x[k] = static_cast<std::int8_t>(steps[0]);
    cell.y[k] = static_cast<std::int8_t>(steps[1]);
    cell.skew[k][0] = parts.rate[k] * bernoulli(peclet);
    cell.skew[k][1] = parts.rate[k] * bernoulli(-peclet);
    for (int axis = 0; axis < 2; ++axis) {
      const double spread = 0.5 * steps[axis] * steps[axis] * (cell.skew[k][0] + cell.skew[k][1]);
      const double drift = 0.5 * steps[axis] * (cell.skew[k][1] - cell.skew[k][0]);
      cell.axis[axis][0] -= spread - drift;
      cell.axis[axis][1] -= spread + drift;
    }
  }
  for (auto& rates : cell.axis) {
    const double below = std::min({0.0, rates[0], rates[1]});
    rates[0] -= below;
    rates[1] -= below;
  }
}

class CellSource final : public EdgeSource {
 public:
  CellSource(const Grid& grid, const Sde& sde, const FluxScheme& flux)
      : grid_(grid),
        sde_(sde),
        nx_(grid.nx()),
        ny_(grid.ny()),
        weights_(flux.weights),
        axes_{AxisFluxes(grid, sde, 0, flux, DriftAs::ito, AxisFluxes::Way::face),
              AxisFluxes(grid, sde, 1, flux, DriftAs::ito, AxisFluxes::Way::face)} {
    for (auto& column : diffusion_) column.resize(static_cast<std::size_t>(grid.cells()));
    cells_.resize(static_cast<std::size_t>(grid.cells()));
  }

  bool prepare(double t) override {
    find_diffusion(t);
    for (std::size_t axis = 0; axis < 2; ++axis)
      if (axes_[axis].prepare(t)) axes_[axis].look(diffusion_[2 * axis]);
    find_axis_rates();
    return find_skew_rates();
  }

  void lay_out(EdgeMatrix& edges) const override {
    lay_out_tensor(edges, nx_, ny_, [&](Index number, int k) { return cell(number).offset(k); });
  }

  void fill(const Run& run, Index from, Index count, Edge* out) const override {
    const Offset e = run.offset;
    const bool face = e.x == 0 || e.y == 0;
    const int axis = e.x != 0 ? 0 : 1;
    for (Index k = 0; k < count; ++k) {
      const Cell &L = cell(run.left + from + k), &R = cell(run.right + from + k);
      out[k] = face ? with_rates(L.axis[axis][1], R.axis[axis][0]) : with_rates(L.rate(e, true), R.rate(e, false));
    }
  }

  // No skew edge leaves the box.
  void wall_edges(std::vector<WallEdge>& out) const override {
    out.clear();
    for (const AxisFluxes& axis : axes_) axis.add_walls(out);
  }

  [[nodiscard]] bool limited() const override { return false; }
  [[nodiscard]] const std::vector<double>& missing_cross() const override { return missing_; }
  void settle() override {
    std::vector<Cell>().swap(cells_);
    for (auto& column : diffusion_) std::vector<double>().swap(column);
    for (AxisFluxes& axis : axes_) axis.settle();
  }
  [[nodiscard]] std::size_t bytes() const override {
    return cells_.capacity() * sizeof(Cell) + (3 * diffusion_[0].capacity() + missing_.capacity()) * sizeof(double) +
           axes_[0].bytes() + axes_[1].bytes();
  }

 private:
  void find_diffusion(double t);
  void find_axis_rates();
  bool find_skew_rates();
  bool share_out_skew(Index number, const Tensor& D);
  [[nodiscard]] const Cell& cell(Index number) const { return cells_[static_cast<std::size_t>(number)]; }
  /// How far offsets may reach along an axis, both ways.
  [[nodiscard]] int reach(int axis, Index at) const {
    if (grid_.axis(axis).periodic()) return offset_cap;
    return static_cast<int>(std::min<Index>({offset_cap, at, grid_.axis(axis).cells - 1 - at}));
  }

  const Grid& grid_;
  const Sde& sde_;
  Index nx_, ny_;
  EdgeWeights (*weights_)(const Edge&);
  bool laid_out_ = false;
  std::array<AxisFluxes, 2> axes_;
  std::array<std::vector<double>, 3> diffusion_;  // D_xx, D_xy, D_yy at the centres [x^2/t]
  std::vector<Cell> cells_;
  std::vector<double> missing_;  // |D_xy - what is carried| [x y/t]; empty when it is 0 everywhere
};

void CellSource::find_diffusion(double t) {
  const PointsIn centers = grid_.centers();
  parallel_for(0, grid_.cells(), piece, [&](Index begin, Index end) {
    Sample sample;
    for (Index first = begin; first < end; first += block) {
      const Index n = std::min(block, end - first);
      sample.stand_on(centers, first, n);
      sample.evaluate_diffusion(sde_, t, n);
      for (std::size_t k = 0; k < 3; ++k) std::copy_n(sample.D[k], n, &diffusion_[k][static_cast<std::size_t>(first)]);
    }
  });
}

void CellSource::find_axis_rates() {
  for (Cell& cell : cells_) std::fill_n(&cell.axis[0][0], 4, 0.0);
  const auto along = [&](int axis, const Run& run) {
    Edge edges[block];
    for (Index from = 0; from < run.count; from += block) {
      const Index n = std::min(block, run.count - from);
      axes_[static_cast<std::size_t>(axis)].fill(run, from, n, edges);
      for (Index k = 0; k < n; ++k) {
        const EdgeWeights weights = weights_(edges[k]);
        cells_[static_cast<std::size_t>(run.left + from + k)].axis[axis][1] = weights.left;
        cells_[static_cast<std::size_t>(run.right + from + k)].axis[axis][0] = -weights.right;
      }
    }
  };
  parallel_for(0, ny_, 4, [&](Index first, Index last) {
    for (Index row = first; row < last; ++row) {
      const Index start = nx_ * row;
      along(0, {.left = start, .right = start + 1, .count = nx_ - 1, .offset = {1, 0}});
      if (grid_.axis(0).periodic())
        along(0, {.left = start + nx_ - 1, .right = start, .count = 1, .offset = {1, 0}, .wraps = true});
      const bool last_row = row + 1 == ny_;
      if (!last_row || grid_.axis(1).periodic())
        along(1,
              {.left = start, .right = last_row ? 0 : start + nx_, .count = nx_, .offset = {0, 1}, .wraps = last_row});
    }
  });
}

// True when some cell uses other offsets than before.
bool CellSource::find_skew_rates() {
  const double hx = grid_.axis(0).width(), hy = grid_.axis(1).width();
  std::atomic<bool> changed{!std::exchange(laid_out_, true)}, reduced{false};
  missing_.assign(cells_.size(), 0.0);
  parallel_for(0, grid_.cells(), piece, [&](Index begin, Index end) {
    for (Index number = begin; number < end; ++number) {
      const auto at = static_cast<std::size_t>(number);
      const Tensor D{diffusion_[0][at] / (hx * hx), diffusion_[1][at] / (hx * hy), diffusion_[2][at] / (hy * hy)};
      if (share_out_skew(number, D)) changed = true;
      missing_[at] *= hx * hy;
      if (missing_[at] > 0) reduced = true;
    }
  });
  if (!reduced) std::vector<double>().swap(missing_);
  return changed;
}

// Of one cell; true when its offsets are others than before.
bool CellSource::share_out_skew(Index number, const Tensor& D) {
  Cell& here = cells_[static_cast<std::size_t>(number)];
  const Cell before = here;
  for (int k = 0; k < 3; ++k) here.x[k] = here.y[k] = 0;
  for (auto& rates : here.skew) rates[0] = rates[1] = 0;
  if (!D.sound()) {
    here.axis[0][0] = std::numeric_limits<double>::quiet_NaN();
    return false;
  }
  const SellingDecomposition parts = selling(D.xx, D.xy, D.yy, reach(0, number % nx_), reach(1, number / nx_));
  if (parts.xy != 0) share_out(D, parts, here);
  if (parts.capped) missing_[static_cast<std::size_t>(number)] = std::abs(D.xy - parts.xy);
  return !std::equal(here.x, here.x + 3, before.x) || !std::equal(here.y, here.y + 3, before.y);
}

// Some line across a wall at which its D vanishes, where the tensor is tilted and of full rank in the cell before it.
bool tilted_beside_a_wall_without_noise(const Grid& grid, const Sde& sde, double t) {
  for (int axis = 0; axis < 2; ++axis)
    for (Index line = 0; line < grid.axis(1 - axis).cells; ++line) {
      const double across = grid.axis(1 - axis).center(line);
      for (const SingularEnd& end : singular_ends(grid, sde, axis, across, t)) {
        const double along = grid.axis(axis).center(end.side == 0 ? 0 : grid.axis(axis).cells - 1);
        const double x = axis == 0 ? along : across, y = axis == 0 ? across : along;
        Tensor D;
        sde.diffusion({1, 2, {&x, &y}}, t, {&D.xx, &D.xy, &D.yy});
        if (D.xy != 0 && D.sound() && !D.singular()) return true;
      }
    }
  return false;
}

}  // namespace

bool wants_cell_rates(const Grid& grid, const Sde& sde, TimeRange times) {
  const bool fixed = sde.traits().autonomous || sde.traits().diffusion_autonomous;
  for (const double share : looked_at) {
    if (tilted_beside_a_wall_without_noise(grid, sde, times.at(share))) return true;
    if (fixed) break;
  }
  return false;
}

std::unique_ptr<EdgeSource> make_cell_source(const Grid& grid, const Sde& sde, const FluxScheme& flux) {
  return std::make_unique<CellSource>(grid, sde, flux);
}

}  // namespace fokker
