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
constexpr double kept_at_wall = 0.45;  // of the rates along the faces: see mirror_at_wall

// The rates out of one cell: `axis` along the faces, `skew` along up to three offsets e; [0] against, [1] along. Beside
// a wall the offsets of the two ways may differ.
struct Cell {
  double axis[2][2] = {}, skew[3][2] = {};
  std::int8_t x[3][2] = {}, y[3][2] = {};

  [[nodiscard]] Offset offset(int way) const { return {x[way / 2][way % 2], y[way / 2][way % 2]}; }
  [[nodiscard]] double rate(Offset e, int way) const {
    double sum = 0;
    for (int k = 0; k < 3; ++k)
      if (x[k][way] == e.x && y[k][way] == e.y) sum += skew[k][way];
    return sum;
  }
  [[nodiscard]] bool has_offsets_of(const Cell& other) const {
    return std::equal(&x[0][0], &x[0][0] + 6, &other.x[0][0]) && std::equal(&y[0][0], &y[0][0] + 6, &other.y[0][0]);
  }
  void put(std::size_t k, int way, Offset e, double value) {
    x[k][way] = static_cast<std::int8_t>(e.x);
    y[k][way] = static_cast<std::int8_t>(e.y);
    skew[k][way] = value;
  }
};

// Cells between one and the sides of the box, [axis][side].
struct Room {
  Index cells[2][2] = {};
  bool fades[2][2] = {};  // D along the axis vanishes at that side
  [[nodiscard]] int nearer(int axis) const { return cells[axis][0] < cells[axis][1] ? 0 : 1; }
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

/// Both rates along an axis, raised until none is below 0.
void raise(double (&rates)[2]) {
  const double below = std::min({0.0, rates[0], rates[1]});
  rates[0] -= below;
  rates[1] -= below;
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
    cell.put(k, 0, {steps[0], steps[1]}, parts.rate[k] * bernoulli(peclet));
    cell.put(k, 1, {steps[0], steps[1]}, parts.rate[k] * bernoulli(-peclet));
    for (int axis = 0; axis < 2; ++axis) {
      const double spread = 0.5 * steps[axis] * steps[axis] * (cell.skew[k][0] + cell.skew[k][1]);
      const double drift = 0.5 * steps[axis] * (cell.skew[k][1] - cell.skew[k][0]);
      cell.axis[axis][0] -= spread - drift;
      cell.axis[axis][1] -= spread + drift;
    }
  }
  for (auto& rates : cell.axis) raise(rates);
}

// Beside a wall where D along `axis` vanishes, the way of an offset that would leave the box ends in the cell at the
// wall, and the way back is longer by what was cut off:
//
//     e = (1, -3), two cells from the wall:      wall |  .  .  o  .  .  .  .
//                                                (+1, -2) <----|----------> (-1, +4)
//
// The sum of e_x e_y over both ways stays, and the spread along the other axis; mean and spread along this one stay by
// the rates along the faces, of which `kept_at_wall` is to be left: it is they that hold the law at the wall. In the
// cell at the wall itself, which has one face, the mean stays. Drift along the other axis is in the two rates, Pe = q
// e_n. False where too little is left.
bool mirror_at_wall(const Tensor& D, const SellingDecomposition& parts, int axis, const Room& room, Cell& cell) {
  const int other = 1 - axis, near_side = room.nearer(axis);
  const double bare[2] = {cell.axis[axis][0], cell.axis[axis][1]};
  const double q = (cell.axis[other][1] - cell.axis[other][0]) / (other == 0 ? D.xx : D.yy);
  const bool at_wall = room.cells[axis][near_side] == 0;
  const auto hand_over = [&](const int(&steps)[2], double rate) {
    for (int a = 0; a < 2; ++a) {
      const double spread = 0.5 * steps[a] * steps[a] * rate, drift = 0.5 * steps[a] * rate;
      if (a == axis && at_wall) {
        cell.axis[a][1 - near_side] -= 2 * std::abs(drift);
      } else {
        cell.axis[a][0] -= spread - drift;
        cell.axis[a][1] -= spread + drift;
      }
    }
  };
  for (std::size_t k = 0; k < 3; ++k) {
    if (parts.rate[k] == 0 || parts.x[k] == 0 || parts.y[k] == 0) continue;
    const int steps[2] = {parts.x[k], parts.y[k]}, size = std::abs(steps[axis]);
    const int cut = size - static_cast<int>(std::min<Index>(size, room.cells[axis][near_side]));
    if (size + cut > room.cells[axis][1 - near_side]) return false;
    for (int way = 0; way < 2; ++way) {
      const int sign = way == 1 ? 1 : -1;
      const bool outwards = (sign * steps[axis] > 0) == (near_side == 1);
      int own[2] = {steps[0], steps[1]};
      own[axis] += (steps[axis] > 0) == outwards ? -cut : cut;
      if (own[axis] == 0) continue;
      const double rate = parts.rate[k] * bernoulli(-sign * q * steps[other]);
      cell.put(k, way, {own[0], own[1]}, rate);
      hand_over({sign * own[0], sign * own[1]}, rate);
    }
  }
  raise(cell.axis[other]);
  return cell.axis[axis][0] >= kept_at_wall * bare[0] && cell.axis[axis][1] >= kept_at_wall * bare[1];
}

// With the largest D_xy that leaves enough, found by bisection above what fits within the box; false where that is
// nothing more. `reach` is that of the other axis.
bool share_out_at_wall(const Tensor& D, int axis, int reach, const Room& room, SellingDecomposition& parts,
                       Cell& cell) {
  const Cell bare = cell;
  bool found = false;
  double least = parts.xy, most = D.xy;
  for (int step = 0; step < 8; ++step) {
    const double xy = step == 0 ? most : 0.5 * (least + most);
    SellingDecomposition more =
        axis == 0 ? selling(D.xx, xy, D.yy, cell_offset_cap, reach) : selling(D.xx, xy, D.yy, reach, cell_offset_cap);
    Cell tried = bare;
    if (std::abs(more.xy) > std::abs(least) && mirror_at_wall(D, more, axis, room, tried)) {
      more.capped = more.capped || step > 0;
      found = true;
      parts = more;
      cell = tried;
      least = xy;
      if (step == 0) break;
    } else {
      most = xy;
    }
  }
  return found;
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
      const Cell &L = cell(run.left + from + k), &R = cell(run.right + from + k);
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
  void find_fading(double t);
  void find_axis_rates();
  bool find_skew_rates();
  bool share_out_skew(Index number, const Tensor& D);
  [[nodiscard]] const Cell& cell(Index number) const { return cells_[static_cast<std::size_t>(number)]; }
  [[nodiscard]] Room room_of(Index number) const;

  const Grid& grid_;
  const Sde& sde_;
  Index nx_, ny_;
  EdgeWeights (*weights_)(const Edge&);
  bool laid_out_ = false;
  std::array<AxisFluxes, 2> axes_;
  std::array<std::vector<double>, 3> diffusion_;  // D_xx, D_xy, D_yy at the centres [x^2/t]
  std::vector<std::uint8_t> fades_[2][2];         // [axis][side], of every line: D_nn vanishes at that end
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
        Tensor D;
        sde_.diffusion({1, 2, {&x, &y}}, t, {&D.xx, &D.xy, &D.yy});
        const Index at = side == 0 ? 0 : along.cells - 1;
        const double center = diffusion_[2 * static_cast<std::size_t>(axis)]
                                        [static_cast<std::size_t>(axis == 0 ? at + nx_ * line : line + nx_ * at)];
        fades[static_cast<std::size_t>(line)] = (axis == 0 ? D.xx : D.yy) < 0.2 * center ? 1 : 0;
      }
    }
  }
}

Room CellSource::room_of(Index number) const {
  const Index at[2] = {number % nx_, number / nx_};
  Room room;
  for (int axis = 0; axis < 2; ++axis)
    for (int side = 0; side < 2; ++side) {
      room.cells[axis][side] = grid_.axis(axis).periodic() ? 2 * cell_offset_cap
                               : side == 0                 ? at[axis]
                                                           : grid_.axis(axis).cells - 1 - at[axis];
      room.fades[axis][side] = fades_[axis][side][static_cast<std::size_t>(at[1 - axis])] != 0;
    }
  return room;
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
  const auto clear = [&here] {
    for (std::size_t k = 0; k < 3; ++k)
      for (int way = 0; way < 2; ++way) here.put(k, way, {}, 0);
  };
  clear();
  if (!D.sound()) {
    here.axis[0][0] = std::numeric_limits<double>::quiet_NaN();
    return false;
  }
  const Room room = room_of(number);
  const auto reach = [&](int axis) {
    return static_cast<int>(std::min<Index>({cell_offset_cap, room.cells[axis][0], room.cells[axis][1]}));
  };
  SellingDecomposition parts = selling(D.xx, D.xy, D.yy, reach(0), reach(1));
  bool shared = false;
  for (int axis = 0; axis < 2 && parts.capped && !shared; ++axis)
    if (room.fades[axis][room.nearer(axis)] && reach(axis) < cell_offset_cap)
      shared = share_out_at_wall(D, axis, reach(1 - axis), room, parts, here);
  if (!shared && parts.xy != 0) share_out(D, parts, here);
  if (parts.capped) missing_[static_cast<std::size_t>(number)] = std::abs(D.xy - parts.xy);
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
