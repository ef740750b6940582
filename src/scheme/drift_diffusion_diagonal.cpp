#include <algorithm>
#include <array>
#include <cmath>

#include "edge_source.hpp"
#include "fokker/scheme/stationary_weights.hpp"

namespace fokker {
namespace {

constexpr std::array faces{Offset{1, 0}, Offset{0, 1}};

// One face from D_nn and a_n: fitted where the Peclet number exists, a bare velocity where D vanishes.
Edge face_edge(double D, double a, double h) {
  if (D == 0) return {0, 0, a / h};
  const double peclet = a * h / D;
  if (D > 0 && std::isinf(peclet) && std::isfinite(a)) return {0, 0, a / h};
  return {D / (h * h), peclet, 0};
}

class DiagonalSource final : public EdgeSource {
 public:
  DiagonalSource(const Grid& grid, const Sde& sde, const FluxScheme& flux, double t0)
      : grid_(grid), sde_(sde), dimension_(grid.dimension()), t_(t0) {
    const bool fitted = flux.drift == DriftCarrier::fitted && sde.traits().autonomous;
    if (fitted && sde.has_gibbs())
      log_gibbs_ = log_gibbs_averages(grid, sde);
    else if (fitted && dimension_ == 1)
      peclets_ = stationary_peclets(grid.axis(0), sde);
    keeps_law_ = !log_gibbs_.empty() || !peclets_.empty();
    const auto no_number = [](double peclet) { return !std::isfinite(peclet); };
    fallback_faces_ = std::count_if(peclets_.begin(), peclets_.end(), no_number);
    limited_ = flux.limited_velocity && degenerates(t0);
  }

  bool prepare(double t) override {
    t_ = t;
    return !std::exchange(laid_out_, true);
  }

  void lay_out(Edges& edges) const override {
    for (Index row = 0; row < grid_.ny(); ++row)
      for (int k = 0; k < dimension_; ++k) {
        const auto [begin, end] = edges.reach(row, faces[k]);
        edges.add(row, begin, end, faces[k]);
      }
  }

  void fill(const Run& run, Index from, Index count, Edge* out) const override {
    const int k = run.offset.x == 1 ? 0 : 1;
    const Index column = run.left % grid_.nx() + from, row = run.left / grid_.nx();
    const double h = grid_.axis(k).width();
    Sample sample;
    face_points(k, column, row, count, sample);
    sample.evaluate(sde_, t_, count);
    if (run.wraps) average_with_far_side(k, count, sample);
    for (Index i = 0; i < count; ++i) out[i] = face_edge(sample.D[2 * k][i], sample.a[k][i], h);
    keep_stationary_law(run, from, count, k, sample, out);
  }

  void wall_edges(std::vector<WallEdge>& out) const override {
    out.clear();
    for (int k = 0; k < dimension_; ++k)
      for (int side = 0; side < 2; ++side)
        if (grid_.ledger(k, side) >= 0) add_wall(k, side, out);
  }

  [[nodiscard]] bool limited() const override { return limited_; }
  [[nodiscard]] bool keeps_law() const override { return keeps_law_; }
  [[nodiscard]] Index fallback_faces() const override { return fallback_faces_; }
  [[nodiscard]] const std::vector<double>& missing_cross() const override { return nothing_missing_; }
  void settle() override {
    std::vector<double>().swap(log_gibbs_);
    std::vector<double>().swap(peclets_);
  }
  [[nodiscard]] std::size_t bytes() const override {
    return (log_gibbs_.capacity() + peclets_.capacity()) * sizeof(double);
  }

 private:
  // Centres of the upper faces, along axis k, of the cells column, column + 1, ... of a row.
  void face_points(int k, Index column, Index row, Index count, Sample& sample) const {
    for (Index i = 0; i < count; ++i)
      sample.x[i] = k == 0 ? grid_.axis(0).face(column + i + 1) : grid_.axis(0).center(column + i);
    if (dimension_ == 1) return;
    std::fill_n(sample.y, count, k == 0 ? grid_.axis(1).center(row) : grid_.axis(1).face(row + 1));
  }

  // The face where a periodic axis closes is both its lower and its upper end: the mean treats both alike, also for
  // coefficients that are not periodic.
  void average_with_far_side(int k, Index count, Sample& upper) const {
    Sample lower = upper;
    std::fill_n(k == 0 ? lower.x : lower.y, count, grid_.axis(k).lower);
    lower.evaluate(sde_, t_, count);
    for (Index i = 0; i < count; ++i) {
      upper.a[k][i] = 0.5 * (upper.a[k][i] + lower.a[k][i]);
      upper.D[2 * k][i] = 0.5 * (upper.D[2 * k][i] + lower.D[2 * k][i]);
    }
  }

  // Replaces a h / D by the log ratio of the cell averages of the known stationary law.
  void keep_stationary_law(const Run& run, Index from, Index count, int k, const Sample& sample, Edge* out) const {
    if (!peclets_.empty())
      for (Index i = 0; i < count; ++i) {
        const double peclet = peclets_[static_cast<std::size_t>(run.left + from + i)];
        if (out[i].rate > 0 && std::isfinite(peclet)) out[i].peclet = peclet;
      }
    if (log_gibbs_.empty()) return;
    // Around a periodic axis U may climb by a constant (a tilted washboard): the law of the torus is not exp(-U/T)
    // then, but every face still sees the slope of U continued beyond the seam.
    double jump[block] = {}, at_lower[block];
    if (run.wraps) {
      Sample lower = sample;
      std::fill_n(k == 0 ? lower.x : lower.y, count, grid_.axis(k).lower);
      sde_.log_gibbs(sample.points(count, dimension_), jump);
      sde_.log_gibbs(lower.points(count, dimension_), at_lower);
      for (Index i = 0; i < count; ++i) jump[i] -= at_lower[i];
    }
    for (Index i = 0; i < count; ++i) {
      const double peclet = log_gibbs_[static_cast<std::size_t>(run.right + from + i)] -
                            log_gibbs_[static_cast<std::size_t>(run.left + from + i)] + jump[i];
      if (out[i].rate > 0 && std::isfinite(peclet)) out[i].peclet = peclet;
    }
  }

  // From the centre of a wall cell to the wall it is half an edge, q = 1/2: rate / q, q Pe.
  void add_wall(int k, int side, std::vector<WallEdge>& out) const {
    const Axis& axis = grid_.axis(k);
    const Index count = k == 0 ? grid_.ny() : grid_.nx();
    const double sign = side == 0 ? -1 : 1, wall = side == 0 ? axis.lower : axis.upper;
    const Index at = side == 0 ? 0 : axis.cells - 1;
    Sample sample;
    for (Index first = 0; first < count; first += block) {
      const Index n = std::min(block, count - first);
      std::fill_n(k == 0 ? sample.x : sample.y, n, wall);
      if (dimension_ > 1)
        for (Index i = 0; i < n; ++i) (k == 0 ? sample.y : sample.x)[i] = grid_.axis(1 - k).center(first + i);
      sample.evaluate(sde_, t_, n);
      for (Index i = 0; i < n; ++i) {
        Edge edge = face_edge(sample.D[2 * k][i], sign * sample.a[k][i], axis.width());
        edge.rate *= 2;
        edge.peclet *= 0.5;
        const Index cell = k == 0 ? at + grid_.nx() * (first + i) : first + i + grid_.nx() * at;
        const auto outward = static_cast<int>(sign);
        out.push_back({cell, grid_.ledger(k, side), 1, edge, k == 0 ? Offset{outward, 0} : Offset{0, outward}});
      }
    }
  }

  // True where drift runs along an axis without diffusion over two faces in a row or more. A single face does not
  // count: first-order upwind there costs second order in L1 only, and the operator stays linear. For a D that depends
  // on time it must hold at several times: D = 0 at t = 0 only (sub-VP) is no reason to give up linearity.
  [[nodiscard]] bool degenerates(double t0) {
    const bool fixed = sde_.traits().autonomous || sde_.traits().diffusion_autonomous;
    for (int k = 0; k < dimension_; ++k) {
      bool everywhere = true;
      for (const double later : {0.0, 0.1, 0.37, 1.0, 2.9}) {
        t_ = t0 + later;
        everywhere = everywhere && degenerates_along(k);
        if (fixed || !everywhere) break;
      }
      t_ = t0;
      if (everywhere) return true;
    }
    return false;
  }

  [[nodiscard]] bool degenerates_along(int k) const {
    std::vector<char> row_flags(static_cast<std::size_t>(grid_.nx())), before(row_flags.size());
    Sample sample;
    const Index rows = k == 0 ? grid_.ny() : grid_.ny() - 1, columns = k == 0 ? grid_.nx() - 1 : grid_.nx();
    for (Index row = 0; row < rows; ++row, std::swap(row_flags, before)) {
      for (Index first = 0; first < columns; first += block) {
        const Index n = std::min(block, columns - first);
        face_points(k, first, row, n, sample);
        sample.evaluate(sde_, t_, n);
        for (Index i = 0; i < n; ++i) {
          const Edge edge = face_edge(sample.D[2 * k][i], sample.a[k][i], grid_.axis(k).width());
          row_flags[static_cast<std::size_t>(first + i)] = edge.rate == 0 && edge.velocity != 0;
        }
      }
      for (Index i = 0; i < columns; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (row_flags[at] && (k == 0 ? i > 0 && row_flags[at - 1] : row > 0 && before[at])) return true;
      }
    }
    return false;
  }

  const Grid& grid_;
  const Sde& sde_;
  int dimension_;
  double t_;
  bool laid_out_ = false, limited_ = false, keeps_law_ = false;
  std::vector<double> log_gibbs_;  // cell averages
  std::vector<double> peclets_;    // 1D, one per upper face of a cell
  Index fallback_faces_ = 0;
  std::vector<double> nothing_missing_;
};

}  // namespace

std::unique_ptr<EdgeSource> make_diagonal_source(const Grid& grid, const Sde& sde, const FluxScheme& flux, double t0) {
  return std::make_unique<DiagonalSource>(grid, sde, flux, t0);
}

}  // namespace fokker
