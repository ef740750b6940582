#include <algorithm>
#include <stdexcept>

#include "fokker/model/density.hpp"

namespace fokker {
namespace {

/// Fraction of [lower, upper] that lies in each interval between neighbouring faces, per length of the interval.
std::vector<double> axis_density(std::span<const double> faces, double lower, double upper) {
  std::vector<double> density(faces.size() - 1);
  for (std::size_t i = 0; i < density.size(); ++i) {
    const double overlap = std::min(faces[i + 1], upper) - std::max(faces[i], lower);
    density[i] = std::max(0.0, overlap) / ((faces[i + 1] - faces[i]) * (upper - lower));
  }
  return density;
}

}  // namespace

UniformDensity::UniformDensity(std::vector<double> lower, std::vector<double> upper)
    : lower_(std::move(lower)), upper_(std::move(upper)) {
  if (lower_.empty() || lower_.size() > 2 || lower_.size() != upper_.size())
    throw std::invalid_argument("a box needs d lower and d upper bounds, d = 1 or 2");
  for (std::size_t i = 0; i < lower_.size(); ++i)
    if (!(lower_[i] < upper_[i])) throw std::invalid_argument("a box needs lower < upper on every axis");
}

int UniformDensity::dimension() const { return static_cast<int>(lower_.size()); }

void UniformDensity::cell_averages(const CellFaces& faces, std::span<double> out) const {
  const std::vector<double> x = axis_density(faces.axis[0], lower_[0], upper_[0]);
  const std::vector<double> y =
      dimension() == 2 ? axis_density(faces.axis[1], lower_[1], upper_[1]) : std::vector<double>{1.0};
  for (std::size_t j = 0; j < y.size(); ++j)
    for (std::size_t i = 0; i < x.size(); ++i) out[i + x.size() * j] = x[i] * y[j];
}

void UniformDensity::evaluate(const PointsIn& x, double* out) const {
  for (Index i = 0; i < x.size; ++i) {
    double value = 1;
    for (std::size_t k = 0; k < lower_.size(); ++k) {
      const double at = x.axis[k][i];
      value *= at >= lower_[k] && at <= upper_[k] ? 1 / (upper_[k] - lower_[k]) : 0;
    }
    out[i] = value;
  }
}

}  // namespace fokker
