#include "fokker/scheme/drift_diffusion.hpp"

#include <algorithm>
#include <stdexcept>

#include "edge_system.hpp"
#include "fourth_order/central4.hpp"

namespace fokker {
namespace {

class DriftDiffusion final : public Form, public LinearOperator {
 public:
  DriftDiffusion(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const FluxScheme& flux,
                 TimeRange times)
      : system_(std::move(grid), std::move(sde), flux, {}, times) {}

  // --- Form
  [[nodiscard]] const Operator& op() const override { return *this; }
  [[nodiscard]] SchemeReport report(double t) const override { return system_.report(t); }
  [[nodiscard]] ReducedCross reduced_cross(double t, std::span<const double> p) const override {
    return system_.reduced_cross(t, p);
  }
  void current(double t, std::span<const double> p, double* Jx, double* Jy) const override {
    const double scale = system_.move_to(t);
    std::fill_n(Jx, cells(), 0.0);
    if (Jy != nullptr) std::fill_n(Jy, cells(), 0.0);
    system_.edges().add_current(scale, p.data(), Jx, Jy);
    if (system_.advection() != nullptr) system_.advection()->add_current(scale, p.data(), Jx, Jy);
  }

  // --- Operator
  [[nodiscard]] const LinearOperator* linear() const override {
    return system_.advection() != nullptr ? nullptr : this;
  }
  [[nodiscard]] Index cells() const override { return system_.grid().cells(); }
  [[nodiscard]] Index ledgers() const override { return system_.grid().ledgers(); }
  [[nodiscard]] double cell_volume() const override { return system_.grid().volume(); }
  [[nodiscard]] bool autonomous() const override { return system_.autonomous(); }
  [[nodiscard]] bool positive() const override { return system_.flux().positive; }
  [[nodiscard]] double stable_step(double t) const override {
    const double scale = system_.move_to(t);
    return 1 / (scale * system_.exit_rate());
  }

  [[nodiscard]] SpectralBound spectral_bound(double t) const override {
    const double scale = system_.move_to(t);
    return {2 * scale * system_.exit_rate(), scale * system_.carriage()};
  }

  void apply(double t, std::span<const double> state, std::span<double> rate) const override {
    apply_scaled(system_.move_to(t), state, rate);
  }
  void apply_stages(double t, std::span<const double> state, std::span<const Stage> stages) const override {
    if (system_.advection() != nullptr) return Operator::apply_stages(t, state, stages);
    const Product product{state, stages};
    apply_chain(t, {&product, 1});
  }
  void apply_chain(double t, std::span<const Product> chain) const override {
    if (system_.advection() != nullptr) return Operator::apply_chain(t, chain);
    system_.apply_chain(system_.move_to(t), chain);
  }

  void assemble(double t, const InsertEntry& insert) const override { assemble_scaled(system_.move_to(t), insert); }
  [[nodiscard]] Reach reach() const override { return system_.skew() ? Reach::skew : Reach::neighbours; }
  [[nodiscard]] EdgeView edges_at(double t) const override {
    const double scale = system_.move_to(t);
    return {&system_.grid(), &system_.edges(), scale};
  }
  [[nodiscard]] const LinearOperator* base() const override {
    if (linear() == nullptr || !system_.fixed()) return nullptr;
    return autonomous() ? static_cast<const LinearOperator*>(this) : &base_;
  }
  [[nodiscard]] std::optional<double> elapsed(double t0, double t1) const override {
    return base() == nullptr ? std::nullopt : std::optional(system_.elapsed(t0, t1));
  }

 private:
  /// The rates without their common factor of time.
  class Base final : public LinearOperator {
   public:
    explicit Base(const DriftDiffusion& all) : all_(all) {}
    [[nodiscard]] Index cells() const override { return all_.cells(); }
    [[nodiscard]] Index ledgers() const override { return all_.ledgers(); }
    [[nodiscard]] double cell_volume() const override { return all_.cell_volume(); }
    [[nodiscard]] bool autonomous() const override { return true; }
    [[nodiscard]] bool positive() const override { return all_.positive(); }
    [[nodiscard]] double stable_step(double) const override { return 1 / all_.system_.exit_rate(); }
    [[nodiscard]] SpectralBound spectral_bound(double) const override {
      return {2 * all_.system_.exit_rate(), all_.system_.carriage()};
    }
    void apply(double, std::span<const double> state, std::span<double> rate) const override {
      all_.apply_scaled(1, state, rate);
    }
    void apply_stages(double, std::span<const double> state, std::span<const Stage> stages) const override {
      const Product product{state, stages};
      all_.system_.apply_chain(1, {&product, 1});
    }
    void apply_chain(double, std::span<const Product> chain) const override { all_.system_.apply_chain(1, chain); }
    void assemble(double, const InsertEntry& insert) const override { all_.assemble_scaled(1, insert); }

   private:
    const DriftDiffusion& all_;
  };

  void apply_scaled(double scale, std::span<const double> state, std::span<double> rate) const {
    system_.edges().apply(scale, state.data(), rate.data());
    if (system_.advection() != nullptr) system_.advection()->apply(scale, state.data(), rate.data());
    system_.drain(scale, state, rate);
  }
  void assemble_scaled(double scale, const InsertEntry& insert) const {
    system_.edges().assemble(scale, insert);
    for (const Sink& sink : system_.edges().sinks()) {
      insert(sink.cell, sink.cell, -scale * sink.rate);
      insert(cells() + sink.ledger, sink.cell, cell_volume() * (scale * sink.rate));
    }
  }
  [[nodiscard]] Split split(double t) const override { return system_.split(t); }

  mutable EdgeSystem system_;  // what is built is a cache of the coefficients at one time
  Base base_{*this};
};

}  // namespace

std::unique_ptr<Form> make_drift_diffusion(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                           const FluxScheme& flux, TimeRange times) {
  if (grid->dimension() != sde->dimension()) throw std::invalid_argument("grid and sde differ in dimension");
  if (flux.wide) return make_central4(std::move(grid), std::move(sde), flux, times);
  if (flux.weights == nullptr) throw std::invalid_argument("not a drift-diffusion flux");
  return std::make_unique<DriftDiffusion>(std::move(grid), std::move(sde), flux, times);
}

}  // namespace fokker
