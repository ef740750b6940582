#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "../edge_source.hpp"
#include "axis_fluxes.hpp"
#include "cell_rates.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/scheme/selling.hpp"
#include "fokker/scheme/singular_ends.hpp"
#include "tensor_layout.hpp"

// Everything here is in index units: tensors D_ij / (h_i h_j), velocities f_i / h_i, both [1/t], offsets in cells.
namespace fokker {
namespace {

constexpr Index piece = 16 * EdgeSource::block;

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
    for (auto& column : diffusion_) column.resize(grid.cells());
    cells_.resize(grid.cells());
  }

  bool prepare(double t) override {
    find_diffusion(t);
    find_fading(t);
    for (std::size_t axis = 0; axis < 2; ++axis)
      if (axes_[axis].prepare(t)) axes_[axis].look(diffusion_[2 * axis]);
    find_axis_rates();
    return find_skew_rates();
  }

  void lay_out(EdgeMatrix& edges) const override {
    lay_out_tensor<6, 2 * cell_offset_cap>(edges, nx_, ny_,
                                           [&](Index number, int way) { return cell(number).offset(way); });
  }

  void fill(const Run& run, Index from, Index count, Edge* out) const override {
    const Offset e = run.offset;
    const bool face = e.x == 0 || e.y == 0;
    const int axis = e.x != 0 ? 0 : 1;
    for (Index k = 0; k < count; ++k) {
      const CellRates &L = cell(run.left + from + k), &R = cell(run.right + from + k);
      out[k] = face ? with_rates(L.axis[axis][1], R.axis[axis][0]) : with_rates(L.rate(e, 1), R.rate(e, 0));
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
    std::vector<CellRates>().swap(cells_);
    for (auto& column : diffusion_) std::vector<double>().swap(column);
    for (AxisFluxes& axis : axes_) axis.settle();
  }
  [[nodiscard]] std::size_t bytes() const override {
    return cells_.capacity() * sizeof(CellRates) +
           (3 * diffusion_[0].capacity() + missing_.capacity()) * sizeof(double) + axes_[0].bytes() + axes_[1].bytes();
  }

 private:
  void find_diffusion(double t);
  void find_fading(double t);
  void find_axis_rates();
  bool find_skew_rates();
  bool distribute_skew(Index number, const CellTensor& D);
  [[nodiscard]] const CellRates& cell(Index number) const { return cells_[number]; }
  [[nodiscard]] CellsAround cells_around(Index number) const;

  const Grid& grid_;
  const Sde& sde_;
  Index nx_, ny_;
  EdgeWeights (*weights_)(const Edge&);
  bool laid_out_ = false;
  std::array<AxisFluxes, 2> axes_;
  std::array<std::vector<double>, 3> diffusion_;  // D_xx, D_xy, D_yy at the centres [x^2/t]
  std::vector<std::uint8_t> fades_[2][2];         // [axis][side], of every line: D_nn vanishes at that end
  std::vector<CellRates> cells_;
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
      for (std::size_t k = 0; k < 3; ++k) std::copy_n(sample.D[k], n, &diffusion_[k][first]);
    }
  });
}

void CellSource::find_fading(double t) {
  for (int axis = 0; axis < 2; ++axis) {
    const Axis &along = grid_.axis(axis), &across = grid_.axis(1 - axis);
    for (int side = 0; side < 2; ++side) {
      auto& fades = fades_[axis][side];
      fades.assign(static_cast<std::size_t>(across.cells), 0);
      if (along.periodic()) continue;
      const double beside = along.width() / 4096, end = side == 0 ? along.lower + beside : along.upper - beside;
      for (Index line = 0; line < across.cells; ++line) {
        const double x = axis == 0 ? end : across.center(line), y = axis == 0 ? across.center(line) : end;
        CellTensor D;
        sde_.diffusion({1, 2, {&x, &y}}, t, {&D.xx, &D.xy, &D.yy});
        const Index at = side == 0 ? 0 : along.cells - 1;
        const double center =
            diffusion_[2 * static_cast<std::size_t>(axis)][axis == 0 ? at + nx_ * line : line + nx_ * at];
        fades[line] = (axis == 0 ? D.xx : D.yy) < 0.2 * center ? 1 : 0;
      }
    }
  }
}

CellsAround CellSource::cells_around(Index number) const {
  const Index at[2] = {number % nx_, number / nx_};
  CellsAround room;
  for (int axis = 0; axis < 2; ++axis)
    for (int side = 0; side < 2; ++side) {
      room.cells[axis][side] = grid_.axis(axis).periodic() ? 2 * cell_offset_cap
                               : side == 0                 ? at[axis]
                                                           : grid_.axis(axis).cells - 1 - at[axis];
      room.fades[axis][side] = fades_[axis][side][at[1 - axis]] != 0;
    }
  return room;
}

void CellSource::find_axis_rates() {
  for (CellRates& cell : cells_) std::fill_n(&cell.axis[0][0], 4, 0.0);
  const auto along = [&](int axis, const Run& run) {
    Edge edges[block];
    for (Index from = 0; from < run.count; from += block) {
      const Index n = std::min(block, run.count - from);
      axes_[axis].fill(run, from, n, edges);
      for (Index k = 0; k < n; ++k) {
        const EdgeWeights weights = weights_(edges[k]);
        cells_[run.left + from + k].axis[axis][1] = weights.left;
        cells_[run.right + from + k].axis[axis][0] = -weights.right;
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
      const std::size_t at = number;
      const CellTensor D{diffusion_[0][at] / (hx * hx), diffusion_[1][at] / (hx * hy), diffusion_[2][at] / (hy * hy)};
      if (distribute_skew(number, D)) changed = true;
      missing_[at] *= hx * hy;
      if (missing_[at] > 0) reduced = true;
    }
  });
  if (!reduced) std::vector<double>().swap(missing_);
  return changed;
}

// Of one cell; true when its offsets are others than before.
bool CellSource::distribute_skew(Index number, const CellTensor& D) {
  CellRates& here = cells_[number];
  const CellRates before = here;
  const auto clear = [&here] {
    for (std::size_t k = 0; k < 3; ++k)
      for (int way = 0; way < 2; ++way) here.put(k, way, {}, 0);
  };
  clear();
  if (!D.valid()) {
    here.axis[0][0] = std::numeric_limits<double>::quiet_NaN();
    return false;
  }
  const CellsAround room = cells_around(number);
  const auto reach = [&](int axis) {
    return static_cast<int>(std::min<Index>({cell_offset_cap, room.cells[axis][0], room.cells[axis][1]}));
  };
  SellingDecomposition parts = selling(D.xx, D.xy, D.yy, reach(0), reach(1));
  bool shared = false;
  for (int axis = 0; axis < 2 && parts.capped && !shared; ++axis)
    if (room.fades[axis][room.nearer(axis)] && reach(axis) < cell_offset_cap)
      shared = distribute_at_wall(D, axis, reach(1 - axis), room, parts, here);
  if (!shared && parts.xy != 0) distribute(D, parts, here);
  if (parts.capped) missing_[number] = std::abs(D.xy - parts.xy);
  return !here.has_offsets_of(before);
}

// Some line across a wall at which its D vanishes, where the tensor is tilted and of full rank in the cell before it.
bool tilted_beside_a_wall_without_noise(const Grid& grid, const Sde& sde, double t) {
  for (int axis = 0; axis < 2; ++axis)
    for (Index line = 0; line < grid.axis(1 - axis).cells; ++line) {
      const double across = grid.axis(1 - axis).center(line);
      for (const SingularEnd& end : singular_ends(grid, sde, axis, across, t)) {
        const double along = grid.axis(axis).center(end.side == 0 ? 0 : grid.axis(axis).cells - 1);
        const double x = axis == 0 ? along : across, y = axis == 0 ? across : along;
        CellTensor D;
        sde.diffusion({1, 2, {&x, &y}}, t, {&D.xx, &D.xy, &D.yy});
        if (D.xy != 0 && D.valid() && !D.singular()) return true;
      }
    }
  return false;
}

}  // namespace

bool wants_cell_rates(const Grid& grid, const Sde& sde, TimeRange times) {
  const bool fixed = sde.traits().autonomous || sde.traits().diffusion_autonomous;
  for (const double fraction : looked_at) {
    if (tilted_beside_a_wall_without_noise(grid, sde, times.at(fraction))) return true;
    if (fixed) break;
  }
  return false;
}

std::unique_ptr<EdgeSource> make_cell_source(const Grid& grid, const Sde& sde, const FluxScheme& flux) {
  return std::make_unique<CellSource>(grid, sde, flux);
}

}  // namespace fokker
