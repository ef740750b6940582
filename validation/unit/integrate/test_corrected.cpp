// Freezes flux correction: with every stepper, p >= 0 to the last bit, mass and outflow to rounding, the order of the
// flux in l1, steps that need nothing unchanged to the bit, and that (t, dt, state) and what a stepper calls its memory
// are all there is to go on from.
#include <doctest/doctest.h>

#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "watched_steps.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, A = Boundary::absorbing, P = Boundary::periodic;

// From p to t = end; `dt` 0: adaptive, or the row's own step.
Outcome solve(const Form& form, std::string_view stepper, std::vector<double> p, double end, double dt,
              bool positive = true) {
  StepperOptions options{.tolerance = 1e-6, .keep_positive = positive};
  if (dt > 0) options.dt = dt;
  return watched_steps(form.op(), stepper, std::move(p), end, options);
}

std::array<double, 2> turning_spring(double x, double y) { return {-x - 2 * y, 2 * x - y}; }
std::array<double, 3> even(double, double) { return {0.5, 0, 0.5}; }
std::array<double, 3> tilted(double x, double y) {
  return {0.4 + 0.1 * std::cos(x), 0.15 + 0.05 * std::sin(x + y), 0.3 + 0.1 * std::sin(y)};
}

// Splitting, frozen and contour steps need two-cell fluxes, shears none, exponentials one matrix times a factor of
// time.
bool serves(const StepperRow& row, const Operator& op) {
  return !row.splits && !row.freezes && !row.kinetic && row.keeps_sign &&
         (row.name != "chebyshev" || op.linear()->base() != nullptr);
}

// dt such that explicit rows are stable and implicit ones take far longer steps than they could.
double step_of(const StepperRow& row, const Operator& op) { return (row.implicit ? 6 : 0.8) * op.stable_step(0); }

TEST_CASE("every stepper keeps p >= 0 exactly and the mass to rounding") {
  const Axis closed = axis(-3, 3, 30), leaking = axis(-3, 3, 28, A, R, "y"), ring = axis(-3, 3, 26, P, P, "y");
  struct Problem {
    std::string name;
    std::shared_ptr<const Grid> grid;
    std::shared_ptr<LambdaSde> sde;
  };
  std::vector<Problem> problems{
      {"reflecting", grid_2d(closed, axis(-3, 3, 28, R, R, "y")), sde_2d(turning_spring, even, true)},
      {"leaking tensor", grid_2d(axis(-3, 3, 30, A, A), leaking), sde_2d(turning_spring, tilted, false)},
      {"tube", grid_2d(closed, ring), sde_2d(turning_spring, tilted, false)},
      {"line", grid_1d(axis(-3, 3, 60, A, R)), sde_1d([](double x) { return -x; }, [](double) { return 0.3; })}};
  auto moving = sde_2d(turning_spring, even, true);
  moving->known = {.diagonal = true};
  moving->a = [](double x, double y, double t) { return turning_spring(x + t, y); };
  problems.push_back({"moving", grid_2d(closed, leaking), moving});
  auto scaled = sde_2d(turning_spring, even, true);
  scaled->known = {.diagonal = true};
  scaled->factor = TimeSeparated{sde_2d(turning_spring, even, true), [](double t) { return 1 + t; }};
  scaled->a = [](double x, double y, double t) {
    const auto a = turning_spring(x, y);
    return std::array{(1 + t) * a[0], (1 + t) * a[1]};
  };
  scaled->D = [](double x, double y, double t) {
    const auto D = even(x, y);
    return std::array{(1 + t) * D[0], 0.0, (1 + t) * D[2]};
  };
  problems.push_back({"scaled", grid_2d(axis(-3, 3, 30, A, R), axis(-3, 3, 28, R, R, "y")), scaled});
  for (const Problem& problem : problems) {
    const auto form = make_drift_diffusion(problem.grid, problem.sde, flux("central4_positive"));
    for (const StepperRow& row : steppers()) {
      if (!serves(row, form->op())) continue;
      const auto p = gaussian(*problem.grid, 1.6, problem.grid->dimension() > 1 ? -1.7 : 0, 0.03);
      const double dt = step_of(row, form->op());
      const Outcome free = solve(*form, row.name, p, 10 * dt, dt, false);
      const Outcome kept = solve(*form, row.name, p, 10 * dt, dt);
      const std::string what = problem.name + " " + std::string(row.name);
      CHECK_MESSAGE(free.least < -1e-8, what);  // there is something to correct
      CHECK_MESSAGE(kept.least >= 0, what);
      CHECK_MESSAGE(kept.mass_error <= 4e-15, what);
      CHECK_MESSAGE(kept.done.steps > 0, what);
      CHECK_MESSAGE(l1_distance(form->op(), kept.p, free.p) < 0.1, what);
    }
  }
}

TEST_CASE("a step without a negative cell keeps its bits") {
  const double pi = std::numbers::pi;
  const auto grid = grid_2d(axis(-pi, pi, 24, P, P), axis(-pi, pi, 20, P, P, "y"));
  const auto sde = sde_2d([](double x, double y) { return std::array{std::sin(y), std::cos(x)}; }, even, true);
  const auto plain = make_drift_diffusion(grid, sde, flux("central4"));
  const auto corrected = make_drift_diffusion(grid, sde, flux("central4_positive"));
  const auto p = averages(*grid, [](double x, double y) { return 2 + std::sin(x) * std::cos(y); });
  for (const StepperRow& row : steppers()) {
    if (!serves(row, plain->op())) continue;
    const double dt = step_of(row, plain->op());
    const Outcome one = solve(*plain, row.name, p, 5 * dt, dt), other = solve(*corrected, row.name, p, 5 * dt, dt);
    CHECK_MESSAGE(one.p == other.p, row.name);
    CHECK_MESSAGE(other.done.steps == 0, row.name);
  }
}

// l1 error of a rotating OU at t = 0.5 against the closed form, N(m, v I).
double rotating_error(Index n, const char* flux_name, std::string_view stepper, double courant, Corrections* done) {
  const double end = 0.5, v0 = 0.1, decay = std::exp(-end), v = v0 * decay * decay + 0.5 * (1 - decay * decay);
  const auto grid = grid_2d(axis(-4.5, 4.5, n), axis(-4.5, 4.5, n, R, R, "y"));
  const auto form = make_drift_diffusion(grid, sde_2d(turning_spring, even, true), flux(flux_name));
  const double dt = courant > 0 ? courant * form->op().stable_step(0) : 0;
  const Outcome out = solve(*form, stepper, gaussian(*grid, 1.5, 0, v0), end, dt);
  if (done != nullptr) *done = out.done;
  return l1_distance(form->op(), out.p,
                     gaussian(*grid, 1.5 * decay * std::cos(2 * end), 1.5 * decay * std::sin(2 * end), v));
}

TEST_CASE("corrected steps keep order 4 in l1 and the error of the free ones") {
  double before = 0;
  for (const Index n : {48, 96}) {
    Corrections done;
    const double free = rotating_error(n, "central4", "rk4", 0.9, nullptr);
    const double kept = rotating_error(n, "central4_positive", "rk4", 0.9, &done);
    CHECK(done.steps > 0);
    CHECK(kept < 1.01 * free);
    if (before > 0) CHECK(std::log2(before / kept) > 3.6);
    before = kept;
  }
}

TEST_CASE("corrected upwind steps of any length have the error of free ones at high Peclet numbers") {
  // |Pe| = 10 where the mass is; one long step goes far below 0, short ones only a little.
  const double D = 0.06, end = 0.5, v0 = 0.15, decay = std::exp(-end), v = v0 * decay * decay + D * (1 - decay * decay);
  const auto grid = grid_2d(axis(-4, 4, 48), axis(-4, 4, 48, R, R, "y"));
  const auto weak = [D](double, double) { return std::array{D, 0.0, D}; };
  const auto sde = sde_2d(turning_spring, weak, true);
  const auto exact = gaussian(*grid, 1.5 * decay * std::cos(2 * end), 1.5 * decay * std::sin(2 * end), v);
  const auto error = [&](const char* flux_name, std::string_view stepper) {
    const auto form = make_drift_diffusion(grid, sde, flux(flux_name));
    const Outcome out = solve(*form, stepper, gaussian(*grid, 1.5, 0, v0), end, 0);
    CHECK(out.done.gave_way < 0);
    CHECK(out.mass_error < 1e-14);
    return l1_distance(form->op(), out.p, exact);
  };
  const double first_order = error("scharfetter_gummel", "rkc2");
  for (const char* const stepper : {"chebyshev", "rkc2", "rk4", "dopri5"}) {
    const double free = error("upwind5", stepper), kept = error("upwind5_positive", stepper);
    CHECK_MESSAGE(kept < 1.2 * free, std::string(stepper), " ", free, " ", kept);
    CHECK(kept < 0.1 * first_order);
  }
}

TEST_CASE("next to no noise neither shortens the steps of an upwind flux nor ends it") {
  // |Pe| = 1e6 round a ring: Euler's limit 2 D/a^2 is 1e-6 of what carries a packet through a cell.
  const auto grid = grid_1d(axis(0, 10, 100, P, P));
  const auto form = make_drift_diffusion(grid, sde_1d([](double) { return 1.0; }, [](double) { return 1e-7; }),
                                         flux("upwind5_positive"));
  const Outcome out = solve(*form, "chebyshev", gaussian(*grid, 3, 0, 0.16), 4, 0);
  CHECK(out.done.gave_way < 0);
  CHECK(out.steps < 100);
  CHECK(out.least >= 0);
  CHECK(l1_distance(form->op(), out.p, gaussian(*grid, 7, 0, 0.16)) < 6e-3);
}

TEST_CASE("corrected steps have no memory and no threads in their bits") {
  const auto grid = grid_2d(axis(-3, 3, 90, A, R), axis(-3, 3, 100, P, P, "y"));
  const auto form = make_drift_diffusion(grid, sde_2d(turning_spring, tilted, false), flux("central4_positive"));
  const auto start = gaussian(*grid, 1, 1, 0.02);
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 2}) {
    const ThreadLimit limit(threads);
    results.push_back(solve(*form, "dopri5", start, 0.02, 0).p);
  }
  CHECK(results[0] == results[1]);
  // one stepper for two steps, and a fresh one for each
  StepperOptions options;
  const auto one = make_stepper(*find_stepper("dopri5"), form->op(), options, 0);
  auto p = start;
  const StepResult first = one->step({0, 1e-3, 1}, p);
  auto q = p;
  const StepResult second = one->step({first.t, first.next_dt, 1}, p);
  const auto other = make_stepper(*find_stepper("dopri5"), form->op(), options, 0);
  CHECK(other->step({first.t, first.next_dt, 1}, q).t == second.t);
  CHECK(p == q);
}

TEST_CASE("where correcting costs several times as much the default flux goes on alone") {
  // Weak noise on a coarse grid: the correction moves more than the tolerance, and halves steps for long.
  const auto grid = grid_2d(axis(-5, 5, 24), axis(-5, 5, 24, R, R, "y"));
  const auto weak = [](double, double) { return std::array{0.045, 0.0, 0.045}; };
  const auto form = make_drift_diffusion(grid, sde_2d(turning_spring, weak, true), flux("central4_positive"));
  const Outcome out = solve(*form, "rkc2", gaussian(*grid, 1.5, 0, 0.1), 0.2, 0);
  CHECK(out.done.gave_way >= 0);
  CHECK(out.done.gave_way < 0.2);
  CHECK(out.least >= 0);
  CHECK(out.mass_error < 1e-13);
  CHECK(out.steps < 200);
  // Where the grid resolves the density nothing gives way.
  const auto fine = grid_2d(axis(-5, 5, 96), axis(-5, 5, 96, R, R, "y"));
  const auto resolved = make_drift_diffusion(fine, sde_2d(turning_spring, even, true), flux("central4_positive"));
  const Outcome kept = solve(*resolved, "chebyshev", gaussian(*fine, 1.5, 0, 0.1), 0.2, 0);
  CHECK(kept.done.gave_way < 0);
  CHECK(kept.least >= 0);
  // Without any noise there is nothing of fourth order to be had.
  auto still = sde_2d(
      turning_spring,
      [](double, double) {
        return std::array{0.0, 0.0, 0.0};
      },
      true);
  still->known.deterministic = true;
  CHECK_THROWS_AS(static_cast<void>(make_drift_diffusion(grid, still, flux("central4_positive"))), CaseError);
}

TEST_CASE("corrected steps taken up after every step equal unbroken ones to the bit") {
  const auto grid = grid_2d(axis(-5, 5, 24), axis(-5, 5, 24, R, R, "y"));
  const auto weak = [](double, double) { return std::array{0.045, 0.0, 0.045}; };
  const auto form = make_drift_diffusion(grid, sde_2d(turning_spring, weak, true), flux("central4_positive"));
  const auto make = [&] { return make_stepper(*find_stepper("rkc2"), form->op(), {}, 0); };
  const auto unbroken = make();
  auto p = gaussian(*grid, 1.5, 0, 0.1), q = p;
  double t = 0, dt = unbroken->first_step(0, p, 0.1), gave_way = -1;
  std::string memory;
  for (const double output : {0.05, 0.1, 0.15, 0.2})
    while (t < output) {
      const StepResult done = unbroken->step({t, dt, output}, p);
      const auto fresh = make();
      if (Archive kept(memory); !memory.empty()) fresh->keep(kept);
      CHECK(fresh->step({t, dt, output}, q).next_dt == done.next_dt);
      CHECK(p == q);
      Archive archive;
      fresh->keep(archive);
      memory = archive.bytes();
      t = done.t, dt = done.next_dt, gave_way = unbroken->corrections()->gave_way;
    }
  CHECK(gave_way > 0);
  CHECK(gave_way < 0.2);
}

TEST_CASE("noise that fades to nothing shortens no step that needs it not") {
  // Cell Peclet numbers grow without bound towards `dark`, where D is a rounding error; forward Euler would be stable
  // up to 2 D / a^2. Rows that reach along the imaginary axis go by |a| / h there, euler ends at once and says why.
  const double dark = 0.845719;
  for (const double unit : {1.0, 1.3e-4}) {
    auto fading = std::make_shared<LambdaSde>();
    fading->a = [unit](double x, double, double) { return std::array{(x < 0.43 ? 0.03 : -0.03) / unit, 0.0}; };
    fading->D = [unit, dark](double, double, double t) {
      return std::array{0.033 * std::abs(t / unit - dark) / unit + 1e-19 / unit, 0.0, 0.0};
    };
    fading->known = {.diagonal = true};
    const auto grid = grid_1d(axis(0, 1, 41));
    for (const char* const name : {"central4", "central4_positive"})
      for (const char* const row : {"euler", "ssprk3", "rk4", "dopri5"}) {
        const auto form = make_drift_diffusion(grid, fading, flux(name));
        const auto steps = make_stepper(*find_stepper(row), form->op(), {}, 0);
        auto p = gaussian(*grid, 0.5, 0, 0.0075);
        double t = 0, dt = steps->first_step(0, p, dark * unit);
        long taken = 0;
        std::string said;
        try {
          for (const double limit : {dark * unit, unit})  // a run ends a step where the coefficients bend in time
            for (; t < limit && taken < 1000; ++taken) {
              const StepResult done = steps->step({t, dt, limit}, p);
              t = done.t, dt = done.next_dt;
            }
        } catch (const NumericalError& error) {
          said = error.what();
        }
        const bool euler = std::string_view(row) == "euler";
        INFO(std::string(name), " ", std::string(row), " ", taken, " ", said);
        CHECK(taken < 300);
        CHECK(euler == (said.find("the rates leave no longer one; an implicit stepper or another flux may") !=
                        std::string::npos));
        CHECK((euler || t == unit));
      }
  }
}

TEST_CASE("a negative cell at the start of a corrected step is an error") {
  const auto grid = grid_1d(axis(-3, 3, 30));
  const auto form = make_drift_diffusion(grid, sde_1d([](double x) { return -x; }, [](double) { return 0.5; }),
                                         flux("central4_positive"));
  auto p = gaussian(*grid, 0, 0, 0.05);
  p[3] = -1e-9;
  const auto steps = make_stepper(*find_stepper("rk4"), form->op(), {}, 0);
  CHECK_THROWS_AS(steps->step({0, steps->first_step(0, p, 1), 1}, p), NumericalError);
}

}  // namespace
}  // namespace fokker
