#include <Eigen/LU>

#include "../build/formula_reference.hpp"
#include "fokker/analysis/score.hpp"
#include "fokker/run/closed_form.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/spectral/characteristic.hpp"
#include "rows.hpp"

namespace fokker {
namespace {

ClosedForm exact_form(const Setup& setup) {
  return closed_form(setup.config, *setup.formulas, "compare.exact",
                     "give the density as a formula of the axes and t instead, or remove the key");
}

/// The closed form of a linear SDE with additive noise: the initial mixture moved by the distribution of X_t given X_0.
class ExactClosedForm : public Witness {
 public:
  ExactClosedForm(std::shared_ptr<const Grid> grid, ClosedForm distribution)
      : grid_(std::move(grid)), faces_(*grid_), distribution_(std::move(distribution)), now_(distribution_.at(0)) {
    if (!fourier_library().empty()) torus_ = std::make_unique<SpectralGrid>(grid_, std::array{false, false});
  }

  const char* name() const override { return "exact"; }

  Field advance(double t) override {
    now_ = distribution_.at(t);
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
  ClosedForm distribution_;
  GaussianMixture now_;
  std::unique_ptr<const SpectralGrid> torus_;  // null in a build without FFTW
};

/// A density formula of the axes and t, given by the user.
class ExactFormula : public Witness {
 public:
  explicit ExactFormula(std::shared_ptr<const FormulaReference> distribution)
      : distribution_(std::move(distribution)) {}
  const char* name() const override { return "exact"; }
  Field advance(double t) override { return distribution_->at(t); }

 private:
  std::shared_ptr<const FormulaReference> distribution_;
};

bool asked(const CaseCompare& compare) { return compare.exact_closed_form || compare.exact_formula; }

void require(Setup& setup) {
  const CaseCompare& compare = setup.config.compare;
  if (compare.exact_closed_form && setup.config.has_initial) static_cast<void>(exact_form(setup));
  if (compare.exact_formula) setup.formula_reference = std::make_shared<const FormulaReference>(setup);
}

std::unique_ptr<Witness> make(const Setup& setup) {
  if (setup.config.compare.exact_closed_form) return std::make_unique<ExactClosedForm>(setup.grid, exact_form(setup));
  return std::make_unique<ExactFormula>(setup.formula_reference);
}

}  // namespace

WitnessRow exact_row() {
  return {.name = "exact", .asked = asked, .require = require, .make = make, .is_distribution = true};
}

}  // namespace fokker
