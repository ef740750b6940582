#include "fokker/scheme/drift_diffusion.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "edge_source.hpp"
#include "edges.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "limited.hpp"

namespace fokker {
namespace {

constexpr Index fill_piece = 4096;  // edges per piece of the parallel loop that makes weights

// The least of the numbers handed in by concurrent pieces; `none` when there was none.
class FirstOf {
 public:
  static constexpr Index none = std::numeric_limits<Index>::max();
  void add(Index value) {
    Index seen = value_.load();
    while (value < seen && !value_.compare_exchange_weak(seen, value)) {
    }
  }
  [[nodiscard]] Index value() const { return value_.load(); }

 private:
  std::atomic<Index> value_{none};
};

bool sound(const Edge& edge) {
  return edge.rate >= 0 && std::isfinite(edge.rate) && std::isfinite(edge.peclet) && std::isfinite(edge.velocity);
}

class EdgeOperator final : public DriftDiffusion, public LinearOperator {
 public:
  EdgeOperator(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const FluxScheme& flux, double t0)
      : grid_(std::move(grid)), sde_(std::move(sde)), flux_(flux), edges_(*grid_) {
    check_coefficients(*grid_, *sde_, t0);
    separated_ = sde_->separated();
    const Sde& spatial = separated_ ? *separated_->base : *sde_;
    if (separated_) check_coefficients(*grid_, spatial, t0);
    autonomous_ = sde_->traits().autonomous;
    fixed_ = autonomous_ || separated_.has_value();
    source_ = grid_->dimension() == 1 || spatial.traits().diagonal ? make_diagonal_source(*grid_, spatial, flux, t0)
                                                                   : make_tensor_source(*grid_, spatial, flux, t0);
    if (source_->limited()) limited_.emplace(*grid_);
    build(t0);
    if (!fixed_) return;
    edges_.drop_zeros();
    source_->settle();
  }

  // --- DriftDiffusion
  [[nodiscard]] const Operator& op() const override { return *this; }
  [[nodiscard]] SchemeReport report(double t) const override;
  [[nodiscard]] double capped_share(std::span<const double> p) const override;
  void current(double t, std::span<const double> p, double* Jx, double* Jy) const override;

  // --- Operator
  [[nodiscard]] const LinearOperator* linear() const override { return limited_ ? nullptr : this; }
  [[nodiscard]] Index cells() const override { return grid_->cells(); }
  [[nodiscard]] Index ledgers() const override { return grid_->ledgers(); }
  [[nodiscard]] double cell_volume() const override { return grid_->volume(); }
  [[nodiscard]] bool autonomous() const override { return autonomous_; }
  [[nodiscard]] bool positive() const override { return flux_.positive; }

  void apply(double t, std::span<const double> state, std::span<double> rate) const override {
    const double scale = move_to(t);
    edges_.apply(scale, state.data(), rate.data());
    if (limited_) limited_->apply(scale, state.data(), rate.data());
    drain(scale, state, rate);
  }

  [[nodiscard]] double stable_step(double t) const override { return 1 / (move_to(t) * exit_rate()); }

  void assemble(double t, const InsertEntry& insert) const override {
    const double scale = move_to(t);
    edges_.assemble(scale, insert);
    for (const Sink& sink : edges_.sinks) {
      insert(sink.cell, sink.cell, -scale * sink.rate);
      insert(cells() + sink.ledger, sink.cell, grid_->volume() * (scale * sink.rate));
    }
  }

 private:
  // Brings the weights to time t; returns the factor that multiplies them.
  double move_to(double t) const {
    if (!fixed_ && t != built_at_) build(t);
    if (!separated_) return 1;
    const double factor = separated_->factor(t);
    if (!(factor >= 0 && std::isfinite(factor)))
      throw NumericalError("the common time factor of drift and diffusion is negative or not finite", t);
    return factor;
  }

  void drain(double scale, std::span<const double> state, std::span<double> rate) const {
    std::fill(rate.begin() + cells(), rate.end(), 0.0);
    for (const Sink& sink : edges_.sinks) {
      const double lost = scale * sink.rate * state[static_cast<std::size_t>(sink.cell)];
      rate[static_cast<std::size_t>(sink.cell)] -= lost;
      rate[static_cast<std::size_t>(cells() + sink.ledger)] += grid_->volume() * lost;
    }
  }

  // const: what is built is a cache of the coefficients at one time.
  void build(double t) const;
  void build_sinks(double t) const;
  void make_weights(Index first, Index last, FirstOf& unsound, FirstOf& unsigned_) const;
  [[nodiscard]] double exit_rate() const;

  std::shared_ptr<const Grid> grid_;
  std::shared_ptr<const Sde> sde_;
  FluxScheme flux_;
  std::optional<TimeSeparated> separated_;
  bool autonomous_ = false, fixed_ = false;
  std::unique_ptr<EdgeSource> source_;

  mutable Edges edges_;
  mutable std::optional<LimitedTransport> limited_;
  mutable std::vector<WallEdge> walls_;
  mutable double built_at_ = std::numeric_limits<double>::quiet_NaN();
  mutable double exit_rate_ = -1;           // of the weights as built, -1: not looked at yet
  mutable std::vector<double> diagonal_;    // scratch of exit_rate
  mutable std::vector<double> peclet_min_;  // |Pe| over the edges of every piece
  mutable std::vector<double> peclet_max_;
};

void EdgeOperator::build(double t) const {
  if (source_->prepare(t)) {
    edges_.clear();
    source_->lay_out(edges_);
    edges_.finish();
    const auto pieces = static_cast<std::size_t>((edges_.count() + fill_piece - 1) / fill_piece);
    peclet_min_.resize(pieces);
    peclet_max_.resize(pieces);
  }
  FirstOf unsound, unsigned_;
  parallel_for(0, static_cast<Index>(peclet_min_.size()), 1, [&](Index first, Index last) {
    for (Index piece = first; piece < last; ++piece)
      make_weights(piece * fill_piece, std::min((piece + 1) * fill_piece, edges_.count()), unsound, unsigned_);
  });
  if (unsound.value() != FirstOf::none)
    throw NumericalError("drift or diffusion is not finite, or diffusion is not positive semidefinite", t,
                         unsound.value());
  if (unsigned_.value() != FirstOf::none)
    throw std::logic_error("flux " + std::string(flux_.name) + " is not a Markov generator on an edge of cell " +
                           std::to_string(unsigned_.value()));
  build_sinks(t);
  if (limited_) limited_->finish();
  built_at_ = t;
  exit_rate_ = -1;
}

// Weights of the edges first..last-1, one piece: from the runs they belong to, block by block.
void EdgeOperator::make_weights(Index first, Index last, FirstOf& unsound, FirstOf& unsigned_) const {
  Edge edge[EdgeSource::block];
  double peclet_min = std::numeric_limits<double>::infinity(), peclet_max = 0;
  const auto runs = edges_.runs();
  auto run = std::upper_bound(runs.begin(), runs.end(), first,
                              [](Index number, const Run& candidate) { return number < candidate.first; }) -
             1;
  for (Index number = first; number < last;) {
    if (number == run->first + run->count) ++run;
    const Index from = number - run->first, count = std::min({EdgeSource::block, run->count - from, last - number});
    source_->fill(*run, from, count, edge);
    for (Index i = 0; i < count; ++i) {
      if (!sound(edge[i])) unsound.add(run->left + from + i);
      if (edge[i].rate > 0) {
        peclet_min = std::min(peclet_min, std::abs(edge[i].peclet));
        peclet_max = std::max(peclet_max, std::abs(edge[i].peclet));
      }
      if (limited_ && run->offset.x + run->offset.y == 1 && run->offset.x * run->offset.y == 0)
        limited_->velocity(run->offset.x == 1 ? 0 : 1)[run->left + from + i] = std::exchange(edge[i].velocity, 0.0);
      const EdgeWeights weights = flux_.weights(edge[i]);
      if (flux_.positive && sound(edge[i]) && !(weights.left >= 0 && weights.right <= 0))
        unsigned_.add(run->left + from + i);
      edges_.left()[number + i] = weights.left;
      edges_.right()[number + i] = weights.right;
    }
    number += count;
  }
  peclet_min_[static_cast<std::size_t>(first / fill_piece)] = peclet_min;
  peclet_max_[static_cast<std::size_t>(first / fill_piece)] = peclet_max;
}

// At the wall p = 0: what leaves is the left weight of the edge up to the wall; a bare velocity only ever leaves.
void EdgeOperator::build_sinks(double t) const {
  source_->wall_edges(walls_);
  edges_.sinks.clear();
  for (const WallEdge& wall : walls_) {
    if (!sound(wall.edge))
      throw NumericalError("drift or diffusion at an absorbing wall is not finite, or diffusion is negative", t,
                           wall.cell);
    const double rate = flux_.weights({wall.edge.rate, wall.edge.peclet, 0}).left + std::max(wall.edge.velocity, 0.0);
    if (flux_.positive && !(rate >= 0))
      throw std::logic_error("flux " + std::string(flux_.name) + " lets probability in through an absorbing wall");
    if (rate != 0) edges_.sinks.push_back({wall.cell, wall.ledger, wall.share * rate, wall.offset});
  }
}

double EdgeOperator::exit_rate() const {
  if (exit_rate_ >= 0) return exit_rate_;
  diagonal_.assign(static_cast<std::size_t>(cells()), 0.0);
  edges_.add_exit_rates(flux_.positive, diagonal_);
  if (limited_) limited_->add_exit_rates(diagonal_);
  for (const Sink& sink : edges_.sinks) diagonal_[static_cast<std::size_t>(sink.cell)] += std::abs(sink.rate);
  return exit_rate_ = *std::max_element(diagonal_.begin(), diagonal_.end());
}

SchemeReport EdgeOperator::report(double t) const {
  const double scale = move_to(t);
  SchemeReport report;
  const DiffusionSurvey survey = survey_diffusion(*grid_, *sde_, t);
  report.smallest_eigenvalue = survey.smallest_eigenvalue;
  report.largest_anisotropy = survey.largest_anisotropy;
  if (!peclet_min_.empty()) {
    const double least = *std::min_element(peclet_min_.begin(), peclet_min_.end());
    report.peclet_min = std::isinf(least) ? 0 : least;
    report.peclet_max = *std::max_element(peclet_max_.begin(), peclet_max_.end());
  }
  report.exit_rate_max = scale * exit_rate();
  std::vector<Offset> offsets;
  for (const Run& run : edges_.runs())
    if (std::find(offsets.begin(), offsets.end(), run.offset) == offsets.end()) offsets.push_back(run.offset);
  report.offsets = static_cast<Index>(offsets.size());
  report.capped_cells = std::count(source_->capped().begin(), source_->capped().end(), 1);
  report.limited_faces = limited_ ? limited_->faces() : 0;
  report.fallback_faces = source_->fallback_faces();
  report.bytes = edges_.bytes() + source_->bytes() + (limited_ ? limited_->bytes() : 0) +
                 diagonal_.capacity() * sizeof(double) + walls_.capacity() * sizeof(WallEdge);
  return report;
}

double EdgeOperator::capped_share(std::span<const double> p) const {
  const std::vector<std::uint8_t>& capped = source_->capped();
  if (capped.empty()) return 0;
  double share = 0, all = 0;
  for (Index i = 0; i < cells(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    all += p[at];
    if (capped[at]) share += p[at];
  }
  return all > 0 ? share / all : 0;
}

void EdgeOperator::current(double t, std::span<const double> p, double* Jx, double* Jy) const {
  const double scale = move_to(t);
  std::fill_n(Jx, cells(), 0.0);
  if (Jy != nullptr) std::fill_n(Jy, cells(), 0.0);
  edges_.add_current(scale, p.data(), Jx, Jy);
  if (limited_) limited_->add_current(scale, p.data(), Jx, Jy);
}

}  // namespace

std::unique_ptr<DriftDiffusion> make_drift_diffusion(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                                     const FluxScheme& flux, double t0) {
  if (grid->dimension() != sde->dimension()) throw std::invalid_argument("grid and sde differ in dimension");
  if (flux.form != "drift_diffusion") throw std::invalid_argument("not a drift-diffusion flux");
  return std::make_unique<EdgeOperator>(std::move(grid), std::move(sde), flux, t0);
}

}  // namespace fokker
