// Freezes the closed forms of linear SDEs: reference moments A01 to A05 to the digits given, every kind of matrix
// (defective, singular, rotating, unstable, stiff, no noise), constant against time-dependent evaluation of the same
// SDE, the noising schedules of theory section 4, and the numbers of section 9 that unmask circulating misprints.
#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numbers>

#include "fokker/base/errors.hpp"
#include "fokker/model/linear_gaussian.hpp"
#include "linear_sde.hpp"

using namespace fokker;
using Eigen::Matrix2d;
using Eigen::MatrixXd;
using Eigen::Vector2d;
using Eigen::VectorXd;

namespace {

LinearGaussian linear(const std::vector<std::string>& drift, const std::vector<std::vector<std::string>>& noise,
                      const MatrixXd& covariance = {}) {
  return LinearGaussian(test::linear_coefficients(drift, noise, covariance));
}

GaussianMixture normal(double mean, double variance) {
  return GaussianMixture({{1, VectorXd::Constant(1, mean), MatrixXd::Constant(1, 1, variance)}});
}

double at(const Density& p, double x, double y = 0) {
  double value = 0;
  p.evaluate({1, p.dimension(), {&x, &y}}, &value);
  return value;
}

bool near(double value, double exact, double tolerance = 1e-14) {
  return std::abs(value - exact) <= tolerance * std::abs(exact);
}

double difference(const MatrixXd& a, const MatrixXd& b) { return (a - b).cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE("A01 and A02: Ornstein-Uhlenbeck from a Gaussian and from a point") {
  const LinearGaussian a01 = linear({"-1.5*(x - 0.5)"}, {{"0.8"}});
  struct Row {
    double t, mean, variance, p_half, p_three_halves;
  };
  for (const Row& row : {Row{0.1, 1.791061964637587, 0.2404966680916630, 0.02542994356688527, 0.6821242790020821},
                         Row{0.5, 1.208549829111522, 0.2215147725387758, 0.2729382905227404, 0.6997458201844183},
                         Row{1, 0.8346952402226447, 0.2151588591734883, 0.6629401297584919, 0.3074747627558081},
                         Row{3, 0.5166634948073635, 0.2133378583594832, 0.8631643004947139, 0.08956935518337857}}) {
    const GaussianMixture p = push_forward(normal(2, 0.25), a01.distribution(0, row.t));
    CHECK(near(p.mean()[0], row.mean));
    CHECK(near(p.covariance()(0, 0), row.variance));
    CHECK(near(at(p, 0.5), row.p_half, 1e-13));
    CHECK(near(at(p, 1.5), row.p_three_halves, 1e-13));
  }
  CHECK(near(a01.stationary()->mean[0], 0.5));
  CHECK(near(a01.stationary()->covariance(0, 0), 0.2133333333333333));

  const LinearGaussian a02 = linear({"-x"}, {{"sqrt(2)"}});
  struct Point {
    double t, mean, variance, peak, p0, p2;
  };
  for (const Point& row :
       {Point{0.01, 1.980099667498336, 0.01980132669324470, 2.835064352463772, 2.857337719038389e-43,
              2.806855224727204},
        Point{0.1, 1.809674836071919, 0.1812692469220181, 0.9370181442664435, 0.0001118486695582847,
              0.8479196647562102},
        Point{1, 0.7357588823428846, 0.8646647167633873, 0.4290285533814690, 0.3137160223279561, 0.1702536119196871}}) {
    const GaussianMixture p = push_forward(normal(2, 0), a02.distribution(0, row.t));
    CHECK(near(p.mean()[0], row.mean));
    CHECK(near(p.covariance()(0, 0), row.variance));
    CHECK(near(at(p, p.mean()[0]), row.peak));
    CHECK(near(at(p, 0), row.p0, 1e-12));
    CHECK(near(at(p, 2), row.p2, 1e-13));
  }
}

TEST_CASE("A03: a mixture stays a mixture") {
  const LinearGaussian ou = linear({"-x"}, {{"sqrt(2)"}});
  const GaussianMixture start({{0.3, VectorXd::Constant(1, -2.0), MatrixXd::Constant(1, 1, 0.09)},
                               {0.7, VectorXd::Constant(1, 1.5), MatrixXd::Constant(1, 1, 0.25)}});
  const GaussianMixture early = push_forward(start, ou.distribution(0, 0.2)),
                        late = push_forward(start, ou.distribution(0, 1));
  CHECK(near(early.mean()[0], 0.3684288388850918));
  CHECK(near(early.covariance()(0, 0), 2.189482921690242));
  CHECK(near(at(early, -1), 0.1165172095497676));
  CHECK(near(at(early, 0), 0.09307574147788688, 1e-13));
  CHECK(near(at(early, 1), 0.3758599999677828));
  CHECK(near(late.mean()[0], 0.1655457485271490));
  CHECK(near(late.covariance()(0, 0), 1.240152460103369));
  CHECK(near(at(late, -1), 0.1999581881235232));
  CHECK(near(at(late, 0), 0.3425556199360483));
  CHECK(near(at(late, 1), 0.2863861106989734));
}

TEST_CASE("A04: rotation with correlated noise") {
  // B B^T = [[1, 0.3], [0.3, 0.5]], written as unit sources with that covariance
  const LinearGaussian a04 =
      linear({"-x - 0.6*y", "1.4*x - 0.8*y"}, {{"1", "0"}, {"0", "1"}}, Matrix2d{{1, 0.3}, {0.3, 0.5}});
  const GaussianMixture start({{1, Vector2d(1.5, -1), Vector2d(0.09, 0.04).asDiagonal()}});
  struct Row {
    double t, mx, my, xx, xy, yy, at_mean, at_origin, at_other;
  };
  for (const Row& row : {Row{0.3, 1.204344441519386, -0.2826978048919464, 0.2573055965996241, 0.1157473718880288,
                             0.1866906913444558, 0.8551391635420993, 0.004088229938340207, 0.2071503270534943},
                         Row{1, 0.5324702272720481, 0.4560365900997916, 0.3456547081738630, 0.2400296331469231,
                             0.5150408555729712, 0.4586539278722569, 0.3011127528883137, 0.2342200926288595},
                         Row{3, -0.07932984283253126, 0.1202775275024137, 0.3660227766685691, 0.2195698372595846,
                             0.6961553294233913, 0.3501525492136615, 0.3385968790117101, 0.1402566377466125}}) {
    const GaussianMixture p = push_forward(start, a04.distribution(0, row.t));
    CHECK(near(p.mean()[0], row.mx, 2e-14));
    CHECK(near(p.mean()[1], row.my, 2e-14));
    CHECK(near(p.covariance()(0, 0), row.xx));
    CHECK(near(p.covariance()(0, 1), row.xy));
    CHECK(near(p.covariance()(1, 1), row.yy));
    CHECK(near(at(p, row.mx, row.my), row.at_mean));
    CHECK(std::abs(at(p, 0, 0) / row.at_origin - 1) < 2e-13);
    CHECK(near(at(p, 0.5, -0.25), row.at_other, 2e-13));
  }
  const MatrixXd V = a04.stationary()->covariance;
  CHECK(difference(V, Matrix2d{{0.3678861788617886, 0.2201897018970190}, {0.2201897018970190, 0.6978319783197832}}) <
        2e-16);
  CHECK(difference(a04.distribution(0, 100).S, V) < 1e-15);
}

TEST_CASE("A05: reversible and correlated") {
  const LinearGaussian a05 = linear({"-4*x + y", "x - 4*y"}, {{"1", "0"}, {"0", "1"}});
  const GaussianMixture start({{1, Vector2d(0.5, 0.5), Matrix2d::Identity() / 16}});
  struct Row {
    double t, mean, xx, xy, at_origin;
  };
  for (const Row& row : {Row{0.1, 0.3704091103408589, 0.09785165443147158, 0.01164713347540067, 0.4679245041111802},
                         Row{0.5, 0.1115650800742149, 0.1306139203496076, 0.03086659336207327, 1.161005893939953},
                         Row{1, 0.02489353418393197, 0.1332033804087822, 0.03320508290614834, 1.229189538669261},
                         Row{3, 6.170490204333977e-5, 0.1333333325401035, 0.03333333254010698, 1.232808865826932}}) {
    const GaussianMixture p = push_forward(start, a05.distribution(0, row.t));
    CHECK(near(p.mean()[0], row.mean, 2e-14));
    CHECK(near(p.mean()[1], row.mean, 2e-14));
    CHECK(near(p.covariance()(0, 0), row.xx));
    CHECK(near(p.covariance()(0, 1), row.xy, 2e-14));
    CHECK(near(p.covariance()(1, 1), row.xx));
    CHECK(near(at(p, 0, 0), row.at_origin, 2e-14));
  }
}

TEST_CASE("matrices of every kind") {
  SUBCASE("not diagonalisable") {
    const GaussianTransition distribution = linear({"-x + y", "-y"}, {{"0"}, {"1"}}).distribution(0, 2);
    const double e = std::exp(-2.0), e2 = e * e;
    CHECK(difference(distribution.Phi, Matrix2d{{e, 2 * e}, {0, e}}) < 1e-16);
    // int_0^2 (u^2, u; u, 1) e^{-2u} du
    CHECK(difference(distribution.S,
                     Matrix2d{{0.25 - 3.25 * e2, 0.25 - 1.25 * e2}, {0.25 - 1.25 * e2, 0.5 - 0.5 * e2}}) < 1e-15);
  }
  SUBCASE("singular: Brownian motion with drift") {
    const GaussianTransition distribution = linear({"0.5"}, {{"2"}}).distribution(1, 4);
    CHECK(distribution.Phi(0, 0) == 1);
    CHECK(distribution.c[0] == 1.5);
    CHECK(distribution.S(0, 0) == 12);
    CHECK_FALSE(linear({"0.5"}, {{"2"}}).stationary().has_value());
  }
  SUBCASE("nilpotent: the tiny variance of an integrated Brownian motion keeps its digits") {
    for (const double h : {1e-6, 1.0, 1e4}) {
      const GaussianTransition distribution = linear({"y", "0"}, {{"0"}, {"1"}}).distribution(0, h);
      CHECK(near(distribution.S(0, 0), h * h * h / 3));
      CHECK(near(distribution.S(0, 1), h * h / 2));
      CHECK(near(distribution.S.determinant(), h * h * h * h / 12, 1e-13));
    }
  }
  SUBCASE("rotating without damping") {
    const GaussianTransition distribution = linear({"-y", "x"}, {{"1", "0"}, {"0", "1"}}).distribution(0, 1000);
    CHECK(difference(distribution.Phi, Matrix2d{{std::cos(1000), -std::sin(1000)}, {std::sin(1000), std::cos(1000)}}) <
          1e-12);
    CHECK(difference(distribution.S, 1000 * Matrix2d::Identity()) < 1e-9);
  }
  SUBCASE("stiff: each rate keeps its digits") {
    const GaussianTransition distribution = linear({"-1e6*x", "-y"}, {{"1", "0"}, {"0", "1"}}).distribution(0, 1);
    CHECK(near(distribution.Phi(1, 1), std::exp(-1.0), 1e-14));
    CHECK(near(distribution.S(0, 0), 0.5e-6));
    CHECK(near(distribution.S(1, 1), 0.5 * (1 - std::exp(-2.0)), 1e-14));
  }
  SUBCASE("unstable") {
    const GaussianTransition distribution = linear({"2*x + 1"}, {{"1"}}).distribution(0, 10);
    CHECK(near(distribution.Phi(0, 0), std::exp(20.0), 1e-13));
    CHECK(near(distribution.c[0], 0.5 * std::expm1(20.0), 1e-13));
    CHECK(near(distribution.S(0, 0), 0.25 * std::expm1(40.0), 1e-13));
    CHECK_THROWS_AS(linear({"2*x"}, {{"1"}}).distribution(0, 1000), NumericalError);
  }
  SUBCASE("no noise") {
    const GaussianMixture p = push_forward(normal(3, 0), linear({"-x"}, {{"0"}}).distribution(0, 1));
    CHECK(p.covariance()(0, 0) == 0);
    CHECK(near(p.mean()[0], 3 * std::exp(-1.0)));
  }
  SUBCASE("distributions compose") {
    const LinearGaussian sde = linear({"-0.3*x + 1.7*y + sin(3*t)", "-2.1*x - 0.2*y*t"}, {{"1", "t"}, {"0.3", "1"}});
    const GaussianTransition first = sde.distribution(0, 0.7), second = sde.distribution(0.7, 2),
                             whole = sde.distribution(0, 2);
    CHECK(difference(second.Phi * first.Phi, whole.Phi) < 1e-12);
    CHECK(difference(second.Phi * first.c + second.c, whole.c) < 1e-12);
    CHECK(difference(second.Phi * first.S * second.Phi.transpose() + second.S, whole.S) < 1e-12);
  }
}

TEST_CASE("time-dependent evaluation of constant coefficients agrees with the matrix exponential") {
  // t*0.0... would be folded away; 1e-300*t is not
  const LinearGaussian constant = linear({"-x - 0.6*y + 1", "1.4*x - 0.8*y"}, {{"1", "0"}, {"0.3", "0.5"}});
  const LinearGaussian moving = linear({"-x - 0.6*y + 1 + 1e-300*t", "1.4*x - 0.8*y"}, {{"1", "0"}, {"0.3", "0.5"}});
  for (const double t : {0.01, 1.0, 30.0}) {
    const GaussianTransition a = constant.distribution(0, t), b = moving.distribution(0, t);
    CHECK(difference(a.Phi, b.Phi) < 2e-13);
    CHECK(difference(a.c, b.c) < 2e-13);
    CHECK(difference(a.S, b.S) < 2e-13);
  }
}

TEST_CASE("noising schedules: mean factor and conditional variance of theory section 4") {
  for (const double t : {0.01, 0.3, 1.0}) {
    const double B = 0.1 * t + 9.95 * t * t;
    CAPTURE(t);
    const GaussianTransition vp = linear({"-0.5*(0.1 + 19.9*t)*x"}, {{"sqrt(0.1 + 19.9*t)"}}).distribution(0, t);
    CHECK(near(vp.Phi(0, 0), std::exp(-B / 2), 1e-12));
    CHECK(near(vp.S(0, 0), -std::expm1(-B), 1e-12));
    const GaussianTransition ve = linear({"0"}, {{"0.01*5000^t*sqrt(2*log(5000))"}}).distribution(0, t);
    CHECK(ve.Phi(0, 0) == 1);
    CHECK(near(ve.S(0, 0), 1e-4 * std::expm1(2 * t * std::log(5000.0)), 1e-12));
    const GaussianTransition sub =
        linear({"-0.5*(0.1 + 19.9*t)*x"}, {{"sqrt((0.1 + 19.9*t)*(1 - exp(-2*(0.1*t + 9.95*t^2))))"}})
            .distribution(0, t);
    CHECK(near(sub.Phi(0, 0), std::exp(-B / 2), 1e-12));
    CHECK(near(sub.S(0, 0), std::expm1(-B) * std::expm1(-B), 1e-12));
  }
  // Cosine VP: alpha = cos((t + 0.008)/1.008 pi/2) / cos(0.008/1.008 pi/2), infinite rate at t = 1.
  const LinearGaussian cosine =
      linear({"-0.5*pi/1.008*tan(pi*(t + 0.008)/2.016)*x"}, {{"sqrt(pi/1.008*tan(pi*(t + 0.008)/2.016))"}});
  const auto level = [](double t) { return std::cos(std::numbers::pi * (t + 0.008) / 2.016); };
  const GaussianTransition most = cosine.distribution(0, 0.999);
  CHECK(near(most.Phi(0, 0), level(0.999) / level(0), 1e-11));
  CHECK(near(most.S(0, 0), 1 - std::pow(level(0.999) / level(0), 2), 1e-12));
}

TEST_CASE("numbers that unmask misprints") {
  const GaussianTransition vp = linear({"-x/2"}, {{"1"}}).distribution(0, 1);  // B = 1
  CHECK(std::abs(vp.S(0, 0) - 0.632) < 5e-4);                                  // not 1.718
  const GaussianTransition sub = linear({"-x/2"}, {{"sqrt(1 - exp(-2*t))"}}).distribution(0, 1);
  CHECK(std::abs(2 * sub.Phi(0, 0) + sub.c[0] - 1.213) < 5e-4);  // not 1.5
  const GaussianMixture ou = push_forward(normal(0, 1), linear({"-x"}, {{"1"}}).distribution(0, 1));
  CHECK(std::abs(ou.covariance()(0, 0) - 0.568) < 5e-4);  // N(0, sigma^2/theta) is not stationary
  CHECK(near(linear({"-x"}, {{"1"}}).stationary()->covariance(0, 0), 0.5));
}

TEST_CASE("coefficients that jump are integrated and singular ones are refused") {
  const GaussianTransition jump = linear({"if(t < 0.3, -1, 2)*x"}, {{"if(t < 0.3, 1, 0)"}}).distribution(0, 1);
  CHECK(near(jump.Phi(0, 0), std::exp(-0.3 + 1.4), 1e-11));
  CHECK(near(jump.S(0, 0), -0.5 * std::expm1(-0.6) * std::exp(2.8), 1e-11));
  CHECK_THROWS_AS(linear({"-x/t"}, {{"1"}}).distribution(0, 1), NumericalError);
  CHECK_THROWS_AS(linear({"x/(1 - t)^2"}, {{"1"}}).distribution(0, 2), NumericalError);
  CHECK_THROWS_AS(linear({"0"}, {{"1/(1 - t)"}}).distribution(0, 2.1), NumericalError);
  CHECK_THROWS_AS(linear({"x*log(0.5 - t)"}, {{"1"}}).distribution(0, 1), NumericalError);
  CHECK_THROWS_AS(linear({"-x"}, {{"1"}}).distribution(1, 0), std::invalid_argument);
  const GaussianTransition late = linear({"0"}, {{"if(t < 0.3, 0, 1)"}}).distribution(0, 1);
  CHECK(near(late.S(0, 0), 0.7, 1e-12));
  const GaussianTransition now = linear({"-x*t"}, {{"1"}}).distribution(2, 2);
  CHECK(now.Phi(0, 0) == 1);
  CHECK(now.S(0, 0) == 0);
}
