#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "../build/jumps.hpp"
#include "fokker/base/stopwatch.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/spectral/solver.hpp"
#include "rows.hpp"

namespace fokker {

namespace {

/// What was seen, and why; the remedy of the solver, its last clause, is none where the cause is another.
std::string with_cause(const std::string& cause, const std::string& seen) {
  if (cause.empty() || seen.empty()) return seen;
  return fmt::format("{}, and a Fourier series follows no jump ({})", cause, seen.substr(0, seen.rfind("; ")));
}

/// One of f_x, f_y, D_xx, D_xy, D_yy at a time as a function of the point.
Sampled coefficient(const Setup& setup, double t, int which) {
  return [&setup, t, which](const PointsIn& x, double* out) {
    const std::size_t n = x.size;
    std::array<std::vector<double>, 3> rest;
    for (auto& column : rest) column.resize(n);
    if (which < 2)
      setup.sde->drift(x, t, {{which == 0 ? out : rest[0].data(), which == 1 ? out : rest[1].data()}});
    else
      setup.sde->diffusion(
          x, t,
          {which == 2 ? out : rest[0].data(), which == 3 ? out : rest[1].data(), which == 4 ? out : rest[2].data()});
  };
}

/// A jump of the drift (first = 0) or of D (first = 2) at the start or at the end.
std::optional<Jump> coefficient_jump(const Setup& setup, int first) {
  for (const double t : {0.0, setup.config.time.end})
    for (int which = first; which < (first == 0 ? setup.grid->dimension() : 5); ++which)
      if (const auto jump = find_jump(*setup.grid, coefficient(setup, t, which))) return jump;
  return std::nullopt;
}

/// By how much a coefficient differs between the ends of a periodic axis, as a fraction of its range over the grid.
std::string mismatch_of_ends(const Setup& setup) {
  const Grid& grid = *setup.grid;
  for (int axis = 0; axis < grid.dimension(); ++axis) {
    if (!grid.axis(axis).periodic()) continue;
    const std::size_t own = axis;
    for (int which = 0; which < 5; ++which) {
      const Sampled function = coefficient(setup, 0, which);
      std::vector<double> all(grid.cells());
      function(grid.centers(), all.data());
      const auto [least, most] = std::minmax_element(all.begin(), all.end());
      std::array<double, 2> point{grid.axis(0).center(grid.nx() / 2),
                                  grid.dimension() > 1 ? grid.axis(1).center(grid.ny() / 2) : 0};
      std::array<double, 2> ends{};
      for (std::size_t side = 0; side < 2; ++side) {
        point[own] = side == 0 ? grid.axis(axis).lower : grid.axis(axis).upper;
        function({1, grid.dimension(), {&point[0], &point[1]}}, &ends[side]);
      }
      if (std::abs(ends[1] - ends[0]) > 0.01 * (*most - *least))
        return fmt::format("{} is {:.4g} at one end of the periodic axis {} and {:.4g} at the other",
                           which < 2 ? "the drift" : "D", ends[0], grid.axis(axis).name, ends[1]);
    }
  }
  return "";
}

/// What no number of cells and no larger box would help against; empty where there is nothing of the kind.
std::string true_cause(const Setup& setup) {
  if (std::holds_alternative<InitialPoint>(setup.config.initial)) return "the start is a point, which has no width";
  if (std::holds_alternative<InitialFormula>(setup.config.initial)) {
    const Density& distribution = *setup.initial_distribution;
    if (const auto jump =
            find_jump(*setup.grid, [&](const PointsIn& x, double* out) { distribution.evaluate(x, out); }))
      return fmt::format("the initial density jumps at {}", jump_text(*setup.grid, *jump));
  }
  if (const auto jump = coefficient_jump(setup, 0)) return "the drift jumps at " + jump_text(*setup.grid, *jump);
  return mismatch_of_ends(setup);
}

/// The Fourier pseudo-spectral solution on the same box. When it breaks down its density is NaN from there on, so that
/// no check against it can pass.
class Spectral : public Witness {
 public:
  explicit Spectral(const Setup& setup)
      : tolerance_(setup.config.compare.spectral->tolerance),
        solver_(setup.grid, setup.sde, setup.initial, setup.config.time.end, tolerance_, setup.timeline),
        cause_(true_cause(setup)) {}

  const char* name() const override { return "spectral"; }

  Field advance(double t) override {
    const Stopwatch watch(seconds_);
    try {
      if (failure_.empty()) solver_.advance(t);
    } catch (const NumericalError& error) {
      failure_ = fmt::format("{} at t = {:.6g}", error.what(), error.time());
    }
    Field own = solver_.density();
    if (!failure_.empty()) own.values.setConstant(std::numeric_limits<double>::quiet_NaN());
    return own;
  }

  Verdict judge(double t, const Field& p, const Field& own) const override {
    Verdict verdict = Witness::judge(t, p, own);
    verdict.both_signs = true;
    verdict.more.emplace_back("own_error",
                              failure_.empty() ? solver_.errors().total() : std::numeric_limits<double>::infinity());
    return verdict;
  }

  void keep(Archive& archive) override { archive(solver_, failure_, seconds_); }

  WitnessFacts facts() const override {
    const SpectralErrors& errors = solver_.errors();
    return {{{"tolerance", tolerance_},
             {"steps", static_cast<double>(solver_.steps())},
             {"rejected", static_cast<double>(solver_.rejected())},
             {"seconds", seconds_},
             {"tail_energy", errors.tail_energy},
             {"wall_mass", errors.walls},
             {"time_error", errors.time},
             {"missing", errors.missing}},
            failure_.empty() ? with_cause(cause_, solver_.distrust()) : failure_};
  }

 private:
  double tolerance_;
  SpectralSolver solver_;
  std::string cause_, failure_;
  double seconds_ = 0;
};

}  // namespace

std::optional<std::string> jump_of_diffusion(const Setup& setup) {
  const auto jump = coefficient_jump(setup, 2);
  return jump ? std::optional(jump_text(*setup.grid, *jump)) : std::nullopt;
}

namespace {

std::unique_ptr<Witness> make(const Setup& setup) {
  const auto no = [&](const std::string& why) { refuse(setup.config, "compare.spectral", why); };
  if (fourier_library().empty()) no("this build has no FFTW (it was configured with -DFOKKER_FFTW=OFF)");
  if (const auto jump = jump_of_diffusion(setup))
    no(fmt::format("D jumps at {}: a Fourier series follows no jump; leave the spectral witness out", *jump));
  try {
    return std::make_unique<Spectral>(setup);
  } catch (const std::invalid_argument& error) {
    no(fmt::format("cannot be trusted here: {}", with_cause(true_cause(setup), error.what())));
  } catch (const NumericalError& error) {
    no(fmt::format("cannot start: {}", error.what()));
  }
  return nullptr;
}

}  // namespace

WitnessRow spectral_row() {
  return {.name = "spectral",
          .asked = [](const CaseCompare& compare) { return compare.spectral.has_value(); },
          .make = make,
          .refused_when_made = true,
          .against_distribution = true,
          .both_signs = true};
}

}  // namespace fokker
