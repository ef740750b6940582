#include <algorithm>
#include <numeric>

#include "fokker/base/stop.hpp"
#include "fokker/run/march.hpp"
#include "fokker/run/run_state.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "fokker/scheme/effective_drift.hpp"
#include "rows.hpp"

namespace fokker {
namespace {

/// The case with the other form, its default score and flux, and the same output times. The step is the other form's
/// too: a named stepper or dt need not suit it.
Case other_case(const Setup& setup) {
  const Case& config = setup.config;
  Case other = side_case(config);
  other.output.times = config.output.times;
  other.scheme = CaseScheme{};
  if (setup.score == nullptr) {
    other.scheme.form = "effective_drift";
    other.scheme.flux = "muscl";
    other.scheme.limiter = "huynh";
  }
  other.time.stepper = "auto";
  choose_anew(other);
  other.time.dt.reset();
  other.time.tolerance = config.time.tolerance.value_or(1e-6);
  return other;
}

/// The other form of the equation, run beside, and by how much the identity F = J/p misses.
class Twin : public Witness {
 public:
  explicit Twin(const Setup& setup)
      : own_(assemble(other_case(setup))),
        state_(initial_state(setup)),
        rate_(state_.size()),
        consistent_rate_(state_.size()) {
    const FluxScheme& row = default_flux();
    const TimeRange times(0, setup.config.time.end);
    drift_diffusion_ = make_drift_diffusion(setup.grid, setup.sde, row, times);
    flux_consistent_ = make_flux_consistent(setup.grid, setup.sde, row, times);
  }

  const char* name() const override { return "twin"; }

  Field advance(double t) override {
    march_.wait(std::min(t, own_.clock));
    for (; march_.t() < t; ++steps_) {
      poll_stop();
      if (steps_ == 0) march_.begin(t, view(state_));
      march_.step(t, view(state_));
    }
    march_.leave();
    Field p(own_.grid);
    own_.stepper->averages(view(state_), p.view());
    require_mass(p.mass() + state_.tail(own_.grid->outflows()).sum(), mass_, t);
    return p;
  }

  /// The largest difference between the rates of drift plus diffusion and of F = J/p carried along, relative to the
  /// largest rate.
  Verdict judge(double t, const Field& p, const Field& own) const override {
    Verdict verdict = Witness::judge(t, p, own);
    Eigen::VectorXd state = Eigen::VectorXd::Zero(state_.size());
    state.head(p.values.size()) = p.values;
    drift_diffusion_->op().apply(t, view(state), view(rate_));
    flux_consistent_->op().apply(t, view(state), view(consistent_rate_));
    const double largest = rate_.cwiseAbs().maxCoeff();
    verdict.more.emplace_back("identity_residual",
                              largest > 0 ? (rate_ - consistent_rate_).cwiseAbs().maxCoeff() / largest : 0);
    return verdict;
  }

  void keep(Archive& archive) override {
    const Index size = state_.size();
    long evaluations = rhs_evaluations();
    archive(state_, march_, steps_, evaluations);
    evaluations_before_ = evaluations - own_.stepper->rhs_evaluations();
    if (state_.size() != size) throw ArchiveError("it holds a state of another length");
  }

  WitnessFacts facts() const override {
    return {{{"steps", static_cast<double>(steps_)}, {"rhs_evaluations", static_cast<double>(rhs_evaluations())}}};
  }

 private:
  [[nodiscard]] long rhs_evaluations() const { return evaluations_before_ + own_.stepper->rhs_evaluations(); }
  static std::span<double> view(Eigen::VectorXd& v) { return {v.data(), static_cast<std::size_t>(v.size())}; }

  Setup own_;
  Eigen::VectorXd state_;
  mutable Eigen::VectorXd rate_, consistent_rate_;  // scratch
  std::unique_ptr<Form> drift_diffusion_, flux_consistent_;
  March march_{*own_.stepper, *own_.stepper_row, own_.timeline};
  double mass_ = own_.initial.mass() + std::accumulate(own_.initial_outflow.begin(), own_.initial_outflow.end(), 0.0);
  long steps_ = 0, evaluations_before_ = 0;
};

}  // namespace

WitnessRow twin_row() {
  return {.name = "twin",
          .asked = [](const CaseCompare& compare) { return compare.twin; },
          .make = [](const Setup& setup) -> std::unique_ptr<Witness> { return std::make_unique<Twin>(setup); }};
}

}  // namespace fokker
