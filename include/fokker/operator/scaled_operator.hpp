#pragma once
#include "fokker/operator/operator.hpp"

namespace fokker {

/// A linear operator with A(t) = g(t) A_0 (g = 1 where autonomous), or, where its rates vary otherwise, one that makes
/// A_0 anew at every t. What derives from it says what A_0 is, and does, with a factor; products, bounds and matrices
/// at t, and A_0 as an operator of its own, are made of that here.
class ScaledOperator : public LinearOperator {
 public:
  ScaledOperator(const ScaledOperator&) = delete;
  ScaledOperator& operator=(const ScaledOperator&) = delete;

  void apply(double t, std::span<const double> state, std::span<double> rate) const final {
    rates(move_to(t), state, rate);
  }
  void apply_stages(double t, std::span<const double> state, std::span<const Stage> stages) const final {
    const Product product{state, stages};
    products(move_to(t), {&product, 1});
  }
  void apply_chain(double t, std::span<const Product> chain) const final { products(move_to(t), chain); }
  void apply_transposed(double t, std::span<const double> u, std::span<double> out) const final {
    transposed(move_to(t), u, out);
  }
  void assemble(double t, const InsertEntry& insert) const final { entries(move_to(t), insert); }
  [[nodiscard]] double stable_step(double t) const final;
  [[nodiscard]] SpectralBound spectral_bound(double t) const final;
  [[nodiscard]] const LinearOperator* base() const final;
  [[nodiscard]] std::optional<double> elapsed(double t0, double t1) const final;

  // --- What A_0 is, all of it times `scale`, at the time that `move_to` was last given.
  /// Makes A_0 ready for time t; returns g(t).
  [[nodiscard]] virtual double move_to(double t) const = 0;
  /// A_0 is the same for all times.
  [[nodiscard]] virtual bool separated() const = 0;
  /// The integral of g from t0 to t1 [t], where separated.
  [[nodiscard]] virtual double integral(double t0, double t1) const = 0;
  virtual void products(double scale, std::span<const Product> chain) const = 0;
  virtual void rates(double scale, std::span<const double> state, std::span<double> rate) const;
  virtual void entries(double scale, const InsertEntry& insert) const = 0;
  virtual void transposed(double scale, std::span<const double> u, std::span<double> out) const;
  /// Largest exit rate of A_0 (`stable_step` is its inverse) and where the eigenvalues of A_0 lie.
  [[nodiscard]] virtual double exit_rate() const = 0;
  [[nodiscard]] virtual SpectralBound eigenvalues() const = 0;

 protected:
  explicit ScaledOperator(const Shape& shape) : LinearOperator(shape), unscaled_(*this) {}

 private:
  /// A_0 alone.
  class Unscaled final : public LinearOperator {
   public:
    explicit Unscaled(const ScaledOperator& scaled);
    void apply(double, std::span<const double> state, std::span<double> rate) const override {
      scaled_.rates(1, state, rate);
    }
    void apply_stages(double, std::span<const double> state, std::span<const Stage> stages) const override {
      const Product product{state, stages};
      scaled_.products(1, {&product, 1});
    }
    void apply_chain(double, std::span<const Product> chain) const override { scaled_.products(1, chain); }
    void apply_transposed(double, std::span<const double> u, std::span<double> out) const override {
      scaled_.transposed(1, u, out);
    }
    void assemble(double, const InsertEntry& insert) const override { scaled_.entries(1, insert); }
    [[nodiscard]] double stable_step(double) const override { return 1 / scaled_.exit_rate(); }
    [[nodiscard]] SpectralBound spectral_bound(double) const override { return scaled_.eigenvalues(); }

   private:
    const ScaledOperator& scaled_;
  };

  Unscaled unscaled_;
};

}  // namespace fokker
