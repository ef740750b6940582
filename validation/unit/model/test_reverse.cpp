// Guards time reversal as an SDE: its coefficients against the formulas written out, the misprints that theory warns
// of, and that any number of threads may ask for any times.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <thread>

#include "fokker/model/formula_sde.hpp"
#include "fokker/model/reverse_sde.hpp"

using namespace fokker;

namespace {

/// s = -x/(1 + t): of Normal(0, 1 + t).
class Widening : public ScoreSource {
 public:
  [[nodiscard]] int dimension() const override { return 1; }
  void prepare(double t, std::span<const double> /*p*/) override { t_ = t; }
  void score(const PointsIn& x, PointsOut s) const override {
    for (Index i = 0; i < x.size; ++i) s.axis[0][i] = -x.axis[0][i] / (1 + t_);
  }

 private:
  double t_ = -1;
};

std::shared_ptr<const Sde> sde_of(const std::string& drift, const std::string& diffusion) {
  const std::vector<std::string> names{"x", "t"};
  SdeFormulas formulas;
  formulas.variables = {"x"};
  formulas.drift = {parse_expression(drift, names)};
  formulas.diffusion = {{parse_expression(diffusion, names)}};
  return std::make_shared<const FormulaSde>(formulas);
}

struct At {
  double drift, velocity, D, noise;
};

At at(const ReverseSde& sde, double x, double tau) {
  At result{};
  const PointsIn point{1, 1, {&x, nullptr}};
  sde.drift(point, tau, {{&result.drift, nullptr}});
  sde.flux_velocity(point, tau, {{&result.velocity, nullptr}});
  sde.diffusion(point, tau, {&result.D, nullptr, nullptr});
  double* const column = &result.noise;
  sde.noise(point, tau, &column);
  return result;
}

}  // namespace

TEST_CASE("the reverse SDE has drift -f + (1 + lambda^2)(div D + D s) and diffusion lambda^2 D at the mirrored time") {
  const auto forward = sde_of("-x*(1 + t)", "(1 + x^2)*(2 - t)/2");
  for (const double lambda : {0.0, 0.5, 1.0, 1.7}) {
    const ReverseSde reverse(forward, std::make_shared<Widening>(), 1.5, lambda);
    for (const double tau : {0.0, 0.3, 1.5}) {
      const double x = 0.7, t = 1.5 - tau, f = -x * (1 + t), D = (1 + x * x) * (2 - t) / 2, div = x * (2 - t);
      const double s = -x / (1 + t), fraction = lambda * lambda;
      const At found = at(reverse, x, tau);
      CHECK(found.drift == doctest::Approx(-f + (1 + fraction) * (div + D * s)).epsilon(1e-13));
      CHECK(found.velocity == doctest::Approx(-(f - div) + (1 + fraction) * D * s).epsilon(1e-13));
      CHECK(found.velocity == doctest::Approx(found.drift - fraction * div).epsilon(1e-13));
      CHECK(found.D == doctest::Approx(fraction * D).epsilon(1e-13));
      CHECK(found.noise * found.noise == doctest::Approx(2 * fraction * D).epsilon(1e-13));
    }
    CHECK(reverse.traits().deterministic == (lambda == 0));
    CHECK_FALSE(reverse.traits().autonomous);
  }
}

TEST_CASE(
    "a reversible SDE with noise that depends on x runs back as it ran forward") {  // theory section 9: -1, not -3
  // f = -x, g^2 = 1 + x^2: a = f - D' = -2x, stationary p = (1 + x^2)^-2, D s = -2x.
  class Stationary : public ScoreSource {
   public:
    [[nodiscard]] int dimension() const override { return 1; }
    void prepare(double /*t*/, std::span<const double> /*p*/) override {}
    void score(const PointsIn& x, PointsOut s) const override {
      for (Index i = 0; i < x.size; ++i) s.axis[0][i] = -4 * x.axis[0][i] / (1 + x.axis[0][i] * x.axis[0][i]);
    }
  };
  const ReverseSde reverse(sde_of("-x", "(1 + x^2)/2"), std::make_shared<Stationary>(), 1, 1);
  CHECK(at(reverse, 1, 0.5).drift == doctest::Approx(-1).epsilon(1e-14));
  const ReverseSde flow(sde_of("-x", "(1 + x^2)/2"), std::make_shared<Stationary>(), 1, 0);
  CHECK(at(flow, 1, 0.5).velocity == doctest::Approx(0).epsilon(1e-14));  // no current
}

TEST_CASE("times beyond the ends count as the ends and threads may disagree about the time") {
  const auto forward = sde_of("-x", "1 + t");
  const ReverseSde reverse(forward, std::make_shared<Widening>(), 1, 1);
  CHECK(at(reverse, 0.3, 2.5).velocity == at(reverse, 0.3, 1).velocity);
  CHECK(at(reverse, 0.3, -1).velocity == at(reverse, 0.3, 0).velocity);
  std::array<int, 2> wrong{};
  const auto ask = [&](std::size_t who, double tau) {
    const double t = 1 - tau, expected = 0.3 - 2 * (1 + t) * 0.3 / (1 + t);
    for (int k = 0; k < 2000; ++k) wrong[who] += std::abs(at(reverse, 0.3, tau).velocity - expected) > 1e-12;
  };
  std::thread other(ask, 0, 0.25);
  ask(1, 0.75);
  other.join();
  CHECK(wrong == std::array<int, 2>{0, 0});
}
