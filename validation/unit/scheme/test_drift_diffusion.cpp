// Freezes what the drift-diffusion operator promises by its form, for every row of the flux table and on every kind of
// boundary: mass to rounding, the matrix it stands for, symmetry, independence of threads, the outflow of absorbing
// walls, coefficients that are refused.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/model/formula_sde.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, A = Boundary::absorbing, P = Boundary::periodic;

struct Problem2 {
  std::string name;
  std::shared_ptr<const Grid> grid;
  std::shared_ptr<LambdaSde> sde;
  bool edges_only = false;  // too few cells for a wide row, or drift that leaves where nothing diffuses
};

// Whether a row takes a problem.
bool takes(const FluxScheme& flux, const Problem2& problem) { return !flux.wide || !problem.edges_only; }

std::array<double, 2> swirl(double x, double y) { return {std::sin(x) - 2 * y, 3 * x + std::cos(2 * y)}; }
std::array<double, 3> rounded(double x, double y) { return {1 + 0.5 * std::sin(x), 0, 0.3 + 0.2 * std::cos(x + y)}; }
// 40:1 at an angle that turns from cell to cell.
std::array<double, 3> turning(double x, double y) {
  const double angle = x + 0.7 * y, c = std::cos(angle), s = std::sin(angle);
  return {c * c + 0.025 * s * s, 0.975 * c * s, s * s + 0.025 * c * c};
}
// D vanishes at x = -1 and y = -1.5: rates of cells.
std::array<double, 3> vanishing(double x, double y) {
  auto D = turning(x, y);
  for (double& entry : D) entry *= (x + 1) * (y + 1.5);
  return D;
}
std::array<double, 3> rank_one(double, double) { return {1, 0.5, 0.25}; }
std::array<double, 3> around_a_wall(double x, double y) {
  const auto [xx, xy, yy] = turning(x, y);
  return {(x + 3) * xx, (x + 3) * xy, (x + 3) * yy};
}
std::array<double, 3> only_y(double x, double) { return {0, 0, 1 + 0.3 * std::sin(x)}; }

// One- and two-dimensional problems on every kind of wall; tensors diagonal, turning, singular; weights that follow t.
std::vector<Problem2> problems() {
  const auto line = [](Boundary lower, Boundary upper, Index n) { return grid_1d(axis(-1, 2, n, lower, upper)); };
  const auto plane = [](Boundary xl, Boundary xu, Boundary yl, Boundary yu) {
    return grid_2d(axis(-1, 2, 23, xl, xu), axis(-1.5, 1, 19, yl, yu, "y"));
  };
  const auto a = [](double x) { return 3 - 5 * x * x; };
  const auto D = [](double x) { return 0.4 + 0.1 * x; };
  std::vector<Problem2> all{
      {"1D reflecting", line(R, R, 40), sde_1d(a, D)},    {"1D absorbing below", line(A, R, 40), sde_1d(a, D)},
      {"1D absorbing", line(A, A, 41), sde_1d(a, D)},     {"1D periodic", line(P, P, 40), sde_1d(a, D)},
      {"1D one cell", line(A, R, 1), sde_1d(a, D), true}, {"1D periodic two cells", line(P, P, 2), sde_1d(a, D)},
  };
  const std::map<std::string, std::array<double, 3> (*)(double, double)> tensors{{"rounded", rounded},
                                                                                 {"turning", turning}};
  for (const auto& [name, tensor] : tensors) {
    const bool diagonal = name == "rounded";
    all.push_back({"2D reflecting " + name, plane(R, R, R, R), sde_2d(swirl, tensor, diagonal)});
    all.push_back({"2D absorbing " + name, plane(A, A, A, A), sde_2d(swirl, tensor, diagonal)});
    all.push_back({"2D mixed " + name, plane(A, R, R, A), sde_2d(swirl, tensor, diagonal)});
    all.push_back({"2D torus " + name, plane(P, P, P, P), sde_2d(swirl, tensor, diagonal)});
    all.push_back({"2D tube " + name, plane(P, P, R, A), sde_2d(swirl, tensor, diagonal)});
  }
  all.push_back({"2D vanishing", plane(R, R, R, R), sde_2d(swirl, vanishing, false)});
  all.push_back({"2D vanishing absorbed", plane(A, A, A, A), sde_2d(swirl, vanishing, false), true});
  all.push_back({"2D vanishing tube", plane(R, A, P, P), sde_2d(swirl, vanishing, false)});
  all.push_back({"2D rank one", plane(R, A, P, P), sde_2d(swirl, rank_one, false)});
  all.push_back({"2D underdamped", plane(R, A, R, A), sde_2d(swirl, only_y, true), true});
  all.push_back({"2D no diffusion as tensor", plane(P, P, R, A),
                 sde_2d(
                     swirl,
                     [](double, double) {
                       return std::array{0.0, 0.0, 0.0};
                     },
                     false),
                 true});
  all.push_back(
      {"2D tiny torus", grid_2d(axis(0, 1, 3, P, P), axis(0, 1, 2, P, P, "y")), sde_2d(swirl, turning, false)});
  auto fading = sde_2d(swirl, vanishing, false);
  fading->known = {};
  fading->D = [](double x, double y, double t) { return std::array{x + 1, t * (x + 1) * (y + 1) / 3, 1.5 + t}; };
  all.push_back({"2D vanishing moving", plane(R, A, R, R), fading});
  for (const bool diagonal : {true, false}) {
    auto moving = sde_2d(swirl, rounded, diagonal);
    moving->known = {.diagonal = diagonal};
    moving->a = [](double x, double y, double t) { return swirl(x + t, y - t); };
    moving->D = [diagonal](double x, double y, double t) { return diagonal ? rounded(x - t, y) : turning(x - t, y); };
    all.push_back({diagonal ? "2D moving" : "2D moving tensor", plane(R, A, R, R), moving});
  }
  return all;
}

// The nonlinear part makes rate(p) depend on p, but not its mass.
TEST_CASE("mass plus outflows is conserved to rounding for every flux and boundary") {
  for (const Problem2& problem : problems())
    for (const FluxScheme& flux : fluxes("drift_diffusion")) {
      if (!takes(flux, problem)) continue;
      const auto scheme = make_drift_diffusion(problem.grid, problem.sde, flux);
      const Operator& op = scheme->op();
      const auto rate = rate_of(op, 0.3, random_state(op));
      const double scale = largest(rate) * op.cell_volume() * static_cast<double>(op.cells());
      CHECK_MESSAGE(std::abs(mass(op, rate)) <= 3e-16 * scale, problem.name, " ", flux.name);
      CHECK_MESSAGE(scale > 0, problem.name);
    }
}

TEST_CASE("matrix-free equals assembled and a positive row is a Markov generator") {
  for (const Problem2& problem : problems())
    for (const FluxScheme& flux : fluxes("drift_diffusion")) {
      if (!takes(flux, problem)) continue;
      const auto scheme = make_drift_diffusion(problem.grid, problem.sde, flux);
      if (scheme->op().linear() == nullptr) continue;
      const LinearOperator& op = *scheme->op().linear();
      const auto state = random_state(op, 3);
      for (const double t : {0.0, 0.7}) {
        std::vector<double> product(state.size(), 0.0), diagonal(state.size(), 0.0), columns(state.size(), 0.0);
        std::map<std::pair<Index, Index>, double> entries;
        op.assemble(t, [&](Index row, Index column, double value) { entries[{row, column}] += value; });
        double scale = 0;
        for (const auto& [at, value] : entries) scale = std::max(scale, std::abs(value));
        for (const auto& [at, value] : entries) {
          const auto [row, column] = at;
          product[static_cast<std::size_t>(row)] += value * state[static_cast<std::size_t>(column)];
          columns[static_cast<std::size_t>(column)] += value * (row < op.cells() ? op.cell_volume() : 1);
          if (row == column) diagonal[static_cast<std::size_t>(row)] = value;
          if (flux.positive && row != column) CHECK_MESSAGE(value >= 0, problem.name, " ", flux.name);
        }
        const auto rate = rate_of(op, t, state);
        double difference = 0;
        for (std::size_t i = 0; i < rate.size(); ++i) difference = std::max(difference, std::abs(rate[i] - product[i]));
        CHECK_MESSAGE(difference <= 4e-15 * scale, problem.name, " ", flux.name);
        CHECK_MESSAGE(largest(columns) <= 2e-15 * scale * op.cell_volume(), problem.name, " ", flux.name);
        if (flux.positive && op.cells() > 6)
          CHECK_MESSAGE(op.stable_step(t) == doctest::Approx(1 / largest(diagonal)).epsilon(1e-13), problem.name);
      }
    }
}

TEST_CASE("the state holds one outflow per absorbing side and none for reflecting ones") {
  for (const Problem2& problem : problems()) {
    const auto scheme = make_drift_diffusion(problem.grid, problem.sde, flux("scharfetter_gummel"));
    CHECK(scheme->op().outflows() == problem.grid->outflows());
    CHECK(scheme->op().size() == problem.grid->cells() + problem.grid->outflows());
  }
}

TEST_CASE("results are the same bits for 1 and 2 threads") {
  std::vector<std::vector<double>> rates[2];
  for (const int threads : {1, 2}) {
    const ThreadLimit limit(threads);
    const auto add = [&](const std::shared_ptr<const Grid>& grid, const std::shared_ptr<const Sde>& sde,
                         bool wide = true) {
      for (const FluxScheme& flux : fluxes("drift_diffusion")) {
        if (flux.wide && !wide) continue;
        const auto scheme = make_drift_diffusion(grid, sde, flux);
        rates[threads - 1].push_back(rate_of(scheme->op(), 0.2, random_state(scheme->op())));
      }
    };
    add(grid_1d(axis(0, 1, 50001, A, R)), sde_1d([](double x) { return 1 - x; }, [](double) { return 0.1; }));
    add(grid_1d(axis(0, 1, 50001, P, P)), sde_1d([](double x) { return 1 + x; }, [](double) { return 0.0; }));
    for (const auto tensor : {rounded, only_y, turning, rank_one, around_a_wall})
      add(grid_2d(axis(-3, 3, 301, A, R), axis(-3, 3, 303, P, P, "y")), sde_2d(swirl, tensor, tensor == rounded),
          tensor != only_y && tensor != around_a_wall);
  }
  CHECK(rates[0] == rates[1]);
}

TEST_CASE("x to -x mirrors the rates") {
  for (const FluxScheme& flux : fluxes("drift_diffusion"))
    for (const auto& [lower, upper] : {std::pair{R, A}, {A, R}, {P, P}, {R, R}})
      for (const auto tensor : {rounded, turning, only_y}) {
        if (flux.wide && tensor == only_y) continue;
        const bool diagonal = tensor != turning;
        const auto grid = grid_2d(axis(-2, 2, 20, lower, upper), axis(-1, 1, 17, R, A, "y"));
        const auto other_grid = grid_2d(axis(-2, 2, 20, upper, lower), axis(-1, 1, 17, R, A, "y"));
        const auto sde = sde_2d(swirl, tensor, diagonal);
        const auto mirrored = sde_2d(
            [](double x, double y) {
              const auto a = swirl(-x, y);
              return std::array{-a[0], a[1]};
            },
            [tensor](double x, double y) {
              const auto D = tensor(-x, y);
              return std::array{D[0], -D[1], D[2]};
            },
            diagonal);
        const auto one = make_drift_diffusion(grid, sde, flux),
                   other = make_drift_diffusion(other_grid, mirrored, flux);
        const auto state = random_state(one->op());
        auto flipped = state;
        for (Index j = 0; j < 17; ++j)
          for (Index i = 0; i < 20; ++i)
            flipped[static_cast<std::size_t>(19 - i + 20 * j)] = state[static_cast<std::size_t>(i + 20 * j)];
        const auto rate = rate_of(one->op(), 0, state), mirror = rate_of(other->op(), 0, flipped);
        double difference = 0;
        for (Index j = 0; j < 17; ++j)
          for (Index i = 0; i < 20; ++i)
            difference = std::max(difference, std::abs(rate[static_cast<std::size_t>(i + 20 * j)] -
                                                       mirror[static_cast<std::size_t>(19 - i + 20 * j)]));
        CHECK_MESSAGE(difference <= 1e-14 * largest(rate), flux.name);
        for (Index k = 0; k < one->op().outflows(); ++k) {  // x sides change places
          const Index other_k = one->op().outflows() == 2 ? k : 0;
          CHECK(rate[static_cast<std::size_t>(340 + k)] ==
                doctest::Approx(mirror[static_cast<std::size_t>(340 + other_k)]).epsilon(1e-13));
        }
      }
}

TEST_CASE("exchanging the axes transposes the rates") {
  for (const FluxScheme& flux : fluxes("drift_diffusion"))
    for (const auto tensor : {rounded, turning, only_y, rank_one}) {
      if (flux.wide && tensor == only_y) continue;
      const bool diagonal = tensor == rounded || tensor == only_y;
      const Index n = 18;
      const auto grid = grid_2d(axis(-2, 2, n, A, R), axis(-1, 1, n, A, A, "y"));
      const auto other_grid = grid_2d(axis(-1, 1, n, A, A), axis(-2, 2, n, A, R, "y"));
      const auto swapped = sde_2d(
          [](double x, double y) {
            const auto a = swirl(y, x);
            return std::array{a[1], a[0]};
          },
          [tensor](double x, double y) {
            const auto D = tensor(y, x);
            return std::array{D[2], D[1], D[0]};
          },
          diagonal);
      const auto one = make_drift_diffusion(grid, sde_2d(swirl, tensor, diagonal), flux);
      const auto other = make_drift_diffusion(other_grid, swapped, flux);
      const auto state = random_state(one->op());
      auto transposed = state;
      const auto at = [n](Index i, Index j) { return static_cast<std::size_t>(i + n * j); };
      for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < n; ++i) transposed[at(j, i)] = state[at(i, j)];
      const auto rate = rate_of(one->op(), 0, state), other_rate = rate_of(other->op(), 0, transposed);
      double difference = 0;
      for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < n; ++i)
          difference = std::max(difference, std::abs(rate[at(i, j)] - other_rate[at(j, i)]));
      CHECK_MESSAGE(difference <= 1e-14 * largest(rate), flux.name);
      // outflows x_lower y_lower y_upper become x_lower x_upper y_lower
      const auto N = static_cast<std::size_t>(n * n);
      CHECK(rate[N] == doctest::Approx(other_rate[N + 2]).epsilon(1e-12));
      CHECK(rate[N + 1] == doctest::Approx(other_rate[N]).epsilon(1e-12));
      CHECK(rate[N + 2] == doctest::Approx(other_rate[N + 1]).epsilon(1e-12));
    }
}

TEST_CASE("the outflow of an absorbing wall receives the exact outflow of a steady current") {
  // a = 0, D = 1 on (0, 1), absorbing at both ends, uniform source balanced: p = x (1 - x) / 2 has p'' = -1 and loses
  // 1/2 through each wall. Cell averages of the parabola are reproduced with dp/dt = -1 inside.
  const Index n = 32;
  const auto grid = grid_1d(axis(0, 1, n, A, A));
  const auto scheme = make_drift_diffusion(grid, sde_1d([](double) { return 0.0; }, [](double) { return 1.0; }),
                                           flux("scharfetter_gummel"));
  const auto p = averages(*grid, [](double x, double) { return 0.5 * x * (1 - x); });
  const auto rate = rate_of(scheme->op(), 0, p);
  for (Index i = 1; i + 1 < n; ++i) CHECK(rate[static_cast<std::size_t>(i)] == doctest::Approx(-1).epsilon(1e-10));
  const double h = 1.0 / n;
  for (const std::size_t side : {0u, 1u})
    CHECK(rate[static_cast<std::size_t>(n) + side] == doctest::Approx(0.5).epsilon(h));  // first order at the wall
}

TEST_CASE("an absorbing wall takes lambda B(-q Pe) / q with half an edge to go") {
  const auto grid = grid_1d(axis(0, 1, 10, A, A));
  const auto scheme = make_drift_diffusion(grid, sde_1d([](double) { return 3.0; }, [](double) { return 0.5; }),
                                           flux("scharfetter_gummel"));
  std::vector<double> p(12, 0.0);
  p[0] = p[9] = 1;
  const auto rate = rate_of(scheme->op(), 0, p);
  const double lambda = 50, peclet = 0.6, h = 0.1;
  CHECK(rate[10] == doctest::Approx(h * 2 * lambda * bernoulli(0.5 * peclet)).epsilon(1e-13));
  CHECK(rate[11] == doctest::Approx(h * 2 * lambda * bernoulli(-0.5 * peclet)).epsilon(1e-13));
}

TEST_CASE("a common time factor scales the rates") {
  auto base = sde_1d([](double x) { return -x; }, [](double) { return 0.7; });
  auto sde = std::make_shared<LambdaSde>(*base);
  const auto factor = [](double t) { return 2 - t; };
  sde->a = [factor](double x, double, double t) { return std::array{-factor(t) * x, 0.0}; };
  sde->D = [factor](double, double, double t) { return std::array{0.7 * factor(t), 0.0, 0.0}; };
  sde->known = {.additive = true, .diagonal = true};
  const auto grid = grid_1d(axis(-3, 3, 30, A, R));
  for (const char* const name : {"upwind", "central4"}) {
    const auto plain = make_drift_diffusion(grid, sde, flux(name));
    auto with_factor = std::make_shared<LambdaSde>(*sde);
    with_factor->factor = TimeSeparated{base, factor};
    const auto separated = make_drift_diffusion(grid, with_factor, flux(name));
    const auto state = random_state(plain->op());
    for (const double t : {0.0, 1.5, 2.0, 0.0}) {
      const auto one = rate_of(plain->op(), t, state), other = rate_of(separated->op(), t, state);
      for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i] == doctest::Approx(other[i]).epsilon(1e-13).scale(20));
    }
    CHECK(separated->op().stable_step(1.5) == doctest::Approx(plain->op().stable_step(1.5)).epsilon(1e-13));
    CHECK(separated->report(1.5).exit_rate_max == doctest::Approx(plain->report(1.5).exit_rate_max).epsilon(1e-13));
    CHECK_FALSE(separated->op().autonomous());
    const LinearOperator& linear = *separated->op().linear();
    CHECK(*linear.elapsed(0.5, 1.5) == doctest::Approx(1).epsilon(1e-15));  // of 2 - t
    CHECK(plain->op().linear()->base() == nullptr);
    CHECK_FALSE(plain->op().linear()->elapsed(0, 1));
    const auto base_rate = rate_of(*linear.base(), 7, state), at_one = rate_of(separated->op(), 1, state);
    for (std::size_t i = 0; i < at_one.size(); ++i) CHECK(base_rate[i] == at_one[i]);
    std::vector<double> rate(state.size());
    CHECK_THROWS_AS(separated->op().apply(2.5, state, rate), NumericalError);
  }
}

std::string refusal(const std::shared_ptr<const Grid>& grid, const std::shared_ptr<const Sde>& sde) {
  try {
    (void)make_drift_diffusion(grid, sde, flux("scharfetter_gummel"), 0.5);
  } catch (const CaseError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("coefficients that are no numbers and negative tensors are refused with their point") {
  const auto grid = grid_1d(axis(0, 1, 10));
  const auto one = [](double) { return 1.0; };
  CHECK(refusal(grid, sde_1d([](double x) { return x == 0.35 ? NAN : 0.0; }, one)) ==
        "case: sde: drift is not finite (nan) in cell 3 at x = 0.35, t = 0.5");
  CHECK(refusal(grid,
                sde_1d(one,
                       [](double x) { return std::abs(x - 0.3) < 1e-9 || std::abs(x - 0.4) < 1e-9 ? INFINITY : 1; })) ==
        "case: sde: diffusion D is not finite (inf) on the face x = 0.3, the lower one of cell 3 at x = 0.35, t = 0.5 "
        "(and at 1 more points)");
  CHECK(refusal(grid, sde_1d([](double x) { return 1 / (x - 0.5); }, [](double x) { return x - 0.1; })) ==
        "case: sde: drift is not finite (inf) on the face x = 0.5, the lower one of cell 5 at x = 0.55, t = 0.5\n"
        "case: sde: diffusion D is negative (-0.05) in cell 0 at x = 0.05, t = 0.5");
  const auto plane = grid_2d(axis(0, 1, 4), axis(0, 1, 4, R, A, "y"));
  const auto still = [](double, double) { return std::array{0.0, 0.0}; };
  CHECK(refusal(plane, sde_2d(
                           still,
                           [](double, double) {
                             return std::array{1.0, 2.0, 1.0};
                           },
                           false)) ==
        "case: sde: diffusion D is not positive semidefinite (D_xy = 2 is beyond sqrt(D_xx D_yy) = 1) in cell (0, 0) "
        "at x = 0.125, y = "
        "0.125, t = 0.5 (and at 43 more points)");
  CHECK(refusal(plane, sde_2d(
                           [](double, double y) {
                             return std::array{0.0, y == 1 ? double{NAN} : 0.0};
                           },
                           rounded, true))
            .starts_with("case: sde: y component of the drift is not finite (nan) on the face y = 1, the upper one of "
                         "cell (0, 3) at x = 0.125, y = 0.875"));
  // A wall that reflects is never looked at.
  CHECK(refusal(grid, sde_1d([](double x) { return 1 / x; }, [](double x) { return x == 1 ? NAN : 1; })) == "accepted");
}

// D = G Q G^T / 2 as it comes from a case, on a grid in [-1, 1] x [-w, w].
std::string refusal_of(const std::vector<std::vector<std::string>>& D, double wide = 1) {
  SdeFormulas formulas;
  formulas.variables = {"x", "y"};
  const std::vector<std::string> names{"x", "y", "t"};
  formulas.drift = {Expression(0.0), Expression(0.0)};
  for (const auto& row : D) {
    formulas.diffusion.emplace_back();
    for (const std::string& entry : row) formulas.diffusion.back().push_back(parse_expression(entry, names));
  }
  return refusal(grid_2d(axis(-1, 1, 6), axis(-wide, wide, 6, R, R, "y")), std::make_shared<FormulaSde>(formulas));
}

TEST_CASE("a negative D is refused in its own units and rounding of its own entries is not") {
  for (const double u : {1e-150, 1e-20, 1e-3, 1.0, 1e13, 1e150}) {  // whatever the other axis is measured in
    CAPTURE(u);
    const auto in = [u](double value) { return fmt::format("{:.17g}", value * u); };
    CHECK(refusal_of({{in(1), "0"}, {"0", "-1e-9"}}).find("(D_yy = -1e-09) in cell (0, 0)") != std::string::npos);
    CHECK(refusal_of({{"-1e-9", "0"}, {"0", in(1)}}).find("(D_xx = -1e-09) in cell (0, 0)") != std::string::npos);
    CHECK(refusal_of({{in(u), in(1.001)}, {in(1.001), "1"}}).find("is beyond sqrt(D_xx D_yy)") != std::string::npos);
    CHECK(refusal_of({{in(u), in(-0.999)}, {in(-0.999), "1"}}) == "accepted");
    CHECK(refusal_of({{in(1), "0"}, {"0", "sin(x)^2 + cos(x)^2 - 1"}}) == "accepted");
    CHECK(refusal_of({{in(1), "0"}, {"0", "sin(x)^2 + cos(x)^2 - 1.0001"}}).find("D_yy = -0.0001") !=
          std::string::npos);
  }
  // Large terms that cancel: negative within their rounding (1e12 * 1e-16), and beyond it.
  CHECK(refusal_of({{"(1e6 + x)^2 - 1e12 - 2e6*x - x^2", "0"}, {"0", "1"}}) == "accepted");
  CHECK(refusal_of({{"(1e6 + x)^2 - 1e12 - 2e6*x - x^2 - 0.1", "0"}, {"0", "1"}}).find("(D_xx = -0.") !=
        std::string::npos);
  // Rank one, in three units of y; D_xy from terms that cancel.
  for (const char* s : {"1e-8", "1", "1e8"}) {
    const std::string scale = s, xy = "sin(x + y)*(" + scale + ")*(2 + x)";
    CHECK(refusal_of({{"(2 + x)^2", xy}, {xy, "(" + scale + "*sin(x + y))^2"}}) == "accepted");
  }
  CHECK(refusal_of({{"1 - y^2", "0"}, {"0", "1"}}, 1) == "accepted");  // 0 at the wall
  CHECK(refusal_of({{"1 - y^2", "0"}, {"0", "1"}}, 1.3).find("D_xx = -0.17") != std::string::npos);
}

TEST_CASE("a coefficient that fails later is a numerical error with its time and cell") {
  for (const bool diagonal : {true, false}) {
    auto sde = sde_2d(swirl, rounded, diagonal);
    sde->known = {.diagonal = diagonal};
    sde->D = [](double x, double, double t) { return std::array{t > 1 && x > 0 ? -1.0 : 1.0, 0.0, 1.0}; };
    const auto scheme = make_drift_diffusion(grid_2d(axis(-1, 1, 8), axis(-1, 1, 8, R, R, "y")), sde, flux("upwind"));
    const auto state = random_state(scheme->op());
    std::vector<double> rate(state.size());
    CHECK_NOTHROW(scheme->op().apply(1, state, rate));
    try {
      scheme->op().apply(2, state, rate);
      FAIL("went on");
    } catch (const NumericalError& error) {
      CHECK(error.time() == 2);
      CHECK(error.index() >= 3);
      CHECK(error.index() <= 4);
    }
  }
}

TEST_CASE("a reversed sign in a row that promises positivity is caught when it is built") {
  FluxScheme broken = flux("scharfetter_gummel");
  broken.weights = flux("central").weights;
  CHECK_THROWS_AS((void)make_drift_diffusion(grid_1d(axis(0, 1, 4)),
                                             sde_1d([](double) { return 90.0; }, [](double) { return 1.0; }), broken),
                  std::logic_error);
}

// rate, then a combination that takes the first result as a term and overwrites another term.
TEST_CASE("fused stages are the bits of product and combination for every problem and thread count") {
  auto all = problems();
  all.push_back({"large", grid_2d(axis(-3, 3, 701, A, R), axis(-3, 3, 303, P, A, "y")), sde_2d(swirl, rounded, true)});
  all.push_back({"long line", grid_1d(axis(0, 1, 50001, A, A)),
                 sde_1d([](double x) { return 1 - x; }, [](double) { return 0.1; })});
  for (const Problem2& problem : all) {
    const auto scheme = make_drift_diffusion(problem.grid, problem.sde, flux("scharfetter_gummel"));
    const Operator& op = scheme->op();
    const auto p = random_state(op, 3), other = random_state(op, 4);
    const auto rate = rate_of(op, 0.3, p);
    std::vector<double> expected = other;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double first = 0.25 * rate[i] + 2 * p[i] + -1 * other[i];
      expected[i] = 0 * rate[i] + 3 * other[i] + 0.5 * first;
    }
    for (const int threads : {1, 2}) {
      const ThreadLimit limit(threads);
      std::vector<double> first(p.size()), second = other;
      const std::array<Term, 2> terms{Term{2, p.data()}, Term{-1, second.data()}},
          then{Term{3, second.data()}, Term{0.5, first.data()}};
      const std::array<Stage, 2> stages{Stage{0.25, terms, first.data()}, Stage{0, then, second.data()}};
      op.apply_stages(0.3, p, stages);
      CHECK_MESSAGE(second == expected, problem.name, " ", threads);
    }
  }
}

// u_{k+1} = A u_k / 10 + u_k / 2 - u_{k-1} in the memory of u_{k-1}, and the sum of them all.
TEST_CASE("a chain of products has the bits of the same products one by one") {
  auto all = problems();
  all.push_back(
      {"ring of rows", grid_2d(axis(-3, 3, 401, A, R), axis(-3, 3, 303, P, A, "y")), sde_2d(swirl, rounded, true)});
  all.push_back({"walls", grid_2d(axis(-3, 3, 90, A, R), axis(-3, 3, 500, R, A, "y")), sde_2d(swirl, rounded, true)});
  all.push_back({"long line", grid_1d(axis(0, 1, 50001, A, A)),
                 sde_1d([](double x) { return 1 - x; }, [](double) { return 0.1; })});
  constexpr std::size_t links = 11;
  for (const Problem2& problem : all) {
    const auto scheme = make_drift_diffusion(problem.grid, problem.sde, flux("scharfetter_gummel"));
    const Operator& op = scheme->op();
    if (op.linear() == nullptr) continue;
    const double small = 0.1 * op.stable_step(0.3);
    const auto compute = [&](bool chained) {
      auto u = random_state(op, 3), before = random_state(op, 4), sum = random_state(op, 5);
      std::array<std::array<Term, 2>, links> recur, more;
      std::array<std::array<Stage, 2>, links> stages;
      std::array<Product, links> chain;
      double *now = u.data(), *old = before.data();
      for (std::size_t k = 0; k < links; ++k) {
        recur[k] = {Term{0.5, now}, Term{-1, old}};
        more[k] = {Term{1, sum.data()}, Term{0.25, old}};
        stages[k] = {Stage{small, recur[k], old}, Stage{0, more[k], sum.data()}};
        chain[k] = {{now, u.size()}, stages[k]};
        std::swap(now, old);
      }
      if (chained)
        op.apply_chain(0.3, chain);
      else
        for (const Product& product : chain) op.apply_stages(0.3, product.state, product.stages);
      u.insert(u.end(), before.begin(), before.end());
      u.insert(u.end(), sum.begin(), sum.end());
      return u;
    };
    const auto expected = compute(false);
    for (const int threads : {1, 2}) {
      const ThreadLimit limit(threads);
      CHECK_MESSAGE(compute(true) == expected, problem.name, " ", threads);
    }
  }
}

TEST_CASE("no eigenvalue passes the spectral bound") {
  for (const Problem2& problem : problems()) {
    const auto scheme = make_drift_diffusion(problem.grid, problem.sde, flux("scharfetter_gummel"));
    const Operator& op = scheme->op();
    if (op.linear() == nullptr) continue;
    const SpectralBound bound = op.spectral_bound(0.3);
    auto v = random_state(op, 5);
    double growth = 0;  // of (A + rho/2): its largest modulus is that of an end of the spectrum
    for (int k = 0; k < 200; ++k) {
      auto next = rate_of(op, 0.3, v);
      for (std::size_t i = 0; i < v.size(); ++i) next[i] += 0.5 * bound.real * v[i];
      growth = op.norm_l1(next) / op.norm_l1(v);
      const double size = 1 / op.norm_l1(next);
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = next[i] * size;
    }
    CHECK_MESSAGE(growth <= 0.5 * bound.real * (1 + 1e-12), problem.name);
    CHECK_MESSAGE(bound.real == doctest::Approx(2 / op.stable_step(0.3)).epsilon(1e-14), problem.name);
    CHECK_MESSAGE(bound.imaginary <= bound.real, problem.name);
  }
}

}  // namespace
}  // namespace fokker
