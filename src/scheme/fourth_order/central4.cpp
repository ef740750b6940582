#include "central4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "../edge_source.hpp"
#include "../time_factor.hpp"
#include "central4_flux.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "zalesak.hpp"

namespace fokker {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& text) {
  throw CaseError({Problem{"case", key, text}});
}

class Central4 final : public Form, public ScaledOperator {
 public:
  Central4(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const FluxScheme& row, TimeRange times)
      : ScaledOperator({grid->cells(), grid->outflows(), grid->volume(), sde->traits().autonomous}),
        grid_(std::move(grid)),
        sde_(std::move(sde)),
        factor_(sde_->separated(grid_->centers()), times),
        name_(row.name),
        flux_(*grid_, row.carries == Carries::upwind_five ? FaceAverage::upwind : FaceAverage::central) {
    require_cells();
    if (row.corrected && row.carries == Carries::four_cells && sde_->traits().deterministic)
      refuse("scheme.flux", fmt::format("{} needs noise: nothing diffuses here, and what would keep p >= 0 costs more "
                                        "than it gives; use scharfetter_gummel, or form = \"effective_drift\" with "
                                        "weno5 or muscl",
                                        name_));
    check_coefficients(*grid_, *sde_, DriftAs::velocity, times.from);
    if (factor_.found()) check_coefficients(*grid_, factor_.spatial(*sde_), DriftAs::velocity, times.from);
    build(times.from);
    if (separated()) flux_.coefficients.settle();
    require_diffusion_at_walls();
    if (row.corrected)
      correction_ = std::make_unique<Zalesak>(
          *grid_, CorrectedFlux{*this, flux_, factor_.spatial(*sde_),
                                [this, times] { return make_drift_diffusion(grid_, sde_, default_flux(), times); },
                                row.carries == Carries::upwind_five});
  }

  // --- Form
  [[nodiscard]] const Operator& op() const override { return *this; }
  [[nodiscard]] const Form& default_form() const override {
    return correction_ ? correction_->default_form() : static_cast<const Form&>(*this);
  }

  [[nodiscard]] SchemeReport report(double t) const override {
    const double factor = move_to(t);
    const DiffusionSurvey survey = survey_diffusion(*grid_, *sde_, t);
    SchemeReport report;
    report.peclet_min = bounds_.peclet_min;
    report.peclet_max = bounds_.peclet_max;
    report.exit_rate_max = factor * bounds_.euler;
    report.smallest_eigenvalue = survey.smallest_eigenvalue;
    report.largest_anisotropy = survey.largest_anisotropy;
    report.offsets = grid_->dimension();
    report.bytes =
        flux_.bytes() + (correction_ ? correction_->bytes() : 0) + (Jx_.capacity() + Jy_.capacity()) * sizeof(double);
    return report;
  }

  void current(double t, std::span<const double> p, double* Jx, double* Jy) const override {
    const Index nx = grid_->nx(), ny = grid_->ny();
    Jx_.resize(flux_.x_faces());
    Jy_.resize(flux_.y_faces());
    flux_.fluxes(move_to(t), p.data(), Jx_.data(), Jy_.data());
    const double hx = grid_->axis(0).width();
    for (Index j = 0; j < ny; ++j)
      for (Index i = 0; i < nx; ++i) {
        const double* lower = Jx_.data() + i + (nx + 1) * j;
        Jx[i + nx * j] = 0.5 * hx * (lower[0] + lower[1]);
      }
    if (Jy == nullptr) return;
    const double hy = grid_->axis(1).width();
    for (Index cell = 0; cell < cells(); ++cell) Jy[cell] = 0.5 * hy * (Jy_[cell] + Jy_[cell + nx]);
  }

  // --- Operator
  [[nodiscard]] FluxCorrection* correction() const override { return correction_.get(); }

  // --- ScaledOperator
  [[nodiscard]] double move_to(double t) const override {
    if (!separated() && t != built_at_) build(t);
    return factor_.at(t);
  }
  [[nodiscard]] bool separated() const override { return autonomous() || factor_.found(); }
  [[nodiscard]] double integral(double t0, double t1) const override { return factor_.integral(t0, t1); }
  void products(double scale, std::span<const Product> chain) const override {
    for (const Product& product : chain) flux_.stages(scale, product.state.data(), product.stages);
  }
  void entries(double scale, const InsertEntry& insert) const override { flux_.assemble(scale, insert); }
  [[nodiscard]] double exit_rate() const override { return bounds_.euler; }
  [[nodiscard]] SpectralBound eigenvalues() const override { return {bounds_.real, bounds_.imaginary}; }

 private:
  void build(double t) const {
    flux_.coefficients.build(factor_.spatial(*sde_), t);
    bounds_ = flux_.bounds(sde_->traits().diagonal);
    built_at_ = t;
  }

  void require_cells() const {
    for (const Axis& axis : grid_->axes())
      if (!axis.periodic() && axis.cells < 4)
        refuse("scheme.flux", fmt::format("{} needs at least 4 cells between walls, and axis '{}' has {}", name_,
                                          axis.name, axis.cells));
  }

  // On an absorbing wall p = 0: without diffusion nothing would leave there.
  void require_diffusion_at_walls() const {
    const Index nx = grid_->nx(), ny = grid_->ny();
    for (int k = 0; k < grid_->dimension(); ++k)
      for (int side = 0; side < 2; ++side) {
        if (grid_->outflow(k, side) < 0) continue;
        const AxisCoefficients& c = flux_.coefficients.axis(k);
        const Axis& axis = grid_->axis(k);
        const Index face = side == 0 ? 0 : axis.cells;
        for (Index i = 0; i < (k == 0 ? ny : nx); ++i) {
          const Index row = k == 0 ? i : face, column = k == 0 ? face : i;
          const double outward = (side == 0 ? -1 : 1) * c.value.row(row)[column];
          if (c.slope.row(row)[column] == 0 && outward > 0)
            refuse("scheme.flux", fmt::format("{} cannot let drift leave through the absorbing side {} = {:.6g} where "
                                              "there is no diffusion; use scharfetter_gummel or upwind",
                                              name_, axis.name, side == 0 ? axis.lower : axis.upper));
        }
      }
  }

  std::shared_ptr<const Grid> grid_;
  std::shared_ptr<const Sde> sde_;
  TimeFactor factor_;
  std::string name_;
  // What is built is a cache of the coefficients at one time.
  mutable Central4Flux flux_;
  mutable Central4Flux::Bounds bounds_;
  mutable double built_at_ = std::numeric_limits<double>::quiet_NaN();
  mutable std::vector<double> Jx_, Jy_;  // scratch of current
  std::unique_ptr<Zalesak> correction_;
};

}  // namespace

std::unique_ptr<Form> make_central4(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                    const FluxScheme& row, TimeRange times) {
  return std::make_unique<Central4>(std::move(grid), std::move(sde), row, times);
}

}  // namespace fokker
