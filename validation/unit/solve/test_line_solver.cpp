// Freezes alternating directions below the steppers: the parts along the axes add up to the operator, the line solver
// against a dense solve for every kind of wall, mass with its outflows to rounding, nonnegative and componentwise
// accurate solutions, and the same bits for any number of threads.
#include <Eigen/Dense>
#include <cstring>
#include <string>

#include "../scheme/lambda_sde.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/solve/line_solver.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

using Matrix = Eigen::MatrixXd;
using State = std::vector<double>;
constexpr auto wall = Boundary::reflecting, sink = Boundary::absorbing, torus = Boundary::periodic;

struct Sample {
  std::string label;
  std::unique_ptr<Form> form;
  Index nx, ny;
  [[nodiscard]] const LinearOperator& op() const { return *form->op().linear(); }
};

std::array<double, 2> swirl(double x, double y) { return {std::sin(3 * x) - 4 * y, 6 * x - std::cos(2 * y)}; }
std::array<double, 3> plain(double x, double y) { return {0.3 + 0.1 * std::sin(x), 0, 0.2 + 0.1 * y * y}; }
std::array<double, 3> tilted(double, double) { return {1, 0.7, 0.6}; }

Sample make(const std::string& label, Index nx, Index ny, std::array<Boundary, 2> x, std::array<Boundary, 2> y,
            bool full = false) {
  const auto grid = std::make_shared<const Grid>(
      std::vector<Axis>{{"x", -M_PI, M_PI, nx, x[0], x[1]}, {"y", -1.5, 1.5, ny, y[0], y[1]}});
  auto sde = sde_2d(swirl, full ? tilted : plain, !full);
  return {label, make_drift_diffusion(grid, sde, flux("scharfetter_gummel")), nx, ny};
}

std::vector<Sample> samples() {
  std::vector<Sample> all;
  all.push_back(make("walls", 21, 37, {wall, wall}, {wall, wall}));
  all.push_back(make("whole panels", 32, 16, {wall, wall}, {wall, wall}));
  all.push_back(make("absorbing", 19, 18, {sink, wall}, {sink, sink}));
  all.push_back(make("periodic in x", 17, 20, {torus, torus}, {wall, sink}));
  all.push_back(make("periodic in y", 33, 16, {sink, sink}, {torus, torus}));
  all.push_back(make("torus", 18, 35, {torus, torus}, {torus, torus}));
  all.push_back(make("small torus", 3, 2, {torus, torus}, {torus, torus}));
  all.push_back(make("one column", 1, 9, {wall, wall}, {sink, wall}));
  all.push_back(make("tilted", 20, 18, {wall, wall}, {wall, wall}, true));
  all.push_back(make("tilted and absorbing", 18, 17, {sink, wall}, {wall, sink}, true));
  all.push_back(make("tilted torus", 16, 18, {torus, torus}, {torus, torus}, true));
  return all;
}

/// The part along an axis as a matrix on cells and outflows, read off the rates one by one.
Matrix part(const AxisSplitting& d, int axis) {
  const Index nx = d.cells(0), cells = nx * d.cells(1), n = d.cells(axis);
  Matrix A = Matrix::Zero(cells + d.outflows(), cells + d.outflows());
  for (Index line = 0; line < d.lines(axis); ++line)
    for (Index i = 0; i < n; ++i) {
      const auto cell = [&](Index k) { return axis == 0 ? k + nx * line : line + nx * k; };
      const auto move = [&](Index from, Index to, double rate, double weight) {
        A(from, from) -= rate;
        A(to, from) += rate * weight;
      };
      const Index panel = line / AxisSplitting::lanes, at = i * AxisSplitting::lanes + line % AxisSplitting::lanes;
      const double up = d.up(axis, panel)[at], down = d.down(axis, panel)[at];
      const double lower = i == 0 ? d.lower_sink(axis, panel)[line % AxisSplitting::lanes] : 0;
      if (lower != 0) move(cell(0), cells + d.outflow(axis, 0), lower, d.cell_volume());
      if (i + 1 < n || d.periodic(axis)) {
        move(cell(i), cell((i + 1) % n), up, 1);
        move(cell((i + 1) % n), cell(i), down, 1);
      } else if (up != 0) {
        move(cell(i), cells + d.outflow(axis, 1), up, d.cell_volume());
      }
    }
  return A;
}

Matrix whole(const LinearOperator& op) {
  Matrix A = Matrix::Zero(op.size(), op.size());
  op.assemble(0, [&](Index row, Index column, double value) { A(row, column) += value; });
  return A;
}

Eigen::Map<const Eigen::VectorXd> vector(const State& v) { return {v.data(), static_cast<Index>(v.size())}; }

}  // namespace

TEST_CASE("the parts along the axes are the operator where no edge is skew") {
  for (const Sample& s : samples()) {
    CAPTURE(s.label);
    const Split split = s.op().on_edges()->split(0);
    REQUIRE(split.parts != nullptr);
    CHECK(split.factor == 1);
    const Matrix A = whole(s.op()), sum = part(*split.parts, 0) + part(*split.parts, 1);
    CHECK(split.parts->exact == (s.label.find("tilted") == std::string::npos));
    if (split.parts->exact) CHECK((A - sum).cwiseAbs().maxCoeff() < 1e-13 * A.cwiseAbs().maxCoeff());
  }
}

TEST_CASE("skew edges are projected with all of their diffusion and drift along each axis") {
  const double hx = 0.25, hy = 0.125, a[] = {0.3, -0.2}, D[] = {1, 0.6}, h[] = {hx, hy};
  const auto form =
      make_drift_diffusion(grid_2d(axis(0, 24 * hx, 24, torus, torus), axis(0, 22 * hy, 22, torus, torus, "y")),
                           sde_2d(
                               [&](double, double) {
                                 return std::array{a[0], a[1]};
                               },
                               tilted, false),
                           flux("scharfetter_gummel"));
  const AxisSplitting& d = *form->op().linear()->on_edges()->split(0).parts;
  CHECK_FALSE(d.exact);
  for (const int k : {0, 1}) {
    CAPTURE(k);
    const double up = d.up(k, 0)[16 * 5 + 3], down = d.down(k, 0)[16 * 5 + 3];
    CHECK((up + down) / 2 * h[k] * h[k] == doctest::Approx(D[k]).epsilon(1e-2));  // the fitted flux adds O(h^2)
    CHECK((up - down) * h[k] == doctest::Approx(a[k]).epsilon(1e-12));
    CHECK(up == doctest::Approx(d.up(k, 0)[16 * 20 + 11]).epsilon(1e-13));
  }
}

TEST_CASE("the line solver agrees with dense solves along each axis") {
  for (const Sample& s : samples()) {
    for (const double gamma : {1e-4, 0.02, 3.0}) {
      CAPTURE(s.label);
      CAPTURE(gamma);
      const AxisSplitting& d = *s.op().on_edges()->split(0).parts;
      const Matrix one = Matrix::Identity(s.op().size(), s.op().size());
      const Matrix x_part = gamma * part(d, 0), y_part = gamma * part(d, 1);
      const Eigen::PartialPivLU<Matrix> x_lu(one - x_part), y_lu(one - y_part);
      const State b = random_state(s.op(), 1), base = random_state(s.op(), 2);
      State x(b.size());
      LineSolver solver;
      solver.prepare(d, gamma, 0);
      solver.solve(b, base, x);
      const Eigen::VectorXd wanted = vector(base) + y_lu.solve(x_lu.solve(vector(b)));
      CHECK((vector(x) - wanted).cwiseAbs().maxCoeff() < 1e-12);
      solver.alternate(b, x);
      const Eigen::VectorXd alternated = y_lu.solve((one + x_part) * x_lu.solve((one + y_part) * vector(b)));
      CHECK((vector(x) - alternated).cwiseAbs().maxCoeff() < 1e-12 * (1 + alternated.cwiseAbs().maxCoeff()));
      State in_point = b;
      solver.alternate(in_point, in_point);
      CHECK(std::memcmp(in_point.data(), x.data(), x.size() * sizeof(double)) == 0);
    }
  }
}

TEST_CASE("line solves keep mass plus outflow to rounding and nonnegative right sides nonnegative") {
  for (const Sample& s : samples()) {
    for (const double gamma : {1e-4, 0.02, 3.0, 1e5}) {
      CAPTURE(s.label);
      CAPTURE(gamma);
      State b = random_state(s.op()), x(b.size());
      for (std::size_t i = 1; i < b.size(); i += 2) b[i] = 0;
      const State nothing(b.size(), 0.0);
      LineSolver solver;
      solver.prepare(*s.op().on_edges()->split(0).parts, gamma, 0);
      solver.solve(b, nothing, x);
      for (const double v : x) CHECK(v >= 0);
      // The fluxes of the closing sums are gamma w times as large as x.
      CHECK(mass(s.op(), x) == doctest::Approx(mass(s.op(), b)).epsilon(1e-14 * (1 + gamma)));
    }
  }
}

TEST_CASE("line solves are accurate in every cell however thin the tail") {
  // A separable stationary distribution is left alone by both sweeps, down to 1e-280.
  const double T = 0.5, reach = 18;
  const auto grid = std::make_shared<const Grid>(
      std::vector<Axis>{{"x", -reach, reach, 200, wall, wall}, {"y", -reach, reach, 210, wall, wall}});
  const auto spring = [](double x, double y) { return std::array{-x, -y}; };
  const auto form = make_drift_diffusion(grid,
                                         sde_2d(
                                             spring,
                                             [&](double, double) {
                                               return std::array{T, 0.0, T};
                                             },
                                             true),
                                         flux("scharfetter_gummel"));
  const auto distribution = [&](Index axis, Index i) {  // left p_L = right p_R on every face: Pe = -x h / T
    double log_p = 0;
    const Axis& a = grid->axis(int(axis));
    for (Index k = a.cells / 2; k < i; ++k) log_p -= a.face(k + 1) * a.width() / T;
    for (Index k = a.cells / 2; k > i; --k) log_p += a.face(k) * a.width() / T;
    return log_p;
  };
  State pi(static_cast<std::size_t>(grid->cells()));
  for (Index j = 0; j < grid->ny(); ++j)
    for (Index i = 0; i < grid->nx(); ++i) pi[i + grid->nx() * j] = std::exp(distribution(0, i) + distribution(1, j));
  REQUIRE(pi[0] < 1e-200);
  REQUIRE(pi[0] > 1e-300);
  const State nothing(pi.size(), 0.0);
  for (const double gamma : {1e-3, 1.0, 1e3}) {
    CAPTURE(gamma);
    State x(pi.size());
    LineSolver solver;
    solver.prepare(*form->op().linear()->on_edges()->split(0).parts, gamma, 0);
    solver.solve(pi, nothing, x);
    double worst = 0;
    for (std::size_t i = 0; i < pi.size(); ++i) worst = std::max(worst, std::abs(x[i] / pi[i] - 1));
    CHECK(worst < 1e-14 * 200 * (1 + gamma));
  }
}

TEST_CASE("line solves give the same bits on any number of threads and from kept factors") {
  const Sample s = make("walls", 150, 140, {sink, wall}, {torus, torus});
  const AxisSplitting& d = *s.op().on_edges()->split(0).parts;
  const State b = random_state(s.op());
  State one(b.size()), many(b.size());
  {
    const ThreadLimit limit(1);
    LineSolver solver;
    solver.prepare(d, 0.01, 0);
    solver.solve(b, b, one);
    solver.alternate(one, one);
  }
  LineSolver solver;
  for (const double gamma : {0.3, 0.01, 0.2, 0.01}) solver.prepare(d, gamma, 0);
  CHECK(solver.factorisations() == 3);
  solver.solve(b, b, many);
  solver.alternate(many, many);
  CHECK(std::memcmp(one.data(), many.data(), one.size() * sizeof(double)) == 0);
}

TEST_CASE("parts follow rates that vary in time and old factors are not used for them") {
  const auto grid = std::make_shared<const Grid>(
      std::vector<Axis>{{"x", -M_PI, M_PI, 12, wall, wall}, {"y", -1.5, 1.5, 13, wall, wall}});
  auto sde = sde_2d(swirl, plain, true);
  sde->a = [](double x, double y, double t) { return std::array{(1 + t) * (x - y), y}; };
  sde->known.autonomous = false;
  const auto form = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
  const LinearOperator& op = *form->op().linear();
  const State b = random_state(op), nothing(b.size(), 0.0);
  State x0(b.size()), x1(b.size()), again(b.size());
  LineSolver solver;
  const auto solve_at = [&](double t, State& x) {
    solver.prepare(*op.on_edges()->split(t).parts, 0.1, t);
    solver.solve(b, nothing, x);
  };
  solve_at(0, x0);
  solve_at(1, x1);
  solve_at(0, again);
  CHECK(solver.factorisations() == 3);
  CHECK(x0 == again);
  CHECK((vector(x0) - vector(x1)).cwiseAbs().maxCoeff() > 1e-3);
}

TEST_CASE("an elimination that breaks down is an error and not a wrong answer") {
  AxisSplitting d({4, 1}, {false, false}, 0, 1.0);
  d.add_edge(0, 0, -10.0, 1.0);  // not a generator: the pivot 1 + gamma up is negative
  LineSolver solver;
  CHECK_THROWS_AS(solver.prepare(d, 1.0, 0.5), NumericalError);
  d.add_edge(0, 0, 20.0, 0.0);
  solver.prepare(d, 1.0, 0.5);
  CHECK(solver.factorisations() == 1);
}
