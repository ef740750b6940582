// Freezes the stationary solvers: the exact discrete Gibbs distribution, tails that are relatively as
// accurate as the bulk, the same answer from multigrid and sparse LU, cycles that do not grow with the grid, bits that
// do not depend on threads, and the words of refusals.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "../scheme/lambda_sde.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/scheme/stationary_weights.hpp"
#include "fokker/solve/shifted_solver.hpp"
#include "fokker/solve/stationary.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

std::unique_ptr<Form> form_of(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                              const char* row = "scharfetter_gummel") {
  return make_drift_diffusion(std::move(grid), std::move(sde), flux(row));
}

std::shared_ptr<const Grid> square(double half, Index n) { return grid_2d(axis(-half, half, n), axis(-half, half, n)); }

std::shared_ptr<LambdaSde> rotating_ou(double D = 0.5) {
  return sde_2d(
      [](double x, double y) {
        return std::array{-x + 1.5 * y, -y - 1.5 * x};
      },
      [D](double, double) {
        return std::array{D, 0.0, D};
      },
      true);
}

/// Two wells along x, a spring along y, and a current around both.
std::shared_ptr<LambdaSde> stirred_wells(double D = 0.1) {
  return sde_2d(
      [](double x, double y) {
        return std::array{x - x * x * x + 0.5 * y, -y - 0.2 * x};
      },
      [D](double, double) {
        return std::array{D, 0.0, D};
      },
      true);
}

Stationary solved(const Form& form) { return StationarySolver(*form.op().linear(), 0).solve(); }

double residual(const Form& form, const Stationary& found) {
  return StationarySolver(*form.op().linear(), 0).residual(found.p);
}

/// max |p / q - 1|
double relative(const std::vector<double>& p, const std::vector<double>& q) {
  double worst = 0;
  for (std::size_t i = 0; i < p.size(); ++i) worst = std::max(worst, std::abs(p[i] / q[i] - 1));
  return worst;
}

/// Powers of (I - gamma A)^-1 by sparse LU.
std::vector<double> by_sparse_lu(const LinearOperator& op) {
  const auto solver = factor_shifted(op, 0, 1e10 * op.stable_step(0));
  std::vector<double> p(std::size_t(op.cells()), 1.0);
  for (int k = 0; k < 6; ++k) {
    solver->solve(p, p);
    double sum = 0;
    for (const double v : p) sum += v;
    for (double& v : p) v /= sum * op.cell_volume();
  }
  return p;
}

/// The largest of what edges carry in excess of what they carry back, as a fraction of the largest that they carry.
double flow_of_an_edge(const Form& form, const Stationary& found) {
  const std::size_t n = form.op().cells();
  std::map<std::pair<Index, Index>, double> carried;
  form.op().linear()->assemble(0, [&](Index row, Index column, double rate) {
    if (row != column && std::max(row, column) < Index(n))
      carried[{row, column}] += rate * found.p[std::size_t(column)];
  });
  double most = 0, excess = 0;
  for (const auto& [edge, flow] : carried) {
    most = std::max(most, flow);
    const auto back = carried.find({edge.second, edge.first});
    excess = std::max(excess, std::abs(flow - (back == carried.end() ? 0 : back->second)));
  }
  return excess / most;
}

std::string refusal(const Form& form) {
  try {
    static_cast<void>(solved(form));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a potential gives its discrete Gibbs distribution to 1e-13 in every cell") {
  auto sde = sde_2d(
      [](double x, double y) {
        return std::array{x - x * x * x, -y};
      },
      [](double, double) {
        return std::array{0.1, 0.0, 0.1};
      },
      true);
  const auto log_gibbs = [](double x, double y) { return -10 * (x * x * x * x / 4 - x * x / 2 + y * y / 2); };
  sde->gibbs = log_gibbs;
  const auto grid = grid_2d(axis(-2.5, 2.5, 100), axis(-3, 3, 81));
  const Stationary found = solved(*form_of(grid, sde));
  std::vector<double> exact = log_gibbs_averages(*grid, *sde);
  for (double& v : exact) v = std::exp(v);
  double sum = 0;
  for (const double v : exact) sum += v;
  for (double& v : exact) v /= sum * grid->volume();
  REQUIRE(*std::min_element(exact.begin(), exact.end()) < 1e-40);
  CHECK(relative(found.p, exact) < 2e-13);
  double mass = 0;
  for (const double v : found.p) mass += v * grid->volume();
  CHECK(mass == doctest::Approx(1).epsilon(1e-14));
}

TEST_CASE("a gradient drift without a potential is found out by its edges") {
  const auto wells = sde_2d(
      [](double x, double y) {
        return std::array{x - x * x * x, -2 * y};
      },
      [](double, double) {
        return std::array{0.2, 0.0, 0.2};
      },
      true);
  const auto form = form_of(grid_2d(axis(-2, 2, 96), axis(-2, 2, 64)), wells);
  const Stationary found = solved(*form);
  CHECK(residual(*form, found) < 1e-15 / form->op().stable_step(0));
  CHECK(flow_of_an_edge(*form, found) < 1e-13);
  const auto stirred = form_of(square(3, 64), stirred_wells());
  CHECK(flow_of_an_edge(*stirred, solved(*stirred)) > 1e-3);
}

TEST_CASE("a ring closes only without a net force and carries the exact current with one") {
  const auto ring = grid_1d(axis(0, 2 * std::numbers::pi, 200, Boundary::periodic, Boundary::periodic));
  const auto washboard = [&](double force) {
    return sde_1d([force](double x) { return force - std::sin(x); }, [](double) { return 0.3; });
  };
  const auto still = form_of(ring, washboard(0));
  CHECK(flow_of_an_edge(*still, solved(*still)) < 1e-13);
  const auto form = form_of(ring, washboard(0.4));
  const Stationary found = solved(*form);
  CHECK(residual(*form, found) < 1e-15 / form->op().stable_step(0));
  std::vector<double> J(found.p.size());
  form->current(0, found.p, J.data(), nullptr);
  const auto [least, most] = std::minmax_element(J.begin(), J.end());
  CHECK(*least > 5e-3);
  CHECK(*most / *least - 1 < 1e-10);
}

TEST_CASE("elimination keeps rare exchange between deep wells where subtraction would lose it") {
  // Barriers of 40 temperatures and more on a ring with a current: rates out of a well of e^-40 beside rates of
  // order 1. The exact distribution of a ring of n cells: p_i = sum over the edge k that is left out of the product of
  // all other rates, each in the direction of i.
  constexpr Index n = 64;
  const auto ring = grid_1d(axis(0, 2 * std::numbers::pi, n, Boundary::periodic, Boundary::periodic));
  const auto sde =
      sde_1d([](double x) { return 0.3 + 2 * std::sin(2 * x) + std::cos(x); }, [](double) { return 0.05; });
  const auto form = form_of(ring, sde);
  const Stationary found = solved(*form);
  std::vector<double> up(n), down(n);  // log of the rates i -> i + 1 and back
  form->op().linear()->assemble(0, [&](Index row, Index column, double rate) {
    if (row == (column + 1) % n) up[std::size_t(column)] = std::log(rate);
    if (column == (row + 1) % n) down[std::size_t(row)] = std::log(rate);
  });
  std::vector<double> exact(n), trees(n);
  double top = -1e300, sum = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index k = 0; k < n; ++k) {  // the edges i .. k-1 lead down to i, those from k+1 on up to it
      double log_product = 0;
      for (Index e = 0; e < n; ++e) {
        const Index edge = (i + e) % n;
        if (e < k) log_product += down[std::size_t(edge)];
        if (e > k) log_product += up[std::size_t(edge)];
      }
      trees[std::size_t(k)] = log_product;
    }
    const double most = *std::max_element(trees.begin(), trees.end());
    double all = 0;
    for (const double v : trees) all += std::exp(v - most);
    exact[std::size_t(i)] = most + std::log(all);
    top = std::max(top, exact[std::size_t(i)]);
  }
  for (double& v : exact) sum += v = std::exp(v - top);
  for (double& v : exact) v /= sum * ring->volume();
  REQUIRE(*std::min_element(exact.begin(), exact.end()) < 1e-17);
  CHECK(relative(found.p, exact) < 1e-12);
}

TEST_CASE("multigrid and sparse LU agree in every cell however thin the tail") {
  struct {
    const char* label;
    std::shared_ptr<LambdaSde> sde;
    double half;
    double thinnest;
  } const samples[] = {
      {"rotating spring", rotating_ou(), 4, 1e-10},
      {"stirred wells", stirred_wells(0.3), 3, 1e-20},
      {"constant tensor",
       sde_2d(
           [](double x, double y) {
             return std::array{-x + y, -y - 0.5 * x};
           },
           [](double, double) {
             return std::array{0.5, 0.3, 0.5};
           },
           false),
       4, 1e-6},
  };
  for (const auto& sample : samples) {
    CAPTURE(sample.label);
    const auto form = form_of(square(sample.half, 64), sample.sde);
    const Stationary found = solved(*form);
    CHECK(found.cycles > 0);
    const std::vector<double> direct = by_sparse_lu(*form->op().linear());
    CHECK(*std::min_element(direct.begin(), direct.end()) < sample.thinnest);
    CHECK(relative(found.p, direct) < 1e-9);
    CHECK(residual(*form, found) < 1e-14 / form->op().stable_step(0));
  }
}

TEST_CASE("an anisotropic grid and a torus converge too") {
  const auto thin = form_of(grid_2d(axis(-4, 4, 256), axis(-4, 4, 32)), rotating_ou());
  Stationary found = solved(*thin);
  CHECK(found.cycles > 0);
  CHECK(found.cycles <= 40);
  CHECK(relative(found.p, by_sparse_lu(*thin->op().linear())) < 1e-9);
  const double two_pi = 2 * std::numbers::pi;
  const auto torus = grid_2d(axis(0, two_pi, 64, Boundary::periodic, Boundary::periodic),
                             axis(0, two_pi, 64, Boundary::periodic, Boundary::periodic));
  const auto flow = sde_2d(
      [](double x, double y) {
        return std::array{1 + std::sin(y), 0.5 - std::sin(x + y)};
      },
      [](double, double) {
        return std::array{0.2, 0.0, 0.2};
      },
      true);
  const auto form = form_of(torus, flow);
  found = solved(*form);
  CHECK(found.cycles > 0);
  CHECK(relative(found.p, by_sparse_lu(*form->op().linear())) < 1e-9);
}

TEST_CASE("cycles do not grow with the grid and the distribution converges with order 2") {
  int most = 0;
  double errors[2];
  for (const Index n : {64, 128, 256}) {
    const auto grid = square(5, n);
    const Stationary found = solved(*form_of(grid, rotating_ou()));
    CHECK(found.cycles > 0);
    if (n == 64) most = found.cycles;
    CHECK(found.cycles <= most);
    if (n == 64) continue;
    const auto exact = averages(*grid, [](double x, double y) { return std::exp(-x * x - y * y) / std::numbers::pi; });
    double l1 = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) l1 += grid->volume() * std::abs(found.p[i] - exact[i]);
    errors[n == 128 ? 0 : 1] = l1;
  }
  CHECK(most <= 32);
  CHECK(std::log2(errors[0] / errors[1]) == doctest::Approx(2).epsilon(0.02));
}

TEST_CASE("the bits of a stationary density do not depend on the number of threads") {
  const auto form = form_of(square(3, 256), stirred_wells());
  const auto wells = form_of(square(3, 256), sde_2d(
                                                 [](double x, double y) {
                                                   return std::array{x - x * x * x, -y};
                                                 },
                                                 [](double, double) {
                                                   return std::array{0.1, 0.0, 0.1};
                                                 },
                                                 true));
  for (const Form* one : {form.get(), wells.get()}) {
    std::vector<double> serial;
    {
      const ThreadLimit limit(1);
      serial = solved(*one).p;
    }
    const ThreadLimit limit(3);
    const std::vector<double> parallel = solved(*one).p;
    CHECK(std::memcmp(serial.data(), parallel.data(), serial.size() * sizeof(double)) == 0);
  }
}

TEST_CASE("grids that cannot be halved go to elimination or sparse LU with a reason") {
  const auto form = form_of(square(4, 131), rotating_ou());
  const Stationary found = solved(*form);
  CHECK(found.cycles == 0);
  CHECK(found.reason == "131 x 131 cells cannot be halved often enough (down to 131 x 131)");
  CHECK(residual(*form, found) < 1e-12 / form->op().stable_step(0));
  CHECK(*std::min_element(found.p.begin(), found.p.end()) >= 0);
}

TEST_CASE("cells that are only ever left are empty") {
  // Drift without diffusion towards larger x, then a spring with noise.
  const auto sde = sde_1d([](double x) { return x < 0 ? 1 : 1 - x; }, [](double x) { return x < 0 ? 0 : 0.2; });
  const auto form = form_of(grid_1d(axis(-2, 3, 100)), sde, "upwind");
  const Stationary found = solved(*form);
  CHECK(found.p[0] == 0);
  CHECK(found.p[70] > 0);
  CHECK(residual(*form, found) < 1e-13 / form->op().stable_step(0));
}

TEST_CASE("no unique stationary density is said in words") {
  const auto spring = sde_1d([](double x) { return -x; }, [](double) { return 1.0; });
  CHECK(refusal(*form_of(grid_1d(axis(-1, 1, 20, Boundary::absorbing)), spring)) ==
        "there is no stationary density: side x_lower absorbs, and all mass leaves in the end (fokker run follows it "
        "out)");
  const auto parted = sde_1d([](double) { return 0.0; }, [](double x) { return x * x < 0.26 ? 0.0 : 1.0; });
  CHECK(refusal(*form_of(grid_1d(axis(-1, 1, 8)), parted)) ==
        "the stationary density is not unique: 4 parts of the grid are never left again (3 cells with cell 0 at x = "
        "-0.875; 1 cell with cell 3 at x = -0.125; ...), and what ends in each depends on the start");
}

TEST_CASE("multigrid solves an implicit step as sparse LU does") {
  struct {
    const char* label;
    std::shared_ptr<const Grid> grid;
    std::shared_ptr<LambdaSde> sde;
  } const samples[] = {
      {"closed", square(4, 128), rotating_ou()},
      {"one side absorbs", grid_2d(axis(-4, 4, 128, Boundary::absorbing), axis(-4, 4, 128)), rotating_ou()},
      {"constant tensor", square(4, 128),
       sde_2d(
           [](double x, double y) {
             return std::array{-x + y, -y - 0.5 * x};
           },
           [](double, double) {
             return std::array{0.5, 0.3, 0.5};
           },
           false)}};
  for (const auto& sample : samples) {
    CAPTURE(sample.label);
    const auto form = form_of(sample.grid, sample.sde);
    const LinearOperator& op = *form->op().linear();
    const std::vector<double> b = random_state(op);
    for (const double gamma : {1e-4, 1e-2, 1.0}) {
      CAPTURE(gamma);
      const auto iterative = factor_shifted(op, 0, gamma, Accuracy::of_the_whole);
      CHECK(std::string(iterative->name()) == "multigrid");
      std::vector<double> x(b.size()), direct(b.size());
      iterative->solve(b, x);
      factor_shifted(op, 0, gamma)->solve(b, direct);
      for (std::size_t i = 0; i < x.size(); ++i) direct[i] -= x[i];
      CHECK(op.norm_l1(direct) < 1e-9 * op.norm_l1(b));
      std::vector<double> again(b.size());
      iterative->solve(b, again);
      CHECK(std::memcmp(again.data(), x.data(), x.size() * sizeof(double)) == 0);
    }
  }
  const auto small = form_of(square(4, 64), rotating_ou());
  CHECK(std::string(factor_shifted(*small->op().linear(), 0, 1, Accuracy::of_the_whole)->name()) == "sparse LU");
}
