#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/points.hpp"
#include "fokker/model/timeline.hpp"

namespace fokker {

/// What the formulas were proved to be (symbolically; false means "not proved").
struct Traits {
  bool autonomous = false;            ///< neither drift nor diffusion depends on t
  bool additive = false;              ///< diffusion does not depend on x
  bool linear = false;                ///< drift = A(t) x + b(t)
  bool diagonal = false;              ///< D_xy = 0 everywhere (true in 1D)
  bool deterministic = false;         ///< D = 0 everywhere
  bool diffusion_autonomous = false;  ///< D does not depend on t (the drift may)
};

class Sde;

/// The times at which coefficients may be asked for, set-up included; one number: that time alone.
struct TimeRange {
  double from = 0, to = 0;
  TimeRange(double t = 0) : from(t), to(t) {}  // NOLINT(google-explicit-constructor)
  TimeRange(double first, double last) : from(first), to(last) {}
  /// The time at a fraction in [0, 1] of the way.
  [[nodiscard]] double at(double fraction) const { return fraction < 1 ? from + fraction * (to - from) : to; }
};

/// drift and diffusion = factor(t) * those of `base`, an autonomous Sde (VP, VE).
struct TimeSeparated {
  std::shared_ptr<const Sde> base;
  std::function<double(double)> factor;
  /// Times between two others from which a quadrature of the factor has to start anew (time_knots); empty: from none.
  std::function<std::vector<double>(double from, double to)> knots = {};
};

/// written drift and diffusion along one axis of two = factor(the other coordinate) * those of `base`, an autonomous
/// Sde in one dimension. Either sign of the factor is possible: the base has D <= 0 then.
struct AxisSeparated {
  std::shared_ptr<const Sde> base;
  std::function<double(double)> factor;
};

/// A line of a grid along an axis: `cells` equal cells from lower to upper.
struct AxisLine {
  int axis = 0;
  double across = 0;  ///< the other coordinate in 2D
  double lower = 0, upper = 1;
  Index cells = 1;
};

/// dX = f dt + G dW in the Ito reading, answered for whole columns of points, never one at a time. Immutable; safe to
/// ask from several threads at once. Outputs are caller-owned columns of x.size doubles.
class Sde {
 public:
  virtual ~Sde() = default;
  [[nodiscard]] virtual int dimension() const = 0;
  /// f [x/t]
  virtual void drift(const PointsIn& x, double t, PointsOut f) const = 0;
  /// a = f - div D [x/t], the velocity that multiplies p in flux form (theory section 1)
  virtual void flux_velocity(const PointsIn& x, double t, PointsOut a) const = 0;
  /// Its component along one axis, for a block of at most 256 points.
  virtual void flux_velocity_along(int axis, const PointsIn& x, double t, double* a) const;
  /// The drift f [x/t] of the flux along an axis as it is written, without a derivative of D,
  ///
  ///     J_k = f_k p - D_kk^a d_k (D_kk^(1 - a) p),    a = reading(): 0 Ito, 1/2 Stratonovich, 1 Klimontovich
  ///
  /// where D is diagonal; with cross terms it is that of the Ito reading, a = 0, where an Sde knows better than the
  /// default, the flux velocity. Jumps of D act through this (theory section 17): the Ito drift and the flux velocity
  /// of other readings hold an induced part that is right only where D can be differentiated.
  virtual void written_drift(const PointsIn& x, double t, PointsOut f) const { flux_velocity(x, t, f); }
  [[nodiscard]] virtual double reading() const { return 1; }
  /// Where written drift and diffusion along the line may jump or bend at time t, sorted, each point once; within
  /// rounding of where they do. Sampled four times a cell: what changes back within a quarter of one may be missed
  /// unless its formula has an extremum there.
  virtual void breakpoints(const AxisLine&, double /*t*/, std::vector<double>& points) const { points.clear(); }
  /// Whether some of them depend on t.
  [[nodiscard]] virtual bool breakpoints_move() const { return false; }
  /// A common factor of the other coordinate pulled out of what is written along an axis, when one was proved (2D,
  /// autonomous, diagonal).
  [[nodiscard]] virtual std::optional<AxisSeparated> along(int /*axis*/) const { return std::nullopt; }
  /// D = G Q G^T / 2 [x^2/t]
  virtual void diffusion(const PointsIn& x, double t, TensorOut D) const = 0;
  /// How far each entry of D may be off by rounding [x^2/t]: what tells a D that cancels to 0 from one that is
  /// negative. For a few points: formulas are walked. Without an override: a few units in the last place.
  virtual void diffusion_rounding(const PointsIn& x, double t, TensorOut error) const;
  /// Columns of the noise matrix with Q absorbed, so that B B^T = 2 D and the sources are independent: a symmetric
  /// square root of 2 D where only D was given.
  [[nodiscard]] virtual int noise_count() const = 0;
  /// B [x/sqrt(t)]: component i of source k goes to columns[i + dimension * k].
  virtual void noise(const PointsIn& x, double t, double* const* columns) const = 0;
  [[nodiscard]] virtual Traits traits() const = 0;

  /// True when f = -grad U and D = T I with a constant T > 0; then log_gibbs gives -U/T (any additive constant).
  [[nodiscard]] virtual bool has_gibbs() const { return false; }
  virtual void log_gibbs(const PointsIn& /*x*/, double* /*out*/) const {}
  /// A common time factor pulled out, when one was proved and D is not identically 0. Which of the two carries the sign
  /// is told from D at some points of the box.
  [[nodiscard]] virtual std::optional<TimeSeparated> separated(const PointsIn& /*some*/) const { return std::nullopt; }
  /// Where drift and diffusion switch in time, and what they would hide from long steps; nothing where that is not
  /// known.
  [[nodiscard]] virtual Timeline timeline(const TimeRange& /*times*/, const Box& /*box*/) const { return {}; }
  /// The key of the formula that is to blame for a coefficient that is not finite, or a D that is not positive
  /// semidefinite, at a point.
  [[nodiscard]] virtual std::string fault_key(std::span<const double> /*point*/, double /*t*/) const { return "sde"; }
};

/// D *= factor at all points.
void scale_tensor(const PointsIn& x, double factor, TensorOut D);

}  // namespace fokker
