#include "fgmres.hpp"

#include <algorithm>

#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

constexpr Index block = 2048;  // cells: one block of the new vector stays in cache while the basis passes by

Index blocks_of(Index cells) { return (cells + block - 1) / block; }

FOKKER_KERNEL(double, dot, (const double* a, const double* b, Index n), (a, b, n)) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

FOKKER_KERNEL(void, add_scaled, (double factor, const double* a, Index n, double* __restrict to), (factor, a, n, to)) {
  for (Index i = 0; i < n; ++i) to[i] += factor * a[i];
}

/// Calls body(number of the block, its first cell, count), concurrently.
template <class Body>
void in_blocks(Index cells, const Body& body) {
  parallel_for(0, blocks_of(cells), 8, [&](Index begin, Index end) {
    for (Index b = begin; b < end; ++b) body(b, b * block, std::min(block, cells - b * block));
  });
}

}  // namespace

double length(const double* v, Index cells) {
  return std::sqrt(
      ordered_sum(0, cells, block, [&](Index first, Index last) { return dot(v + first, v + first, last - first); }));
}

FlexibleGmres::FlexibleGmres(const ScaledChain& shape, int most)
    : shape_(shape),
      cells_(shape.cells()),
      most_(most),
      basis_{shape.column()},
      hessenberg_(static_cast<std::size_t>((most + 1) * most)),
      cosine_(static_cast<std::size_t>(most)),
      sine_(static_cast<std::size_t>(most)),
      right_(static_cast<std::size_t>(most + 1)),
      partial_(static_cast<std::size_t>((most + 1) * blocks_of(shape.cells()))) {
  basis_.reserve(most + 1);
  proposals_.reserve(most);
}

void FlexibleGmres::allocate() {
  if (proposals_.size() > static_cast<std::size_t>(used_)) return;
  basis_.push_back(shape_.column());
  proposals_.push_back(shape_.column());
}

double FlexibleGmres::begin() {
  double* const r = residual();
  const double beta = length(r, cells_);
  used_ = 0;
  right_[0] = beta;
  if (beta > 0)
    in_blocks(cells_, [&](Index, Index first, Index count) {
      for (Index i = first; i < first + count; ++i) r[i] /= beta;
    });
  return beta;
}

// Two passes: all products with the new vector, then what is left of it and its length.
double FlexibleGmres::extend() {
  poll_stop();
  const int j = used_++, stride = most_ + 1;
  double* const w = basis_[j + 1].data();
  in_blocks(cells_, [&](Index b, Index first, Index count) {
    for (int i = 0; i <= j; ++i) partial_[b * stride + i] = dot(basis_[i].data() + first, w + first, count);
  });
  for (int i = 0; i <= j; ++i) {
    h(i, j) = 0;
    for (Index b = 0; b < blocks_of(cells_); ++b) h(i, j) += partial_[b * stride + i];
  }
  in_blocks(cells_, [&](Index b, Index first, Index count) {
    for (int i = 0; i <= j; ++i) add_scaled(-h(i, j), basis_[i].data() + first, count, w + first);
    partial_[b] = dot(w + first, w + first, count);
  });
  double square = 0;
  for (Index b = 0; b < blocks_of(cells_); ++b) square += partial_[b];
  const double below = std::sqrt(square);
  if (below > 0)
    in_blocks(cells_, [&](Index, Index first, Index count) {
      for (Index i = first; i < first + count; ++i) w[i] /= below;
    });
  for (int i = 0; i < j; ++i) {
    const double upper = h(i, j), lower = h(i + 1, j);
    h(i, j) = cosine_[i] * upper + sine_[i] * lower;
    h(i + 1, j) = cosine_[i] * lower - sine_[i] * upper;
  }
  const double radius = std::hypot(h(j, j), below);
  cosine_[j] = radius > 0 ? h(j, j) / radius : 1;
  sine_[j] = radius > 0 ? below / radius : 0;
  h(j, j) = radius;
  right_[j + 1] = -sine_[j] * right_[j];
  right_[j] *= cosine_[j];
  return below > 0 ? std::abs(right_[j + 1]) : 0;
}

void FlexibleGmres::correct(double* x) const {
  std::vector<double>::size_type n = static_cast<std::size_t>(used_);
  double y[64];
  for (int i = used_; i-- > 0;) {
    double sum = right_[i];
    for (int j = i + 1; j < used_; ++j) sum -= h(i, j) * y[j];
    y[i] = h(i, i) != 0 ? sum / h(i, i) : 0;
  }
  in_blocks(cells_, [&](Index, Index first, Index count) {
    for (std::size_t k = 0; k < n; ++k) add_scaled(y[k], proposals_[k].data() + first, count, x + first);
  });
}

std::size_t FlexibleGmres::bytes() const {
  return (basis_.size() + proposals_.size()) * static_cast<std::size_t>(cells_) * sizeof(double);
}

}  // namespace fokker
