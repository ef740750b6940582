#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "../edge_source.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/scheme/selling.hpp"
#include "tensor_layout.hpp"

// Everything here is in index units: tensors D_ij / (h_i h_j), velocities a_i / h_i, both [1/t], offsets in cells.
namespace fokker {
namespace {

constexpr Index piece = 16 * EdgeSource::block;

struct Vector {
  double x = 0, y = 0;
};

struct Tensor {
  double xx = 0, xy = 0, yy = 0;
  [[nodiscard]] double trace() const { return xx + yy; }
  [[nodiscard]] bool singular() const { return singular_tensor(xx, xy, yy); }
  [[nodiscard]] Vector times(Vector u) const { return {xx * u.x + xy * u.y, xy * u.x + yy * u.y}; }
  // D^+ u; for rank one D^+ = D / trace^2.
  [[nodiscard]] Vector solve(Vector u) const {
    if (trace() == 0) return {};
    if (singular()) {
      const Vector product = times(u);
      return {product.x / trace() / trace(), product.y / trace() / trace()};
    }
    const double det = xx * yy - xy * xy;
    return {(yy * u.x - xy * u.y) / det, (xx * u.y - xy * u.x) / det};
  }
};

double dot(Vector q, Offset e) { return q.x * e.x + q.y * e.y; }
bool on_axis(Offset e) { return e.x == 0 || e.y == 0; }

// One cell's decomposition, its fitted part q (Pe_e = q . e) and the velocity that the faces carry.
struct Cell {
  double rate[3] = {};
  std::int8_t x[3] = {}, y[3] = {};
  bool skew = false;    // some offset is not a face
  bool adrift[2] = {};  // drift out of the range of D along an axis
  Vector q, velocity;

  [[nodiscard]] Offset offset(int k) const { return {x[k], y[k]}; }
  [[nodiscard]] double rate_of(Offset e) const {
    for (int k = 0; k < 3; ++k)
      if (x[k] == e.x && y[k] == e.y) return rate[k];
    return 0;
  }
  [[nodiscard]] Tensor represented() const {
    Tensor D;
    for (int k = 0; k < 3; ++k) {
      D.xx += rate[k] * x[k] * x[k];
      D.xy += rate[k] * x[k] * y[k];
      D.yy += rate[k] * y[k] * y[k];
    }
    return D;
  }
};

// Splits the drift u between the edges (q) and the faces (velocity). Edges take what lies in the range of D, and of
// that, when fitted, only fitted_fraction (selling.hpp).
void split_drift(const Tensor& D, Vector u, DriftCarrier carrier, Cell& cell) {
  cell.q = {};
  cell.velocity = u;
  cell.adrift[0] = cell.adrift[1] = false;
  if (carrier == DriftCarrier::faces) return;
  const bool singular = D.trace() == 0 || D.singular();
  Vector in_range = u, out_of_range{};
  if (singular) {
    const Vector product = D.times(u);
    in_range = D.trace() == 0 ? Vector{} : Vector{product.x / D.trace(), product.y / D.trace()};
    const double rounding = 1e-14 * (std::abs(u.x) + std::abs(u.y));
    const auto rest = [&](double whole, double part) { return std::abs(whole - part) <= rounding ? 0 : whole - part; };
    out_of_range = {rest(u.x, in_range.x), rest(u.y, in_range.y)};
    cell.adrift[0] = out_of_range.x != 0;
    cell.adrift[1] = out_of_range.y != 0;
  }
  Vector q = cell.represented().solve(in_range);
  double theta = 1;
  if (carrier == DriftCarrier::fitted) {
    double largest = 0, spread = 0;
    for (int k = 0; k < 3; ++k) {
      const double peclet = std::abs(dot(q, cell.offset(k)));
      if (cell.rate[k] > 0) largest = std::max(largest, peclet);
      spread += cell.rate[k] * peclet * peclet * (cell.x[k] * cell.x[k] + cell.y[k] * cell.y[k]);
    }
    theta = fitted_fraction(largest, spread, std::abs(in_range.x) + std::abs(in_range.y));
  }
  cell.q = {theta * q.x, theta * q.y};
  cell.velocity = {(1 - theta) * in_range.x + out_of_range.x, (1 - theta) * in_range.y + out_of_range.y};
}

// Where the straight way from a cell centre along an offset leaves the box.
struct Exit {
  bool leaves = false, through[2] = {false, false};  // both axes: exactly through a corner
  double fraction = 0;                               // of the offset
};

class TensorSource final : public EdgeSource {
 public:
  TensorSource(const Grid& grid, const Sde& sde, const FluxScheme& flux, TimeRange times)
      : grid_(grid), sde_(sde), carrier_(flux.drift), nx_(grid.nx()), ny_(grid.ny()) {
    cells_.resize(grid.cells());
    fixed_diffusion_ = sde.traits().autonomous || sde.traits().diffusion_autonomous;
    if (flux.limited_velocity) limited_ = degenerates(times);
  }

  bool prepare(double t) override {
    evaluate(t);
    return std::exchange(changed_, false);
  }

  void lay_out(EdgeMatrix& edges) const override {
    lay_out_tensor<3, offset_cap>(edges, nx_, ny_, [&](Index number, int k) {
      return cell(number).rate[k] > 0 ? cell(number).offset(k) : Offset{};
    });
  }
  void fill(const Run& run, Index from, Index count, Edge* out) const override;
  void wall_edges(std::vector<WallEdge>& out) const override;

  [[nodiscard]] bool limited() const override { return limited_; }
  [[nodiscard]] const std::vector<double>& missing_cross() const override { return missing_; }
  void settle() override { std::vector<Cell>().swap(cells_); }
  [[nodiscard]] std::size_t bytes() const override {
    return cells_.capacity() * sizeof(Cell) + missing_.capacity() * sizeof(double);
  }

 private:
  void evaluate(double t);
  [[nodiscard]] bool degenerates(TimeRange times);
  [[nodiscard]] bool degenerates_now(int axis) const;
  [[nodiscard]] Exit exit(Index i, Index j, Offset e) const;
  [[nodiscard]] bool dropped(Index i, Index j, Offset e) const;
  [[nodiscard]] double fraction(Index i, Index j, const Cell& cell, Offset e) const;
  [[nodiscard]] const Cell& cell(Index number) const { return cells_[number]; }
  [[nodiscard]] Boundary side(int axis, bool upper) const {
    return upper ? grid_.axis(axis).at_upper : grid_.axis(axis).at_lower;
  }

  const Grid& grid_;
  const Sde& sde_;
  DriftCarrier carrier_;
  Index nx_, ny_;
  bool fixed_diffusion_ = false, decomposed_ = false, changed_ = false, limited_ = false;
  std::vector<Cell> cells_;
  std::vector<double> missing_;  // |D_xy - what is carried| [x y/t]; empty when it is 0 everywhere
};

// Brings every cell to time t. A coefficient that is no number, or a D that is not positive semidefinite, makes q not a
// number, which every edge of the cell shows.
void TensorSource::evaluate(double t) {
  const PointsIn centers = grid_.centers();
  const double hx = grid_.axis(0).width(), hy = grid_.axis(1).width();
  const bool decompose = !fixed_diffusion_ || !decomposed_;
  std::atomic<bool> changed{!decomposed_};
  std::atomic<bool> reduced{false};
  if (decompose) missing_.assign(cells_.size(), 0.0);
  parallel_for(0, grid_.cells(), piece, [&](Index begin, Index end) {
    Sample sample;
    for (Index first = begin; first < end; first += block) {
      const Index n = std::min(block, end - first);
      sample.stand_on(centers, first, n);
      sample.evaluate(sde_, t, n);
      for (Index i = 0; i < n; ++i) {
        Cell& here = cells_[first + i];
        const Tensor D{sample.D[0][i] / (hx * hx), sample.D[1][i] / (hx * hy), sample.D[2][i] / (hy * hy)};
        if (!(semidefinite(D.xx, D.xy, D.yy) && std::isfinite(D.trace()))) {
          here.q = {std::numeric_limits<double>::quiet_NaN(), 0};
          continue;
        }
        if (decompose) {
          const SellingDecomposition parts = selling(D.xx, D.xy, D.yy);
          here.skew = false;
          for (int k = 0; k < 3; ++k) {
            const std::size_t at = k;
            const auto x = static_cast<std::int8_t>(parts.x[at]), y = static_cast<std::int8_t>(parts.y[at]);
            if (x != here.x[k] || y != here.y[k]) changed = true;
            here.x[k] = x;
            here.y[k] = y;
            here.rate[k] = parts.rate[at];
            here.skew = here.skew || !on_axis({x, y});
          }
          if (parts.capped) {
            missing_[first + i] = hx * hy * std::abs(D.xy - parts.xy);
            reduced = true;
          }
        }
        split_drift(D, {sample.a[0][i] / hx, sample.a[1][i] / hy}, carrier_, here);
      }
    }
  });
  if (decompose && !reduced) std::vector<double>().swap(missing_);
  decomposed_ = true;
  changed_ = changed_ || changed;
}

// True where drift out of the range of D runs along an axis in two cells in a row or more: see the diagonal source.
bool TensorSource::degenerates(TimeRange times) {
  for (int k = 0; k < 2; ++k) {
    bool everywhere = true;
    for (const double fraction : looked_at) {
      evaluate(times.at(fraction));
      everywhere = everywhere && degenerates_now(k);
      if (fixed_diffusion_ || !everywhere) break;
    }
    if (everywhere) return true;
  }
  return false;
}

bool TensorSource::degenerates_now(int axis) const {
  const Index step = axis == 0 ? 1 : nx_;
  for (Index j = 0; j < (axis == 0 ? ny_ : ny_ - 1); ++j)
    for (Index i = 0; i < (axis == 0 ? nx_ - 1 : nx_); ++i)
      if (cell(i + nx_ * j).adrift[axis] && cell(i + nx_ * j + step).adrift[axis]) return true;
  return false;
}

// lambda_e and q of an edge are the means over its two cells (theory section 6).
void TensorSource::fill(const Run& run, Index from, Index count, Edge* out) const {
  const Offset e = run.offset, back{-e.x, -e.y};
  const bool face = on_axis(e);
  for (Index k = 0; k < count; ++k) {
    const Index at_left = run.left + from + k, at_right = run.right + from + k;
    const Cell &L = cell(at_left), &R = cell(at_right);
    Edge& edge = out[k];
    edge.rate = fraction(at_left % nx_, at_left / nx_, L, e) * L.rate_of(e) +
                fraction(at_right % nx_, at_right / nx_, R, back) * R.rate_of(e);
    edge.peclet = 0.5 * (dot(L.q, e) + dot(R.q, e));
    edge.velocity = !face ? 0 : e.x == 1 ? 0.5 * (L.velocity.x + R.velocity.x) : 0.5 * (L.velocity.y + R.velocity.y);
  }
}

Exit TensorSource::exit(Index i, Index j, Offset e) const {
  const Index at[2] = {i, j}, cells[2] = {nx_, ny_};
  const int step[2] = {e.x, e.y};
  Index twice[2] = {0, 0};  // twice the distance to the wall ahead, in cells
  Exit result;
  for (int k = 0; k < 2; ++k) {
    const Index to = at[k] + step[k];
    if (grid_.axis(k).periodic() || (to >= 0 && to < cells[k])) continue;
    twice[k] = step[k] > 0 ? 2 * (cells[k] - at[k]) - 1 : 2 * at[k] + 1;
    result.through[k] = result.leaves = true;
  }
  if (result.through[0] && result.through[1]) {  // the side crossed first; integers, so that a corner is a corner
    const Index x = twice[0] * std::abs(e.y), y = twice[1] * std::abs(e.x);
    result.through[0] = x <= y;
    result.through[1] = y <= x;
  }
  if (result.leaves) {
    const int k = result.through[0] ? 0 : 1;
    result.fraction = static_cast<double>(twice[k]) / (2.0 * std::abs(step[k]));
  }
  return result;
}

// Leaves through a reflecting side (through a corner: both reflect).
bool TensorSource::dropped(Index i, Index j, Offset e) const {
  const Exit way = exit(i, j, e);
  if (!way.leaves) return false;
  for (int k = 0; k < 2; ++k)
    if (way.through[k] && side(k, (k == 0 ? e.x : e.y) > 0) == Boundary::absorbing) return false;
  return true;
}

// The fraction of a cell's lambda_e that its edge in direction e gets: half, or all of it where the opposite edge is
// dropped at a wall and the tensor is tilted (order 2 there as long as |e_n| <= 1; theory section 10).
double TensorSource::fraction(Index i, Index j, const Cell& cell, Offset e) const {
  return cell.skew && dropped(i, j, {-e.x, -e.y}) ? 1 : 0.5;
}

void TensorSource::wall_edges(std::vector<WallEdge>& out) const {
  out.clear();
  if (grid_.outflows() == 0) return;
  for (Index j = 0; j < ny_; ++j)
    for (Index i = 0; i < nx_; ++i) {
      // Offsets reach offset_cap cells: the inner cells of a row that is far from all walls lose nothing.
      if (j >= offset_cap && j < ny_ - offset_cap && i == offset_cap && nx_ > 2 * offset_cap) i = nx_ - offset_cap;
      const Index number = i + nx_ * j;
      const Cell& here = cell(number);
      const auto add = [&](Offset e, const Edge& whole) {
        const Exit way = exit(i, j, e);
        if (!way.leaves) return;
        const bool upper[2] = {e.x > 0, e.y > 0};
        const auto absorbs = [&](int k) { return way.through[k] && side(k, upper[k]) == Boundary::absorbing; };
        const double part = absorbs(0) && absorbs(1) ? 0.5 : 1, q = way.fraction;
        for (int k = 0; k < 2; ++k)
          if (absorbs(k))
            out.push_back(
                {number, grid_.outflow(k, upper[k]), part, {whole.rate / q, whole.peclet * q, whole.velocity}, e});
      };
      for (int k = 0; k < 3; ++k)
        if (here.rate[k] > 0)
          for (const int sign : {-1, 1}) {
            const Offset e{sign * here.x[k], sign * here.y[k]};
            add(e, {here.rate[k], dot(here.q, e), 0});
          }
      for (const int sign : {-1, 1}) {
        if (sign * here.velocity.x > 0) add({sign, 0}, {0, 0, sign * here.velocity.x});
        if (sign * here.velocity.y > 0) add({0, sign}, {0, 0, sign * here.velocity.y});
      }
    }
}

}  // namespace

std::unique_ptr<EdgeSource> make_tensor_source(const Grid& grid, const Sde& sde, const FluxScheme& flux,
                                               TimeRange times) {
  return std::make_unique<TensorSource>(grid, sde, flux, times);
}

}  // namespace fokker
