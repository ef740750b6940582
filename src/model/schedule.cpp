#include "fokker/model/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/base/tape.hpp"

namespace fokker {
namespace {

/// The worst of |left - right| relative to the moduli of all terms, with what was found there.
struct Worst {
  double relative = 0, at = 0, left = 0, right = 0;
  std::string axis;

  void look(double t, double l, double r, double terms, const std::string& name) {
    if (!std::isfinite(l) || !std::isfinite(r)) return;  // the line on end points names it
    const double error = std::abs(l - r), relative_here = error > 0 ? error / terms : 0;
    // The first of equals: which of them rounding favours is no news.
    if (relative_here > relative * (1 + 1e-6)) *this = {relative_here, t, l + 0.0, r + 0.0, name};
  }
  [[nodiscard]] bool holds() const { return relative <= schedule_tolerance; }
};

/// An axis of the SDE and of its schedule at all times looked at.
struct AxisValues {
  std::string name;
  std::vector<double> phi, b, g2;                          // of the SDE
  std::vector<double> alpha, dalpha, variance, dvariance;  // of the schedule
  double mu = 0;
};

class Check {
 public:
  Check(const Schedule& schedule, const LinearCoefficients& linear, const std::vector<std::string>& variables,
        double end)
      : blurred_(schedule.blurred), times_(schedule_times(end)) {
    const auto d = variables.size();
    for (std::size_t k = 0; k < d; ++k) {
      const AxisSchedule& claim = schedule.axes[k];
      axes_.push_back({variables[k], values(linear.A[d * k + k]), values(linear.b[k]), values(2.0 * linear.D[2 * k]),
                       values(claim.alpha), values(derivative(claim.alpha, "t")), values(claim.variance),
                       values(derivative(claim.variance, "t")), claim.prior_mean});
    }
  }

  [[nodiscard]] std::vector<ScheduleFinding> all() const {
    return {centre(), mean_factor(), variance(), start(), signal_to_noise(), end_points()};
  }

 private:
  [[nodiscard]] std::vector<double> values(const Expression& formula) const { return values_at(formula, times_); }
  [[nodiscard]] std::string on(const Worst& worst) const {
    return axes_.size() > 1 ? fmt::format(" on axis {}", worst.axis) : "";
  }

  /// "alpha' = phi alpha: holds to 1e-16" or "...: WRONG by a relative 0.5 at t = 0.3: left side 1, right side 2"
  [[nodiscard]] ScheduleFinding relation(const std::string& name, const std::string& text, const Worst& worst) const {
    const std::string verdict =
        worst.holds() ? fmt::format("holds to {:.1e}", worst.relative)
                      : fmt::format("WRONG by a relative {:.2g} at t = {:.6g}{}: left side {:.6g}, right side {:.6g}",
                                    worst.relative, worst.at, on(worst), worst.left, worst.right);
    return {name, worst.holds(), worst.relative, worst.at, text + ": " + verdict};
  }

  /// f = phi (x - mu): the part of the drift without x is -phi mu.
  [[nodiscard]] ScheduleFinding centre() const {
    Worst worst;
    for (const AxisValues& a : axes_)
      for (std::size_t i = 0; i < times_.size(); ++i) {
        const double want = -a.phi[i] * a.mu;
        worst.look(times_[i], a.b[i], want, std::abs(a.b[i]) + std::abs(want), a.name);
      }
    const bool centred = std::all_of(axes_.begin(), axes_.end(), [](const AxisValues& a) { return a.mu == 0; });
    return relation("drift", centred ? "drift is phi x, 0 where x is 0" : "drift at x = 0 is -phi mu", worst);
  }

  [[nodiscard]] ScheduleFinding mean_factor() const {
    Worst worst;
    for (const AxisValues& a : axes_)
      for (std::size_t i = 0; i < times_.size(); ++i) {
        const double right = a.phi[i] * a.alpha[i];
        worst.look(times_[i], a.dalpha[i], right, std::abs(a.dalpha[i]) + std::abs(right), a.name);
      }
    return relation("alpha", "alpha' = phi alpha", worst);
  }

  [[nodiscard]] ScheduleFinding variance() const {
    Worst worst;
    for (const AxisValues& a : axes_)
      for (std::size_t i = 0; i < times_.size(); ++i) {
        const double drift = 2 * a.phi[i] * a.variance[i];
        worst.look(times_[i], a.dvariance[i], drift + a.g2[i],
                   std::abs(a.dvariance[i]) + std::abs(drift) + std::abs(a.g2[i]), a.name);
      }
    return relation("sigma", "(sigma^2)' = 2 phi sigma^2 + g^2", worst);
  }

  /// What no rate can fix: the kernel starts from the data themselves.
  [[nodiscard]] ScheduleFinding start() const {
    for (const AxisValues& a : axes_) {
      const double alpha = a.alpha[0], variance = a.variance[0];
      const std::string where = axes_.size() > 1 ? " on axis " + a.name : "";
      const double off = std::abs(alpha - 1) / (std::abs(alpha) + 1);
      if (!(off <= schedule_tolerance))
        return {"start", false, std::isfinite(off) ? off : 1, 0,
                fmt::format("alpha(0) = 1: WRONG, it is {:.6g}{}", alpha, where)};
      if (!blurred_ && !(std::abs(variance) <= schedule_tolerance * reach(a)))
        return {"start", false, 1, 0,
                fmt::format("sigma(0) = 0: WRONG, sigma^2(0) is {:.6g}{}; data that are blurred already need blurred = "
                            "true",
                            variance, where)};
      if (blurred_ && !(variance > 0))
        return {"start", false, 1, 0,
                fmt::format("sigma(0) > 0 for blurred data: WRONG, sigma^2(0) is {:.6g}{}", variance, where)};
    }
    return {"start", true, 0, 0,
            blurred_ ? fmt::format("alpha(0) = 1, and the data are blurred by sigma(0) = {:.4g}: holds",
                                   std::sqrt(axes_[0].variance[0]))
                     : std::string("alpha(0) = 1, sigma(0) = 0: holds")};
  }

  [[nodiscard]] static double reach(const AxisValues& a) {
    return *std::max_element(a.variance.begin(), a.variance.end());
  }

  /// d log(alpha^2/sigma^2)/dt <= 0, that is 2 alpha' sigma^2 <= alpha (sigma^2)'.
  [[nodiscard]] ScheduleFinding signal_to_noise() const {
    Worst worst;
    for (const AxisValues& a : axes_)
      for (std::size_t i = 0; i < times_.size(); ++i) {
        const double sign = a.alpha[i] < 0 ? -1 : 1;
        const double left = 2 * sign * a.dalpha[i] * a.variance[i], right = sign * a.alpha[i] * a.dvariance[i];
        const double rounding = 1e-9 * std::abs(a.dalpha[i]) * reach(a);  // of a sigma^2 that is 0
        if (left > right) worst.look(times_[i], left, right, std::abs(left) + std::abs(right) + rounding, a.name);
      }
    const std::string what = "signal to noise alpha^2/sigma^2 never rises";
    if (worst.holds()) return {"snr", true, worst.relative, worst.at, what + ": holds"};
    return {"snr", false, worst.relative, worst.at,
            fmt::format("{}: WRONG, it rises at t = {:.6g}{}", what, worst.at, on(worst))};
  }

  /// Infinite or vanishing rates at 0 and at the end. Only what is not finite is wrong.
  [[nodiscard]] ScheduleFinding end_points() const {
    std::string notes;
    const auto note = [&](const std::string& text) { notes += (notes.empty() ? "" : "; ") + text; };
    for (const AxisValues& a : axes_) {
      for (std::size_t i = 0; i < times_.size(); ++i)
        for (const auto& [name, column] : {std::pair{"phi", &a.phi},
                                           {"g^2", &a.g2},
                                           {"alpha", &a.alpha},
                                           {"sigma^2", &a.variance},
                                           {"alpha'", &a.dalpha},
                                           {"(sigma^2)'", &a.dvariance}})
          if (!std::isfinite((*column)[i]))
            return {"ends", false, 1, times_[i],
                    fmt::format("end points: WRONG, {} is {} at t = {:.6g}", name, (*column)[i], times_[i])};
      if (&a != &axes_.front()) continue;  // the notes are the same on every axis of a diffusion model
      if (a.g2[0] == 0) note("g = 0 at t = 0, the start has no noise");
      const double rate = times_[1] * a.g2[1] / a.variance[1];
      if (a.variance[0] == 0 && rate > 0)
        note(fmt::format("sigma = 0 at t = 0, where the reverse rate g^2/sigma^2 grows as {:.3g}/t", rate));
      if (std::abs(a.alpha.back()) < 1e-12) note("alpha = 0 at the end, nothing of the data is left");
    }
    return {"ends", true, 0, 0, "end points: " + (notes.empty() ? "nothing singular" : notes)};
  }

  bool blurred_;
  std::vector<double> times_;
  std::vector<AxisValues> axes_;
};

/// The formulas mix axes, or are not linear with additive noise: there is nothing that alpha and sigma could describe.
std::string no_schedule_for(const std::optional<LinearCoefficients>& linear) {
  if (!linear) return "drift is phi x with noise g(t): WRONG, the drift is not linear or the noise depends on x";
  if (linear->dimension == 2 && !(linear->A[1].is_zero() && linear->A[2].is_zero() && linear->D[1].is_zero()))
    return "drift is phi x with noise g(t): WRONG, the axes act on each other";
  return "";
}

}  // namespace

std::vector<double> schedule_times(double end) {
  constexpr int steps = 1024, halvings = 16;
  std::vector<double> times{0};
  for (int k = halvings; k > 0; --k) times.push_back(std::ldexp(end / steps, -k));
  for (int i = 1; i <= steps; ++i) times.push_back(end * i / steps);
  return times;
}

std::vector<double> values_at(const Expression& formula, const std::vector<double>& times) {
  const std::string name = "t";
  const Tape tape(std::span(&formula, 1), std::span(&name, 1));
  std::vector<double> values(times.size());
  const TapeInput input = TapeInput::of(times.data());
  double* const output = values.data();
  tape.evaluate({&input, 1}, static_cast<Index>(times.size()), {&output, 1});
  return values;
}

GaussianMixture Schedule::prior(double end) const {
  const auto d = static_cast<Eigen::Index>(axes.size());
  Gaussian normal{1, Eigen::VectorXd(d), Eigen::MatrixXd::Zero(d, d)};
  for (Eigen::Index k = 0; k < d; ++k) {
    const AxisSchedule& axis = axes[k];
    normal.mean[k] = axis.prior_mean;
    normal.covariance(k, k) = values_at(axis.prior_variance, {end})[0];
  }
  return GaussianMixture({normal});
}

GaussianMixture Schedule::claimed(const GaussianMixture& start, double end) const {
  std::vector<Gaussian> moved = start.components();
  for (Gaussian& g : moved) {
    Eigen::VectorXd alpha(g.mean.size()), kernel(g.mean.size());
    for (Eigen::Index k = 0; k < g.mean.size(); ++k) {
      const AxisSchedule& axis = axes[k];
      const std::vector<double> variance = values_at(axis.variance, {0, end});
      alpha[k] = values_at(axis.alpha, {end})[0];
      kernel[k] = variance[1] - alpha[k] * alpha[k] * variance[0];
      g.mean[k] = axis.prior_mean + alpha[k] * (g.mean[k] - axis.prior_mean);
    }
    g.covariance = alpha.asDiagonal() * g.covariance * alpha.asDiagonal();
    g.covariance.diagonal() += kernel;
  }
  return GaussianMixture(std::move(moved));
}

std::vector<ScheduleFinding> check_schedule(const Schedule& schedule, const FormulaSde& sde,
                                            const std::vector<std::string>& axes, double end) {
  const auto linear = sde.linear();
  if (const std::string fault = no_schedule_for(linear); !fault.empty()) return {{"drift", false, 1, 0, fault}};
  return Check(schedule, *linear, axes, end).all();
}

}  // namespace fokker
