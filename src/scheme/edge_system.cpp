#include "edge_system.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"

namespace fokker {
namespace {

constexpr Index fill_piece = 4096;  // edges per piece of the parallel loop that makes weights
constexpr std::size_t longest_chain = 8;

bool valid(const Edge& edge) {
  return edge.rate >= 0 && std::isfinite(edge.rate) && std::isfinite(edge.peclet) && std::isfinite(edge.velocity) &&
         std::isfinite(edge.left + edge.right);
}

/// log(pi_R / pi_L) of what the fitted part keeps.
double whole_peclet(const Edge& edge) {
  return edge.left == edge.right ? edge.peclet : edge.peclet + std::log(edge.left / edge.right);
}

}  // namespace

// The least of the numbers handed in by concurrent pieces; `none` when there was none.
class EdgeSystem::FirstOf {
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

EdgeSystem::EdgeSystem(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const FluxScheme& flux,
                       const EdgeSystemOptions& options, TimeRange times)
    : grid_(std::move(grid)),
      sde_(std::move(sde)),
      factor_(sde_->separated(grid_->centers()), times),
      flux_(flux),
      fits_(options.fits),
      lines_(options.lines),
      edges_(*grid_) {
  const Sde& spatial = factor_.spatial(*sde_);
  const bool diagonal = grid_->dimension() == 1 || spatial.traits().diagonal;
  of_cells_ = !diagonal && !fits_ && flux.drift == DriftCarrier::fitted && wants_cell_rates(*grid_, spatial, times);
  const DriftAs drift = diagonal ? options.drift : of_cells_ ? DriftAs::ito : DriftAs::velocity;
  check_coefficients(*grid_, *sde_, drift, times.from);
  if (factor_.found()) check_coefficients(*grid_, spatial, drift, times.from);
  autonomous_ = sde_->traits().autonomous;
  fixed_ = autonomous_ || factor_.found();
  source_ = diagonal    ? make_diagonal_source(*grid_, spatial, flux, drift, times)
            : of_cells_ ? make_cell_source(*grid_, spatial, flux)
                        : make_tensor_source(*grid_, spatial, flux, times);
  if (source_->limited() || options.advection) advection_.emplace(*grid_, options.reconstruction);
  build(times.from);
  if (!fixed_) return;
  if (!fits_) edges_.drop_zeros();
  source_->settle();
}

double EdgeSystem::move_to(double t) {
  if (!fixed_ && t != built_at_) build(t);
  return factor_.at(t);
}

AxisSplitting lines_of(const Grid& grid) {
  const bool plane = grid.dimension() > 1;
  return {{grid.nx(), grid.ny()},
          {grid.axis(0).periodic(), plane && grid.axis(1).periodic()},
          grid.outflows(),
          grid.volume()};
}

void lay_out_axes(const Grid& grid, const EdgeMatrix& edges, AxisSplitting& directions) {
  directions.clear();
  edges.project(directions);
  // A skew edge cut by a wall drains its own cell through that side; along the axis the last cell of the line does.
  for (const Sink& sink : edges.sinks()) {
    if (sink.offset.x != 0 && sink.offset.y != 0) directions.exact = false;
    for (int axis = 0; axis < grid.dimension(); ++axis)
      for (const int side : {0, 1})
        if (grid.outflow(axis, side) == sink.outflow)
          directions.add_sink(axis, side, sink.cell, sink.outflow, sink.rate);
  }
}

Split EdgeSystem::split(double t) {
  const double factor = move_to(t);
  if (!directions_) directions_.emplace(lines_of(*grid_));
  if (directions_at_ != built_at_) {
    lay_out_axes(*grid_, edges_, *directions_);
    directions_at_ = built_at_;
  }
  return {&*directions_, factor};
}

void EdgeSystem::apply_chain(double scale, std::span<const Product> chain) const {
  const std::span<const Sink> sinks = edges_.sinks();
  for (; chain.size() > longest_chain; chain = chain.subspan(longest_chain))
    apply_chain(scale, chain.first(longest_chain));
  drained_.resize(longest_chain * sinks.size());
  edges_.apply_chain(scale, chain, drained_.data());
  const Index cells = grid_->cells(), outflows = grid_->outflows();
  const double* drained = drained_.data();
  for (const Product& product : chain) {
    std::array<double, 4> inflow{};  // of the outflows
    for (const Sink& sink : sinks) inflow[sink.outflow] += grid_->volume() * *drained++;
    for (const Stage& stage : product.stages)
      for (Index k = 0; k < outflows; ++k) {
        double sum = stage.scale * inflow[k];
        for (const Term& term : stage.terms) sum += term.factor * term.values[cells + k];
        stage.out[cells + k] = sum;
      }
  }
}

void EdgeSystem::apply_transposed(double scale, std::span<const double> u, std::span<double> out) const {
  const Index cells = grid_->cells();
  edges_.apply_transposed(scale, u.data(), out.data());
  std::fill(out.begin() + cells, out.end(), 0.0);
  for (const Sink& sink : edges_.sinks()) {
    const auto cell = static_cast<std::size_t>(sink.cell), outflow = static_cast<std::size_t>(cells + sink.outflow);
    out[cell] += scale * sink.rate * (grid_->volume() * u[outflow] - u[cell]);
  }
}

void EdgeSystem::build(double t) {
  if (source_->prepare(t)) {
    edges_.clear();
    source_->lay_out(edges_);
    edges_.finish();
    const std::size_t pieces = (edges_.count() + fill_piece - 1) / fill_piece;
    peclet_min_.resize(pieces);
    peclet_max_.resize(pieces);
    if (fits_) rate_.resize(edges_.count());
    if (fits_) peclet_.resize(edges_.count());
    if (fits_) close_.assign(static_cast<std::size_t>(edges_.count()), 0);
    if (lines_) link_edges();
  }
  FirstOf invalid, unsigned_;
  parallel_for(0, static_cast<Index>(peclet_min_.size()), 1, [&](Index first, Index last) {
    for (Index piece = first; piece < last; ++piece)
      make_weights(piece * fill_piece, std::min((piece + 1) * fill_piece, edges_.count()), invalid, unsigned_);
  });
  if (invalid.value() != FirstOf::none)
    throw NumericalError("drift or diffusion is not finite, or diffusion is not positive semidefinite", t,
                         invalid.value());
  if (unsigned_.value() != FirstOf::none)
    throw std::logic_error("flux " + std::string(flux_.name) + " is not a Markov generator on an edge of cell " +
                           std::to_string(unsigned_.value()));
  build_sinks(t);
  if (advection_) advection_->finish();
  built_at_ = t;
  ++builds_;
  exit_rate_ = advective_rate_ = -1;
}

void EdgeSystem::link_edges() {
  before_.assign(static_cast<std::size_t>(edges_.count()), -1);
  after_.assign(static_cast<std::size_t>(edges_.count()), -1);
  // Which edge of an offset begins in a cell: one map per offset, a tensor that varies has a few dozen of them.
  std::vector<std::pair<Offset, std::vector<Index>>> begins;
  const auto map_of = [&](Offset offset) -> std::vector<Index>& {
    for (auto& [known, cells] : begins)
      if (known == offset) return cells;
    return begins.emplace_back(offset, std::vector<Index>(grid_->cells(), -1)).second;
  };
  for (const Run& run : edges_.runs()) {
    std::vector<Index>& edge_of = map_of(run.offset);
    for (Index k = 0; k < run.count; ++k) edge_of[run.left + k] = run.first + k;
  }
  for (const Run& run : edges_.runs()) {
    const std::vector<Index>& edge_of = map_of(run.offset);
    for (Index k = 0; k < run.count; ++k) {
      const Index next = edge_of[run.right + k];
      if (next < 0) continue;
      after_[run.first + k] = next;
      before_[next] = run.first + k;
    }
  }
}

// Weights of the edges first..last-1, one piece: from the runs they belong to, block by block.
void EdgeSystem::make_weights(Index first, Index last, FirstOf& invalid, FirstOf& unsigned_) {
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
      const bool sane = valid(edge[i]);
      if (!sane) invalid.add(run->left + from + i);
      if (edge[i].rate > 0) {
        const double peclet = std::abs(edge[i].peclet);
        peclet_min = std::min(peclet_min, peclet);
        peclet_max = std::max(peclet_max, peclet);
      }
      if (advection_ && is_face(run->offset))
        advection_->velocity(run->offset.x == 1 ? 0 : 1)[run->left + from + i] = std::exchange(edge[i].velocity, 0.0);
      const EdgeWeights weights = flux_.weights(edge[i]);
      if (flux_.positive && sane && !(weights.left >= 0 && weights.right <= 0)) unsigned_.add(run->left + from + i);
      if (fits_) keep_fit(edge[i], weights, number + i);
      edges_.left()[number + i] = weights.left;
      edges_.right()[number + i] = weights.right;
    }
    number += count;
  }
  peclet_min_[first / fill_piece] = peclet_min;
  peclet_max_[first / fill_piece] = peclet_max;
}

// The edge as rate [B(-Pe) p_L - B(Pe) p_R] with all of its equilibrium in Pe.
void EdgeSystem::keep_fit(const Edge& edge, const EdgeWeights& weights, Index number) {
  const std::size_t at = number;
  const bool plain = edge.left == 1 && edge.right == 1;
  const double peclet = plain ? edge.peclet : whole_peclet(edge);
  const bool fits = edge.rate > 0 && !edge.close && std::isfinite(peclet);
  close_[at] = edge.close || (edge.rate > 0 && !fits) ? 1 : 0;
  peclet_[at] = fits ? peclet : 0;
  rate_[at] = plain ? edge.rate : fits ? weights.left / bernoulli(-peclet) : 0;
}

// At the wall p = 0: what leaves is the left weight of the edge up to the wall; a bare velocity only ever leaves.
void EdgeSystem::build_sinks(double t) {
  source_->wall_edges(walls_);
  std::vector<Sink> sinks;
  for (const WallEdge& wall : walls_) {
    if (!valid(wall.edge))
      throw NumericalError("drift or diffusion at an absorbing wall is not finite, or diffusion is negative", t,
                           wall.cell);
    const double rate =
        flux_.weights({wall.edge.rate, wall.edge.peclet, 0, wall.edge.left}).left + std::max(wall.edge.velocity, 0.0);
    if (flux_.positive && !(rate >= 0))
      throw std::logic_error("flux " + std::string(flux_.name) + " lets probability in through an absorbing wall");
    if (rate != 0) sinks.push_back({wall.cell, wall.outflow, wall.fraction * rate, wall.offset});
  }
  edges_.set_sinks(std::move(sinks));
}

double EdgeSystem::exit_rate() {
  if (exit_rate_ >= 0) return exit_rate_;
  diagonal_.assign(static_cast<std::size_t>(grid_->cells()), 0.0);
  edges_.add_exit_rates(flux_.positive, diagonal_);
  if (advection_) advection_->add_exit_rates(diagonal_);
  for (const Sink& sink : edges_.sinks()) diagonal_[sink.cell] += std::abs(sink.rate);
  return exit_rate_ = *std::max_element(diagonal_.begin(), diagonal_.end());
}

double EdgeSystem::advective_rate() {
  if (advective_rate_ >= 0) return advective_rate_;
  diagonal_.assign(static_cast<std::size_t>(grid_->cells()), 0.0);
  for (const Run& run : edges_.runs())
    for (Index k = 0; k < run.count; ++k) {
      const double half = 0.5 * std::abs(edges_.left()[run.first + k] + edges_.right()[run.first + k]);
      diagonal_[run.left + k] += half;
      diagonal_[run.right + k] += half;
    }
  if (advection_) advection_->add_exit_rates(diagonal_);
  return advective_rate_ = *std::max_element(diagonal_.begin(), diagonal_.end());
}

SchemeReport EdgeSystem::report(double t) {
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
  const std::vector<double>& missing = source_->missing_cross();
  report.capped_cells = std::count_if(missing.begin(), missing.end(), [](double lost) { return lost != 0; });
  report.cell_rates = of_cells_;
  report.limited_faces = advection_ ? advection_->faces() : 0;
  report.fallback_faces = source_->fallback_faces();
  report.bytes = edges_.bytes() + (directions_ ? directions_->bytes() : 0) + source_->bytes() +
                 (advection_ ? advection_->bytes() : 0) +
                 (diagonal_.capacity() + rate_.capacity() + peclet_.capacity()) * sizeof(double) +
                 (before_.capacity() + after_.capacity()) * sizeof(Index) + walls_.capacity() * sizeof(WallEdge);
  return report;
}

ReducedCross EdgeSystem::reduced_cross(double t, std::span<const double> p) {
  const double scale = move_to(t);
  const std::vector<double>& missing = source_->missing_cross();
  if (missing.empty()) return {};
  double fraction = 0, lost = 0, all = 0;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    all += p[i];
    if (missing[i] == 0) continue;
    fraction += p[i];
    lost += p[i] * missing[i];
  }
  return all > 0 ? ReducedCross{fraction / all, scale * lost / all} : ReducedCross{};
}

}  // namespace fokker
