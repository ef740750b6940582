#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "fokker/base/parallel.hpp"
#include "fokker/base/quadrature.hpp"
#include "fokker/base/semidefinite.hpp"
#include "fokker/model/density.hpp"

namespace fokker {
namespace {

constexpr double sqrt2 = std::numbers::sqrt2;
constexpr double everything = 39;  // standard deviations: beyond them a normal tail is no double

/// The standard normal density.
double bell(double z) { return std::exp(-0.5 * z * z) * (std::numbers::inv_sqrtpi / sqrt2); }

template <class Rule>
double bell_integral(double a, double b) {
  const double center = 0.5 * (a + b), half = 0.5 * (b - a);
  double sum = 0;
  for (std::size_t q = 0; q < Rule::node.size(); ++q) sum += Rule::weight[q] * bell(center + half * Rule::node[q]);
  return half * sum;
}

/// Mass of the standard normal in [a, b], with 12 digits of its own value wherever the interval lies and however short
/// it is: differences are taken between tails on the same side, and Gauss points replace them where they would cancel
/// (n-point error on the density: He_2n(0) (n!)^4 / ((2n+1) (2n)!^3) width^2n, 1e-15 at the widths below).
double normal_mass(double a, double b) {
  if (!(b > a)) return 0;
  if (a + b > 0) {  // mirrored to the left, so that mirrored intervals have the same bits
    const double left = -b;
    b = -a;
    a = left;
  }
  const double variation = (b - a) * (1 - a);
  if (variation < 0.1) return bell_integral<GaussRule<4>>(a, b);
  if (variation < 1) return bell_integral<GaussRule<8>>(a, b);
  if (b <= 0) return 0.5 * (std::erfc(-b / sqrt2) - std::erfc(-a / sqrt2));
  return 0.5 * (std::erf(b / sqrt2) + std::erf(-a / sqrt2));
}

struct AxisCells {
  std::span<const double> faces;
  bool periodic;
  [[nodiscard]] Index count() const { return static_cast<Index>(faces.size()) - 1; }
  [[nodiscard]] double length() const { return faces.back() - faces.front(); }
  /// Integers k for which [lower, upper], moved by k box lengths, may touch the box: 0 alone if nothing repeats.
  [[nodiscard]] std::pair<Index, Index> images(double lower, double upper) const {
    if (!periodic) return {0, 0};
    return {static_cast<Index>(std::ceil((faces.front() - upper) / length())),
            static_cast<Index>(std::floor((faces.back() - lower) / length()))};
  }
};

/// All of the mass in the cell that holds the point; halves when it lies exactly between two cells.
void point_masses(const AxisCells& axis, double x, std::vector<double>& mass) {
  const Index n = axis.count();
  if (axis.periodic) {
    x -= axis.length() * std::floor((x - axis.faces.front()) / axis.length());
    if (x >= axis.faces.back()) x = axis.faces.front();
    if (x == axis.faces.front()) {
      mass.front() += 0.5;
      mass.back() += 0.5;
      return;
    }
  }
  if (x < axis.faces.front() || x > axis.faces.back()) return;
  const Index right = std::lower_bound(axis.faces.begin(), axis.faces.end(), x) - axis.faces.begin();  // face >= x
  const bool on_face = axis.faces[right] == x;
  if (on_face && right > 0 && right < n) {
    mass[right - 1] += 0.5;
    mass[right] += 0.5;
  } else {
    mass[std::max<Index>(right - 1, 0)] += 1;
  }
}

/// Masses of a one-dimensional normal distribution in the cells of an axis.
std::vector<double> axis_masses(const AxisCells& axis, double mean, double variance) {
  std::vector<double> mass(axis.count(), 0.0);
  const double deviation = std::sqrt(variance);
  if (deviation == 0) {
    point_masses(axis, mean, mass);
  } else if (axis.periodic && deviation > 1.5 * axis.length()) {  // uniform: the first harmonic is e^{-44}
    for (Index i = 0; i < axis.count(); ++i) mass[i] = (axis.faces[i + 1] - axis.faces[i]) / axis.length();
  } else {
    const auto [first, last] = axis.images(mean - everything * deviation, mean + everything * deviation);
    for (Index k = first; k <= last; ++k) {
      const double center = mean + static_cast<double>(k) * axis.length();
      for (Index i = 0; i < axis.count(); ++i)
        mass[i] += normal_mass((axis.faces[i] - center) / deviation, (axis.faces[i + 1] - center) / deviation);
    }
  }
  return mass;
}

/// A correlated normal distribution, read as x ~ N(mean_x, deviation_x^2) and, given x, y ~ N(mean_y + slope (x -
/// mean_x), spread^2). spread = 0 is the distribution on a line.
///
///     y |        /  / /
///       |-------/--/-/------ face y_j     the band of half-width reach * spread about the line crosses a face
///       |      /  / /                     only over a short stretch of x (`crossing`); between crossings all of
///       |     /  / /                      the mass of x belongs to one cell: a difference of normal cdfs
struct Conditional {
  double mean_x, mean_y, deviation_x, slope, spread;
  double reach;  ///< deviations after which mass is dropped

  [[nodiscard]] double line(double x) const { return mean_y + slope * (x - mean_x); }
  /// Shortest length in x on which the integrand of a cell varies.
  [[nodiscard]] double scale() const { return std::min(deviation_x, spread / std::abs(slope)); }

  void add_column(double lower, double upper, std::span<const double> faces, double* mass) const;

 private:
  void add_between_crossings(double lower, double upper, std::span<const double> faces, double* mass) const;
  void add_crossing(double lower, double upper, std::span<const double> faces, double* mass) const;
  template <class Rule>
  void add_panel(double center, double half, std::span<const double> faces, double* mass) const;
};

/// Adds to mass[j] what lies in lower <= x <= upper and between faces j and j + 1 of y.
void Conditional::add_column(double lower, double upper, std::span<const double> faces, double* mass) const {
  lower = std::max(lower, mean_x - reach * deviation_x);
  upper = std::min(upper, mean_x + reach * deviation_x);
  const std::size_t n = faces.size();
  const double half = reach * spread / std::abs(slope);
  const auto crossing = [&](std::size_t k) {  // ascending in x
    return mean_x + (faces[slope > 0 ? k : n - 1 - k] - mean_y) / slope;
  };
  double x = lower;
  for (std::size_t k = 0; k < n && x < upper;) {
    const double begin = std::clamp(crossing(k) - half, x, upper);
    double end = crossing(k) + half;
    for (++k; k < n && crossing(k) - half <= end; ++k) end = crossing(k) + half;
    end = std::clamp(end, begin, upper);
    add_between_crossings(x, begin, faces, mass);
    add_crossing(begin, end, faces, mass);
    x = end;
  }
  add_between_crossings(x, upper, faces, mass);
}

void Conditional::add_between_crossings(double lower, double upper, std::span<const double> faces, double* mass) const {
  if (!(upper > lower)) return;
  const double y = line(0.5 * (lower + upper));
  const Index cell = std::upper_bound(faces.begin(), faces.end(), y) - faces.begin() - 1;
  if (cell < 0 || cell >= static_cast<Index>(faces.size()) - 1) return;
  mass[cell] += normal_mass((lower - mean_x) / deviation_x, (upper - mean_x) / deviation_x);
}

/// Panels of a tenth of the scale keep 12 digits of every cell out to 39 deviations; four points do on still shorter
/// ones (error of n-point Gauss: (n!)^4 / ((2n+1) (2n)!^3) (width * distance in deviations / scale)^2n).
void Conditional::add_crossing(double lower, double upper, std::span<const double> faces, double* mass) const {
  if (!(upper > lower)) return;
  const double panels = std::ceil((upper - lower) / (0.1 * scale()));
  const double half = 0.5 * (upper - lower) / panels;
  for (double k = 0; k < panels; ++k) {
    const double center = lower + (2 * k + 1) * half;
    if (half < scale() / 80)
      add_panel<GaussRule<4>>(center, half, faces, mass);
    else
      add_panel<GaussRule<8>>(center, half, faces, mass);
  }
}

template <class Rule>
void Conditional::add_panel(double center, double half, std::span<const double> faces, double* mass) const {
  const Index n = static_cast<Index>(faces.size()) - 1;
  for (std::size_t q = 0; q < Rule::node.size(); ++q) {
    const double x = center + half * Rule::node[q];
    const double weight = half * Rule::weight[q] * bell((x - mean_x) / deviation_x) / deviation_x;
    if (weight == 0) continue;
    const double y = line(x);
    const double bottom = y - reach * spread, top = y + reach * spread;
    Index j = std::upper_bound(faces.begin(), faces.end(), bottom) - faces.begin() - 1;
    for (j = std::max<Index>(j, 0); j < n && faces[j] < top; ++j)
      mass[j] += weight * normal_mass((faces[j] - y) / spread, (faces[j + 1] - y) / spread);
  }
}

/// Determinant of a 2 x 2 covariance without cancellation error (Kahan), never negative.
double determinant(const Eigen::MatrixXd& V) {
  const double off = V(0, 1) * V(0, 1);
  const double rounding = std::fma(V(0, 1), V(0, 1), -off);
  return std::max(0.0, std::fma(V(0, 0), V(1, 1), -off) - rounding);
}

/// Adds a correlated normal distribution with every image that a periodic axis brings into the box.
void add_correlated(const Gaussian& g, const AxisCells& x, const AxisCells& y, std::span<double> out) {
  const Eigen::MatrixXd& V = g.covariance;
  const double det = determinant(V);
  const double spread_x = std::sqrt(det / V(1, 1)), spread_y = std::sqrt(det / V(0, 0));
  double reach = everything;
  if (x.periodic || y.periodic) {  // images that are e^{-40} of the largest one do not matter
    const double far_x = x.periodic ? 0.5 * x.length() / spread_x : 0,
                 far_y = y.periodic ? 0.5 * y.length() / spread_y : 0;
    reach = std::min(everything, std::sqrt(80 + far_x * far_x + far_y * far_y));
  }
  const double deviation_x = std::sqrt(V(0, 0)), deviation_y = std::sqrt(V(1, 1));
  const Conditional distribution{g.mean[0], g.mean[1], deviation_x, V(0, 1) / V(0, 0), spread_y, reach};
  const auto [x_first, x_last] = x.images(g.mean[0] - reach * deviation_x, g.mean[0] + reach * deviation_x);
  const Index nx = x.count(), ny = y.count();
  parallel_for(0, nx, 8, [&, x_first = x_first, x_last = x_last](Index begin, Index end) {
    std::vector<double> mass(ny);
    for (Index i = begin; i < end; ++i) {
      std::fill(mass.begin(), mass.end(), 0.0);
      for (Index k = x_first; k <= x_last; ++k) {
        Conditional image = distribution;
        image.mean_x += static_cast<double>(k) * x.length();
        const double lower = std::max(x.faces[i], image.mean_x - reach * deviation_x);
        const double upper = std::min(x.faces[i + 1], image.mean_x + reach * deviation_x);
        if (!(upper > lower)) continue;
        const auto [low, high] = std::minmax({image.line(lower), image.line(upper)});
        const double bottom = std::max(low - reach * spread_y, g.mean[1] - reach * deviation_y);
        const double top = std::min(high + reach * spread_y, g.mean[1] + reach * deviation_y);
        const auto [y_first, y_last] = y.images(bottom, top);
        for (Index l = y_first; l <= y_last; ++l) {
          image.mean_y = g.mean[1] + static_cast<double>(l) * y.length();
          image.add_column(lower, upper, y.faces, mass.data());
        }
      }
      for (Index j = 0; j < ny; ++j) out[i + nx * j] += g.weight * mass[j];
    }
  });
}

/// Adds an uncorrelated distribution: the mass of a cell is the product of two interval masses.
void add_product(const Gaussian& g, const AxisCells& x, const AxisCells& y, std::span<double> out) {
  const std::vector<double> mass_x = axis_masses(x, g.mean[0], g.covariance(0, 0));
  const std::vector<double> mass_y = axis_masses(y, g.mean[1], g.covariance(1, 1));
  for (Index j = 0; j < y.count(); ++j)
    for (Index i = 0; i < x.count(); ++i) out[i + x.count() * j] += g.weight * mass_x[i] * mass_y[j];
}

bool wraps_to_uniform(const AxisCells& axis, double conditional_variance) {
  return axis.periodic && conditional_variance > 2.25 * axis.length() * axis.length();
}

void add_component(const Gaussian& g, const CellFaces& faces, std::span<double> out) {
  const AxisCells x{faces.axis[0], faces.periodic[0]};
  if (faces.dimension == 1) {
    const std::vector<double> mass = axis_masses(x, g.mean[0], g.covariance(0, 0));
    for (Index i = 0; i < x.count(); ++i) out[i] += g.weight * mass[i];
    return;
  }
  const AxisCells y{faces.axis[1], faces.periodic[1]};
  const double det = determinant(g.covariance);
  const double product = g.covariance(0, 0) * g.covariance(1, 1);
  const bool independent = std::abs(g.covariance(0, 1)) <= 1e-18 * std::sqrt(product) ||
                           wraps_to_uniform(x, det / g.covariance(1, 1)) ||
                           wraps_to_uniform(y, det / g.covariance(0, 0));
  if (independent)
    add_product(g, x, y, out);
  else
    add_correlated(g, x, y, out);
}

void check_component(const Gaussian& g, Index d) {
  const Eigen::MatrixXd& V = g.covariance;
  if (d < 1 || d > 2 || g.mean.size() != d || V.rows() != d || V.cols() != d)
    throw std::invalid_argument("a Gaussian needs a mean of d numbers and a d x d covariance, d = 1 or 2");
  if (!g.mean.allFinite() || !V.allFinite() || !std::isfinite(g.weight) || g.weight < 0)
    throw std::invalid_argument("a Gaussian needs finite numbers and a weight that is not negative");
  const double scale = V.trace();
  const double lowest = d == 1 ? V(0, 0) : symmetric_eigen(V).values[0];
  if ((V - V.transpose()).cwiseAbs().maxCoeff() > 1e-12 * std::abs(scale) || lowest < -1e-10 * std::abs(scale))
    throw std::invalid_argument("a covariance must be symmetric positive semidefinite");
}

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Density of N(0, deviation^2) at r; a point mass is infinite where r is 0 to rounding (`tolerance`).
double bell_at(double r, double deviation, double tolerance) {
  if (deviation > 0) return bell(r / deviation) / deviation;
  return std::abs(r) <= tolerance ? infinity : 0;
}

/// Product of densities in which "nowhere" beats "infinite".
double times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

}  // namespace

GaussianMixture::GaussianMixture(std::vector<Gaussian> components) : components_(std::move(components)) {
  if (components_.empty()) throw std::invalid_argument("a mixture needs a component");
  double total = 0;
  for (Gaussian& g : components_) {
    check_component(g, components_.front().mean.size());
    for (Index i = 0; i < g.covariance.rows(); ++i) g.covariance(i, i) = std::max(0.0, g.covariance(i, i));
    if (dimension() == 2) g.covariance(0, 1) = g.covariance(1, 0) = 0.5 * (g.covariance(0, 1) + g.covariance(1, 0));
    total += g.weight;
  }
  if (!(total > 0)) throw std::invalid_argument("the weights of a mixture must have a positive sum");
  for (Gaussian& g : components_) g.weight /= total;
}

int GaussianMixture::dimension() const { return static_cast<int>(components_.front().mean.size()); }

void GaussianMixture::cell_averages(const CellFaces& faces, std::span<double> out) const {
  std::fill(out.begin(), out.end(), 0.0);
  for (const Gaussian& g : components_) add_component(g, faces, out);
  const Index nx = static_cast<Index>(faces.axis[0].size()) - 1;
  for (Index c = 0; c < static_cast<Index>(out.size()); ++c) {
    double volume = faces.axis[0][c % nx + 1] - faces.axis[0][c % nx];
    if (faces.dimension == 2) volume *= faces.axis[1][c / nx + 1] - faces.axis[1][c / nx];
    out[c] /= volume;
  }
}

void GaussianMixture::evaluate(const PointsIn& x, double* out) const {
  std::fill(out, out + x.size, 0.0);
  const double eps = 4 * std::numeric_limits<double>::epsilon();
  for (const Gaussian& g : components_) {
    const Eigen::MatrixXd& V = g.covariance;
    const double deviation = std::sqrt(V(0, 0));
    const double slope = dimension() == 2 && V(0, 0) > 0 ? V(0, 1) / V(0, 0) : 0;
    double spread = 0;
    if (dimension() == 2) spread = std::sqrt(V(0, 0) > 0 ? determinant(V) / V(0, 0) : V(1, 1));
    for (Index i = 0; i < x.size; ++i) {
      const double dx = x.axis[0][i] - g.mean[0];
      double value = bell_at(dx, deviation, eps * std::abs(g.mean[0]));
      if (dimension() == 2) {
        const double dy = x.axis[1][i] - g.mean[1];
        value = times(value, bell_at(dy - slope * dx, spread, eps * (std::abs(dy) + std::abs(g.mean[1]))));
      }
      out[i] += g.weight > 0 ? g.weight * value : 0;
    }
  }
}

Sampler GaussianMixture::sampler() const {
  struct Component {
    double cumulative;  // weights up to and including this one
    std::array<double, 2> mean;
    double root_xx, root_yx, root_yy;  // lower triangle L with L L^T = covariance
  };
  std::vector<Component> components;
  double total = 0;
  for (const Gaussian& gaussian : components_) {
    Component c{total += gaussian.weight, {gaussian.mean[0], 0}, std::sqrt(gaussian.covariance(0, 0)), 0, 0};
    if (dimension() > 1) {
      c.mean[1] = gaussian.mean[1];
      c.root_yx = c.root_xx > 0 ? gaussian.covariance(1, 0) / c.root_xx : 0;
      c.root_yy = std::sqrt(std::max(0.0, gaussian.covariance(1, 1) - c.root_yx * c.root_yx));
    }
    components.push_back(c);
  }
  for (Component& c : components) c.cumulative /= total;
  return [components](double choice, const std::array<double, 2>& normal) -> std::array<double, 2> {
    std::size_t i = 0;
    while (i + 1 < components.size() && choice > components[i].cumulative) ++i;
    const Component& c = components[i];
    return {c.mean[0] + c.root_xx * normal[0], c.mean[1] + c.root_yx * normal[0] + c.root_yy * normal[1]};
  };
}

Eigen::VectorXd GaussianMixture::mean() const {
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(dimension());
  for (const Gaussian& g : components_) mean += g.weight * g.mean;
  return mean;
}

Eigen::MatrixXd GaussianMixture::covariance() const {
  const Eigen::VectorXd center = mean();
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(dimension(), dimension());
  for (const Gaussian& g : components_)
    covariance += g.weight * (g.covariance + (g.mean - center) * (g.mean - center).transpose());
  return covariance;
}

}  // namespace fokker
