// Freezes apply_transposed: <u, A p> = <A^T u, p> for every linear operator that the rows make, at any time, for its
// base and for its recording twin; and the action of A^T on u = 1, which no operator may move (mass).
#include <doctest/doctest.h>

#include <string>

#include "fokker/operator/flux_correction.hpp"
#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, A = Boundary::absorbing, P = Boundary::periodic;

/// All unknowns random, of either sign.
std::vector<double> random_vector(const Operator& op, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<double> v(op.size());
  for (double& value : v) value = std::uniform_real_distribution<>(-1, 1)(engine);
  return v;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void check_adjoint(const LinearOperator& op, double t) {
  const std::vector<double> p = random_vector(op, 1), u = random_vector(op, 2);
  std::vector<double> back(u.size(), -7.0);
  op.apply_transposed(t, u, back);
  const double forward = dot(u, rate_of(op, t, p)), size = std::sqrt(dot(p, p) * dot(back, back));
  CHECK(std::abs(forward - dot(back, p)) < 1e-14 * size);
  // u = volume on the cells and 1 on the outflows is the mass.
  std::vector<double> one(u.size(), 0.0);
  for (std::size_t i = 0; i < one.size(); ++i) {
    const auto unknown = static_cast<Index>(i);
    one[i] = unknown < op.cells() ? op.cell_volume() : unknown < op.cells() + op.outflows() ? 1 : 0;
  }
  op.apply_transposed(t, one, back);
  CHECK(largest(back) < 1e-13 * op.cell_volume() / op.stable_step(t));
}

void check_all(const Operator& op, double t) {
  REQUIRE(op.linear() != nullptr);
  check_adjoint(*op.linear(), t);
  if (op.linear()->base() != nullptr) check_adjoint(*op.linear()->base(), t);
  if (op.correction() != nullptr) check_adjoint(*op.correction()->recording().linear(), t);
}

std::shared_ptr<LambdaSde> swirl(bool diagonal) {
  return sde_2d(
      [](double x, double y) {
        return std::array{-x + 2 * y, -y - 2 * x + 0.3};
      },
      [diagonal](double x, double y) {
        return std::array{1 + 0.3 * std::sin(x), diagonal ? 0 : 0.6, 0.8 + 0.2 * std::cos(y)};
      },
      diagonal);
}

/// All rates times 1 + t^2, told to be so or not.
std::shared_ptr<LambdaSde> varying(const std::shared_ptr<LambdaSde>& sde, bool told) {
  auto all = std::make_shared<LambdaSde>(*sde);
  all->known.autonomous = all->known.diffusion_autonomous = false;
  all->a = [sde](double x, double y, double t) {
    const auto v = sde->a(x, y, 0);
    return std::array{(1 + t * t) * v[0], (1 + t * t) * v[1]};
  };
  all->D = [sde](double x, double y, double t) {
    const auto v = sde->D(x, y, 0);
    return std::array{(1 + t * t) * v[0], (1 + t * t) * v[1], (1 + t * t) * v[2]};
  };
  if (told) all->factor = TimeSeparated{sde, [](double t) { return 1 + t * t; }};
  return all;
}

}  // namespace

TEST_CASE("the transposed operator is the adjoint of the operator") {
  const auto line = sde_1d([](double x) { return 1 - x; }, [](double x) { return 0.5 + 0.2 * x * x; });
  for (const FluxScheme& row : fluxes("drift_diffusion")) {
    CAPTURE(row.name);
    for (const auto& [lower, upper] : {std::pair{R, R}, {A, R}, {A, A}, {P, P}})
      check_all(make_drift_diffusion(grid_1d(axis(-2, 2, 37, lower, upper)), line, row, {0, 1})->op(), 0);
    for (const bool diagonal : {true, false}) {
      if (row.wide && !diagonal) continue;
      const auto plane = grid_2d(axis(-2, 2, 23, A, R), axis(-2, 2, 17, P, P, "y"));
      check_all(make_drift_diffusion(plane, swirl(diagonal), row, {0, 1})->op(), 0);
      for (const bool told : {true, false})
        check_all(make_drift_diffusion(plane, varying(swirl(diagonal), told), row, {0, 1})->op(), 0.7);
    }
  }
}

}  // namespace fokker
