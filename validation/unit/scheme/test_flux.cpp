// Freezes the table of fluxes, one edge at a time: the Bernoulli function to rounding, the sign and conservation rules
// that make a Markov generator, the limits of large and vanishing Peclet numbers, and the null vector of the fitted
// row.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "fokker/scheme/flux.hpp"

namespace fokker {
namespace {

// The rows whose flux is two weights of an edge.
std::vector<FluxScheme> edge_rows() {
  std::vector<FluxScheme> rows;
  for (const FluxScheme& flux : fluxes("drift_diffusion"))
    if (!flux.wide) rows.push_back(flux);
  return rows;
}

const double infinity = std::numeric_limits<double>::infinity();

// z / (e^z - 1) in the wider type: its series near 0, where e^z - 1 has few digits.
long double bernoulli_wide(long double z) {
  if (std::abs(z) < 1e-3L) return 1 - z / 2 + z * z / 12 - z * z * z * z / 720;
  return z / std::expm1(z);
}

double velocity_of(const Edge& edge) { return edge.rate * edge.peclet + edge.velocity; }

TEST_CASE("bernoulli is accurate to rounding for all arguments") {
  for (double z = 1e-300; z < 800; z *= 1.37)
    for (const double sign : {-1.0, 1.0}) {
      const long double exact = bernoulli_wide(static_cast<long double>(sign * z));
      const double tiny = exact < 1e-300L ? 1e-300 : 0;  // subnormal results have fewer digits
      CHECK(std::abs(bernoulli(sign * z) - static_cast<double>(exact)) <= 4e-16 * static_cast<double>(exact) + tiny);
    }
  CHECK(bernoulli(0.0) == 1);
  CHECK(bernoulli(-0.0) == 1);
  CHECK(bernoulli(infinity) == 0);
  CHECK(bernoulli(1e6) == 0);
  CHECK(bernoulli(-1e6) == 1e6);
  CHECK(std::abs(bernoulli(-0.7) - bernoulli(0.7) - 0.7) < 3e-16);
}

TEST_CASE("positive rows have left >= 0 >= right on any edge") {
  for (const FluxScheme& flux : edge_rows())
    if (flux.positive)
      for (const double rate : {0.0, 1e-300, 1e-8, 1.0, 1e8})
        for (const double peclet : {-1e6, -3.0, -1e-3, -1e-300, 0.0, 1e-300, 1e-3, 0.5, 3.0, 1e6})
          for (const double velocity : {-1e5, -1.0, 0.0, 1e-300, 2.0, 1e5}) {
            const EdgeWeights weights = flux.weights({rate, peclet, velocity});
            CHECK_MESSAGE(weights.left >= 0, flux.name, rate, peclet, velocity);
            CHECK_MESSAGE(weights.right <= 0, flux.name, rate, peclet, velocity);
          }
}

TEST_CASE("a constant density is carried by the velocity alone") {
  // left + right = a / h: the consistency of every row, at every Peclet number.
  for (const FluxScheme& flux : edge_rows())
    for (const double rate : {1e-8, 1.0, 1e8})
      for (const double peclet : {-1e6, -2.0, -1e-3, 0.0, 1e-300, 1e-3, 1.0, 50.0, 1e6})
        for (const double velocity : {-3.0, 0.0, 4.0}) {
          const Edge edge{rate, peclet, velocity};
          const EdgeWeights weights = flux.weights(edge);
          const double scale = std::abs(weights.left) + std::abs(weights.right);
          CHECK_MESSAGE(std::abs(weights.left + weights.right - velocity_of(edge)) <= 4e-16 * scale, flux.name);
        }
}

TEST_CASE("without drift every row is the central difference") {
  for (const FluxScheme& flux : edge_rows())
    for (const double peclet : {0.0, 1e-300}) {
      const EdgeWeights weights = flux.weights({3.0, peclet, 0});
      CHECK_MESSAGE(weights.left == 3.0, flux.name);
      CHECK_MESSAGE(weights.right == -3.0, flux.name);
    }
}

TEST_CASE("without diffusion the Peclet number does not matter") {
  for (const FluxScheme& flux : edge_rows())
    for (const double peclet : {0.0, 5.0, infinity, -infinity}) {
      const EdgeWeights weights = flux.weights({0, peclet, 0});
      CHECK_MESSAGE(weights.left == 0, flux.name);
      CHECK_MESSAGE(weights.right == 0, flux.name);
    }
}

TEST_CASE("the fitted row is exactly upwind at large Peclet numbers and central at small ones") {
  const FluxScheme& fitted = *find_flux("scharfetter_gummel");
  const EdgeWeights large = fitted.weights({1e-3, 1e6, 0}), back = fitted.weights({1e-3, -1e6, 0});
  CHECK(large.left == 1e3);
  CHECK(large.right == 0);
  CHECK(back.left == 0);
  CHECK(back.right == -1e3);
  // B(-z) = 1 + z/2 + z^2/12: the difference to central is z^2/12
  const double z = 1e-3;
  const EdgeWeights small = fitted.weights({1, z, 0}), central = find_flux("central")->weights({1, z, 0});
  CHECK(small.left - central.left == doctest::Approx(z * z / 12).epsilon(1e-6));
  CHECK(small.right - central.right == doctest::Approx(-z * z / 12).epsilon(1e-6));
}

TEST_CASE("the fitted row carries nothing at the local equilibrium") {
  for (const double peclet : {-30.0, -2.0, -1e-5, 0.0, 1e-5, 0.3, 7.0, 30.0}) {
    const EdgeWeights weights = find_flux("scharfetter_gummel")->weights({2.0, peclet, 0});
    const double flux = weights.left + weights.right * std::exp(peclet);
    CHECK(std::abs(flux) <= 1e-15 * weights.left * std::max(1.0, std::abs(peclet)));
  }
}

TEST_CASE("the rows mirror: exchanging the cells of an edge exchanges its weights") {
  for (const FluxScheme& flux : edge_rows())
    for (const double peclet : {-40.0, -1.0, 1e-4, 3.0})
      for (const double velocity : {-1.0, 0.0, 2.0}) {
        const EdgeWeights one = flux.weights({1.5, peclet, velocity}), other = flux.weights({1.5, -peclet, -velocity});
        CHECK_MESSAGE(one.left == -other.right, flux.name);
        CHECK_MESSAGE(one.right == -other.left, flux.name);
      }
}

TEST_CASE("every row is complete and found by its name") {
  for (const FluxScheme& flux : fluxes("drift_diffusion")) {
    CHECK(find_flux(flux.name) == &flux);
    CHECK(flux.form == "drift_diffusion");
    CHECK(flux.wide == (flux.weights == nullptr));
    for (const std::string_view text : {flux.guarantee, flux.reference, flux.when_not}) CHECK_FALSE(text.empty());
  }
  CHECK(find_flux("upwnd") == nullptr);
}

}  // namespace
}  // namespace fokker
