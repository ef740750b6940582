// Freezes the score and its Jacobian of Gaussian mixtures: derivatives of log p by differences, the Gaussian's own
// closed form, tails where p is no double, mirror symmetry, and the refusal of points.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/model/score.hpp"

using namespace fokker;

namespace {

GaussianMixture mixture_2d() {
  Eigen::MatrixXd a(2, 2), b(2, 2);
  a << 0.3, 0.1, 0.1, 0.2;
  b << 0.1, -0.05, -0.05, 0.4;
  return GaussianMixture({{0.3, Eigen::Vector2d(-1, 0.5), a}, {0.7, Eigen::Vector2d(0.4, -0.2), b}});
}

struct At {
  std::vector<double> x, y;
  [[nodiscard]] PointsIn points() const {
    return {static_cast<Index>(x.size()), y.empty() ? 1 : 2, {x.data(), y.empty() ? nullptr : y.data()}};
  }
};

double log_p(const MixtureScore& distribution, double x, double y) {
  double out = 0;
  distribution.log_density({1, 2, {&x, &y}}, &out);
  return out;
}

}  // namespace

TEST_CASE("score and Jacobian of a mixture are the derivatives of its log density") {
  const MixtureScore distribution(mixture_2d());
  const At at{{-1.3, 0.0, 0.45, 1.7}, {0.2, 0.9, -0.25, 2.0}};
  std::vector<double> sx(4), sy(4), xx(4), xy(4), yy(4);
  distribution.score(at.points(), {{sx.data(), sy.data()}});
  distribution.jacobian(at.points(), {xx.data(), xy.data(), yy.data()});
  constexpr double h = 1e-4;
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = at.x[i], y = at.y[i], here = log_p(distribution, x, y);
    const double left = log_p(distribution, x - h, y), right = log_p(distribution, x + h, y),
                 down = log_p(distribution, x, y - h), up = log_p(distribution, x, y + h);
    CHECK(sx[i] == doctest::Approx((right - left) / (2 * h)).epsilon(1e-6));
    CHECK(sy[i] == doctest::Approx((up - down) / (2 * h)).epsilon(1e-6));
    CHECK(xx[i] == doctest::Approx((left - 2 * here + right) / (h * h)).epsilon(1e-5));
    CHECK(yy[i] == doctest::Approx((down - 2 * here + up) / (h * h)).epsilon(1e-5));
    const double cross = log_p(distribution, x + h, y + h) - log_p(distribution, x - h, y + h) -
                         log_p(distribution, x + h, y - h) + log_p(distribution, x - h, y - h);
    CHECK(xy[i] == doctest::Approx(cross / (4 * h * h)).epsilon(1e-5));
  }
}

TEST_CASE("the numbers of a point do not depend on the points beside it") {
  const MixtureScore plane(mixture_2d());
  const MixtureScore line(
      GaussianMixture({{0.5, Eigen::VectorXd::Constant(1, -1), Eigen::MatrixXd::Constant(1, 1, 0.01)},
                       {0.5, Eigen::VectorXd::Constant(1, 1), Eigen::MatrixXd::Constant(1, 1, 0.02)}}),
      {{-3, 0}, {6, 0}});
  constexpr std::size_t count = 139;  // two blocks, and a part of a vector
  At at;
  for (std::size_t i = 0; i < count; ++i) {
    at.x.push_back(-4 + 0.0613 * static_cast<double>(i));
    at.y.push_back(std::sin(static_cast<double>(i)));
  }
  for (const MixtureScore* distribution : {&plane, &line}) {
    std::vector<double> sx(count), sy(count), logs(count), xx(count), xy(count), yy(count);
    distribution->score(at.points(), {{sx.data(), sy.data()}});
    distribution->log_density(at.points(), logs.data());
    distribution->jacobian(at.points(), {xx.data(), xy.data(), yy.data()});
    for (std::size_t i = 0; i < count; ++i) {
      double s[2] = {}, H[3] = {}, logarithm = 0;
      const PointsIn alone{1, 2, {&at.x[i], &at.y[i]}};
      distribution->score(alone, {{&s[0], &s[1]}});
      distribution->jacobian(alone, {&H[0], &H[1], &H[2]});
      distribution->log_density(alone, &logarithm);
      CHECK(s[0] == sx[i]);
      CHECK(s[1] == sy[i]);
      CHECK(H[0] == xx[i]);
      CHECK(H[2] == yy[i]);
      CHECK(logarithm == logs[i]);
    }
  }
}

TEST_CASE("log density is the logarithm of the density and goes on where that is no double") {
  const GaussianMixture mixture = mixture_2d();
  const MixtureScore distribution(mixture);
  const At at{{-1.0, 0.3, 2.0}, {0.5, -0.1, 1.0}};
  std::vector<double> p(3), logs(3);
  mixture.evaluate(at.points(), p.data());
  distribution.log_density(at.points(), logs.data());
  for (std::size_t i = 0; i < 3; ++i) CHECK(logs[i] == doctest::Approx(std::log(p[i])).epsilon(1e-13));

  const MixtureScore line(
      GaussianMixture({{0.5, Eigen::VectorXd::Constant(1, -1), Eigen::MatrixXd::Constant(1, 1, 0.01)},
                       {0.5, Eigen::VectorXd::Constant(1, 1), Eigen::MatrixXd::Constant(1, 1, 0.01)}}));
  const At far{{-50, 50}, {}};
  std::vector<double> s(2), log_far(2), slope(2);
  line.score(far.points(), {{s.data(), nullptr}});
  line.log_density(far.points(), log_far.data());
  line.jacobian(far.points(), {slope.data(), nullptr, nullptr});
  CHECK(s[0] == doctest::Approx(4900).epsilon(1e-14));  // -(x - m)/V of the nearer component
  CHECK(s[1] == -s[0]);
  CHECK(log_far[0] == doctest::Approx(-49 * 49 / 0.02).epsilon(1e-4));
  CHECK(slope[0] == doctest::Approx(-100).epsilon(1e-12));
}

TEST_CASE("a point has no score and says so with its time") {
  const GaussianMixture point({{1, Eigen::VectorXd::Zero(1), Eigen::MatrixXd::Zero(1, 1)}});
  CHECK_THROWS_AS(MixtureScore{point}, std::invalid_argument);
  LinearCoefficients wiener;
  wiener.D[0] = 0.5;
  ClosedScore score(ClosedForm(wiener, point, 1));
  CHECK_THROWS_AS(score.prepare(0, {}), NumericalError);
  score.prepare(2, {});
  const double x = 1;
  double s = 0;
  score.score({1, 1, {&x, nullptr}}, {{&s, nullptr}});
  CHECK(s == doctest::Approx(-0.5).epsilon(1e-12));  // N(0, 2 D t = 2)
}

TEST_CASE("on a torus log density and score are those of the wrapped distribution") {
  const auto wrapped = [](double variance) {
    return MixtureScore(
        GaussianMixture({{1, Eigen::VectorXd::Constant(1, 0.3), Eigen::MatrixXd::Constant(1, 1, variance)}}),
        Torus{{-1, 0}, {2, 0}});
  };
  const At at{{-0.9, 0.1, 0.8, 4.8}, {}};
  std::vector<double> log_p(4), s(4);
  for (const double variance : {0.01, 0.4, 3.0, 1e4}) {
    const MixtureScore distribution = wrapped(variance);
    distribution.log_density(at.points(), log_p.data());
    distribution.score(at.points(), {{s.data(), nullptr}});
    for (std::size_t i = 0; i < 4; ++i) {
      double p = 0, slope = 0;  // a spread of some turns is even already
      const double spread = std::min(variance, 60.0);
      for (int k = -400; k <= 400; ++k) {
        const double z = at.x[i] - 0.3 - 2 * k, g = std::exp(-z * z / (2 * spread)) / std::sqrt(2 * M_PI * spread);
        p += g;
        slope -= z / spread * g;
      }
      CHECK(log_p[i] == doctest::Approx(std::log(p)).epsilon(1e-12));
      CHECK(std::abs(s[i] - slope / p) < 1e-10 * (1 + std::abs(slope / p)));
    }
    CHECK(std::abs(log_p[2] - log_p[3]) < 1e-10 * (1 + std::abs(log_p[2])));  // two turns apart
  }
}
