#include "shifted_multigrid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fgmres.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/operator/outflow_rows.hpp"
#include "multigrid.hpp"

namespace fokker {
namespace {

constexpr Index fewest_cells = 128 * 128;
constexpr int vectors = 12, most_cycles = 96, most_trial_cycles = 40;
constexpr double tolerance = 1e-10;

class ShiftedMultigrid final : public ShiftedSolver {
 public:
  ShiftedMultigrid(Chain chain, double gamma, double t, OutflowRows outflows)
      : t_(t),
        grids_(std::move(chain), 1, gamma),
        gmres_(grids_.system(0), vectors),
        outflows_(std::move(outflows)),
        g_(grids_.system(0).column()),
        x_(g_) {
    for (std::size_t level = grids_.levels(); level-- > 0;) grids_.scale(level, {});
    const std::vector<double>& D = grids_.system(0).diagonal();
    tolerance_ = std::max(tolerance, 1e-15 * *std::max_element(D.begin(), D.end()));
  }

  void solve(std::span<const double> b, std::span<double> x) const override {
    if (iterate(b, most_cycles) > most_cycles)
      throw NumericalError(fmt::format("multigrid did not solve I - gamma A in {} cycles", most_cycles), t_);
    std::copy_n(x_.data(), grids_.system(0).cells(), x.begin());
    outflows_.solve(grids_.system(0).cells(), b, x);
  }
  [[nodiscard]] const char* name() const override { return "multigrid"; }

  /// A right side with all wave lengths; false when it takes too many cycles.
  [[nodiscard]] bool converges() const {
    std::vector<double> b(grids_.system(0).cells());
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<double>(i * 2654435761u % 1024) / 1024;
    return iterate(b, most_trial_cycles) <= most_trial_cycles;
  }

 private:
  /// Leaves the solution in x_; returns the cycles taken, more than `most` when they were not enough.
  int iterate(std::span<const double> b, int most) const {
    const ScaledChain& system = grids_.system(0);
    const std::vector<double>& D = system.diagonal();
    const Index cells = system.cells();
    for (Index i = 0; i < cells; ++i) {
      g_.data()[i] = b[i] / D[i];
      x_.data()[i] = b[i];
    }
    const double allowed = tolerance_ * l1(b.data(), nullptr, cells);
    for (int cycles = 0; cycles <= most;) {
      double* const r = gmres_.residual();
      system.residual(g_.data(), x_.data(), r);
      const double left = l1(r, D.data(), cells);
      if (left <= allowed) return cycles;
      if (!std::isfinite(left)) break;
      gmres_.solve(
          0.3 * length(r, cells) * allowed / left, [&](const double* z, double* out) { system.apply(z, out); },
          [&](const double* v, double* z) { grids_.cycle(0, v, z); }, x_.data());
      cycles += std::max(1, gmres_.used());
    }
    return most + 1;
  }

  static double l1(const double* v, const double* weight, Index cells) {
    return ordered_sum(0, cells, 4096, [&](Index first, Index last) {
      double sum = 0;
      for (Index i = first; i < last; ++i) sum += std::abs(v[i]) * (weight != nullptr ? weight[i] : 1);
      return sum;
    });
  }

  double t_, tolerance_ = tolerance;
  mutable Multigrid grids_;
  mutable FlexibleGmres gmres_;
  OutflowRows outflows_;
  mutable PaddedColumn g_, x_;
};

}  // namespace

std::unique_ptr<ShiftedSolver> make_shifted_multigrid(const LinearOperator& op, double t, double gamma) {
  if (op.cells() < fewest_cells || op.on_edges() == nullptr) return nullptr;
  const EdgeView view = op.on_edges()->edges_at(t);
  auto chain = chain_of(view);
  if (!chain || !Multigrid::refusal(*chain).empty()) return nullptr;
  OutflowRows outflows;
  for (const Sink& sink : view.edges->sinks())
    outflows.add(op.cells() + sink.outflow, sink.cell, gamma * op.cell_volume() * (view.scale * sink.rate));
  auto solver = std::make_unique<ShiftedMultigrid>(std::move(*chain), gamma, t, std::move(outflows));
  return solver->converges() ? std::move(solver) : nullptr;
}

}  // namespace fokker
