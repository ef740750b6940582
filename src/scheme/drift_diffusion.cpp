#include "fokker/scheme/drift_diffusion.hpp"

#include <algorithm>
#include <stdexcept>

#include "edge_form.hpp"
#include "edge_system.hpp"
#include "fokker/operator/scaled_operator.hpp"

namespace fokker {
namespace {

/// What both kinds below tell and share.
class OnEdgeSystem : public Form {
 public:
  explicit OnEdgeSystem(EdgeSystem system) : system_(std::move(system)) {}
  [[nodiscard]] SchemeReport report(double t) const override { return system_.report(t); }
  [[nodiscard]] ReducedCross reduced_cross(double t, std::span<const double> p) const override {
    return system_.reduced_cross(t, p);
  }
  void current(double t, std::span<const double> p, double* Jx, double* Jy) const override {
    const double scale = system_.move_to(t);
    const Index cells = system_.grid().cells();
    std::fill_n(Jx, cells, 0.0);
    if (Jy != nullptr) std::fill_n(Jy, cells, 0.0);
    system_.edges().add_current(scale, p.data(), Jx, Jy);
    if (system_.advection() != nullptr) system_.advection()->add_current(scale, p.data(), Jx, Jy);
  }
  [[nodiscard]] std::optional<std::array<double, 2>> total_current(double t, std::span<const double> p) const override {
    if (system_.advection() != nullptr) return std::nullopt;
    return system_.edges().total_current(system_.move_to(t), p.data());
  }
  bool outflow_rates(double t, std::span<const double> p, std::span<double> rates) const override {
    system_.edges().outflow_rates(system_.move_to(t), p.data(), rates);
    return true;
  }

 protected:
  mutable EdgeSystem system_;  // what is built is a cache of the coefficients at one time
};

/// All drift on the edges: a matrix.
class DriftDiffusion final : public OnEdgeSystem, public ScaledOperator, public OnEdges {
 public:
  explicit DriftDiffusion(EdgeSystem system) : OnEdgeSystem(std::move(system)), ScaledOperator(system_.shape()) {}
  [[nodiscard]] const Operator& op() const override { return *this; }
  [[nodiscard]] const OnEdges* on_edges() const override { return this; }

  // --- ScaledOperator
  [[nodiscard]] double move_to(double t) const override { return system_.move_to(t); }
  [[nodiscard]] bool separated() const override { return system_.fixed(); }
  [[nodiscard]] double integral(double t0, double t1) const override { return system_.elapsed(t0, t1); }
  void products(double scale, std::span<const Product> chain) const override { system_.apply_chain(scale, chain); }
  void rates(double scale, std::span<const double> state, std::span<double> rate) const override {
    system_.edges().apply(scale, state.data(), rate.data());
    system_.edges().drain(scale, state, rate);
  }
  void transposed(double scale, std::span<const double> u, std::span<double> out) const override {
    system_.apply_transposed(scale, u, out);
  }
  void entries(double scale, const InsertEntry& insert) const override { system_.edges().assemble(scale, insert); }
  [[nodiscard]] double exit_rate() const override { return system_.exit_rate(); }
  [[nodiscard]] SpectralBound eigenvalues() const override {
    return {2 * system_.exit_rate(), system_.advective_rate()};
  }

  // --- OnEdges
  [[nodiscard]] bool skew() const override { return system_.edges().skew(); }
  [[nodiscard]] EdgeView edges_at(double t) const override {
    const double scale = system_.move_to(t);
    return {&system_.grid(), &system_.edges(), scale};
  }
  [[nodiscard]] Split split(double t) const override { return system_.split(t); }
};

/// Drift along directions without diffusion by limited advection: not linear in p.
class LimitedDriftDiffusion final : public OnEdgeSystem, public Operator {
 public:
  explicit LimitedDriftDiffusion(EdgeSystem system) : OnEdgeSystem(std::move(system)), Operator(system_.shape()) {}
  [[nodiscard]] const Operator& op() const override { return *this; }

  void apply(double t, std::span<const double> state, std::span<double> rate) const override {
    const double scale = system_.move_to(t);
    system_.edges().apply(scale, state.data(), rate.data());
    system_.advection()->apply(scale, state.data(), rate.data());
    system_.edges().drain(scale, state, rate);
  }
  [[nodiscard]] double stable_step(double t) const override {
    const double scale = system_.move_to(t);
    return 1 / (scale * system_.exit_rate());
  }
  [[nodiscard]] Freezing freezing() const override { return {nullptr, "carries drift without diffusion by a limiter"}; }
  [[nodiscard]] SpectralBound spectral_bound(double t) const override {
    const double scale = system_.move_to(t);
    return {2 * scale * system_.exit_rate(), scale * system_.advective_rate()};
  }
};

}  // namespace

std::unique_ptr<Form> make_edge_form(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                     const FluxScheme& flux, TimeRange times) {
  EdgeSystem system(std::move(grid), std::move(sde), flux, {}, times);
  if (system.advection() != nullptr) return std::make_unique<LimitedDriftDiffusion>(std::move(system));
  return std::make_unique<DriftDiffusion>(std::move(system));
}

std::unique_ptr<Form> make_drift_diffusion(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                           const FluxScheme& flux, TimeRange times) {
  if (grid->dimension() != sde->dimension()) throw std::invalid_argument("grid and sde differ in dimension");
  if (flux.make == nullptr) throw std::invalid_argument("not a drift-diffusion flux");
  return flux.make(std::move(grid), std::move(sde), flux, times);
}

}  // namespace fokker
