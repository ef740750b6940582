// Freezes the cell weights that make exact stationary distributions null vectors of the fitted scheme: log ratios of
// adjacent cell averages of exp(int a/D) against closed forms, for smooth coefficients, jumps, singular walls and cell
// Peclet numbers up to 1e6, and what is NaN because it has no weight. The tolerances are those of the promise, 1e-13.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>

#include "fokker/scheme/stationary_weights.hpp"

using namespace fokker;

namespace {

using Function = std::function<double(double)>;
using Wide = long double;

/// A 1D process from a(x) and D(x).
class Process : public Sde {
 public:
  Process(Function velocity, Function diffusivity) : a_(std::move(velocity)), D_(std::move(diffusivity)) {}
  [[nodiscard]] int dimension() const override { return 1; }
  void drift(const PointsIn& x, double t, PointsOut f) const override { flux_velocity(x, t, f); }
  void flux_velocity(const PointsIn& x, double, PointsOut a) const override { fill(a_, x, a.axis[0]); }
  void diffusion(const PointsIn& x, double, TensorOut D) const override { fill(D_, x, D.xx); }
  [[nodiscard]] int noise_count() const override { return 0; }
  void noise(const PointsIn&, double, double* const*) const override {}
  [[nodiscard]] Traits traits() const override { return {}; }

 private:
  static void fill(const Function& g, const PointsIn& x, double* out) {
    for (Index i = 0; i < x.size; ++i) out[i] = g(x.axis[0][i]);
  }
  Function a_, D_;
};

/// A potential in one or two dimensions.
class Potential : public Process {
 public:
  Potential(int dimension, std::function<double(double, double)> log_gibbs)
      : Process([](double) { return 0; }, [](double) { return 1; }), dimension_(dimension), g_(std::move(log_gibbs)) {}
  [[nodiscard]] int dimension() const override { return dimension_; }
  [[nodiscard]] bool has_gibbs() const override { return true; }
  void log_gibbs(const PointsIn& x, double* out) const override {
    for (Index i = 0; i < x.size; ++i) out[i] = g_(x.axis[0][i], dimension_ > 1 ? x.axis[1][i] : 0);
  }

 private:
  int dimension_;
  std::function<double(double, double)> g_;
};

Axis axis_of(double lower, double upper, Index cells, Boundary side = Boundary::reflecting) {
  return {"x", lower, upper, cells, side, side};
}

/// Largest |Pe - log(m_R / m_L)| / (1 + |log ...|) where log_mass(lower, upper) is the exact log mass of a cell.
double worst(const Axis& axis, const Sde& sde, const std::function<Wide(double, double)>& log_mass) {
  const std::vector<double> peclets = stationary_peclets(axis, sde);
  REQUIRE(static_cast<Index>(peclets.size()) == axis.cells - 1);
  double error = 0;
  for (Index i = 1; i < axis.cells; ++i) {
    const auto exact =
        static_cast<double>(log_mass(axis.face(i), axis.face(i + 1)) - log_mass(axis.face(i - 1), axis.face(i)));
    const double off = std::abs(peclets[i - 1] - exact) / (1 + std::abs(exact));
    error = std::isnan(off) ? off : std::max(error, off);
    if (std::isnan(off)) break;
  }
  return error;
}

double sign(double x) { return static_cast<double>((x > 0) - (x < 0)); }

/// int over a cell of exp(-|x - kink| / T)
std::function<Wide(double, double)> laplace(Wide kink, Wide T) {
  return [=](double lower, double upper) {
    Wide a = lower - kink, b = upper - kink;
    if (b <= 0) std::tie(a, b) = std::pair{-b, -a};
    if (a >= 0) return -a / T + std::log(T) + std::log1p(-std::exp((a - b) / T));
    return std::log(T * (1 - std::exp(a / T)) + T * (1 - std::exp(-b / T)));
  };
}

}  // namespace

TEST_CASE("Ornstein-Uhlenbeck cells weigh what the normal distribution says") {
  const auto normal = [](double lower, double upper) {
    Wide a = lower / std::sqrt(Wide(2)), b = upper / std::sqrt(Wide(2));
    if (b <= 0) std::tie(a, b) = std::pair{-b, -a};
    return std::log(a >= 0 ? std::erfc(a) - std::erfc(b) : std::erf(b) - std::erf(a));
  };
  const Process ou([](double x) { return -x; }, [](double) { return 1; });
  CHECK(worst(axis_of(-4, 4, 64), ou, normal) < 2e-15);
  CHECK(worst(axis_of(-4, 5, 7), ou, normal) < 1e-14);
  CHECK(worst(axis_of(-30, 30, 60), ou, normal) < 1e-14);
}

TEST_CASE("a double well agrees with its potential") {
  const auto U = [](double x) { return (x * x / 4 - 0.5) * x * x / 0.05; };
  const Process well([](double x) { return x - x * x * x; }, [](double) { return 0.05; });
  const Axis axis = axis_of(-2.5, 2.5, 80);
  const std::vector<double> peclets = stationary_peclets(axis, well);
  const std::vector<double> averages =
      log_gibbs_averages(Grid({axis}), Potential(1, [&](double x, double) { return -U(x); }));
  for (std::size_t i = 0; i < peclets.size(); ++i)
    CHECK(std::abs(peclets[i] - (averages[i + 1] - averages[i])) < 1e-13 * (1 + std::abs(averages[i])));
}

// f = -x, D = 1 + x^2: density (1 + x^2)^(-3/2), primitive x / sqrt(1 + x^2).
TEST_CASE("multiplicative noise weighs what Student's distribution says") {
  const Process student([](double x) { return -3 * x; }, [](double x) { return 1 + x * x; });
  const auto tail = [](Wide x) { return 1 / (std::sqrt(1 + x * x) * (std::sqrt(1 + x * x) + x)); };
  CHECK(worst(axis_of(-10, 10, 100), student, [&](double a, double b) {
          return b <= 0 ? std::log(tail(-b) - tail(-a)) : std::log(tail(a) - tail(b));
        }) < 1e-14);
}

// a/D = k/x - 2: weight x^k e^(-2x), singular at the wall for k < 0 (below the Feller ratio), not smooth for any k that
// is not an integer.
TEST_CASE("square-root processes converge on both sides of the Feller ratio") {
  for (const double k : {-0.99, -0.9, -0.5, -0.1, 0.0, 0.5, 1.9, 2.1, 7.3, 40.0}) {
    CAPTURE(k);
    const Process cir([k](double x) { return k - 2 * x; }, [](double x) { return x; });
    CHECK(worst(axis_of(0, 6, 50), cir, [k](double a, double b) {
            using boost::math::gamma_p, boost::math::gamma_q;
            const Wide s = static_cast<Wide>(k) + 1, A = 2 * a, B = 2 * b;
            return std::log(B < s ? gamma_p(s, B) - gamma_p(s, A) : gamma_q(s, A) - gamma_q(s, B));
          }) < 1e-13);
  }
}

TEST_CASE("singular walls on both sides converge whatever the coordinate of the wall") {
  for (const double k : {-0.9, -0.5, 0.7}) {
    CAPTURE(k);
    const Process jacobi([k](double x) { return k * (1 - 2 * x); }, [](double x) { return x * (1 - x); });
    CHECK(worst(axis_of(0, 1, 50), jacobi, [k](double a, double b) {
            using boost::math::ibeta, boost::math::ibetac;
            const Wide s = static_cast<Wide>(k) + 1, A = a, B = b;
            return std::log(B < 0.6L ? ibeta(s, s, B) - ibeta(s, s, A) : ibetac(s, s, A) - ibetac(s, s, B));
          }) < 5e-14);
  }
}

// f = 1 - x, D = x^2/2: weight x^-4 e^(-2/x), which vanishes at the wall faster than any power.
TEST_CASE("an essential singularity that pushes away from the wall converges") {
  const Process inverse_gamma([](double x) { return 1 - 2 * x; }, [](double x) { return x * x / 2; });
  CHECK(worst(axis_of(0, 4, 64), inverse_gamma, [](double a, double b) {
          using boost::math::gamma_p, boost::math::gamma_q;
          const Wide below = a > 0 ? gamma_q(Wide(3), 2 / Wide(a)) : 0, above = gamma_q(Wide(3), 2 / Wide(b));
          return std::log(a > 1 ? gamma_p(Wide(3), 2 / Wide(a)) - gamma_p(Wide(3), 2 / Wide(b)) : above - below);
        }) < 1e-14);
}

// A square root of the distance: neither smooth nor a pure power at the wall.
TEST_CASE("fractional powers of the distance converge") {
  const Process cev([](double x) { return 1 - std::sqrt(x); }, [](double x) { return std::sqrt(x); });  // 1/sqrt(x) - 1
  const std::vector<double> peclets = stationary_peclets(axis_of(0, 2, 4), cev);
  // int exp(2 sqrt(x) - x) = u = sqrt(x): e int 2 u exp(-(u - 1)^2) du
  const auto mass = [](Wide lower, Wide upper) {
    const auto F = [](Wide x) {
      const Wide u = std::sqrt(x) - 1;
      return -std::exp(-u * u) + std::sqrt(std::numbers::pi_v<Wide>) * std::erf(u);
    };
    return F(upper) - F(lower);
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const Wide x = Wide(i) / 2;
    CHECK(std::abs(peclets[i] - static_cast<double>(std::log(mass(x + 0.5L, x + 1) / mass(x, x + 0.5L)))) < 1e-13);
  }
}

TEST_CASE("dry friction converges with its kink at a face and anywhere in a cell") {
  for (const double T : {1.0, 1e-2, 1e-4, 1e-6}) {
    CAPTURE(T);
    const auto friction = [T](double kink) {
      return Process([kink](double x) { return -sign(x - kink); }, [T](double) { return T; });
    };
    CHECK(worst(axis_of(-4, 4, 64), friction(0), laplace(0, T)) < 2e-14);
    CHECK(worst(axis_of(-4, 4, 63), friction(0), laplace(0, T)) < 2e-14);
    // the rounding of faces and kink costs eps |x| / T
    CHECK(worst(axis_of(-4.1, 4, 64), friction(1 / 3.), laplace(Wide(1 / 3.), T)) < 2e-12);
  }
}

TEST_CASE("jumps hidden between the last node of a panel and its end are found") {
  for (const double kink : {1e-5, 1e-4, 0.001, 0.003, 0.006, 0.012, 0.251, 0.4999}) {
    CAPTURE(kink);
    const Process friction([kink](double x) { return -sign(x - kink); }, [](double) { return 0.1; });
    CHECK(worst(axis_of(-1, 1, 4), friction, laplace(kink, 0.1)) < 1e-13);
  }
}

TEST_CASE("a cell Peclet number of 1e6 neither overflows nor loses digits") {
  const Process advected([](double) { return 1e6; }, [](double) { return 1; });
  for (const double peclet : stationary_peclets(axis_of(0, 8, 8), advected)) CHECK(std::abs(peclet / 1e6 - 1) < 1e-14);
}

TEST_CASE("without drift every Peclet number is exactly zero") {
  const Process wiener([](double) { return 0; }, [](double) { return 0.7; });
  for (const double peclet : stationary_peclets(axis_of(-3.1, 5.7, 37), wiener)) CHECK(peclet == 0);
}

TEST_CASE("mirrored coefficients give mirrored Peclet numbers to the bit") {
  const Function a = [](double x) { return x - x * x * x + 0.3 + 0.1 * std::tanh(5 * x) + 2 * sign(x - 0.7); };
  const Function D = [](double x) { return 0.1 + x * x / (1 + x * x * x * x) + 0.02 * x; };
  const Process process(a, D), mirror([&](double x) { return -a(-x); }, [&](double x) { return D(-x); });
  const Process cir([](double x) { return 0.3 - x; }, [](double x) { return x; }),
      cir_mirror([](double x) { return -0.3 - x; }, [](double x) { return -x; });
  const std::vector<double> p = stationary_peclets(axis_of(-3, 3, 41), process),
                            q = stationary_peclets(axis_of(-3, 3, 41), mirror),
                            r = stationary_peclets(axis_of(0, 5, 20), cir),
                            s = stationary_peclets(axis_of(-5, 0, 20), cir_mirror);
  for (std::size_t i = 0; i < p.size(); ++i) CHECK(p[i] == -q[q.size() - 1 - i]);
  for (std::size_t i = 0; i < r.size(); ++i) CHECK(r[i] == -s[s.size() - 1 - i]);
}

TEST_CASE("a tilted washboard rises by its tilt around the circle with the wrap face last") {
  const double T = 0.3;
  const Process washboard([](double x) { return 1 + std::sin(x); }, [T](double) { return T; });
  const Axis axis = axis_of(0, 2 * std::numbers::pi, 32, Boundary::periodic);
  const std::vector<double> peclets = stationary_peclets(axis, washboard);
  REQUIRE(peclets.size() == 32);
  double round = 0;
  for (const double peclet : peclets) round += peclet;
  CHECK(std::abs(round - 2 * std::numbers::pi / T) < 1e-13);
  // The wrap face of one circle is an inner face of the circle that starts half a turn later.
  const std::vector<double> turned =
      stationary_peclets(axis_of(-std::numbers::pi, std::numbers::pi, 32, Boundary::periodic), washboard);
  CHECK(std::abs(peclets.back() - turned[15]) < 1e-13);
  CHECK(std::abs(peclets[15] - turned.back()) < 1e-13);
  CHECK(std::abs(stationary_peclets(axis_of(0, 2 * std::numbers::pi, 1, Boundary::periodic), washboard)[0] -
                 2 * std::numbers::pi / T) < 1e-13);
}

TEST_CASE("NaN stands exactly where there is no weight") {
  const auto holes = [](const std::vector<double>& peclets) {
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < peclets.size(); ++i)
      if (std::isnan(peclets[i])) at.push_back(i);
    return at;
  };
  const auto half_square = [](double x) { return x * x / 2; };
  SUBCASE("geometric Brownian motion: x^(2 mu - 2) is integrable for mu > 1/2") {
    for (const double mu : {-0.2, 0.0, 0.3, 0.5}) {
      const Process gbm([mu](double x) { return (mu - 1) * x; }, half_square);
      CHECK(holes(stationary_peclets(axis_of(0, 4, 64), gbm)) == std::vector<std::size_t>{0});
    }
    CHECK(
        holes(stationary_peclets(axis_of(0, 4, 64), Process([](double x) { return -0.3 * x; }, half_square))).empty());
  }
  SUBCASE("an essential singularity that pulls into the wall") {
    const Process pulled([](double x) { return -1 - x; }, half_square);
    CHECK(holes(stationary_peclets(axis_of(0, 4, 64), pulled)) == std::vector<std::size_t>{0});
  }
  SUBCASE("D vanishes at an inner face or inside a cell") {
    const Process trapped([](double x) { return -x; }, half_square);
    CHECK(holes(stationary_peclets(axis_of(-1, 1, 40), trapped)) == std::vector<std::size_t>{18, 19, 20});
    CHECK(holes(stationary_peclets(axis_of(-1, 1.1, 42), trapped)) == std::vector<std::size_t>{18, 19, 20});
    CHECK(holes(stationary_peclets(axis_of(-1, 1, 41), trapped)) == std::vector<std::size_t>{19, 20});
  }
  SUBCASE("D vanishes on a part of the axis") {
    const Process dead([](double x) { return -x; }, [](double x) { return x > 0.3 ? 0. : 1.; });
    CHECK(holes(stationary_peclets(axis_of(0, 1, 10), dead)).front() == 2);
    CHECK(holes(stationary_peclets(axis_of(0, 1, 10), dead)).size() == 7);
  }
}

TEST_CASE("an axis of one cell has no inner face") {
  const Process ou([](double x) { return -x; }, [](double) { return 1; });
  CHECK(stationary_peclets(axis_of(0, 1, 1), ou).empty());
}

TEST_CASE("Gibbs averages of a quadratic potential keep 1e-13 from the centre to the tails") {
  // exponent -50 x^2 - y^2/2 on 16 x 12 cells: exact masses are products of error function differences
  const Grid grid({{"x", -4, 4, 16}, {"y", -3, 3, 12}});
  const Potential sde(2, [](double x, double y) { return -50 * x * x - y * y / 2 + 3; });
  const std::vector<double> averages = log_gibbs_averages(grid, sde);
  const auto log_mean = [](double lower, double upper, double stiffness) {
    const Wide scale = std::sqrt(Wide(stiffness));
    Wide a = lower * scale, b = upper * scale;
    if (b <= 0) std::tie(a, b) = std::pair{-b, -a};
    return std::log((std::erfc(a) - std::erfc(b)) / (b - a) * std::sqrt(std::numbers::pi_v<Wide>) / 2);
  };
  for (Index j = 0; j < 12; ++j)
    for (Index i = 0; i < 16; ++i) {
      const Axis &x = grid.axis(0), &y = grid.axis(1);
      const Wide exact = 3 + log_mean(x.face(i), x.face(i + 1), 50) + log_mean(y.face(j), y.face(j + 1), 0.5);
      const double got = averages[i + 16 * j];
      CHECK(std::abs(got - static_cast<double>(exact)) < 1e-13 * (1 + std::abs(got)));
    }
}

TEST_CASE("Gibbs averages stay finite where the weight underflows and exact where the exponent is linear") {
  const Potential sde(2, [](double x, double y) { return -1e5 * x - 300 * y; });
  const Grid grid({{"x", 0, 8, 8}, {"y", 0, 4, 8}});
  const std::vector<double> averages = log_gibbs_averages(grid, sde);
  for (Index j = 0; j < 8; ++j)
    for (Index i = 0; i < 8; ++i) {
      const double exact = -1e5 * static_cast<double>(i) - std::log(1e5) - 150 * static_cast<double>(j) - std::log(150);
      CHECK(std::abs(averages[i + 8 * j] - exact) < 1e-13 * (1 + std::abs(exact)));
    }
}

TEST_CASE("Gibbs averages find kinks and keep mirror symmetry") {
  const Potential kinked(1, [](double x, double) { return -std::abs(x - 1 / 3.) * 5; });
  const Axis axis = axis_of(-2, 2, 9);
  const std::vector<double> averages = log_gibbs_averages(Grid({axis}), kinked);
  const auto exact = laplace(Wide(1 / 3.), Wide(0.2));
  for (Index i = 0; i < 9; ++i)
    CHECK(std::abs(averages[i] - static_cast<double>(exact(axis.face(i), axis.face(i + 1)) - std::log(Wide(4) / 9))) <
          1e-12);
  const Potential well(1, [](double x, double) { return -x * x * x * x + x * x; });
  const std::vector<double> even = log_gibbs_averages(Grid({axis_of(-2, 2, 10)}), well);
  for (std::size_t i = 0; i < 10; ++i) CHECK(even[i] == even[9 - i]);
}
