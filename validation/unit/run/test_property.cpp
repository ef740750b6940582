// Random small cases with fixed seeds: dimension, walls, coefficients that jump in space, switch and pulse in time,
// flux, form, stepper, output times, units. Whatever they are: mass, sign where it is promised, progress, nothing
// evaluated outside of the step at hand, the same bits on two threads, and two unlike steppers within their tolerances.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "fokker/base/parallel.hpp"
#include "fokker/run/march.hpp"
#include "fokker/scheme/coefficients.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "fokker/scheme/effective_drift.hpp"
#include "small_case.hpp"
#include "watched_sde.hpp"

using namespace fokker;

namespace {

constexpr double tolerance = 1e-4;

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}
  double real(double low, double high) { return low + (high - low) * static_cast<double>(random_() % 100'001) / 1e5; }
  double scale(double low, double high) { return std::exp(real(std::log(low), std::log(high))); }
  int whole(int low, int high) { return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1)); }
  bool chance(double fraction) { return real(0, 1) < fraction; }
  template <class Choice>
  Choice one_of(std::initializer_list<Choice> all) {
    return *(all.begin() + whole(0, static_cast<int>(all.size()) - 1));
  }

 private:
  std::mt19937 random_;
};

/// A factor of time between 0 and about `most`, s = t / end in [0, 1].
std::string time_factor(Draw& draw, double end) {
  const double a = draw.real(0.05, 0.9), b = a + draw.scale(1e-4, 0.3), w = draw.scale(1e-3, 0.3);
  const std::string s = fmt::format("(t/{:.17g})", end);
  switch (draw.whole(0, 11)) {
    case 0:
      return fmt::format("(1 + 2*{})", s);
    case 1:
      return fmt::format("exp(-3*{})", s);
    case 2:
      return fmt::format("(1 + 0.9*sin({:.6g}*{}))", draw.real(3, 80), s);
    case 3:
      return fmt::format("if({} < {:.6g}, 0.1, 1)", s, a);
    case 4:
      return fmt::format("if({} <= {:.6g}, 1, 0)", s, a);
    case 5:
      return fmt::format("if(({0} > {1:.6g})*({0} < {2:.9g}), {3:.6g}, 0.01)", s, a, b, std::min(20.0, 1 / (b - a)));
    case 6:
      return fmt::format("{:.6g}*exp(-(({} - {:.6g})/{:.6g})^2)", std::min(20.0, 0.6 / w), s, a, w);
    case 7:
      return fmt::format("abs({} - {:.6g})", s, a);
    case 8:
      return fmt::format("max(0.2, cos({:.6g}*{}))", draw.real(2, 40), s);
    case 9:
      return fmt::format("(1 - {})", s);
    default:
      return "1";
  }
}

struct Plan {
  std::string text, form, flux, score, stepper, other;
};

/// Coefficients in units of the box and the run: D end / width^2 up to 0.1, f end / width up to 2.
std::string coefficients(Draw& draw, const std::vector<std::string>& axes, const std::vector<double>& lower,
                         const std::vector<double>& width, double end) {
  const bool shared = draw.chance(0.35);
  const std::string common = time_factor(draw, end);
  const auto factor = [&] { return shared ? common : draw.chance(0.5) ? time_factor(draw, end) : std::string("1"); };
  std::string drift, rows;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::string u = fmt::format("(({} - {:.17g})/{:.17g})", axes[k], lower[k], width[k]);  // 0 .. 1
    const double f = draw.scale(0.02, 2) * width[k] / end, D = draw.scale(1e-3, 0.1) * width[k] * width[k] / end;
    const std::string shape =
        draw.one_of<std::string>({"(0.5 - " + u + ")", "sin(6.283185307179586*" + u + ")", "1", "0",
                                  "if(" + u + " < 0.43, 1, -1)", "(0.5 - " + u + ")*(1 + " + u + "^2)"});
    const std::string profile = draw.one_of<std::string>(
        {"1", "1", "(1 + 0.5*cos(6.283185307179586*" + u + "))", "if(" + u + " < 0.6, 1, 2)", "(0.3 + " + u + ")"});
    drift += fmt::format("{}\"{:.9g}*{}*{}\"", k > 0 ? ", " : "", f, shape, factor());
    const std::string entry = fmt::format("{:.9g}*{}*{}", D, profile, factor());
    rows += fmt::format("{}[{}\"{}\"{}]", k > 0 ? ", " : "", k == 1 ? "0, " : "", entry,
                        k == 0 && axes.size() > 1 ? ", 0" : "");
  }
  return fmt::format("[sde]\ndrift = [{}]\ndiffusion = [{}]\n", drift, rows);
}

Plan draw_case(unsigned seed) {
  Draw draw(seed);
  const bool plane = draw.chance(0.2), large = plane && seed % 40 == 7;
  const double end = draw.chance(0.3) ? 1 : draw.scale(1e-6, 1e6);
  const std::vector<std::string> axes = plane ? std::vector<std::string>{"x", "y"} : std::vector<std::string>{"x"};
  std::vector<double> lower, width;
  Plan plan;
  for (const std::string& name : axes) {
    lower.push_back(draw.real(-5, 3));
    width.push_back(draw.chance(0.3) ? 4 : draw.scale(1e-4, 1e4));
    const int cells = large ? 96 : plane ? draw.whole(6, 14) : draw.whole(12, 48);
    const auto side = [&] { return draw.one_of<const char*>({"reflecting", "reflecting", "absorbing"}); };
    const std::string walls =
        draw.chance(0.25) ? std::string("\"periodic\"") : fmt::format("[\"{}\", \"{}\"]", side(), side());
    plan.text += fmt::format("[[axis]]\nname = \"{}\"\nrange = [{:.17g}, {:.17g}]\ncells = {}\nboundary = {}\n", name,
                             lower.back(), lower.back() + width.back(), cells, walls);
  }
  plan.text += coefficients(draw, axes, lower, width, end);
  std::string mean, rows;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const double at = lower[k] + width[k] * draw.real(0.3, 0.7), deviation = width[k] * draw.real(0.06, 0.15);
    mean += fmt::format("{}{:.12g}", k > 0 ? ", " : "", at);
    rows += fmt::format("{}[{}{:.12g}{}]", k > 0 ? ", " : "", k == 1 ? "0, " : "", deviation * deviation,
                        k == 0 && axes.size() > 1 ? ", 0" : "");
  }
  plan.text += draw.chance(0.15)
                   ? fmt::format("[initial]\npoint = [{}]\n", mean)
                   : fmt::format("[initial]\ngaussian = {{ mean = [{}], covariance = [{}] }}\n", mean, rows);
  plan.text += fmt::format("[time]\nend = {:.17g}\n[output]\n", end);
  if (draw.chance(0.3)) {
    const double t = end * draw.real(0.1, 0.9);
    plan.text += fmt::format("times = [{:.17g}, {:.17g}]\n", t, std::nextafter(t, end));
  } else {
    plan.text += fmt::format("frames = {}\n", draw.whole(1, 3));
  }
  plan.form = draw.chance(0.3) ? "effective_drift" : "drift_diffusion";
  plan.score = draw.chance(0.4) ? "flux_consistent" : "log_difference";
  plan.flux = draw.one_of<const char*>(
      {"scharfetter_gummel", "scharfetter_gummel", "upwind", "central", "central4", "central4_positive"});
  if (seed % 2 == 1 && plan.flux.starts_with("central4")) plan.flux.replace(0, 8, "upwind5");
  const auto row = [&] {
    const StepperRow& drawn = steppers()[draw.whole(0, static_cast<int>(steppers().size()) - 1)];
    return std::string(large && drawn.implicit && !drawn.splits ? "rkc2" : drawn.name);  // factoring 96^2 takes a while
  };
  plan.stepper = row();
  do plan.other = row();
  while (plan.other == plan.stepper);
  return plan;
}

struct Way {
  std::vector<double> state;
  long steps = 0;
  double moved = 0;  // by corrections, which make steps of one length and another differ where cells do not resolve p
  bool served = false, adaptive = false, positive = false;
};

/// To the end, with everything watched on the way.
Way march(const Setup& setup, const WatchedSde& sde, const Form& form, const std::string& name) {
  const StepperRow& row = *find_stepper(name);
  const Operator& op = form.op();
  const double end = setup.config.time.end;
  Way way;
  way.positive = op.positive() && (row.keeps_sign || op.correction() != nullptr);
  StepperOptions options{.tolerance = tolerance, .keep_positive = way.positive};
  std::unique_ptr<TimeStepper> stepper;
  sde.allow(0, end);
  try {
    if (row.implicit && !row.adaptive) options.dt = end / 64;
    stepper = make_stepper(row, op, options, 0);
  } catch (const UsageError&) {
    return way;
  }
  way.served = true;
  way.adaptive = row.adaptive;
  way.state.assign(static_cast<std::size_t>(op.size()), 0.0);
  std::copy(setup.initial.values.begin(), setup.initial.values.end(), way.state.begin());
  const auto cells = std::span(way.state).first(static_cast<std::size_t>(op.cells()));
  const auto mass = [&] {
    double in = 0, out = 0;
    for (const double value : cells) in += value;
    for (std::size_t k = cells.size(); k < cells.size() + static_cast<std::size_t>(op.outflows()); ++k)
      out += way.state[k];
    return in * op.cell_volume() + out;
  };
  const double start = mass();
  const std::vector<double>& stops = setup.config.output.times;
  March march(*stepper, row, setup.timeline);
  sde.allow(0, setup.timeline.limit(setup.timeline.resume(0), stops[1]));
  march.begin(stops[1], way.state);
  for (std::size_t k = 1; k < stops.size(); ++k, march.leave())
    while (march.t() < stops[k]) {
      const double before = march.t();
      sde.allow(before, setup.timeline.limit(before, stops[k]));
      march.step(stops[k], way.state);
      REQUIRE(march.t() > before);
      if (++way.steps == 60'000) {  // central differences where diffusion fades: honest steps, but a great many
        REQUIRE_FALSE(op.positive());
        way.adaptive = false;
        return way;
      }
      REQUIRE(std::abs(mass() - start) < 1e-11 * std::max(1.0, op.norm_l1(way.state)));  // where p < 0: of |p|
      if (way.positive) REQUIRE(*std::min_element(cells.begin(), cells.end()) >= 0);
    }
  CHECK(march.t() == end);
  CHECK(sde.outside() == 0);
  if (stepper->corrections() != nullptr) way.moved = stepper->corrections()->moved;
  return way;
}

std::unique_ptr<Form> form_of(const Plan& plan, const Setup& setup, const std::shared_ptr<const Sde>& sde) {
  const TimeRange times(0, setup.config.time.end);
  const FluxScheme& row = *find_flux(plan.flux);
  if (plan.form == "drift_diffusion") return make_drift_diffusion(setup.grid, sde, row, times);
  if (plan.score == "flux_consistent" && !row.wide) return make_flux_consistent(setup.grid, sde, row, times);
  return make_log_difference(setup.grid, sde, find_reconstruction("huynh"), 2, times);
}

struct Tally {
  int refused = 0, compared = 0, ways = 0;
};

void try_case(unsigned seed, Tally& tally) {
  const Plan plan = draw_case(seed);
  CAPTURE(seed);
  INFO(plan.text, plan.form, " ", plan.flux, " ", plan.score, " ", plan.stepper, " ", plan.other);
  try {
    const Setup setup = setup_of(plan.text, {"scheme.flux=scharfetter_gummel"});
    const auto sde = std::make_shared<const WatchedSde>(setup.sde, box_of(*setup.grid));
    sde->allow(0, setup.config.time.end);
    const auto form = form_of(plan, setup, sde);
    const Way one = march(setup, *sde, *form, plan.stepper), other = march(setup, *sde, *form, plan.other);
    tally.ways += one.served + other.served;
    if (one.served && seed % 8 == 7) {
      const ThreadLimit limit(2);
      sde->allow(0, setup.config.time.end);
      const auto again = form_of(plan, setup, sde);
      const Way same = march(setup, *sde, *again, plan.stepper);
      CHECK(std::memcmp(same.state.data(), one.state.data(), one.state.size() * sizeof(double)) == 0);
    }
    // Rates of a generator contract what differs: the errors of the steps add up at most. Others let it grow a little.
    if (!one.served || !other.served || !one.adaptive || !other.adaptive || form->op().linear() == nullptr) return;
    std::vector<double> difference = one.state;
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= other.state[i];
    const double allowed =
        (find_flux(plan.flux)->wide ? 6 : 3) * tolerance * static_cast<double>(one.steps + other.steps) + 1e-7 +
        2 * (one.moved + other.moved);
    CHECK(form->op().norm_l1(difference) <= allowed);
    ++tally.compared;
  } catch (const CaseError&) {
    ++tally.refused;
  } catch (const NumericalError& error) {
    // Central differences where drift outweighs diffusion are no generator: said, not crawled through. And limited
    // fluxes keep p >= 0 by averages of Euler steps alone.
    const std::string said = error.what();
    const bool central = plan.flux.starts_with("central") || find_flux(plan.flux)->wide,
               advects = plan.form == "effective_drift";
    const bool limited = advects && !(plan.score == "flux_consistent" && !find_flux(plan.flux)->wide);
    CHECK_MESSAGE(
        ((central && !limited &&
          (said.find("the rates leave no longer one") != std::string::npos ||
           said.find("diverges") != std::string::npos || said.find("a pivot is not positive") != std::string::npos)) ||
         (limited && said.find("the density stays negative") != std::string::npos)),
        said);
    ++tally.refused;
  }
}

void try_cases(unsigned first, unsigned count) {
  Tally tally;
  for (unsigned seed = first; seed < first + count; ++seed) REQUIRE_NOTHROW(try_case(seed, tally));
  CHECK(tally.refused * 10 <= static_cast<int>(count));
  CHECK(tally.ways * 2 >= static_cast<int>(count));
  CHECK(tally.compared * 12 >= static_cast<int>(count));
}

}  // namespace

TEST_CASE("two hundred random cases keep every promise") { try_cases(1, 200); }

// Minutes: tools/test -L slow
TEST_CASE("two thousand random cases keep every promise" * doctest::skip()) { try_cases(1001, 2000); }
