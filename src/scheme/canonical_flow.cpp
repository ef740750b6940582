#include "fokker/scheme/canonical_flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "fokker/base/tape.hpp"

namespace fokker {
namespace {

class FormulaFlow final : public CanonicalFlow {
 public:
  FormulaFlow(const std::shared_ptr<const Grid>& grid, const CanonicalFormulas& formulas)
      : CanonicalFlow(grid, formulas.velocity) {
    const Axis& axis = grid->axis(position());
    const std::array<std::string, 2> names{axis.name, "t"};
    for (Index i = 0; i < axis.cells; ++i) centers_.push_back(axis.center(i));
    force_ = Tape({&formulas.force, 1}, names);
    const std::array<Expression, 2> noise{formulas.friction, formulas.diffusion};
    friction_ = Tape(noise, names);
  }
  void force(double t, std::span<double> F) const override {
    double* const out = F.data();
    evaluate(force_, t, {&out, 1});
  }
  void friction(double t, std::span<double> gamma, std::span<double> D) const override {
    const std::array<double*, 2> out{gamma.data(), D.data()};
    evaluate(friction_, t, out);
    for (double& value : D) value = std::max(value, 0.0);  // rounding of formulas that cancel; more was refused
  }

 private:
  void evaluate(const Tape& tape, double t, std::span<double* const> out) const {
    const std::array<TapeInput, 2> inputs{TapeInput::of(centers_.data()), TapeInput::of(t)};
    tape.evaluate(inputs, static_cast<Index>(centers_.size()), out);
  }
  std::vector<double> centers_;
  Tape force_, friction_;
};

/// Why the walls of a grid do not go with it; empty where they do.
std::string unfit_walls(const Grid& grid, int velocity) {
  if (const auto sides = grid.absorbing_sides(); !sides.empty())
    return fmt::format("absorbs at {}, and shears lose no mass", sides.front());
  if (grid.axis(velocity).periodic()) return fmt::format("has a periodic {}", grid.axis(velocity).name);
  return {};
}

}  // namespace

CanonicalCase make_canonical_flow(std::shared_ptr<const Grid> grid, const FormulaSde& sde) {
  CanonicalCase made;
  const CanonicalFormulas found = sde.canonical();
  made.view.why_not = found.why_not.empty() ? unfit_walls(*grid, found.velocity) : found.why_not;
  if (!made.view.why_not.empty()) return made;
  made.flow = std::make_unique<FormulaFlow>(grid, found);
  made.view.flow = made.flow.get();
  return made;
}

}  // namespace fokker
