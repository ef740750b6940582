#include <algorithm>
#include <array>
#include <cmath>

#include "../edge_source.hpp"
#include "axis_fluxes.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/scheme/stationary_weights.hpp"
#include "oblique_cells.hpp"

namespace fokker {
namespace {

constexpr std::array faces{Offset{1, 0}, Offset{0, 1}};

class DiagonalSource final : public EdgeSource {
 public:
  DiagonalSource(const Grid& grid, const Sde& sde, const FluxScheme& flux, DriftAs drift, TimeRange times)
      : grid_(grid), sde_(sde), dimension_(grid.dimension()), reading_(reading_of(sde, drift)) {
    for (int k = 0; k < dimension_; ++k) axes_.emplace_back(grid, sde, k, flux, drift);
    if (flux.drift == DriftCarrier::fitted && sde.traits().autonomous && sde.has_gibbs())
      log_gibbs_ = log_gibbs_averages(grid, sde);
    limited_ = flux.limited_velocity && degenerates(drift, times);
  }

  bool prepare(double t) override {
    t_ = t;
    std::array<bool, 2> looks{};
    for (std::size_t k = 0; k < axes_.size(); ++k) looks[k] = axes_[k].prepare(t);
    if (looks[0] || looks[1]) find_diffusion();
    if (dimension_ > 1 && (looks[0] || looks[1])) oblique_ = oblique_cells(grid_, sde_, reading_, t, axes_);
    for (std::size_t k = 0; k < axes_.size(); ++k)
      if (looks[k]) axes_[k].look(diffusion_[k], oblique_[k]);
    return !std::exchange(laid_out_, true);
  }

  void lay_out(EdgeMatrix& edges) const override {
    for (Index row = 0; row < grid_.ny(); ++row)
      for (int k = 0; k < dimension_; ++k) {
        const auto [begin, end] = edges.reach(row, faces[k]);
        edges.add(row, begin, end, faces[k]);
      }
  }

  void fill(const Run& run, Index from, Index count, Edge* out) const override {
    const int k = run.offset.x == 1 ? 0 : 1;
    axes_[k].fill(run, from, count, out);
    if (!log_gibbs_.empty()) keep_gibbs(run, from, count, k, out);
  }

  void wall_edges(std::vector<WallEdge>& out) const override {
    out.clear();
    for (const AxisFluxes& axis : axes_) axis.add_walls(out);
  }

  [[nodiscard]] bool limited() const override { return limited_; }
  [[nodiscard]] bool keeps_stationary() const override {
    return !log_gibbs_.empty() ||
           std::all_of(axes_.begin(), axes_.end(), [](const auto& a) { return a.keeps_stationary(); });
  }
  [[nodiscard]] Index fallback_faces() const override { return dimension_ == 1 ? axes_[0].fallback_faces() : 0; }
  [[nodiscard]] const std::vector<double>& missing_cross() const override { return nothing_missing_; }
  void settle() override {
    std::vector<double>().swap(log_gibbs_);
    for (auto* columns : {&diffusion_, &oblique_})
      for (auto& column : *columns) std::vector<double>().swap(column);
    for (AxisFluxes& axis : axes_) axis.settle();
  }
  [[nodiscard]] std::size_t bytes() const override {
    std::size_t sum = (log_gibbs_.capacity() + diffusion_[0].capacity() + diffusion_[1].capacity()) * sizeof(double);
    for (const AxisFluxes& axis : axes_) sum += axis.bytes();
    return sum;
  }

 private:
  // D along both axes at all centres; where it is negative by no more than rounding it becomes 0.
  void find_diffusion() {
    const PointsIn centers = grid_.centers();
    const bool plane = dimension_ > 1;
    for (int k = 0; k < dimension_; ++k) diffusion_[k].resize(grid_.cells());
    parallel_for(0, grid_.cells(), 4096, [&](Index first, Index last) {
      double cross[block];
      for (Index from = first; from < last; from += block) {
        const Index count = std::min(block, last - from);
        const std::array x{centers.axis[0] + from, plane ? centers.axis[1] + from : nullptr};
        const std::array D{diffusion_[0].data() + from, plane ? diffusion_[1].data() + from : nullptr};
        sde_.diffusion({count, dimension_, {x[0], x[1]}}, t_, {D[0], cross, D[1]});
        for (std::size_t k = 0; k < axes_.size(); ++k) {
          int negative = 0;
          for (Index i = 0; i < count; ++i) negative |= D[k][i] < 0 ? 1 : 0;
          for (Index i = 0; negative != 0 && i < count; ++i)
            if (D[k][i] < 0)
              LineView(sde_, static_cast<int>(k), plane ? x[1 - k][i] : 0, t_, DriftAs::written)
                  .forgive_rounding(x[k][i], D[k][i]);
        }
      }
    });
  }

  // Replaces f h / D by the log ratio of the cell averages of exp(-U/T).
  void keep_gibbs(const Run& run, Index from, Index count, int k, Edge* out) const {
    // Around a periodic axis U may climb by a constant (a tilted washboard): the distribution of the torus is not
    // exp(-U/T) then, but every face still sees the slope of U continued beyond the ends of the ring.
    double jump[block] = {}, at_lower[block];
    if (run.wraps) {
      double x[2][block];
      const Index column = run.left % grid_.nx() + from, row = run.left / grid_.nx();
      const auto look = [&](double end, double* values) {
        for (Index i = 0; i < count; ++i) {
          x[k][i] = end;
          if (dimension_ > 1) x[1 - k][i] = grid_.axis(1 - k).center(k == 0 ? row : column + i);
        }
        sde_.log_gibbs({count, dimension_, {x[0], dimension_ > 1 ? x[1] : nullptr}}, values);
      };
      look(grid_.axis(k).upper, jump);
      look(grid_.axis(k).lower, at_lower);
      for (Index i = 0; i < count; ++i) jump[i] -= at_lower[i];
    }
    for (Index i = 0; i < count; ++i) {
      const double peclet = log_gibbs_[run.right + from + i] - log_gibbs_[run.left + from + i] + jump[i];
      if (out[i].rate > 0 && std::isfinite(peclet)) out[i].peclet = peclet;
    }
  }

  // True where drift runs along an axis without diffusion over two faces in a row or more. A single face does not
  // count: first-order upwind there costs second order in L1 only, and the operator stays linear. For a D that depends
  // on time it must hold at several times: D = 0 at t = 0 only (sub-VP) is no reason to give up linearity.
  [[nodiscard]] bool degenerates(DriftAs drift, TimeRange times) const {
    const bool fixed = sde_.traits().autonomous || sde_.traits().diffusion_autonomous;
    for (int k = 0; k < dimension_; ++k) {
      bool everywhere = true;
      for (const double fraction : looked_at) {
        everywhere = everywhere && degenerates_along(k, drift, times.at(fraction));
        if (fixed || !everywhere) break;
      }
      if (everywhere) return true;
    }
    return false;
  }

  [[nodiscard]] bool degenerates_along(int k, DriftAs drift, double t) const {
    const Axis& axis = grid_.axis(k);
    const Index lines = dimension_ > 1 ? grid_.axis(1 - k).cells : 1;
    std::vector<double> x, f(static_cast<std::size_t>(axis.cells)), D(f.size());
    for (Index i = 1; i < axis.cells; ++i) x.push_back(axis.face(i));
    for (Index line = 0; line < lines; ++line) {
      const LineView view(sde_, k, dimension_ > 1 ? grid_.axis(1 - k).center(line) : 0, t, drift);
      view.evaluate(x.data(), static_cast<Index>(x.size()), f.data(), D.data());
      for (std::size_t i = 1; i < x.size(); ++i)
        if (D[i] == 0 && D[i - 1] == 0 && f[i] != 0 && f[i - 1] != 0) return true;
    }
    return false;
  }

  const Grid& grid_;
  const Sde& sde_;
  int dimension_;
  double reading_, t_ = 0;
  bool laid_out_ = false, limited_ = false;
  std::vector<AxisFluxes> axes_;
  std::array<std::vector<double>, 2> diffusion_;  // at the cell centres, per axis
  std::array<std::vector<double>, 2> oblique_;    // oblique_cells.hpp
  std::vector<double> log_gibbs_;                 // cell averages
  std::vector<double> nothing_missing_;
};

}  // namespace

std::unique_ptr<EdgeSource> make_diagonal_source(const Grid& grid, const Sde& sde, const FluxScheme& flux,
                                                 DriftAs drift, TimeRange times) {
  return std::make_unique<DiagonalSource>(grid, sde, flux, drift, times);
}

}  // namespace fokker
