#pragma once
#include <Eigen/Core>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fokker/base/expression.hpp"
#include "fokker/model/canonical.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// How the noise of the formulas is read; converted to Ito once, symbolically (theory section 1).
enum class Interpretation { ito, stratonovich, klimontovich };
[[nodiscard]] std::string to_string(Interpretation);

/// The formulas of a case, every parameter and definition already substituted; variables are the axis names and t.
/// Exactly one of: drift with noise (and covariance), drift with diffusion, potential with temperature.
struct SdeFormulas {
  std::vector<std::string> variables;              ///< axis names, d of them
  std::vector<Expression> drift;                   ///< f, d
  std::vector<std::vector<Expression>> noise;      ///< G, d x m
  Eigen::MatrixXd noise_covariance;                ///< Q, m x m; empty means I
  std::vector<std::vector<Expression>> diffusion;  ///< D, d x d, symmetric
  std::optional<Expression> potential, temperature;
  Interpretation interpretation = Interpretation::ito;
  /// Every source drives one axis and D is diagonal: diffusion alone then fixes stratonovich in 2D too, f_i + D_ii,i/2.
  bool sources_apart = false;
};

/// Coefficients of a linear SDE with additive noise, as formulas of t alone (row-major A; D as xx, xy, yy).
struct LinearCoefficients {
  int dimension = 1;
  std::array<Expression, 4> A;
  std::array<Expression, 2> b;
  std::array<Expression, 3> D;
  [[nodiscard]] bool constant() const;
};

/// An Sde from formulas. Throws std::invalid_argument for shapes that do not fit, for Q not symmetric positive
/// semidefinite, for `stratonovich` with `diffusion` alone in 2D (D alone does not fix it), for a formula of other
/// names than the axes and t, and for formulas that grow beyond the bounds of `derivative`.
class FormulaSde : public Sde {
 public:
  explicit FormulaSde(SdeFormulas formulas);
  ~FormulaSde() override;

  [[nodiscard]] int dimension() const override;
  void drift(const PointsIn& x, double t, PointsOut f) const override;
  void flux_velocity(const PointsIn& x, double t, PointsOut a) const override;
  void flux_velocity_along(int axis, const PointsIn& x, double t, double* a) const override;
  void written_drift(const PointsIn& x, double t, PointsOut f) const override;
  [[nodiscard]] double reading() const override;
  void breakpoints(const AxisLine& line, double t, std::vector<double>& points) const override;
  [[nodiscard]] bool breakpoints_move() const override;
  [[nodiscard]] std::optional<AxisSeparated> along(int axis) const override;
  void diffusion(const PointsIn& x, double t, TensorOut D) const override;
  void diffusion_rounding(const PointsIn& x, double t, TensorOut error) const override;
  [[nodiscard]] int noise_count() const override;
  void noise(const PointsIn& x, double t, double* const* columns) const override;
  [[nodiscard]] Traits traits() const override;
  [[nodiscard]] bool has_gibbs() const override;
  void log_gibbs(const PointsIn& x, double* out) const override;
  [[nodiscard]] std::optional<TimeSeparated> separated(const PointsIn& some) const override;
  [[nodiscard]] Timeline timeline(const TimeRange& times, const Box& box) const override;
  /// sde.drift.0, sde.noise.0.1, sde.diffusion.0.0, sde.potential or sde.temperature; sde.noise (or .diffusion,
  /// .temperature) where only a derivative of it is not finite.
  [[nodiscard]] std::string fault_key(std::span<const double> point, double t) const override;

  /// Ito drift, and the part of it that the interpretation induced (zero formulas for Ito).
  [[nodiscard]] const std::vector<Expression>& ito_drift() const;
  [[nodiscard]] const std::vector<Expression>& induced_drift() const;
  /// The SDE of one coordinate while the other one of two stands still: Ito drift f_k and D_kk on that line.
  [[nodiscard]] std::shared_ptr<const FormulaSde> along(int axis, double still) const;
  /// A(t), b(t), D(t) when the traits say linear and additive.
  [[nodiscard]] std::optional<LinearCoefficients> linear() const;
  /// Whether the formulas are those of a particle with inertia, and its parts: a proof or 'no', never a guess.
  [[nodiscard]] CanonicalFormulas canonical() const;

 private:
  struct Parts;
  std::shared_ptr<const Parts> parts_;
};

}  // namespace fokker
