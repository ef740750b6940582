#include "fokker/scheme/effective_drift.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "../edge_system.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/operator/frozen_form.hpp"
#include "frozen_edges.hpp"
#include "log_flux.hpp"

namespace fokker {
namespace {

constexpr Index chunk = 256;         // edges worked on at once
constexpr Index piece_edges = 8192;  // per piece of a parallel loop
constexpr Index piece_cells = 16384;

/// An effective drift on the edges of the drift-diffusion form: its flux J, edge by edge, is what a form defines.
class EdgeFlow : public Form, public Operator, public FrozenForm {
 public:
  // --- Form
  [[nodiscard]] const Operator& op() const override { return *this; }
  [[nodiscard]] SchemeReport report(double t) const override { return system_.report(t); }
  [[nodiscard]] ReducedCross reduced_cross(double t, std::span<const double> p) const override {
    return system_.reduced_cross(t, p);
  }
  void current(double t, std::span<const double> p, double* Jx, double* Jy) const override {
    const double scale = system_.move_to(t);
    find_fluxes(t, p.data());
    std::fill_n(Jx, cells(), 0.0);
    if (Jy != nullptr) std::fill_n(Jy, cells(), 0.0);
    system_.edges().add_current(scale, J_.data(), p.data(), Jx, Jy);
    if (system_.advection() != nullptr) system_.advection()->add_current(scale, p.data(), Jx, Jy);
  }
  bool outflow_rates(double t, std::span<const double> p, std::span<double> rates) const override {
    system_.edges().outflow_rates(system_.move_to(t), p.data(), rates);
    return true;
  }

  // --- Operator
  [[nodiscard]] double stable_step(double t) const override {
    const double scale = system_.move_to(t);
    return 1 / (most_of_fitted_ * scale * system_.exit_rate());
  }

  void apply(double t, std::span<const double> state, std::span<double> rate) const override {
    const double scale = system_.move_to(t);
    find_fluxes(t, state.data());
    system_.edges().divergence(scale, J_.data(), rate.data());
    if (system_.advection() != nullptr) system_.advection()->apply(scale, state.data(), rate.data());
    system_.edges().drain(scale, state, rate);
  }

  [[nodiscard]] Freezing freezing() const override {
    if (system_.limited()) return {nullptr, "carries drift without diffusion by a limiter"};
    if (!system_.flux().positive) return {nullptr, "has rates without a sign"};
    return {this, {}};
  }

  // --- FrozenForm
  [[nodiscard]] const LinearOperator& freeze(double t, std::span<const double> p) const override {
    const double scale = system_.move_to(t);
    if (!frozen_) frozen_.emplace(system_.grid(), shape());
    frozen_->take(system_.edges(), system_.builds(), scale);
    if (!depends_on_p()) return *frozen_;
    find_fluxes(t, p.data());
    frozen_->hold(system_.edges(), J_.data(), p.data());
    if (system_.advection() != nullptr) frozen_->carry(*system_.advection(), p.data());
    return *frozen_;
  }
  [[nodiscard]] bool depends_on_p() const override { return true; }
  [[nodiscard]] bool skew(double t) const override {
    system_.move_to(t);
    return system_.edges().skew();
  }

 protected:
  /// `most_of_fitted`: a flux is at most this many times that of the drift-diffusion form.
  EdgeFlow(EdgeSystem system, double most_of_fitted)
      : Operator(system.shape()), system_(std::move(system)), most_of_fitted_(most_of_fitted) {
    J_.resize(system_.edges().count());
  }

  virtual void prepare(double /*t*/, const double* /*p*/) const {}
  /// J of the edges from .. from + count - 1 of a run, count <= chunk. Called concurrently.
  virtual void edge_fluxes(const Run& run, Index from, Index count, const double* p, double* J) const = 0;

  mutable EdgeSystem system_;  // what is built is a cache of the coefficients at one time

 private:
  void find_fluxes(double t, const double* p) const {
    J_.resize(system_.edges().count());  // edges of a time-dependent tensor come and go
    prepare(t, p);
    const auto runs = system_.edges().runs();
    // Pieces of whole runs, cut where a piece is full; long runs are cut inside.
    const Index pieces = (system_.edges().count() + piece_edges - 1) / piece_edges;
    parallel_for(0, pieces, 1, [&](Index first, Index last) {
      Index edge = first * piece_edges;
      const Index stop = std::min(last * piece_edges, system_.edges().count());
      auto run = std::upper_bound(runs.begin(), runs.end(), edge,
                                  [](Index number, const Run& candidate) { return number < candidate.first; }) -
                 1;
      while (edge < stop) {
        if (edge == run->first + run->count) ++run;
        const Index from = edge - run->first, count = std::min({chunk, run->count - from, stop - edge});
        edge_fluxes(*run, from, count, p, J_.data() + edge);
        edge += count;
      }
    });
  }

  double most_of_fitted_;
  mutable std::vector<double> J_;
  mutable std::optional<FrozenEdges> frozen_;  // made when first asked for
};

class FluxConsistent final : public EdgeFlow {
 public:
  FluxConsistent(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const FluxScheme& row,
                 TimeRange times)
      : EdgeFlow(EdgeSystem(std::move(grid), std::move(sde), row, {}, times), 1) {}
  [[nodiscard]] bool depends_on_p() const override { return false; }

 private:
  void edge_fluxes(const Run& run, Index from, Index count, const double* p, double* J) const override {
    const double *left = system_.edges().left() + run.first + from, *right = system_.edges().right() + run.first + from;
    const double *here = p + run.left + from, *there = p + run.right + from;
    for (Index i = 0; i < count; ++i) {
      const double mean = 0.5 * (here[i] + there[i]), flux = left[i] * here[i] + right[i] * there[i];
      const double drift = mean != 0 ? flux / mean : 0;
      J[i] = drift * mean;
    }
  }
};

/// Peclet numbers at the faces themselves, from a derivative of D, where scores are taken to belong to the faces or
/// differences of log p are refined; else as the drift-diffusion form has them.
DriftAs drift_of(const Sde& sde, int score_order, bool local) {
  const bool distribution = sde.dimension() == 1 && sde.traits().autonomous;
  return local || (score_order == 4 && !distribution) ? DriftAs::velocity : DriftAs::written;
}

/// The row whose flux bounds that of the effective drift. With `local` Peclet numbers a h / D at the faces, which a
/// score at the faces belongs to; otherwise those of the stationary distribution, which a difference of log p belongs
/// to.
FluxScheme fitted_row(bool local) {
  FluxScheme row = *find_flux("scharfetter_gummel");
  if (local) row.drift = DriftCarrier::edges;
  return row;
}

class LogDifference final : public EdgeFlow {
 public:
  LogDifference(std::shared_ptr<const Grid> grid, const std::shared_ptr<const Sde>& sde, Reconstruction reconstruction,
                int score_order, std::shared_ptr<ScoreSource> source, TimeRange times)
      : EdgeFlow(EdgeSystem(std::move(grid), sde, fitted_row(source && sde->traits().diagonal),
                            {.fits = true,
                             .lines = score_order == 4,
                             .advection = true,
                             .drift = drift_of(*sde, score_order, source && sde->traits().diagonal),
                             .reconstruction = reconstruction},
                            times),
                 2),
        reconstruction_(reconstruction),
        score_order_(score_order),
        source_(std::move(source)),
        logs_(static_cast<std::size_t>(cells())) {}

  [[nodiscard]] Index undefined_scores(std::span<const double> p) const override {
    Index count = 0;
    for (const Run& run : system_.edges().runs())
      for (Index k = 0; k < run.count; ++k) count += (p[run.left + k] > 0) != (p[run.right + k] > 0) ? 1 : 0;
    return count;
  }

 private:
  void prepare(double t, const double* p) const override {
    parallel_for(0, cells(), piece_cells,
                 [&](Index first, Index last) { take_logs(p + first, last - first, logs_.data() + first); });
    if (source_) source_->prepare(t, {p, static_cast<std::size_t>(cells())});
  }

  void edge_fluxes(const Run& run, Index from, Index count, const double* p, double* J) const override {
    double storage[6 * chunk], drift[chunk];
    LogEdges edges;
    system_.edges().lines(run, from, count, logs_.data(), storage, edges.log);
    const Index first = run.first + from;
    const double *rate = system_.rates() + first, *peclet = system_.peclets() + first;
    for (Index i = 0; i < count; ++i) drift[i] = rate[i] * (peclet[i] - (edges.log[3][i] - edges.log[2][i]));
    if (source_) {
      double step[chunk];
      score_steps(run, from, count, step);
      for (Index i = 0; i < count; ++i) drift[i] = rate[i] * (peclet[i] - step[i]);
    } else if (score_order_ == 4) {
      for (Index i = 0; i < count; ++i) refine(first + i, edges, i, drift[i]);
    }
    edges.drift = drift;
    edges.left = p + run.left + from;
    edges.right = p + run.right + from;
    edges.weight_left = system_.edges().left() + first;
    edges.weight_right = system_.edges().right() + first;
    log_fluxes(reconstruction_, edges, source_ || score_order_ == 4 ? 1.0 / 24 : 0, count, J);
    const std::uint8_t* const close = system_.close() + first;
    for (Index i = 0; i < count; ++i)
      if (close[i] != 0) J[i] = edges.weight_left[i] * edges.left[i] + edges.weight_right[i] * edges.right[i];
  }

  // The score of the source times the edge: at the middle of a face; the mean of both cells for other offsets.
  void score_steps(const Run& run, Index from, Index count, double* step) const {
    const Grid& grid = system_.grid();
    const bool plane = grid.dimension() == 2, face = run.offset.x + run.offset.y == 1 && run.offset.x >= 0;
    const double hx = grid.axis(0).width() * run.offset.x, hy = plane ? grid.axis(1).width() * run.offset.y : 0;
    double x[chunk], y[chunk], sx[chunk], sy[chunk] = {};
    const PointsIn points{count, grid.dimension(), {x, plane ? y : nullptr}};
    std::fill_n(step, count, 0.0);
    const auto add = [&](Index cell, double fraction) {  // at the centres from this cell on, or their upper faces
      for (Index i = 0; i < count; ++i) {
        const Index column = (cell + i) % grid.nx(), row = (cell + i) / grid.nx();
        x[i] = face && run.offset.x == 1 ? grid.axis(0).face(column + 1) : grid.axis(0).center(column);
        if (plane) y[i] = face && run.offset.y == 1 ? grid.axis(1).face(row + 1) : grid.axis(1).center(row);
      }
      source_->score(points, {{sx, plane ? sy : nullptr}});
      for (Index i = 0; i < count; ++i) step[i] += fraction * (hx * sx[i] + hy * sy[i]);
    };
    add(run.left + from, face ? 1 : 0.5);
    if (!face) add(run.right + from, 0.5);
  }

  // The drift to fourth order, from five edges in line (where there are as many, and no cell is empty). With m the
  // local equilibrium of the edges, F = -D d log(p/m)/dx, so it vanishes for p = m. Let Y_k be the difference of
  // log(p/m) over edge k of cell averages; point values differ from them by
  //
  //     log(p/m) at the centre = that of averages - (h^2/24) (p''/p - m''/m),
  //     p''/p - m''/m = (log p/m)'' + (log p/m)' (log p m)'
  //
  // and (26 W_0 - W_-1 - W_1)/24 is h times the derivative at the face, W the differences of point values. Where the
  // Peclet numbers are a h / D at the face, m = 1 and Pe is added afterwards.
  void refine(Index edge, const LogEdges& edges, Index i, double& drift) const {
    const Index before = system_.edge_before(edge), after = system_.edge_after(edge);
    const Index first = before < 0 ? -1 : system_.edge_before(before),
                last = after < 0 ? -1 : system_.edge_after(after);
    if (first < 0 || last < 0) return;
    const std::array<Index, 5> line{first, before, edge, after, last};
    if (std::any_of(line.begin(), line.end(), [&](Index k) { return system_.close()[k] != 0; })) return;
    const bool distribution = system_.keeps_stationary();
    std::array<double, 5> Y{}, sum{};  // differences of log(p/m) and of log(p m) over the five edges
    for (std::size_t k = 0; k < 5; ++k) {
      if (!(edges.log[k][i] > log_of_zero && edges.log[k + 1][i] > log_of_zero)) return;
      const double step = edges.log[k + 1][i] - edges.log[k][i], peclet = distribution ? system_.peclets()[line[k]] : 0;
      Y[k] = step - peclet;
      sum[k] = step + peclet;
    }
    std::array<double, 4> shift{};  // of the four inner cells
    for (std::size_t k = 0; k < 4; ++k)
      shift[k] = ((Y[k + 1] - Y[k]) + 0.25 * (Y[k + 1] + Y[k]) * (sum[k + 1] + sum[k])) / 24;
    std::array<double, 3> W{};
    for (std::size_t k = 0; k < 3; ++k) W[k] = Y[k + 1] - (shift[k + 1] - shift[k]);
    const double slope = (26 * W[1] - W[0] - W[2]) / 24;
    drift = system_.rates()[edge] * ((distribution ? 0 : system_.peclets()[edge]) - slope);
  }

  Reconstruction reconstruction_;
  int score_order_;
  std::shared_ptr<ScoreSource> source_;  // null: differences of log p
  mutable std::vector<double> logs_;
};

}  // namespace

std::unique_ptr<Form> make_flux_consistent(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                           const FluxScheme& row, TimeRange times) {
  if (row.weights == nullptr) throw std::invalid_argument("not a drift-diffusion flux");
  return std::make_unique<FluxConsistent>(std::move(grid), std::move(sde), row, times);
}

std::unique_ptr<Form> make_log_difference(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                          Reconstruction reconstruction, int score_order, TimeRange times) {
  return std::make_unique<LogDifference>(std::move(grid), sde, reconstruction, score_order, nullptr, times);
}

std::unique_ptr<Form> make_following_drift(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                           Reconstruction reconstruction, std::shared_ptr<ScoreSource> source,
                                           TimeRange times) {
  return std::make_unique<LogDifference>(std::move(grid), sde, reconstruction, 2, std::move(source), times);
}

}  // namespace fokker
