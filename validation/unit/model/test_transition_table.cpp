// Guards the table of distributions from 0: those of an integration from 0, for schedules, jumps, narrow pulses, noise
// that begins at 0, at times far below the first knot and beyond the horizon; the same bits whatever was asked before.
#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/model/transition_table.hpp"
#include "linear_sde.hpp"

using namespace fokker;
using test::linear_coefficients;

namespace {

/// The largest difference, each block by its own size.
double difference(const GaussianTransition& a, const GaussianTransition& b) {
  const auto relative = [](const auto& u, const auto& v) {
    const double size = v.cwiseAbs().maxCoeff();
    return size > 0 ? (u - v).cwiseAbs().maxCoeff() / size : u.cwiseAbs().maxCoeff();
  };
  return std::max({relative(a.Phi, b.Phi), relative(a.S, b.S), relative(a.c, b.c)});
}

bool same_bits(const GaussianTransition& a, const GaussianTransition& b) {
  return a.Phi == b.Phi && a.S == b.S && a.c == b.c;
}

}  // namespace

TEST_CASE("the table holds the distributions that an integration from 0 gives") {
  struct Row {
    const char* what;
    LinearCoefficients coefficients;
    double horizon;
    double tolerance = 3e-11;
  };
  const Row rows[] = {
      {"vp", linear_coefficients({"-(0.1 + 19.9*t)/2*x"}, {{"sqrt(0.1 + 19.9*t)"}}), 1},
      {"sub-VP",
       linear_coefficients({"-(0.1 + 19.9*t)/2*x"}, {{"sqrt((0.1 + 19.9*t)*(1 - exp(-2*(0.1*t + 9.95*t^2))))"}}), 1},
      {"ve over five decades", linear_coefficients({"0"}, {{"0.01*5000^t*sqrt(2*log(5000))"}}), 1},
      {"forced oscillator",
       linear_coefficients({"y", "-4*x - 0.3*y + cos(7*t)"}, {{"0.1", "0"}, {"0", "0.5 + 0.4*sin(3*t)"}}), 5},
      {"a switch", linear_coefficients({"-x + if(t < 0.37, 2, -1)"}, {{"if(t > 0.61, 1, 0.1)"}}), 1},
      {"a pulse of 1e-5", linear_coefficients({"-x"}, {{"1 + 100*exp(-((t - 0.5)/1e-5)^2)"}}), 1, 1e-9},
      {"other units", linear_coefficients({"-1e9*(2 + sin(1e9*t))*x"}, {{"1e4"}}), 3e-9},
  };
  for (const Row& row : rows) {
    INFO(std::string(row.what));
    const TransitionTable table(row.coefficients, row.horizon);
    const LinearGaussian linear(row.coefficients);
    for (const double part : {1e-6, 3e-4, 0.1234, 0.37, 0.5, 0.50001, 0.62, 0.875, 1.0, 1.3}) {
      const double t = part * row.horizon;
      INFO(t);
      CHECK(difference(table.to(t), linear.distribution(0, t)) < row.tolerance);
    }
    CHECK(table.to(0).Phi.isIdentity(0));
  }
  // In the middle of the pulse, by Gauss' rule on 5e-6 a piece; long before the first knot of sub-VP, S = (int beta)^2.
  CHECK(TransitionTable(rows[5].coefficients, 1).to(0.5).S(0, 0) == doctest::Approx(0.3804979201341971).epsilon(1e-11));
  CHECK(TransitionTable(rows[1].coefficients, 1).to(1e-9).S(0, 0) == doctest::Approx(1e-20).epsilon(1e-6));
}

TEST_CASE("the distribution of a time has the same bits whatever was asked before") {
  const LinearCoefficients vp =
      linear_coefficients({"-(0.1 + 19.9*t)/2*x + if(t < 0.3, 1, 0)"}, {{"sqrt(0.1 + 19.9*t)"}});
  const TransitionTable forth(vp, 1), back(vp, 1), once(vp, 1);
  const std::array<double, 6> times{1e-7, 0.21, 0.3, 0.30000001, 0.7712, 1};
  std::vector<GaussianTransition> first;
  for (const double t : times) first.push_back(forth.to(t));
  for (std::size_t k = times.size(); k-- > 0;) CHECK(same_bits(back.to(times[k]), first[k]));
  CHECK(same_bits(once.to(0.7712), first[4]));
  const TransitionTable copy = once;
  CHECK(same_bits(copy.to(0.21), first[1]));
}

TEST_CASE("constant coefficients and a singular end") {
  const LinearCoefficients constant = linear_coefficients({"-2*x + 1"}, {{"0.5"}});
  const TransitionTable table(constant, 1);
  CHECK(same_bits(table.to(0.7), LinearGaussian(constant).distribution(0, 0.7)));
  // a bridge: the drift is singular at t = 1, and nowhere before
  const TransitionTable bridge(linear_coefficients({"-x/(1 - t)"}, {{"1"}}), 1);
  CHECK(bridge.to(0.5).S(0, 0) == doctest::Approx(0.25).epsilon(1e-11));
  CHECK(bridge.to(0.999).S(0, 0) == doctest::Approx(0.999e-3).epsilon(1e-9));
  CHECK_THROWS_AS(static_cast<void>(bridge.to(1)), NumericalError);
}
