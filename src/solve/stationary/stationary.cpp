#include "fokker/solve/stationary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "../fgmres.hpp"
#include "../markov_chain.hpp"
#include "../multigrid.hpp"
#include "closed_classes.hpp"
#include "detailed_balance.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/base/vector_math.hpp"
#include "fokker/solve/shifted_solver.hpp"

namespace fokker {
namespace {

constexpr double few_eliminations = 2e6;  // multiplications
// Seconds of a 2 GHz core: elimination per multiplication (7e-9 to 8e-9 from 40^2 to 160^2), sparse LU per cell^1.5
// (5e-8 to 1.4e-7 from 40^2 to 200^2; drift on one axis, noise on the other).
constexpr double elimination_seconds = 7e-9, sparse_lu_seconds = 1e-7;
constexpr double at_rest = 1e-10;    // largest fraction of the mass that may move within 1 / (largest exit rate)
constexpr double tolerance = 1e-10;  // largest relative error of a cell
constexpr double steepest = 500;     // |log p| along an edge that exp still takes

/// v = e^v; returns the sum.
FOKKER_KERNEL(double, exponentials, (Index n, double* __restrict v), (n, v)) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index i = 0; i < n; ++i) {
    const double bounded = v[i] > -750 ? v[i] : -750;  // exp is 0 there
    v[i] = ::exp(bounded);
    sum += v[i];
  }
  return sum;
}

/// log_p += log(1 + change); returns the largest |change|, infinite where one is no number.
FOKKER_KERNEL(double, add_logs, (const double* change, Index n, double* __restrict log_p), (change, n, log_p)) {
  double largest = 0;
#pragma omp simd reduction(max : largest)
  for (Index i = 0; i < n; ++i) {
    const double factor = change[i] > -0.95 ? 1 + change[i] : 0.05;
    log_p[i] += ::log(factor);
    const double size = std::abs(change[i]), counted = size <= std::numeric_limits<double>::max() ? size : INFINITY;
    largest = largest > counted ? largest : counted;
  }
  return largest;
}

/// Mass 1 from logarithms whose largest is 0.
std::vector<double> density(std::vector<double> log_p, double volume) {
  constexpr Index block = 4096;
  const auto cells = static_cast<Index>(log_p.size()), blocks = (cells + block - 1) / block;
  std::vector<double> sums(blocks);
  parallel_for(0, blocks, 4, [&](Index begin, Index end) {
    for (Index b = begin; b < end; ++b) sums[b] = exponentials(std::min(block, cells - b * block), &log_p[b * block]);
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  const double factor = 1 / (sum * volume);
  parallel_for(0, cells, 4 * block, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) log_p[i] *= factor;
  });
  return log_p;
}

void subtract_largest(std::vector<double>& v) {
  const double top = *std::max_element(v.begin(), v.end());
  for (double& value : v) value -= top;
}

/// Nested iteration: every level starts from the distribution of the coarser one.
class Nested {
 public:
  explicit Nested(Chain chain) : grids_(std::move(chain), 0, 1) {}

  /// log p; empty, with a reason, where it does not converge.
  std::vector<double> solve() {
    std::vector<double> log_p = grids_.coarsest().log_stationary();
    grids_.scale(grids_.levels() - 1, log_p);
    for (std::size_t level = grids_.levels() - 1; level-- > 0;) {
      log_p = grids_.interpolated(level, log_p);
      if (!refine(level, log_p)) return {};
      if (level > 0) grids_.scale(level, log_p);
    }
    return log_p;
  }
  [[nodiscard]] int cycles() const { return cycles_; }
  [[nodiscard]] double correction() const { return correction_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  static constexpr int most_vectors = 12, most_rounds = 12;
  static constexpr double rough = 0.05,
                          rough_change = 0.3;  // coarse levels: residual reduction, change that repeats it
  static constexpr double stuck = 0.5;         // of the residual, left by as many cycles as a round has

  /// Rounds of: p in units of itself, flexible GMRES for the relative correction, multiply. The finest level goes on
  /// until what a round still changes, times what it leaves of it, is below the tolerance.
  bool refine(std::size_t level, std::vector<double>& log_p) {
    const ScaledChain& system = grids_.system(level);
    const Index cells = system.cells();
    FlexibleGmres gmres(system, most_vectors);
    PaddedColumn ones = system.column(), change = system.column(), none = system.column();
    std::fill_n(ones.data(), cells, 1.0);
    const double rounding = 2e-16 * std::sqrt(static_cast<double>(cells));
    double reduction = level > 0 ? rough : 1e-6;
    for (int round = 0; round < most_rounds; ++round) {
      poll_stop();
      subtract_largest(log_p);
      if (round == 0 && too_steep(level, log_p)) return false;
      grids_.scale(level, log_p);
      system.residual(none.data(), ones.data(), gmres.residual());
      const double before = length(gmres.residual(), cells);
      std::fill_n(change.data(), cells, 0.0);
      const double left = gmres.solve(
          std::max(reduction * before, rounding), [&](const double* z, double* out) { system.apply(z, out); },
          [&](const double* v, double* z) { grids_.cycle(level, v, z); }, change.data());
      const double largest = multiply(log_p, change.data());
      const double fraction = before > 0 ? left / before : 0;
      if (level > 0) {
        if (largest < rough_change || fraction > stuck) return true;  // if poor, the next level will tell
        continue;
      }
      cycles_ += gmres.used();
      correction_ = largest;
      if (fraction > stuck && before > 10 * rounding) {
        reason_ =
            fmt::format("multigrid does not converge: {} cycles left {:.2g} of the residual", gmres.used(), fraction);
        return false;
      }
      if (largest <= tolerance || (largest < 1e-3 && 10 * fraction * largest <= tolerance)) return true;
      reduction = std::clamp(0.05 * tolerance / largest, 1e-6, 0.1);
    }
    if (level > 0) return true;
    reason_ = fmt::format("multigrid did not converge: after {} cycles p still changed by {:.1e} of itself", cycles_,
                          correction_);
    return false;
  }

  /// p *= 1 + change, never by less than a twentieth; returns the largest |change|.
  static double multiply(std::vector<double>& log_p, const double* change) {
    constexpr Index block = 4096;
    const auto cells = static_cast<Index>(log_p.size());
    std::vector<double> most((cells + block - 1) / block);
    parallel_for(0, static_cast<Index>(most.size()), 4, [&](Index begin, Index end) {
      for (Index b = begin; b < end; ++b)
        most[b] = add_logs(change + b * block, std::min(block, cells - b * block), &log_p[b * block]);
    });
    const double largest = *std::max_element(most.begin(), most.end());
    return std::isfinite(largest) ? largest : INFINITY;
  }

  bool too_steep(std::size_t level, const std::vector<double>& log_p) {
    if (level > 0) return false;
    const Chain& chain = grids_.chain(0);
    double steep = 0;
    for (Index j = 0; j < chain.ny; ++j)
      for (Index i = 1; i < chain.nx; ++i)
        steep = std::max(steep, std::abs(log_p[i + chain.nx * j] - log_p[i - 1 + chain.nx * j]));
    for (Index i = chain.nx; i < chain.cells(); ++i) steep = std::max(steep, std::abs(log_p[i] - log_p[i - chain.nx]));
    if (steep < steepest) return false;
    reason_ = fmt::format("multigrid: p falls by e^{:.0f} from cell to cell", steep);
    return true;
  }

  Multigrid grids_;
  int cycles_ = 0;
  double correction_ = 0;
  std::string reason_;
};

}  // namespace

struct StationarySolver::State {
  const LinearOperator& op;
  double t;
  std::optional<Chain> chain;
  ClosedPart part;

  State(const LinearOperator& o, double time) : op(o), t(time) {
    if (op.on_edges() == nullptr) return;
    const EdgeView view = op.on_edges()->edges_at(t);
    if (op.outflows() > 0)
      throw UsageError(fmt::format(
          "there is no stationary density: side {} absorbs, and all mass leaves in the end (fokker run follows "
          "it out)",
          view.grid->absorbing_sides().front()));
    chain = chain_of(view);
    part = closed_part(*view.grid, *view.edges);
  }

  static Stationary with(std::vector<double> p, std::string method, std::string reason) {
    return {.p = std::move(p), .method = std::move(method), .reason = std::move(reason)};
  }

  std::vector<double> eliminated() const {
    return density(BandElimination(*chain, 0, 1, part.cell).log_stationary(), op.cell_volume());
  }

  std::optional<Stationary> by_multigrid(std::string& reason) {
    reason =
        chain ? Multigrid::refusal(*chain) : "the diffusion tensor needs too many edge offsets, or a rate is negative";
    if (reason.empty() && part.cells < op.cells()) reason = "some cells are only ever left";
    if (!reason.empty()) return std::nullopt;
    Nested nested(*chain);
    std::vector<double> log_p = nested.solve();
    reason = nested.reason();
    if (log_p.empty()) return std::nullopt;
    Stationary found = with(density(std::move(log_p), op.cell_volume()), "multigrid", "no detailed balance");
    if (const double rest = residual(found.p); !(rest * op.stable_step(t) <= at_rest)) {
      reason = fmt::format("multigrid ended where {:.1e} of the mass would move per unit of time", rest);
      return std::nullopt;
    }
    found.cycles = nested.cycles();
    found.correction = nested.correction();
    return found;
  }

  [[nodiscard]] double residual(std::span<const double> p) const {
    std::vector<double> rate(p.size());
    op.apply(t, p, rate);
    return op.norm_l1(rate);
  }

  /// Powers of (I - gamma A)^-1, gamma so long that one of them is nearly enough.
  Stationary by_inverse_iteration(std::string reason) const {
    constexpr int most = 100;
    constexpr double still = 1e-12;
    const auto solver = factor_shifted(op, t, 1e10 * op.stable_step(t));
    const double volume = op.cell_volume();
    std::vector<double> p(op.cells(), 1 / (volume * static_cast<double>(op.cells()))), next(p.size());
    double change = 1, before = 2;
    int round = 0;
    for (; round < most && change > still && !(change < 1e-8 && change >= before); ++round) {
      poll_stop();
      before = change;
      solver->solve(p, next);
      double sum = 0;
      for (const double v : next) sum += v;
      change = 0;
      for (std::size_t i = 0; i < p.size(); ++i) {
        next[i] /= sum * volume;
        change += volume * std::abs(next[i] - p[i]);
      }
      std::swap(p, next);
    }
    if (!(change < 1e-8))
      throw NumericalError(fmt::format("the stationary density did not converge: inverse iteration still changed it by "
                                       "{:.1e} (l1) after {} solves; it relaxes too slowly for double precision",
                                       change, round),
                           t);
    Stationary found = with(std::move(p), solver->name(), std::move(reason));
    found.correction = change;
    return found;
  }

  Stationary solve() {
    if (op.on_edges() == nullptr) return by_inverse_iteration("fluxes over more than two cells are no Markov chain");
    if (chain && part.all_both_ways) {
      if (const auto log_p = balanced_distribution(*chain))
        return with(density(*log_p, op.cell_volume()), "detailed balance", "");
    }
    const double elimination = chain ? BandElimination::cost(*chain) : INFINITY;
    if (chain && (chain->ny == 1 || elimination <= few_eliminations))
      return with(eliminated(), "elimination", "no detailed balance");
    std::string reason;
    if (auto found = by_multigrid(reason)) return *found;
    const double cells = static_cast<double>(op.cells());
    if (chain && elimination_seconds * elimination <= sparse_lu_seconds * cells * std::sqrt(cells))
      return with(eliminated(), "elimination", reason);
    return by_inverse_iteration(reason);
  }
};

StationarySolver::StationarySolver(const LinearOperator& op, double t) : state_(std::make_unique<State>(op, t)) {}
StationarySolver::~StationarySolver() = default;
Stationary StationarySolver::solve() { return state_->solve(); }

double StationarySolver::residual(std::span<const double> p) const { return state_->residual(p); }

}  // namespace fokker
