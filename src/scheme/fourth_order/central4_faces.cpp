#include "central4_faces.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>

#include "../edge_source.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"

namespace fokker {
namespace {

bool valid(const Sample& sample, Index i, bool plane) {
  const double a = sample.a[0][i] + (plane ? sample.a[1][i] : 0);
  const double D = sample.D[0][i] + (plane ? sample.D[1][i] + sample.D[2][i] : 0);
  return std::isfinite(a) && std::isfinite(D) &&
         (plane ? semidefinite(sample.D[0][i], sample.D[1][i], sample.D[2][i]) : sample.D[0][i] >= 0);
}

}  // namespace

void FaceColumn::resize(Index width, Index rows) {
  width_ = (width + vector - 1) / vector * vector;
  values_.assign(static_cast<std::size_t>(width_ * rows), 0.0);
}

void FaceColumn::look(Index first, Index last, double rounding) {
  uniform_ = zero_ = true;
  const double* const one = values_.data() + width_ * first;
  const auto close = [rounding](double u, double v) { return std::abs(u - v) <= rounding; };
  for (Index j = first; j < last && (uniform_ || zero_); ++j) {
    const double* const here = values_.data() + width_ * j;
    uniform_ = uniform_ && std::equal(here, here + width_, one, close);
    zero_ = zero_ && std::all_of(here, here + width_, [&](double v) { return close(v, 0); });
  }
  if (uniform_) std::copy_n(one, width_, values_.data());  // `row` answers with the start of the storage
}

double FaceColumn::largest(Index first, Index last) const {
  double most = 0;
  for (Index i = width_ * first; i < width_ * last; ++i) most = std::max(most, std::abs(values_[i]));
  return most;
}

void FaceColumn::settle() {
  if (!uniform_) return;
  values_.resize(width_);
  values_.shrink_to_fit();
}

Central4Coefficients::Central4Coefficients(const Grid& grid) : grid_(grid) {
  axes_.resize(grid.dimension());
  for (int k = 0; k < grid.dimension(); ++k) {
    AxisCoefficients& axis = axes_[k];
    axis.width = k == 0 ? grid.nx() + 1 : grid.nx();
    axis.last = k == 0 ? grid.ny() : grid.ny() + 1;
    for (FaceColumn* column : {&axis.value, &axis.slope, &axis.across, &axis.curvature, &axis.twist})
      column->resize(axis.width, axis.last);
    if (k == 1 && grid.axis(1).at_lower == Boundary::reflecting) ++axis.first;
    if (k == 1 && grid.axis(1).at_upper == Boundary::reflecting) --axis.last;
  }
}

void Central4Coefficients::build(const Sde& sde, double t) {
  for (int k = 0; k < grid_.dimension(); ++k) {
    AxisCoefficients& axis = axes_[k];
    const Index grain = std::max<Index>(1, 4096 / axis.width);
    std::atomic<Index> invalid = grid_.cells();
    parallel_for(axis.first, axis.last, grain, [&](Index first, Index last) {
      for (Index row = first; row < last; ++row) {
        const Index cell = fill_row(sde, t, k, row);
        Index least = invalid.load();
        while (cell >= 0 && cell < least && !invalid.compare_exchange_weak(least, cell)) {
        }
      }
    });
    if (invalid < grid_.cells())
      throw NumericalError("drift or diffusion is not finite, or diffusion is not positive semidefinite", t, invalid);
    if (grid_.axis(k).periodic()) close_ring(k);
    for (FaceColumn* column : {&axis.value, &axis.slope, &axis.curvature, &axis.twist})
      column->look(axis.first, axis.last, 0);
    // A slope across the axis is a difference: that of a linear drift is the same everywhere but for rounding.
    axis.across.look(axis.first, axis.last, 1e-16 * axis.value.largest(axis.first, axis.last));
  }
}

// The coefficients of one row of faces; the cell below or beside the first invalid one, -1 when there is none.
Index Central4Coefficients::fill_row(const Sde& sde, double t, int k, Index row) {
  AxisCoefficients& axis = axes_[k];
  const bool plane = grid_.dimension() > 1;
  const double h = grid_.axis(k).width(), across = plane ? grid_.axis(1 - k).width() : 0;
  const double offset = 0.5 * across / std::numbers::sqrt3;
  double *value = axis.value.row_to_fill(row), *slope = axis.slope.row_to_fill(row);
  double *line = axis.across.row_to_fill(row), *curvature = axis.curvature.row_to_fill(row),
         *twist = axis.twist.row_to_fill(row);
  Index begin = 0, end = axis.width;
  if (k == 0 && grid_.axis(0).at_lower == Boundary::reflecting) ++begin;
  if (k == 0 && grid_.axis(0).at_upper == Boundary::reflecting) --end;
  Sample point[2];
  for (Index first = begin; first < end; first += EdgeSource::block) {
    const Index n = std::min(EdgeSource::block, end - first);
    for (const int g : {0, 1}) {
      const double shift = g == 0 ? -offset : offset;
      for (Index i = 0; i < n; ++i)
        point[g].x[i] = k == 0 ? grid_.axis(0).face(first + i) : grid_.axis(0).center(first + i) + shift;
      if (plane) std::fill_n(point[g].y, n, k == 0 ? grid_.axis(1).center(row) + shift : grid_.axis(1).face(row));
      point[g].evaluate(sde, t, n);
      if (!plane) break;
    }
    const Sample &one = point[0], &two = point[plane ? 1 : 0];
    const int kk = 2 * k;
    for (Index i = 0; i < n; ++i) {
      if (!valid(one, i, plane) || !valid(two, i, plane))
        return k == 0 ? std::min(first + i, grid_.nx() - 1) + grid_.nx() * row
                      : first + i + grid_.nx() * std::min(row, grid_.ny() - 1);
      const Index at = first + i;
      value[at] = 0.5 * (one.a[k][i] + two.a[k][i]) / (12 * h);
      slope[at] = -0.5 * (one.D[kk][i] + two.D[kk][i]) / (12 * h * h);
      if (!plane) continue;
      constexpr double root3 = std::numbers::sqrt3;
      const double a_across = root3 / 12 * (two.a[k][i] - one.a[k][i]) * across;  // h'^2/12 a'
      line[at] = (a_across - 0.5 * (one.D[1][i] + two.D[1][i])) / (144 * h * across);
      curvature[at] = -root3 * (two.D[1][i] - one.D[1][i]) / across / (144 * h);
      twist[at] = -root3 * (two.D[kk][i] - one.D[kk][i]) / (288 * h * h);
    }
  }
  return -1;
}

// The face where a periodic axis closes is both its lower and its upper end: the mean treats both alike, also for
// coefficients that are not periodic.
void Central4Coefficients::close_ring(int k) {
  AxisCoefficients& axis = axes_[k];
  for (FaceColumn* column : {&axis.value, &axis.slope, &axis.across, &axis.curvature, &axis.twist}) {
    const auto mean = [](double& lower, double& upper) { lower = upper = 0.5 * (lower + upper); };
    if (k == 0)
      for (Index j = 0; j < grid_.ny(); ++j) mean(column->row_to_fill(j)[0], column->row_to_fill(j)[grid_.nx()]);
    else
      for (Index i = 0; i < grid_.nx(); ++i) mean(column->row_to_fill(0)[i], column->row_to_fill(grid_.ny())[i]);
  }
}

void Central4Coefficients::settle() {
  for (AxisCoefficients& axis : axes_)
    for (FaceColumn* column : {&axis.value, &axis.slope, &axis.across, &axis.curvature, &axis.twist}) column->settle();
}

std::size_t Central4Coefficients::bytes() const {
  std::size_t sum = 0;
  for (const AxisCoefficients& axis : axes_)
    for (const FaceColumn* column : {&axis.value, &axis.slope, &axis.across, &axis.curvature, &axis.twist})
      sum += column->bytes();
  return sum;
}

}  // namespace fokker
