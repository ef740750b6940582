// Freezes what frozen_generator leans on: held at a density the effective drift is a Markov generator (no negative rate
// off the diagonal, columns that sum to 0 with the outflow), and its product with that density is what the form says,
// to rounding, also where edges come and go and where drift has no diffusion for a moment.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "fokker/operator/axis_splitting.hpp"
#include "fokker/operator/frozen_form.hpp"
#include "fokker/scheme/effective_drift.hpp"
#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, P = Boundary::periodic, A = Boundary::absorbing;

std::array<double, 2> turning(double x, double y) { return {-x - 2 * y, 2 * x - y}; }

struct Problem {
  std::string name;
  std::shared_ptr<const Grid> grid;
  std::shared_ptr<LambdaSde> sde;
};

std::vector<Problem> problems() {
  const auto line = sde_1d([](double x) { return x - x * x * x; }, [](double x) { return 0.2 + 0.1 * x * x; });
  const auto trap = sde_1d([](double x) { return 1 - x; }, [](double x) { return 0.1 * x * x; });  // D = 0 on one face
  const auto even = sde_2d(
      turning,
      [](double x, double) {
        return std::array{0.5 + 0.1 * x, 0.0, 0.3};
      },
      true);
  const auto full = sde_2d(
      turning,
      [](double x, double y) {
        return std::array{0.5 + 0.2 * std::sin(x), 0.1 * std::cos(y), 0.3};
      },
      false);
  auto turned = sde_2d(
      turning,
      [](double, double) {
        return std::array{0.0, 0.0, 0.0};
      },
      false);
  turned->D = [](double, double, double t) {  // other edges at every t
    const double c = std::cos(t), s = std::sin(t);
    return std::array{c * c + 0.02 * s * s, 0.98 * c * s, s * s + 0.02 * c * c};
  };
  turned->known = {};
  auto silent = sde_1d([](double x) { return -x; }, [](double) { return 0.0; });
  silent->D = [](double, double, double t) { return std::array{t, 0.0, 0.0}; };  // at t = 0 pure advection
  silent->known = {.diagonal = true};
  return {{"line", grid_1d(axis(-2, 2, 50)), line},
          {"open", grid_1d(axis(-2, 2, 50, A, R)), line},
          {"ring", grid_1d(axis(-2, 2, 50, P, P)), line},
          {"trap", grid_1d(axis(-2, 2, 40)), trap},
          {"silent", grid_1d(axis(-2, 2, 40, R, A)), silent},
          {"plane", grid_2d(axis(-2, 2, 20, P, P), axis(-2, 2, 18, R, A, "y")), even},
          {"tensor", grid_2d(axis(-2, 2, 20, A, R), axis(-2, 2, 16, R, R, "y")), full},
          {"turning tensor", grid_2d(axis(-2, 2, 16, A, R), axis(-2, 2, 16, P, P, "y")), turned}};
}

/// Rough: zeros, steep tails down to where squares underflow, a few cells of next to nothing.
std::vector<double> rough(const Operator& op) {
  auto p = random_state(op);
  const std::size_t cells = op.cells();
  for (std::size_t i = 0; i < cells; ++i) p[i] = i % 11 == 3 ? 0 : std::pow(p[i], i % 5 == 0 ? 300 : 4);
  p[cells / 2] = 1e-310;
  return p;
}

/// The largest entries of A off the diagonal that are negative, and of column sums over the sizes in their columns.
void check_generator(const LinearOperator& op, double t) {
  std::map<std::pair<Index, Index>, double> entries;
  op.assemble(t, [&](Index row, Index column, double value) { entries[{row, column}] += value; });
  std::vector<double> sum(op.size(), 0.0), size = sum;
  for (const auto& [point, value] : entries) {
    const auto [row, column] = point;
    if (row != column) CHECK(value >= 0);
    const double part = row < op.cells() ? value : value / op.cell_volume();
    sum[column] += part;
    size[column] += std::abs(part);
  }
  for (std::size_t i = 0; i < sum.size(); ++i) CHECK(std::abs(sum[i]) <= 1e-14 * size[i]);
}

TEST_CASE("held at a density the form is a generator whose product with it is the form's own rate") {
  for (const Problem& problem : problems())
    for (const char* kind : {"upwind", "huynh", "superbee", "z"})
      for (const int order : {2, 4})
        for (const double t : {0.0, 0.4, 0.41}) {
          if (order == 4 && std::string(kind) == "superbee") continue;
          CAPTURE(problem.name);
          CAPTURE(kind);
          CAPTURE(t);
          const auto form = make_log_difference(problem.grid, problem.sde, find_reconstruction(kind), order, {0, 1});
          const Operator& op = form->op();
          REQUIRE(op.freezing().form != nullptr);
          const FrozenForm& frozen = *op.freezing().form;
          CHECK(frozen.depends_on_p());
          for (const auto& p : {random_state(op), rough(op)}) {
            const LinearOperator& held = frozen.freeze(t, p);
            const auto a = rate_of(held, t, p), b = rate_of(op, t, p);
            double worst = 0;
            for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
            CHECK(worst <= 1e-14 * largest(p) / op.stable_step(t));
            CHECK(held.stable_step(t) >= (1 - 1e-12) * op.stable_step(t));
          }
          if (order == 2) check_generator(frozen.freeze(t, rough(op)), t);
        }
}

TEST_CASE("a form that was held at other densities and times before holds the next one no differently") {
  for (const Problem& problem : problems()) {
    CAPTURE(problem.name);
    const auto make = [&] {
      return make_log_difference(problem.grid, problem.sde, find_reconstruction("huynh"), 2, {0, 1});
    };
    const auto used = make(), fresh = make();
    const auto p = random_state(used->op(), 3);
    for (const double t : {0.0, 0.7, 0.3})
      static_cast<void>(used->op().freezing().form->freeze(t, random_state(used->op(), 5)).on_edges()->split(t));
    const LinearOperator &a = used->op().freezing().form->freeze(0.6, p),
                         &b = fresh->op().freezing().form->freeze(0.6, p);
    CHECK(rate_of(a, 0.6, p) == rate_of(b, 0.6, p));
    const Split first = a.on_edges()->split(0.6), second = b.on_edges()->split(0.6);
    CHECK(first.factor == second.factor);
    CHECK(first.parts->exact == second.parts->exact);
    for (const int k : {0, 1})
      for (std::size_t i = 0; i < first.parts->padded(k); ++i) {
        REQUIRE(first.parts->up(k, 0)[i] == second.parts->up(k, 0)[i]);
        REQUIRE(first.parts->down(k, 0)[i] == second.parts->down(k, 0)[i]);
      }
  }
}

TEST_CASE("the flux that is J / p times p is held as the matrix of the other form") {
  const auto grid = grid_1d(axis(-2, 2, 50, A, R));
  const auto sde = sde_1d([](double x) { return x - x * x * x; }, [](double x) { return 0.2 + 0.1 * x * x; });
  const auto twin = make_flux_consistent(grid, sde, flux("scharfetter_gummel"));
  const auto other = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
  const FrozenForm& frozen = *twin->op().freezing().form;
  CHECK(!frozen.depends_on_p());
  const auto p = random_state(other->op());
  CHECK(rate_of(frozen.freeze(0, p), 0, p) == rate_of(other->op(), 0, p));
  check_generator(frozen.freeze(0, p), 0);
}

TEST_CASE("what is no generator says why") {
  const auto grid = grid_1d(axis(-2, 2, 40));
  const auto plane = grid_2d(axis(-2, 2, 20), axis(-2, 2, 16, A, R, "y"));
  const auto noisy = sde_1d([](double x) { return -x; }, [](double) { return 0.5; });
  const auto only_y = sde_2d(
      turning,
      [](double, double) {
        return std::array{0.0, 0.0, 0.3};
      },
      true);
  const auto why = [](const std::unique_ptr<Form>& form) {
    CHECK(form->op().freezing().form == nullptr);
    return std::string(form->op().freezing().why_not);
  };
  const std::string limiter = "carries drift without diffusion by a limiter";
  CHECK(why(make_log_difference(plane, only_y, find_reconstruction("huynh"))) == limiter);
  CHECK(why(make_drift_diffusion(plane, only_y, flux("scharfetter_gummel"))) == limiter);
  CHECK(why(make_flux_consistent(grid, noisy, flux("central"))) == "has rates without a sign");
  CHECK(why(make_given_drift(plane, only_y, find_reconstruction("huynh"), nullptr)) ==
        "carries p by a drift without diffusion");
}

}  // namespace
}  // namespace fokker
