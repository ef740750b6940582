#include "forecast.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <map>

#include "../judge/self_check.hpp"
#include "fokker/integrate/kinetic.hpp"
#include "fokker/run/closed_form.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/scheme/cell_peclet.hpp"

namespace fokker {
namespace {

constexpr int looks = 16;            // after the start
constexpr long most_steps = 20'000;  // of the moments of one component
constexpr double mostly_gone = 0.5;  // of the mass inside the box

/// Mean and covariance of one component, moved by its own moment equations.
class MomentFlow {
 public:
  MomentFlow(const Setup& setup, Gaussian start) : setup_(setup), now_(std::move(start)) {}

  [[nodiscard]] const Gaussian& now() const { return now_; }

  /// Moves to `t`; false where that takes too many steps or leads nowhere.
  bool advance(double t) {
    while (t_ < t) {
      if (++steps_ > most_steps) return false;
      const Rate k1 = rate(now_, t_);
      const double dt = std::min({t - t_, setup_.config.time.end / 256, 0.2 / std::max(k1.stiffness, 1e-300)});
      const Rate k2 = rate(moved(k1, dt / 2), t_ + dt / 2);
      now_ = moved(k2, dt);
      t_ = t - t_ <= dt ? t : t_ + dt;
      if (!now_.mean.allFinite() || !now_.covariance.allFinite()) return false;
    }
    return true;
  }

 private:
  struct Rate {
    Eigen::VectorXd mean;
    Eigen::MatrixXd covariance;
    double stiffness = 0;  // of the drift as the points see it [1/t]
  };

  [[nodiscard]] Gaussian moved(const Rate& k, double dt) const {
    Gaussian to = now_;
    to.mean += dt * k.mean;
    to.covariance += dt * k.covariance;
    for (Index i = 0; i < to.covariance.rows(); ++i) to.covariance(i, i) = std::max(0.0, to.covariance(i, i));
    return to;
  }

  /// A coordinate inside the first and last cell centre, or wrapped.
  [[nodiscard]] double inside(int axis, double x) const {
    const Axis& a = setup_.grid->axis(axis);
    if (!a.periodic()) return std::clamp(x, a.center(0), a.center(a.cells - 1));
    const double length = a.upper - a.lower;
    return x - length * std::floor((x - a.lower) / length);
  }

  [[nodiscard]] Rate rate(const Gaussian& g, double t) const {
    const Index d = g.mean.size();
    Eigen::MatrixXd root = Eigen::LLT<Eigen::MatrixXd>(g.covariance).matrixL();
    if (!root.allFinite()) root = g.covariance.diagonal().cwiseSqrt().asDiagonal();
    const Index n = 2 * d;
    std::array<std::vector<double>, 2> x, f;
    std::array<std::vector<double>, 3> D;
    for (Index i = 0; i < d; ++i) {
      x[i].resize(n);
      for (Index k = 0; k < n; ++k) {
        const double off = (k % 2 == 0 ? 1 : -1) * std::sqrt(static_cast<double>(d)) * root(i, k / 2);
        x[i][k] = inside(static_cast<int>(i), g.mean[i] + off);
      }
    }
    for (auto& column : f) column.resize(n);
    for (auto& column : D) column.resize(n);
    const bool plane = d > 1;
    const PointsIn points{n, static_cast<int>(d), {x[0].data(), plane ? x[1].data() : nullptr}};
    setup_.sde->drift(points, t, {{f[0].data(), plane ? f[1].data() : nullptr}});
    setup_.sde->diffusion(points, t, {D[0].data(), plane ? D[1].data() : nullptr, plane ? D[2].data() : nullptr});
    Rate out{Eigen::VectorXd::Zero(d), Eigen::MatrixXd::Zero(d, d), 0};
    const double weight = 1 / static_cast<double>(n);
    for (std::size_t k = 0; k < static_cast<std::size_t>(n); ++k)
      for (Index i = 0; i < d; ++i) {
        const std::size_t row = i;
        out.mean[i] += weight * f[row][k];
        for (Index m = 0; m < d; ++m) {
          const double off =
              (k % 2 == 0 ? 1 : -1) * std::sqrt(static_cast<double>(d)) * root(m, static_cast<Index>(k) / 2);
          out.covariance(i, m) += weight * f[row][k] * off;
          out.covariance(m, i) += weight * f[row][k] * off;
          out.covariance(i, m) += weight * 2 * D[i == m ? 2 * row : 1][k];
        }
      }
    for (Index k = 0; k < d; ++k) {  // across each pair of points
      double distance = 0, change = 0;
      for (Index i = 0; i < d; ++i) {
        const auto row = static_cast<std::size_t>(i), first = static_cast<std::size_t>(2 * k);
        distance = std::hypot(distance, x[row][first] - x[row][first + 1]);
        change = std::hypot(change, f[row][first] - f[row][first + 1]);
      }
      if (distance > 0) out.stiffness = std::max(out.stiffness, change / distance);
    }
    return out;
  }

  const Setup& setup_;
  Gaussian now_;
  double t_ = 0;
  long steps_ = 0;
};

/// The distribution of the case at one time after the other, where it is known or can be followed.
class Prediction {
 public:
  explicit Prediction(const Setup& setup) {
    std::vector<Gaussian> start;
    if (const auto* mixture = std::get_if<InitialMixture>(&setup.config.initial)) start = mixture->components;
    if (const auto* point = std::get_if<InitialPoint>(&setup.config.initial)) {
      const auto d = static_cast<Index>(point->point.size());
      start = {{1, Eigen::Map<const Eigen::VectorXd>(point->point.data(), d), Eigen::MatrixXd::Zero(d, d)}};
    }
    if (start.empty()) return;
    try {
      closed_ = closed_form(setup.config, *setup.formulas, "compare.exact", "");
    } catch (const CaseError&) {
      for (Gaussian& component : start) flows_.emplace_back(setup, std::move(component));
    }
  }

  [[nodiscard]] std::string basis() const { return closed_ ? "the closed form" : flows_.empty() ? "" : "its moments"; }

  [[nodiscard]] std::optional<GaussianMixture> at(double t) {
    if (closed_) return closed_->at(t);
    std::vector<Gaussian> components;
    for (MomentFlow& flow : flows_) {
      if (!flow.advance(t)) return std::nullopt;
      components.push_back(flow.now());
    }
    return GaussianMixture(std::move(components));
  }

 private:
  std::optional<ClosedForm> closed_;
  std::vector<MomentFlow> flows_;
};

/// Equal parts of the span, and a choice of the output times (true).
std::map<double, bool> times_to_look(const Case& c) {
  std::map<double, bool> times;
  for (int k = 1; k <= looks; ++k) times[c.time.end * k / looks] = false;
  const std::vector<double>& output = c.output.times;
  const std::size_t step = std::max<std::size_t>(1, output.size() / looks);
  for (std::size_t k = output.size() - 1; k > 0; k -= std::min(k, step)) times[output[k]] = true;
  return times;
}

}  // namespace

std::optional<Forecast> forecast(const Setup& setup, std::optional<double> gives_way) try {
  Prediction distribution(setup);
  if (distribution.basis().empty()) return std::nullopt;
  Forecast out{distribution.basis(), {}, std::vector<double>(setup.config.axes.size()), 0};
  CellPeclets peclets(setup.grid, setup.sde);
  SelfCheck self_check(setup);
  if (gives_way) self_check.expect_way_given(*gives_way);
  const GridFaces faces(*setup.grid);
  MassBalance whole;
  whole.mass = whole.mass_initial = 1;
  Field p = setup.initial;
  Moment now{0, 0, 0, 0, &p, &whole};
  bool on_points = false;
  const auto look = [&](bool frame) {
    if (!on_points && setup.stepper_row->kinetic && wide_enough_for_points(*setup.grid, p.view())) {
      on_points = true;
      self_check.expect_fluxes_left(now.t);
    }
    frame ? self_check.frame(now) : self_check.after_step(now);
    for (std::size_t k = 0; k < out.peclet.size(); ++k)
      out.peclet[k] = std::max(out.peclet[k], peclets.range(static_cast<int>(k), now.t, p.view()).largest);
  };
  look(true);
  for (const auto& [t, frame] : times_to_look(setup.config)) {
    const auto known = distribution.at(t);
    if (!known) break;
    Field next(setup.grid);
    known->cell_averages(faces.faces, next.view());
    if (!(next.mass() > mostly_gone)) break;
    p = std::move(next);
    now.t = out.until = t;
    look(frame);
  }
  if (out.until == 0) return std::nullopt;
  out.judged = self_check.conclude(now);
  return out;
} catch (const NumericalError&) {  // a coefficient that is no number later: the run will say so
  return std::nullopt;
}

std::optional<double> left_by_absorbing_sides(const Setup& setup) try {
  constexpr Index few = 32;
  if (setup.grid->outflows() == 0) return std::nullopt;
  Case coarse = side_case(setup.config);
  for (Axis& axis : coarse.axes) axis.cells = std::min(axis.cells, few);
  coarse.scheme = {};
  coarse.time.stepper = "auto";
  choose_anew(coarse);
  coarse.time.dt.reset();
  coarse.time.tolerance = setup.sde->traits().autonomous ? 1e-12 : 1e-5;  // what is left may be little; steps are not
  Setup few_cells = assemble(std::move(coarse));
  const RunResult result = run(few_cells, {});
  if (result.stop_reason != "end") return std::nullopt;
  return std::max(0.0, result.balance.mass / result.balance.mass_initial);
} catch (const CaseError&) {
  return std::nullopt;
} catch (const NumericalError&) {
  return std::nullopt;
}

}  // namespace fokker
