// Freezes how formulas become an Ito SDE: D = G Q G^T / 2, the drift that each interpretation induces (against formulas
// derived by hand), the noise that particles use (B B^T = 2 D), and what is proved about the formulas: a trait is a
// proof or 'no', so both answers are under test.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "fokker/base/errors.hpp"
#include "fokker/model/formula_sde.hpp"

using namespace fokker;

namespace {

using Texts = std::vector<std::string>;

Expression parse(const std::string& text) {
  static const Texts names{"x", "y", "t"};
  return parse_expression(text, names);
}

std::vector<Expression> parse_all(const Texts& texts) {
  std::vector<Expression> result;
  for (const std::string& text : texts) result.push_back(parse(text));
  return result;
}

SdeFormulas formulas(const Texts& drift, const std::vector<Texts>& noise,
                     Interpretation reading = Interpretation::ito) {
  SdeFormulas f;
  f.variables = drift.size() == 1 ? Texts{"x"} : Texts{"x", "y"};
  f.drift = parse_all(drift);
  for (const Texts& row : noise) f.noise.push_back(parse_all(row));
  f.interpretation = reading;
  return f;
}

SdeFormulas with_diffusion(const Texts& drift, const std::vector<Texts>& D,
                           Interpretation reading = Interpretation::ito) {
  SdeFormulas f = formulas(drift, D, reading);
  std::swap(f.noise, f.diffusion);
  return f;
}

SdeFormulas with_potential(const Texts& axes, const std::string& U, const std::string& T,
                           Interpretation reading = Interpretation::ito) {
  SdeFormulas f;
  f.variables = axes;
  f.potential = parse(U);
  f.temperature = parse(T);
  f.interpretation = reading;
  return f;
}

/// Everything an Sde says at one point.
struct At {
  std::array<double, 2> f{}, a{};
  double xx = 0, xy = 0, yy = 0;
  std::vector<double> B;
  At(const Sde& sde, double x, double y, double t) : B(static_cast<std::size_t>(sde.dimension() * sde.noise_count())) {
    const PointsIn point{1, sde.dimension(), {&x, &y}};
    sde.drift(point, t, {&f[0], &f[1]});
    sde.flux_velocity(point, t, {&a[0], &a[1]});
    sde.diffusion(point, t, {&xx, &xy, &yy});
    std::vector<double*> columns;
    for (double& entry : B) columns.push_back(&entry);
    sde.noise(point, t, columns.data());
  }
};

bool near(double value, double exact, double tolerance = 1e-13) {
  return std::abs(value - exact) <= tolerance * (1 + std::abs(exact));
}

/// B B^T = 2 D at a few points.
void check_noise(const Sde& sde) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> any(0.1, 1.9);
  for (int n = 0; n < 10; ++n) {
    const At at(sde, any(random), any(random), any(random));
    const int d = sde.dimension();
    double xx = 0, xy = 0, yy = 0;
    for (int k = 0; k < sde.noise_count(); ++k) {
      xx += at.B[d * k] * at.B[d * k];
      if (d == 1) continue;
      xy += at.B[2 * k] * at.B[2 * k + 1];
      yy += at.B[2 * k + 1] * at.B[2 * k + 1];
    }
    CHECK(near(xx, 2 * at.xx));
    CHECK(near(xy, 2 * at.xy));
    CHECK(near(yy, 2 * at.yy));
  }
}

}  // namespace

TEST_CASE("one dimension: what each interpretation induces") {
  // Verhulst dX = (r X - X^2) dt + s X dW: D = s^2 x^2 / 2, Stratonovich + s^2 x / 2, Klimontovich + s^2 x.
  struct Row {
    Interpretation reading;
    double fraction;
  };
  for (const Row row :
       {Row{Interpretation::ito, 0}, Row{Interpretation::stratonovich, 0.5}, Row{Interpretation::klimontovich, 1}}) {
    const double s2 = 0.25, x = 1.3;
    for (const bool by_noise : {true, false}) {
      const FormulaSde sde(by_noise ? formulas({"2*x - x^2"}, {{"x/2"}}, row.reading)
                                    : with_diffusion({"2*x - x^2"}, {{"x^2/8"}}, row.reading));
      const At at(sde, x, 0, 0);
      CHECK(near(at.f[0], 2 * x - x * x + row.fraction * s2 * x));
      CHECK(near(at.a[0], at.f[0] - s2 * x));
      CHECK(near(at.xx, s2 * x * x / 2));
      CHECK(near(at.B[0], 0.5 * x));
      CHECK(sde.induced_drift()[0] == parse(row.fraction == 0 ? "0" : row.fraction == 1 ? "0.25*x" : "0.125*x"));
      CHECK(sde.traits().autonomous);
      CHECK_FALSE(sde.traits().additive);
      CHECK_FALSE(sde.traits().linear);
    }
  }
  // Geometric Brownian motion stays linear in every reading.
  const FormulaSde gbm(formulas({"0.25*x"}, {{"0.5*x"}}, Interpretation::stratonovich));
  CHECK(gbm.ito_drift()[0] == parse("0.375*x"));
  CHECK(gbm.traits().linear);
  CHECK_FALSE(gbm.linear().has_value());
}

TEST_CASE("two dimensions: three correlated sources read as Stratonovich") {
  // G = [[x, y, 1], [0, x y, 2]], Q = [[1, 0.5, 0], [0.5, 2, 0.3], [0, 0.3, 1]].
  // 1/2 Q_kl G_jl d_j G_ik by hand, with V_jk = (G Q)_jk:
  //   i = x: d_x G_x0 = 1, d_y G_x1 = 1           -> (V_x0 + V_y1) / 2
  //   i = y: d_x G_y1 = y, d_y G_y1 = x           -> (y V_x1 + x V_y1) / 2
  //   V_x0 = x + 0.5 y,  V_x1 = 0.5 x + 2 y + 0.3,  V_y1 = 2 x y + 0.6
  SdeFormulas given = formulas({"y", "-x"}, {{"x", "y", "1"}, {"0", "x*y", "2"}}, Interpretation::stratonovich);
  given.noise_covariance = Eigen::MatrixXd(3, 3);
  given.noise_covariance << 1, 0.5, 0, 0.5, 2, 0.3, 0, 0.3, 1;
  const double x = 0.7, y = -1.2;
  {
    const FormulaSde sde(given);
    const At at(sde, x, y, 0);
    const double Vx0 = x + 0.5 * y, Vx1 = 0.5 * x + 2 * y + 0.3, Vy1 = 2 * x * y + 0.6;
    CHECK(near(at.f[0], y + 0.5 * (Vx0 + Vy1)));
    CHECK(near(at.f[1], -x + 0.5 * (y * Vx1 + x * Vy1)));
    CHECK(near(at.xx, 0.5 * (x * x + x * y + 2 * y * y + 0.6 * y + 1)));
    CHECK(near(at.xy, 0.5 * (0.5 * x * x * y + 2 * x * y * y + 0.3 * x * y + 0.6 * y + 2)));
    CHECK(near(at.yy, 0.5 * (2 * x * x * y * y + 1.2 * x * y + 4)));
    CHECK(sde.noise_count() == 3);
    check_noise(sde);
  }
  {
    given.interpretation = Interpretation::klimontovich;  // + div D, so that a = f as given
    const At at(FormulaSde(given), x, y, 0);
    CHECK(near(at.a[0], y));
    CHECK(near(at.a[1], -x));
  }
  {
    given.noise_covariance << 1, 1, 0, 1, 1, 0, 0, 0, 0;  // singular: source 2 is silent, 0 and 1 are one
    check_noise(FormulaSde(given));
  }
}

TEST_CASE("diffusion alone: the symmetric root of 2D") {
  check_noise(FormulaSde(with_diffusion({"0", "0"}, {{"1 + x^2", "x*y/2"}, {"x*y/2", "1 + y^2"}})));
  check_noise(FormulaSde(with_diffusion({"0", "0"}, {{"x^2", "x*y"}, {"x*y", "y^2"}})));  // singular everywhere
  check_noise(FormulaSde(with_diffusion({"0", "0"}, {{"0", "0"}, {"0", "y^2"}})));
  check_noise(FormulaSde(with_diffusion({"0"}, {{"x*(2 - x)"}})));
  const At none(FormulaSde(with_diffusion({"0", "0"}, {{"0", "0"}, {"0", "0"}})), 1, 1, 0);
  for (const double entry : none.B) CHECK(entry == 0);
  const At broken(FormulaSde(with_diffusion({"0"}, {{"log(x)"}})), -1, 0, 0);
  CHECK(std::isnan(broken.B[0]));
}

TEST_CASE("potential and temperature") {
  const double x = 0.8, y = -0.3;
  const FormulaSde wells(with_potential({"x", "y"}, "x^4/4 - x^2/2 + x*y + y^2", "0.2"));
  const At at(wells, x, y, 0);
  CHECK(near(at.f[0], -(x * x * x - x + y)));
  CHECK(near(at.f[1], -(x + 2 * y)));
  CHECK(at.xx == 0.2);
  CHECK(at.xy == 0);
  CHECK(at.yy == 0.2);
  REQUIRE(wells.has_gibbs());
  double log_gibbs = 0;
  wells.log_gibbs({1, 2, {&x, &y}}, &log_gibbs);
  CHECK(near(log_gibbs, -(x * x * x * x / 4 - x * x / 2 + x * y + y * y) / 0.2));
  check_noise(wells);

  const Texts axis{"x"};
  for (const auto reading : {Interpretation::ito, Interpretation::stratonovich, Interpretation::klimontovich}) {
    const FormulaSde warm(with_potential(axis, "x^2/2", "1 + x^2", reading));
    const double fraction = reading == Interpretation::ito ? 0 : reading == Interpretation::stratonovich ? 0.5 : 1;
    CHECK(near(At(warm, x, 0, 0).f[0], -x + fraction * 2 * x));
    CHECK_FALSE(warm.has_gibbs());
  }
  CHECK_FALSE(FormulaSde(with_potential(axis, "x^2*(1 + t)", "1")).has_gibbs());
  CHECK_FALSE(FormulaSde(with_potential(axis, "x^2", "0")).has_gibbs());
  CHECK(FormulaSde(with_potential(axis, "(x + t)*(x - t) + t^2", "1")).has_gibbs());
}

TEST_CASE("traits are proofs or no") {
  const auto traits = [](const Texts& drift, const std::vector<Texts>& noise) {
    return FormulaSde(formulas(drift, noise)).traits();
  };
  const Traits ou = traits({"-1.5*(x - 0.5)"}, {{"0.8"}});
  CHECK(ou.autonomous);
  CHECK(ou.additive);
  CHECK(ou.linear);
  CHECK(ou.diagonal);
  CHECK_FALSE(ou.deterministic);
  CHECK_FALSE(traits({"-sign(x)"}, {{"1"}}).linear);  // slope 0 almost everywhere
  CHECK_FALSE(traits({"if(x > 0, -x, x)"}, {{"1"}}).linear);
  CHECK_FALSE(traits({"-abs(x)"}, {{"1"}}).linear);
  CHECK_FALSE(traits({"-x^3"}, {{"1"}}).linear);
  CHECK(traits({"(x + 1)^2 - x^2"}, {{"1"}}).linear);  // 2 x + 1
  CHECK(traits({"sin(t)*(x - y)", "y + t"}, {{"1", "0"}, {"0", "t"}}).linear);
  CHECK_FALSE(traits({"x*y", "y"}, {{"1", "0"}, {"0", "1"}}).linear);
  const Traits turned = traits({"-y", "x"}, {{"cos(x)", "-sin(x)"}, {"sin(x)", "cos(x)"}});
  CHECK(turned.diagonal);
  CHECK_FALSE(traits({"-y", "x"}, {{"1", "0"}, {"1", "1"}}).diagonal);
  const Traits moving = traits({"-x + sin(t)"}, {{"1"}});
  CHECK_FALSE(moving.autonomous);
  CHECK(moving.diffusion_autonomous);
  CHECK(traits({"-x"}, {{"0"}}).deterministic);
  CHECK(traits({"x*(1 + t) - t*x"}, {{"1"}}).autonomous);
}

TEST_CASE("linear coefficients are formulas of time") {
  const FormulaSde sde(formulas({"-(x - sin(t)) + 0.6*y", "t*y - 3"}, {{"1", "0"}, {"t", "2"}}));
  const auto linear = sde.linear();
  REQUIRE(linear.has_value());
  CHECK(linear->A[0] == parse("-1"));
  CHECK(linear->A[1] == parse("0.6"));
  CHECK(linear->A[2] == parse("0"));
  CHECK(linear->A[3] == parse("t"));
  CHECK(linear->b[0] == parse("sin(t)"));
  CHECK(linear->b[1] == parse("-3"));
  CHECK(linear->D[0] == parse("0.5"));
  CHECK(linear->D[1] == parse("t/2"));
  CHECK(expand(linear->D[2] - parse("t^2/2 + 2")).is_zero());
  CHECK_FALSE(linear->constant());
  const auto pulse = FormulaSde(formulas({"500*exp(-((t - 0.6)/0.001)^2) - 0.1*x"}, {{"1"}})).linear();
  CHECK(pulse->b[0] == parse("500*exp(-((t - 0.6)/0.001)^2)"));  // not multiplied out, which costs its digits
  CHECK(FormulaSde(formulas({"-x"}, {{"1"}})).linear()->constant());
}

TEST_CASE("a common factor of time is pulled out") {
  const double points[] = {-0.7, 0.4, 1.6}, others[] = {0.9, 0.9, 0.9};
  const PointsIn some_points{3, 2, {points, others}};
  const auto check = [&](const SdeFormulas& given, bool expected) {
    const FormulaSde sde(given);
    const auto separated = sde.separated(some_points);
    REQUIRE(separated.has_value() == expected);
    if (!expected) return;
    CHECK(separated->base->traits().autonomous);
    for (const double t : {0.0, 0.3, 0.9})
      for (const double x : {-0.7, 0.4, 1.6}) {
        const At whole(sde, x, 0.9, t), base(*separated->base, x, 0.9, 0);
        const double factor = separated->factor(t);
        CHECK(factor >= 0);
        for (int i = 0; i < 2; ++i) {
          CHECK(near(whole.f[i], factor * base.f[i]));
          CHECK(near(whole.a[i], factor * base.a[i]));
        }
        CHECK(near(whole.xx, factor * base.xx));
        CHECK(near(whole.xy, factor * base.xy));
        CHECK(near(whole.yy, factor * base.yy));
      }
  };
  check(formulas({"-0.5*(0.1 + 19.9*t)*x"}, {{"sqrt(0.1 + 19.9*t)"}}), true);  // VP
  check(formulas({"0"}, {{"0.01*5000^t*sqrt(2*log(5000))"}}), true);           // VE
  check(formulas({"0", "0"}, {{"0.01*500^t", "0"}, {"0.003*500^t", "0.02*500^t"}}), true);
  check(formulas({"-0.5*x*(1 + t)", "-0.5*y*(2 + 2*t)"}, {{"sqrt(1 + t)", "0"}, {"0", "sqrt(1 + t)"}}), true);
  check(with_diffusion({"-x*(-1 - t)"}, {{"-(-1 - t)*(1 + x^2)"}}), true);  // signs
  check(with_potential({"x"}, "(1 + t)*x^4", "0.3*(1 + t)"), true);
  check(with_potential({"x"}, "(1 + t)*x^4 + sin(t)", "0.3*(1 + t)"), true);  // f and D do
  check(formulas({"-x"}, {{"1"}}), false);                                    // autonomous
  check(formulas({"-x"}, {{"sqrt(1 + t)"}}), false);
  check(formulas({"-x*(1 + t)"}, {{"0"}}), false);                                              // D = 0
  check(formulas({"-0.5*(0.1 + 19.9*t)*x"}, {{"sqrt((0.1 + 19.9*t)*(1 - exp(-t)))"}}), false);  // sub-VP
  const auto hot = FormulaSde(with_potential({"x"}, "(1 + t)*x^4", "0.3*(1 + t)")).separated(some_points);
  CHECK(hot->base->has_gibbs());
  // What fades to 0 at the end does not end below it by rounding; what is negative is.
  const auto fading =
      FormulaSde(with_diffusion({"0"}, {{"6.59811655*(1 - (t/0.008385326935902623))"}})).separated({3, 1, {points}});
  REQUIRE(fading.has_value());
  CHECK(fading->factor(0.008385326935902623) == 0);
  CHECK(fading->factor(0.0083854) < 0);
  // The sign of the base is told inside the box alone: D = (x - 1)(1 + t)/10 on [2, 5] is positive there.
  const double inside[] = {2.01, 4.9};
  const PointsIn box{2, 1, {inside}};
  const auto ramp = FormulaSde(with_diffusion({"-(x - 3)*(1 + t)"}, {{"(x - 1)*(1 + t)/10"}})).separated(box);
  REQUIRE(ramp.has_value());
  double D[2];
  ramp->base->diffusion(box, 0, {.xx = D});
  for (const double value : D) CHECK(value > 0);
}

TEST_CASE("what is too large to be multiplied out is used as it is; what is too large to be differentiated is named") {
  Expression u = parse("x + sin(x)");
  for (int i = 0; i < 15; ++i) u = parse("sin(x)") * u + substitute(parse("sin(y)*y"), {{"y", u}});
  SdeFormulas formulas_of_u = formulas({"x"}, {{"1"}});
  formulas_of_u.drift = {u};
  CHECK_FALSE(FormulaSde(formulas_of_u).traits().linear);

  // 600 factors, of which each has a slope of 600 factors.
  std::string product = "x";
  for (int i = 1; i < 600; ++i) product += "*sin(" + std::to_string(i) + "*x)";
  try {
    static_cast<void>(FormulaSde(with_diffusion({"x"}, {{product}})));
    FAIL("the derivative of the diffusion is too large");
  } catch (const CaseError& error) {
    CHECK(error.problems()[0].key == "sde.diffusion");
    CHECK(error.problems()[0].text.find("its derivative in x is too large") == 0);
  }
}

TEST_CASE("drift as it is written: where each axis has a diffusion of its own the reading stands for its derivative") {
  const auto written = [](const Sde& sde, double x, double y) {
    std::array<double, 2> f{};
    sde.written_drift({1, sde.dimension(), {&x, &y}}, 0, {{&f[0], &f[1]}});
    return f;
  };
  using enum Interpretation;
  const double x = 0.7, y = 1.3;
  for (const auto& [reading, a] : {std::pair{ito, 0.0}, std::pair{stratonovich, 0.5}, std::pair{klimontovich, 1.0}}) {
    CAPTURE(a);
    const FormulaSde line(with_diffusion({"2*x - x^2"}, {{"if(x < 0.5, 1, 0.1*x)"}}, reading));
    CHECK(line.reading() == a);
    CHECK(near(written(line, x, 0)[0], 2 * x - x * x));
    const FormulaSde apart(formulas({"y", "-x"}, {{"x", "0", "1"}, {"0", "x*y", "0"}}, reading));
    CHECK(apart.reading() == a);
    CHECK(near(written(apart, x, y)[0], y));
    CHECK(near(written(apart, x, y)[1], -x));
    const FormulaSde warm(with_potential({"x", "y"}, "x^2/2 + y^4", "1 + x^2*y^2", reading));
    CHECK(warm.reading() == a);
    CHECK(near(written(warm, x, y)[0], -x));
    CHECK(near(written(warm, x, y)[1], -4 * y * y * y));
    const FormulaSde crossed(formulas({"y", "-x"}, {{"x", "y"}, {"0", "x*y"}}, reading));
    CHECK(crossed.reading() == 0);
    const At at(crossed, x, y, 0);
    CHECK(written(crossed, x, y)[0] == at.f[0]);
    CHECK(written(crossed, x, y)[1] == at.f[1]);
  }
  // D = I whatever the angle, but the induced drift of Stratonovich is not that of D.
  CHECK(FormulaSde(formulas({"0", "0"}, {{"cos(x)", "-sin(x)"}, {"sin(x)", "cos(x)"}}, stratonovich)).reading() == 0);
  CHECK(FormulaSde(formulas({"0", "0"}, {{"cos(x)", "-sin(x)"}, {"sin(x)", "cos(x)"}}, klimontovich)).reading() == 1);
}

TEST_CASE("the SDE without a common factor is read as the whole one is") {
  const double points[] = {0.3, 1.2}, others[] = {-0.8, 0.4};
  const PointsIn some_points{2, 2, {points, others}};
  using enum Interpretation;
  for (const auto reading : {ito, stratonovich, klimontovich}) {
    const FormulaSde line(with_diffusion({"-x*exp(-t)"}, {{"if(x < 0.5, 1, 0.1)*exp(-t)"}}, reading));
    REQUIRE(line.separated({2, 1, {points, nullptr}}).has_value());
    CHECK(line.separated({2, 1, {points, nullptr}})->base->reading() == line.reading());
    const FormulaSde plane(formulas({"-x*exp(-2*t)", "0"}, {{"x*exp(-t)", "0"}, {"0", "abs(y)*exp(-t)"}}, reading));
    REQUIRE(plane.separated(some_points).has_value());
    CHECK(plane.separated(some_points)->base->reading() == plane.reading());
    const At whole(plane, 0.3, -0.8, 0.5), base(*plane.separated(some_points)->base, 0.3, -0.8, 0);
    const double factor = plane.separated(some_points)->factor(0.5);
    for (int i = 0; i < 2; ++i) CHECK(near(whole.a[i], factor * base.a[i]));
    // Along x a factor of y: y^2 (1 - x), y^2 (1 + x)^2.
    const FormulaSde heston(formulas({"y^2*(1 - x)", "x - y"}, {{"y*(1 + x)", "0"}, {"0", "x + y"}}, reading));
    const auto along = heston.along(0);
    REQUIRE(along.has_value());
    CHECK(along->base->reading() == heston.reading());
    for (const double y : {0.3, -1.7}) {
      const At all(heston, 0.4, y, 0), own(*along->base, 0.4, 0, 0);
      CHECK(near(all.f[0], along->factor(y) * own.f[0]));
      CHECK(near(all.xx, along->factor(y) * own.xx));
    }
    CHECK_FALSE(heston.along(1).has_value());
  }
}

TEST_CASE("breakpoints of the coefficients along a line are found to the last digit") {
  using Positions = std::vector<double>;
  const auto of = [](const Texts& drift, const std::vector<Texts>& D, const AxisLine& line, double t = 0) {
    Positions points;
    FormulaSde(with_diffusion(drift, D)).breakpoints(line, t, points);
    return points;
  };
  const AxisLine unit{.lower = 0, .upper = 1, .cells = 10};
  CHECK(of({"0"}, {{"if(x < 0.5, 1, 0.1)"}}, unit) == Positions{0.5});
  CHECK(of({"0"}, {{"if(x < 0.43, 1, 0.1)"}}, unit) == Positions{0.43});
  CHECK(of({"sign(x - 0.25)"}, {{"1 + abs(x - 0.9)"}}, unit) == Positions{0.25, 0.9});
  CHECK(of({"-x"}, {{"1 + x^2"}}, unit).empty());
  // a slab thinner than the distance of samples: one formula that comes back, or two
  const Positions thin = of({"0"}, {{"if((x - 0.512)^2 < 1e-8, 1, 0.1)"}}, unit);
  REQUIRE(thin.size() == 2);
  CHECK(std::abs(thin[0] - 0.5119) < 1e-12);
  CHECK(std::abs(thin[1] - 0.5121) < 1e-12);
  CHECK(of({"0"}, {{"if((x > 0.5119)*(x < 0.5121), 1, 0.1)"}}, unit) == Positions{0.5119, 0.5121});
  // t and the other coordinate; mirror images
  CHECK(near(of({"0"}, {{"if(x < 0.5 + 0.1*sin(t), 1, 0.1)"}}, unit, 0.7)[0], 0.5 + 0.1 * std::sin(0.7), 1e-15));
  const AxisLine across{.axis = 1, .across = 0.6, .lower = -1, .upper = 1, .cells = 8};
  const Positions circle = of({"0", "0"}, {{"1", "0"}, {"0", "if(x^2 + y^2 < 1, 1, 2)"}}, across);
  REQUIRE(circle.size() == 2);
  CHECK(near(circle[1], 0.8, 1e-15));
  CHECK(circle[0] == -circle[1]);
  CHECK(of({"0", "0"}, {{"if(x^2 + y^2 < 1, 1, 2)", "0"}, {"0", "1"}}, across).empty());
  CHECK(FormulaSde(with_diffusion({"0"}, {{"if(x < t, 1, 2)"}})).breakpoints_move());
  CHECK_FALSE(FormulaSde(with_diffusion({"t"}, {{"if(x < 1, t, 2)"}})).breakpoints_move());
}

TEST_CASE("shapes that do not fit are refused") {
  using Bad = std::invalid_argument;
  CHECK_THROWS_AS(FormulaSde(formulas({"x", "y"}, {{"1"}})), Bad);
  CHECK_THROWS_AS(FormulaSde(formulas({"x", "y"}, {{"1", "0"}, {"1"}})), Bad);
  CHECK_THROWS_AS(FormulaSde(formulas({"x"}, {})), Bad);
  CHECK_THROWS_AS(FormulaSde(formulas({"y"}, {{"1"}})), Bad);  // a name that is no axis
  CHECK_THROWS_AS(FormulaSde(with_diffusion({"x", "y"}, {{"1", "x"}, {"y", "1"}})), Bad);
  CHECK_THROWS_AS(FormulaSde(with_diffusion({"x", "y"}, {{"1", "0"}, {"0", "1"}}, Interpretation::stratonovich)), Bad);
  SdeFormulas both = formulas({"x"}, {{"1"}});
  both.diffusion = {{parse("1")}};
  CHECK_THROWS_AS(FormulaSde{both}, Bad);
  SdeFormulas mixed = with_potential({"x"}, "x^2", "1");
  mixed.drift = {parse("x")};
  CHECK_THROWS_AS(FormulaSde{mixed}, Bad);
  SdeFormulas correlated = formulas({"x"}, {{"1", "1"}});
  correlated.noise_covariance = Eigen::MatrixXd(2, 2);
  correlated.noise_covariance << 1, 2, 2, 1;
  CHECK_THROWS_AS(FormulaSde{correlated}, Bad);
  correlated.noise_covariance << 1, 0.5, 0.4, 1;
  CHECK_THROWS_AS(FormulaSde{correlated}, Bad);
  CHECK(to_string(Interpretation::klimontovich) == "klimontovich");
}
