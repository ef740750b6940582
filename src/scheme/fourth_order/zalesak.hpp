#pragma once
#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "central4_flux.hpp"
#include "fokker/operator/flux_correction.hpp"
#include "fokker/operator/scaled_operator.hpp"
#include "fokker/scheme/form.hpp"
#include "low_order_flux.hpp"

namespace fokker {

/// What a corrected form lends to its correction; outlives it.
struct CorrectedFlux {
  const ScaledOperator& op;
  const Central4Flux& flux;  ///< of `op`, at its time
  const Sde& spatial;        ///< whose coefficients are built: the base where time is separated
  std::function<std::unique_ptr<Form>()> make_default;  ///< the default flux
  bool persists;                                        ///< FluxCorrection::persists
};

/// Zalesak 1979 with one departure: only cells that would end below 0 are limited, and by no more than they lack, so
/// that a step is of high order wherever it is positive.
///
///     p_low  = positive Euler steps of PositiveFaces over the same time, with their time-integrated fluxes F_low
///     G      = F_high - F_low on every face
///     p_new  = p_low + div(alpha G),   alpha = 1 at first
///
/// A cell below 0 cuts the G that leave it by the fraction that brings it back to 0; a neighbour that goes below 0 for
/// want of what it does not get any more does the same. After three fractions a cell cuts all its G and is p_low, which
/// is p >= 0: so it ends, and the test is on the very sum that is stored. Where both solutions are below 1e-15 of the
/// largest p, the high-order one is rounding noise: those cells are p_low from the start.
class Zalesak final : public FluxCorrection {
 public:
  Zalesak(const Grid& grid, CorrectedFlux high);
  ~Zalesak() override;
  [[nodiscard]] const Operator& recording() const override;
  [[nodiscard]] const Form& default_form();
  [[nodiscard]] const Operator& default_flux() override { return default_form().op(); }
  [[nodiscard]] int dimension() const override { return grid_.dimension(); }
  [[nodiscard]] bool persists() const override { return high_.persists; }
  void correct(double t, double end, std::span<const double> state, std::span<double> next,
               Corrections& account) override;
  [[nodiscard]] std::size_t bytes() const;

 private:
  class Recording;
  /// One of the faces of a cell: G > 0 brings to the cell where gain > 0, and takes where gain < 0.
  struct Side {
    double *G, *twin;
    double gain;
    Index beyond;
  };
  void take_fluxes(double t, double end, std::span<const double> state, const double* records, Corrections& account);
  void evaluate();
  void leave_noise(double largest);
  void settle(Corrections& account);
  void limit(Index cell, Corrections& account);
  void scale(const Side& side, double factor, Corrections& account);
  int sides_of(Index cell, std::array<Side, 4>& sides);
  [[nodiscard]] double value(Index cell) const;
  void push_if_negative(Index cell);
  void write(std::span<const double> state, std::span<double> next);

  const Grid& grid_;
  CorrectedFlux high_;
  std::unique_ptr<Recording> recording_;
  std::unique_ptr<Form> default_;
  PositiveFaces faces_;
  bool built_ = false;
  std::array<double, 4> outflow_{};  ///< of the low-order step, by side
  double level_ = 0;                 ///< largest low_ of a cell that was limited in this step
  std::vector<double> low_, sum_, Gx_, Gy_, value_;
  std::vector<Index> negative_;  ///< negative values of each row
  std::vector<Index> list_, later_;
  std::vector<std::uint8_t> fractions_, listed_;
};

}  // namespace fokker
