#pragma once
#include <optional>

#include "advection.hpp"
#include "fokker/operator/axis_splitting.hpp"
#include "fokker/operator/edge_matrix.hpp"
#include "fokker/operator/operator.hpp"

namespace fokker {

/// The generator A(t; p) of a form that is held at one density: the fitted weights of the same edges, each pair times
/// q = J / J_fitted, between 0 and 2, and the same sinks. The time that its members are asked for is not looked at.
class FrozenEdges final : public LinearOperator, public OnEdges {
 public:
  /// `shape`: that of the form.
  FrozenEdges(const Grid& grid, const Shape& shape);

  /// Layout, sinks and weights of `edges`, all times `scale`; `build` tells one state of them from another. Weights are
  /// those of `edges` where `build` is new, else what they were.
  void take(const EdgeMatrix& edges, long build, double scale);
  /// Weights: those of `fitted` times J / J_fitted, 1 where that is 0/0 or a density is 0.
  void hold(const EdgeMatrix& fitted, const double* J, const double* p);
  /// Adds what is advected across faces: the upwind rate times J / J_upwind, between 0 and 2.
  void carry(const Advection& advection, const double* p);

  // --- LinearOperator
  void apply(double t, std::span<const double> state, std::span<double> rate) const override;
  [[nodiscard]] double stable_step(double t) const override;
  void assemble(double, const InsertEntry& insert) const override { edges_.assemble(scale_, insert); }
  [[nodiscard]] const OnEdges* on_edges() const override { return this; }

  // --- OnEdges
  [[nodiscard]] bool skew() const override { return edges_.skew(); }
  [[nodiscard]] EdgeView edges_at(double) const override { return {&grid_, &edges_, scale_}; }
  [[nodiscard]] Split split(double t) const override;

 private:
  const Grid& grid_;
  EdgeMatrix edges_;
  double scale_ = 1;
  long build_ = -1;
  std::vector<double> carried_;  // fluxes of the advection
  mutable std::optional<AxisSplitting> directions_;
  mutable bool laid_out_ = false;
};

}  // namespace fokker
