#pragma once
#include "fokker/model/sde.hpp"

namespace fokker {

/// Which drift goes with the diffusion along an axis: as it is written, in its reading; that of the Ito reading, a = 0;
/// or the flux velocity, a = 1, which holds a derivative of D.
enum class DriftAs { written, ito, velocity };

[[nodiscard]] inline double reading_of(const Sde& sde, DriftAs drift) {
  return drift == DriftAs::ito ? 0 : drift == DriftAs::velocity ? 1 : sde.reading();
}
inline void drift_as(DriftAs drift, const Sde& sde, const PointsIn& x, double t, PointsOut f) {
  if (drift == DriftAs::ito) return sde.drift(x, t, f);
  if (drift == DriftAs::velocity) return sde.flux_velocity(x, t, f);
  sde.written_drift(x, t, f);
}

/// f and D along one line at one time: J = f p - D^a (D^(1 - a) p)', a = reading(). Borrows the Sde; cheap to make.
class LineView {
 public:
  /// `sign` multiplies both (see AxisSeparated); without drift f is 0.
  LineView(const Sde& sde, int axis, double across, double t, DriftAs drift, double sign = 1)
      : sde_(sde), axis_(axis), across_(across), t_(t), drift_(drift), sign_(sign) {}

  [[nodiscard]] LineView without_drift() const {
    LineView bare = *this;
    bare.drifts_ = false;
    return bare;
  }
  [[nodiscard]] double reading() const { return reading_of(sde_, drift_); }

  /// Columns of n values. A D that is negative by no more than rounding can have made of it comes as 0.
  void evaluate(const double* x, Index n, double* f, double* D) const;

  /// D at x, which is negative there, becomes 0 where rounding explains it.
  void forgive_rounding(double x, double& D) const;

 private:
  const Sde& sde_;
  int axis_;
  double across_, t_;
  DriftAs drift_;
  double sign_;
  bool drifts_ = true;
};

}  // namespace fokker
