#include "fokker/model/linear_gaussian.hpp"

#include <algorithm>
#include <boost/numeric/odeint/stepper/runge_kutta_cash_karp54.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "fokker/base/errors.hpp"
#include "fokker/base/semidefinite.hpp"
#include "fokker/base/step_factor.hpp"

namespace fokker {
namespace {

/// A, b and D at one time.
struct Coefficients {
  SmallMatrix A, D;
  SmallVector b;
};

Coefficients coefficients_at(const Tape& tape, int d, double t) {
  std::array<double, 9> value{};
  std::array<double*, 9> outputs{};
  for (std::size_t k = 0; k < 9; ++k) outputs[k] = &value[k];
  const TapeInput input = TapeInput::of(t);
  tape.evaluate({&input, 1}, 1, outputs);
  Coefficients at{SmallMatrix(d, d), SmallMatrix(d, d), SmallVector(d)};
  if (d == 1) {
    at.A << value[0];
    at.b << value[4];
    at.D << value[6];
  } else {
    at.A << value[0], value[1], value[2], value[3];
    at.b << value[4], value[5];
    at.D << value[6], value[7], value[7], value[8];
  }
  if (!at.A.allFinite() || !at.b.allFinite() || !at.D.allFinite())
    throw NumericalError("a coefficient of the linear SDE is not finite", t);
  return at;
}

/// Symmetric, and without the negative eigenvalues that rounding or an integrator's error leave behind.
SmallMatrix semidefinite(const SmallMatrix& S) {
  const SmallMatrix symmetric = 0.5 * (S + S.transpose());
  const SymmetricEigen eigen = symmetric_eigen(symmetric);
  if (eigen.values[0] >= 0) return symmetric;
  const SmallMatrix vectors = eigen.vectors;
  return vectors * eigen.values.cwiseMax(0).asDiagonal() * vectors.transpose();
}

/// Phi, c, S over a step h with |A| h <= 1/2: Phi' = A Phi, c' = A c + b, S' = A S + S A^T + 2 D, term by term.
GaussianTransition taylor(const Coefficients& at, double h, SmallMatrix& growth) {
  const Eigen::Index d = at.b.size();
  SmallMatrix phi_term = SmallMatrix::Identity(d, d), s_term = 2 * h * at.D;
  SmallVector c_term = h * at.b;
  growth = SmallMatrix::Zero(d, d);
  GaussianTransition distribution{SmallMatrix::Zero(d, d), s_term, c_term};
  for (int k = 1; k <= 20; ++k) {
    phi_term = (h / k) * (at.A * phi_term);
    growth += phi_term;
    c_term = (h / (k + 1)) * (at.A * c_term);
    distribution.c += c_term;
    s_term = (h / (k + 1)) * (at.A * s_term + s_term * at.A.transpose()).eval();
    distribution.S += s_term;
  }
  distribution.Phi = SmallMatrix::Identity(d, d) + growth;
  return distribution;
}

/// The distribution over 2 h from the distribution over h. `growth` is Phi - I: squared beside Phi, because a slow mode
/// near 1 keeps its digits only there and a decayed one only in Phi.
void double_step(GaussianTransition& distribution, SmallMatrix& growth) {
  distribution.S = (distribution.Phi * distribution.S * distribution.Phi.transpose() + distribution.S).eval();
  distribution.c = (distribution.Phi * distribution.c + distribution.c).eval();
  const SmallMatrix squared = distribution.Phi * distribution.Phi, grown = 2 * growth + growth * growth;
  distribution.Phi = squared;
  growth = squared - SmallMatrix::Identity(squared.rows(), squared.cols());
  for (Eigen::Index i = 0; i < squared.rows(); ++i) {
    if (std::abs(grown(i, i)) > 0.5) continue;
    growth(i, i) = grown(i, i);
    distribution.Phi(i, i) = 1 + grown(i, i);
  }
}

GaussianTransition constant_distribution(const Coefficients& at, double duration) {
  const double norm = at.A.cwiseAbs().rowwise().sum().maxCoeff() * duration;
  if (!std::isfinite(norm)) throw NumericalError("the linear SDE runs over too long a time", duration);
  const int doublings = norm > 0.5 ? static_cast<int>(std::ceil(std::log2(2 * norm))) : 0;
  SmallMatrix growth;
  GaussianTransition distribution = taylor(at, std::ldexp(duration, -doublings), growth);
  for (int k = 0; k < doublings; ++k) double_step(distribution, growth);
  return distribution;
}

/// Phi (column-major), c and S (column-major) side by side: the state of the moment equations.
using Moments = std::array<double, 10>;

struct View {
  Eigen::Map<SmallMatrix> Phi, S;
  Eigen::Map<SmallVector> c;
  View(Moments& y, int d) : Phi(y.data(), d, d), S(y.data() + 4, d, d), c(y.data() + 8, d) {}
};

template <class Block>
double largest(const Block& block) {
  return block.cwiseAbs().maxCoeff();
}

/// The error of one step of size h against what is allowed, each block by its own size, so that an entry that passes
/// through 0 asks for no more than its neighbours: 1e-13 for Phi, and for S and c, which start at 0 and may be sums of
/// noisy small numbers, 1e-13 of what they would become over the whole `span` and 1e-8 of what they are; what is
/// `nothing` in any unit, as a coefficient that underflows leaves it, has no digits to ask for. NaN counts as infinite:
/// the integrator would not notice it.
double excess(Moments& error, Moments& next, Moments& change, double h, double span, int d) {
  constexpr double tolerance = 1e-13, at_least = 1e-8, nothing = 1e-270;
  const View e(error, d), y(next, d), dy(change, d);
  const auto of_integral = [&](double part, double size, double step) {
    return part <= nothing ? 0
                           : std::max(part / (tolerance * (size + step * span / h)), part / (at_least * (size + step)));
  };
  double worst = largest(e.Phi) / (tolerance * (largest(y.Phi) + largest(dy.Phi)));
  for (const double ratio :
       {of_integral(largest(e.S), largest(y.S), largest(dy.S)), of_integral(largest(e.c), largest(y.c), largest(dy.c))})
    worst = std::isfinite(ratio) ? std::max(worst, ratio) : ratio;
  for (const double value : next)
    if (!std::isfinite(value)) return std::numeric_limits<double>::infinity();
  return std::isfinite(worst) ? worst : std::numeric_limits<double>::infinity();
}

/// Adaptive moment equations from s to t, between which no coefficient jumps or hides anything (Cash-Karp: the error
/// estimate of Fehlberg's 7(8) pair is blind to what depends on t alone, such as the variance of a pure noise). Steps
/// that have shrunk to rounding are taken as they are: across a singularity the distribution is refused for them.
/// Nothing is asked at `t` itself but a rounding before it: what is switched on there is on, by rounding, a little
/// earlier. `first`: the length of the first step, as a part of the whole.
GaussianTransition integrated_distribution(const Tape& tape, int d, double s, double t, double first) {
  constexpr double bearable = 1e-10;
  constexpr int most_steps = 200'000;
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * std::max(std::abs(s), std::abs(t));
  const double last_look = t - s > 4 * rounding ? t - rounding : t;
  const auto rates = [&](const Moments& y, Moments& dy, double time) {
    const Coefficients at = coefficients_at(tape, d, std::min(time, last_look));
    Moments copy = y;
    const View state(copy, d);
    dy.fill(0);  // in 1D the blocks are smaller than their slots
    View rate(dy, d);
    rate.Phi = at.A * state.Phi;
    rate.c = at.A * state.c + at.b;
    rate.S = at.A * state.S + state.S * at.A.transpose() + 2 * at.D;
  };
  boost::numeric::odeint::runge_kutta_cash_karp54<Moments> stepper;
  Moments y{}, next{}, error{}, change{};
  View(y, d).Phi.setIdentity();
  const double smallest = std::max(1e-14 * (t - s), rounding);
  double at = s, dt = first * (t - s);
  Moments forced{};  // errors that had to be accepted
  for (int step = 0; at < t; ++step) {
    const bool last = at + dt >= t;
    const double h = last ? t - at : dt;
    stepper.do_step(rates, y, at, next, h, error);
    for (std::size_t k = 0; k < y.size(); ++k) change[k] = next[k] - y[k];
    const double ratio = excess(error, next, change, h, t - s, d);
    const bool force = !(ratio <= 1) && h <= smallest;
    if (step >= most_steps || (force && !std::isfinite(ratio)))
      throw NumericalError("the moment equations of the linear SDE cannot be integrated", at);
    if (force)
      for (std::size_t k = 0; k < y.size(); ++k) forced[k] += std::abs(error[k]);
    if (ratio <= 1 || force) {
      y = next;
      at = last ? t : at + h;
    }
    dt = h * step_factor(1 / ratio, 5, 4);
  }
  const View distribution(y, d), lost(forced, d);
  if (largest(lost.Phi) > bearable * largest(distribution.Phi) ||
      largest(lost.S) > bearable * largest(distribution.S) ||
      largest(lost.c) > bearable * (largest(distribution.c) + largest(distribution.Phi)))
    throw NumericalError("a coefficient of the linear SDE is singular", t);
  return {distribution.Phi, distribution.S, distribution.c};
}

/// Times this close are one.
double rounding_of(double s, double t) {
  return 4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(s), std::abs(t));
}

void require_finite(const GaussianTransition& distribution, double t) {
  if (!distribution.Phi.allFinite() || !distribution.c.allFinite() || !distribution.S.allFinite())
    throw NumericalError("the moments of the linear SDE grow beyond all numbers", t);
}

}  // namespace

LinearGaussian::LinearGaussian(LinearCoefficients coefficients) : coefficients_(std::move(coefficients)) {
  const std::string name = "t";
  tape_ = Tape(formulas(), {&name, 1});
}

std::vector<Expression> LinearGaussian::formulas() const {
  std::vector<Expression> all(coefficients_.A.begin(), coefficients_.A.end());
  all.insert(all.end(), coefficients_.b.begin(), coefficients_.b.end());
  all.insert(all.end(), coefficients_.D.begin(), coefficients_.D.end());
  return all;
}

/// Started anew wherever coefficients switch, and where they come and go; from one side of a jump to the other nothing
/// happens.
GaussianTransition LinearGaussian::varying_distribution(double s, double t) const {
  const int d = coefficients_.dimension;
  const double rounding = rounding_of(s, t);
  std::vector<double> stops = knots(s, t);
  stops.push_back(t);
  std::optional<GaussianTransition> distribution;
  for (const double knot : stops) {
    if (knot - s > rounding || (!distribution && knot == t)) {
      const GaussianTransition next = integrated_distribution(tape_, d, s, knot, 1e-3);
      distribution = distribution ? composed(*distribution, next) : next;
    }
    s = knot;
  }
  return *distribution;
}

std::vector<double> LinearGaussian::knots(double s, double t) const { return time_knots(formulas(), s, t); }

GaussianTransition LinearGaussian::distribution_between_knots(double s, double t) const {
  const int d = coefficients_.dimension;
  if (t - s <= rounding_of(s, t)) return constant_distribution(coefficients_at(tape_, d, s), 0);
  GaussianTransition distribution = integrated_distribution(tape_, d, s, t, 1);
  require_finite(distribution, t);
  distribution.S = semidefinite(distribution.S);
  return distribution;
}

GaussianTransition LinearGaussian::distribution(double s, double t) const {
  if (!(t >= s)) throw std::invalid_argument("a distribution runs forward in time");
  const int d = coefficients_.dimension;
  GaussianTransition distribution = coefficients_.constant() || s == t
                                        ? constant_distribution(coefficients_at(tape_, d, s), t - s)
                                        : varying_distribution(s, t);
  require_finite(distribution, t);
  distribution.S = semidefinite(distribution.S);
  return distribution;
}

GaussianTransition composed(const GaussianTransition& first, const GaussianTransition& then) {
  return {then.Phi * first.Phi, then.Phi * first.S * then.Phi.transpose() + then.S, then.Phi * first.c + then.c};
}

// With M = -A: V = (det M 2D + N 2D N^T) / (2 tr M det M), N = M - tr M: a sum of what is positive semidefinite.
std::optional<Gaussian> LinearGaussian::stationary() const {
  if (!coefficients_.constant()) return std::nullopt;
  const int d = coefficients_.dimension;
  const Coefficients at = coefficients_at(tape_, d, 0);
  if (d == 1) {
    if (!(at.A(0, 0) < 0)) return std::nullopt;
    return Gaussian{1, at.b / -at.A(0, 0), at.D / -at.A(0, 0)};
  }
  const SmallMatrix M = -at.A, twice = 2 * at.D;
  const double trace = M.trace(), det = M(0, 0) * M(1, 1) - M(0, 1) * M(1, 0);
  if (!(trace > 0 && det > 0)) return std::nullopt;
  const SmallMatrix N = M - trace * SmallMatrix::Identity(d, d);
  const SmallVector mean = -(N * at.b) / det;  // M^-1 = -N / det by Cayley and Hamilton
  return Gaussian{1, mean, semidefinite((det * twice + N * twice * N.transpose()) / (2 * trace * det))};
}

double LinearGaussian::divergence(double t) const {
  return coefficients_at(tape_, coefficients_.dimension, t).A.trace();
}

GaussianMixture push_forward(const GaussianMixture& start, const GaussianTransition& distribution) {
  std::vector<Gaussian> moved = start.components();
  for (Gaussian& g : moved) {
    g.mean = distribution.Phi * g.mean + distribution.c;
    g.covariance = semidefinite(distribution.Phi * g.covariance * distribution.Phi.transpose() + distribution.S);
  }
  return GaussianMixture(std::move(moved));
}

}  // namespace fokker
