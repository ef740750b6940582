#include "fokker/run/witness.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>

#include "../build/formula_law.hpp"
#include "fokker/analysis/score.hpp"
#include "fokker/spectral/characteristic.hpp"
#include "particle_score.hpp"

namespace fokker {

namespace {

/// The closed form of a linear SDE with additive noise: the initial mixture moved by the law of X_t given X_0.
class ExactLaw : public Witness {
 public:
  ExactLaw(std::shared_ptr<const Grid> grid, ClosedForm law)
      : grid_(std::move(grid)), faces_(*grid_), law_(std::move(law)), now_(law_.at(0)) {
    if (!fourier_library().empty()) torus_ = std::make_unique<SpectralGrid>(grid_, std::array{false, false});
  }

  const char* name() const override { return "exact"; }

  Field advance(double t) override {
    now_ = law_.at(t);
    Field own(grid_);
    now_.cell_averages(faces_.faces, own.view());
    return own;
  }

  Verdict judge(double t, const Field& p, const Field& own) const override {
    Verdict verdict = Witness::judge(t, p, own);
    if (torus_) verdict.more.emplace_back("characteristic_error", characteristic_error(*torus_, p.view(), now_));
    if (wraps()) return verdict;
    const Moments own_moments = moments(*grid_, p.view());
    verdict.mean_error = (own_moments.mean - now_.mean()).cwiseAbs().maxCoeff();
    verdict.covariance_error = (own_moments.covariance - now_.covariance()).cwiseAbs().maxCoeff();
    for (const Gaussian& g : now_.components())
      if (!(g.covariance.determinant() > 0)) return verdict;  // no score
    std::vector<double> sx(p.view().size()), sy(grid_->dimension() > 1 ? sx.size() : 0);
    double* const second = sy.empty() ? nullptr : sy.data();
    MixtureScore(now_).score(grid_->centers(), {{sx.data(), second}});
    verdict.more.emplace_back("fisher_divergence", fisher_divergence(*grid_, p.view(), sx.data(), second));
    return verdict;
  }

 private:
  [[nodiscard]] bool wraps() const {
    for (const Axis& axis : grid_->axes())
      if (axis.periodic()) return true;
    return false;
  }

  std::shared_ptr<const Grid> grid_;
  GridFaces faces_;
  ClosedForm law_;
  GaussianMixture now_;
  std::unique_ptr<const SpectralGrid> torus_;  // null in a build without FFTW
};

/// A density formula of the axes and t, given by the user.
class ExactFormula : public Witness {
 public:
  explicit ExactFormula(std::shared_ptr<const FormulaLaw> law) : law_(std::move(law)) {}
  const char* name() const override { return "exact"; }
  Field advance(double t) override { return law_->at(t); }

 private:
  std::shared_ptr<const FormulaLaw> law_;
};

}  // namespace

Verdict verdict_on(double t, const Field& p, const Field& reference) {
  const Grid& grid = *p.grid;
  const MomentErrors errors = moment_errors(grid, p.view(), reference.view());
  Verdict verdict;
  verdict.t = t;
  verdict.norms = norms(grid, p.view(), reference.view());
  verdict.mean_error = errors.mean;
  verdict.covariance_error = errors.covariance;
  verdict.ks = kolmogorov_smirnov(grid, p.view(), reference.view());
  if (grid.dimension() == 1) verdict.w1 = wasserstein1(grid, p.view(), reference.view());
  return verdict;
}

std::string kl_note(const Norms& norms) {
  if (!(norms.kl_left_out > 0)) return "";
  return fmt::format("{} {:.2g} of the mass, where the reference underflows",
                     std::isinf(norms.kl) ? "infinite: p has" : "without", norms.kl_left_out);
}

Verdict Witness::judge(double t, const Field& p, const Field& own) const { return verdict_on(t, p, own); }

ClosedForm closed_form(const Case& config, const FormulaSde& sde, const std::string& key, const std::string& remedy) {
  const auto refuse = [&](const std::string& why) {
    throw CaseError({Problem{config.where(key), key, "no closed form: " + why + "; " + remedy}});
  };
  const auto coefficients = sde.linear();
  if (!coefficients) refuse("the drift must be linear in the axes and the noise must not depend on them");
  const auto d = config.axes.size();
  for (std::size_t k = 0; k < d; ++k)
    for (std::size_t i = 0; i < d; ++i)
      if (config.axes[k].periodic() && (!coefficients->A[d * i + k].is_zero() || !coefficients->A[d * k + i].is_zero()))
        refuse(fmt::format("axis '{}' is periodic and the drift depends on it", config.axes[k].name));
  Torus torus;
  for (std::size_t k = 0; k < d; ++k)
    if (const Axis& axis = config.axes[k]; axis.periodic()) {
      torus.lower[k] = axis.lower;
      torus.period[k] = axis.upper - axis.lower;
    }
  if (const auto* mixture = std::get_if<InitialMixture>(&config.initial))
    return {*coefficients, GaussianMixture(mixture->components), torus};
  const auto* start = std::get_if<InitialPoint>(&config.initial);
  if (start == nullptr) refuse("the initial density must be gaussian, mixture or point");
  const auto n = static_cast<Eigen::Index>(d);
  return {*coefficients,
          GaussianMixture(
              {Gaussian{1, Eigen::Map<const Eigen::VectorXd>(start->point.data(), n), Eigen::MatrixXd::Zero(n, n)}}),
          torus};
}

ClosedForm flow_form(const Setup& setup, const std::string& key, const std::string& remedy) {
  const auto refuse = [&](const std::string& why) {
    throw CaseError({Problem{setup.config.where(key), key, why + "; " + remedy}});
  };
  const auto sides = setup.grid->absorbing_sides();
  if (!sides.empty())
    refuse(fmt::format("side {} absorbs: the flow keeps what it carries, where particles of the SDE leave",
                       sides.front()));
  ClosedForm law = closed_form(setup.config, *setup.sde, key, remedy);
  try {
    static_cast<void>(MixtureScore(law.at(0)));
  } catch (const std::invalid_argument&) {
    refuse("the start has no score (a point, or a singular covariance); start from a narrow gaussian instead");
  }
  return law;
}

namespace {

ClosedForm exact_form(const Setup& setup) {
  return closed_form(setup.config, *setup.sde, "compare.exact",
                     "give the density as a formula of the axes and t instead, or remove the key");
}

}  // namespace

namespace {

/// Particles step in the Ito reading: the drift that another reading induces is a derivative of D, and where D jumps it
/// is on the jump, which no particle meets.
void require_particles_of_reading(const Setup& setup) {
  if (setup.config.sde.interpretation == Interpretation::ito) return;
  const auto jump = jump_of_diffusion(setup);
  if (!jump) return;
  const std::string key = "compare.monte_carlo";
  throw CaseError(
      {Problem{setup.config.where(key), key,
               fmt::format("D jumps at {}: particles step in the Ito reading, and the drift that {} induces "
                           "there is one that they never meet; leave the particles out, or let D change over "
                           "a few cells",
                           *jump, to_string(setup.config.sde.interpretation))}});
}

}  // namespace

void require_witnesses(Setup& setup) {
  const CaseCompare& asked = setup.config.compare;
  if (asked.exact_closed_form && setup.config.has_initial) static_cast<void>(exact_form(setup));
  if (asked.exact_formula) setup.formula_law = std::make_shared<const FormulaLaw>(setup);
  if (asked.monte_carlo) static_cast<void>(particle_score(setup));
  if (asked.monte_carlo) require_particles_of_reading(setup);
  if (asked.log_likelihood) static_cast<void>(likelihood_form(setup));
}

std::unique_ptr<Witness> make_exact(const Setup& setup) {
  const CaseCompare& asked = setup.config.compare;
  if (asked.exact_closed_form) return std::make_unique<ExactLaw>(setup.grid, exact_form(setup));
  if (asked.exact_formula) return std::make_unique<ExactFormula>(setup.formula_law);
  return nullptr;
}

std::vector<std::unique_ptr<Witness>> make_witnesses(const Setup& setup) {
  std::vector<std::unique_ptr<Witness>> all;
  if (auto exact = make_exact(setup)) all.push_back(std::move(exact));
  if (auto particles = make_monte_carlo(setup)) all.push_back(std::move(particles));
  if (auto spectral = make_spectral(setup)) all.push_back(std::move(spectral));
  if (setup.config.compare.twin) all.push_back(make_twin(setup));
  return all;
}

void check_witnesses(const Setup& setup) { static_cast<void>(make_spectral(setup)); }

}  // namespace fokker
