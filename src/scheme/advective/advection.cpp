#include "advection.hpp"

#include <algorithm>
#include <utility>

#include "face_value.hpp"
#include "fokker/base/instruction_set.hpp"
#include "fokker/base/parallel.hpp"

namespace fokker {
namespace {

constexpr Index chunk = 512;          // columns worked on at once; buffers stay on the stack and in L1
constexpr Index piece_cells = 16384;  // cells per piece of a parallel loop

using Lines = std::array<const double*, 6>;  // cells a b [c]|d e f around `count` faces, for v > 0

// The upwind value on every face, between 0 and 2 p of the upwind cell, times `factor` (null: 1).
template <class FaceValue>
[[gnu::always_inline]] inline void upwind_values(const FaceValue& value, const double* v, const double* factor,
                                                 const Lines& p, Index count, double* __restrict out) {
  const double *a = p[0], *b = p[1], *c = p[2], *d = p[3], *e = p[4], *f = p[5];
  const auto at = [&](Index i) {
    const bool forward = v[i] > 0;                                            // one reconstruction, of the upwind side
    const double A = a[i], B = b[i], C = c[i], D = d[i], E = e[i], F = f[i];  // loaded first: selections, no branches
    const double here = forward ? C : D;
    const double face = value(forward ? A : F, forward ? B : E, here, forward ? D : C, forward ? E : B);
    return most(least(0, here), least(face, 2 * most(here, 0)));
  };
  if (factor != nullptr) {
#pragma omp simd
    for (Index i = 0; i < count; ++i) out[i] = factor[i] * at(i);
  } else {
#pragma omp simd
    for (Index i = 0; i < count; ++i) out[i] = at(i);
  }
}

FOKKER_KERNEL(void, face_values,
              (Reconstruction kind, const double* v, const double* factor, const Lines& p, Index count, double* out),
              (kind, v, factor, p, count, out)) {
  with_face_value(
      kind, [&](const auto& value) __attribute__((always_inline)) { upwind_values(value, v, factor, p, count, out); });
}

// J = sum of weight_k value_k over a stretch of faces, between what the cells below and above may give (2 p out of each
// through the part of the face where the velocity points out of it). Per face 13 columns read and 1 written.
FOKKER_KERNEL(void, integrate_over_faces,
              (const Advection::Transverse& faces, const std::array<const double*, 5>& value, const double* below,
               const double* above, Index count, double* __restrict out),
              (faces, value, below, above, count, out)) {
  const auto [w0, w1, w2, w3, w4] = faces.weight;
  const auto [v0, v1, v2, v3, v4] = value;
  const double *up = faces.up, *down = faces.down;
#pragma omp simd
  for (Index i = 0; i < count; ++i) {
    const double J = w0[i] * v0[i] + w1[i] * v1[i] + w2[i] * v2[i] + w3[i] * v3[i] + w4[i] * v4[i];
    out[i] = most(-2 * down[i] * most(above[i], 0), least(J, 2 * up[i] * most(below[i], 0)));
  }
}

Index inside(Index i, Index n, bool periodic) { return periodic ? ((i % n) + n) % n : std::clamp<Index>(i, 0, n - 1); }

}  // namespace

Advection::Advection(const Grid& grid, Reconstruction reconstruction)
    : nx_(grid.nx()), ny_(grid.ny()), reconstruction_(reconstruction) {
  for (int k = 0; k < grid.dimension(); ++k) {
    const auto at = static_cast<std::size_t>(k);
    periodic_[at] = grid.axis(k).periodic();
    h_[at] = grid.axis(k).width();
    velocity_[at].assign(static_cast<std::size_t>(grid.cells()), 0.0);
  }
}

Advection::Transverse Advection::Transverse::from(Index face) const {
  Transverse shifted = *this;
  for (double*& column : shifted.weight) column += face;
  shifted.up += face;
  shifted.down += face;
  return shifted;
}

const Advection::Transverse& Advection::transverse(int axis) {
  Transverse& faces = transverse_[axis];
  if (has_transverse(axis)) return faces;
  const std::size_t cells = velocity_[axis].size();
  columns_[axis].assign((faces.weight.size() + 2) * cells, 0.0);
  double* column = columns_[axis].data();
  for (double*& weight : faces.weight) weight = std::exchange(column, column + cells);
  faces.up = std::exchange(column, column + cells);
  faces.down = column;
  value_.resize(cells);
  flux_.resize(cells);
  return faces;
}

void Advection::finish() {
  faces_ = 0;
  for (std::size_t k = 0; k < 2; ++k) {
    const Index moving = std::count_if(velocity_[k].begin(), velocity_[k].end(), [](double v) { return v != 0; });
    active_[k] = moving > 0;
    faces_ += moving;
  }
}

// Values on the faces column - 1/2, ..., column + count - 1/2 of a row (count + 1 of them), times the velocity there
// where `carried`. Beyond a wall the last cell repeats, which makes the increment of the wall cell 0.
void Advection::along_x(const double* p, Index row, Index column, Index count, bool carried, double* out) const {
  const double* here = p + row * nx_;
  const double* v = velocity_[0].data() + row * nx_;
  double line[chunk + 6], speed[chunk + 1];
  for (Index k = 0; k < 3; ++k) {
    line[k] = here[inside(column - 3 + k, nx_, periodic_[0])];
    line[count + 3 + k] = here[inside(column + count + k, nx_, periodic_[0])];
  }
  std::copy_n(here + column, count, line + 3);
  speed[0] = column > 0 ? v[column - 1] : (periodic_[0] ? v[nx_ - 1] : 0);
  std::copy_n(v + column, count, speed + 1);
  face_values(reconstruction_, speed, carried ? speed : nullptr,
              {line, line + 1, line + 2, line + 3, line + 4, line + 5}, count + 1, out);
}

// The same on the upper faces of row `face` (-1: the lower faces of row 0).
void Advection::along_y(const double* p, Index face, Index column, Index count, bool carried, double* out) const {
  if (face < 0 && !periodic_[1]) {
    std::fill_n(out, count, 0.0);
    return;
  }
  const Index row = face >= 0 ? face : ny_ - 1;
  Lines lines;
  for (Index k = 0; k < 6; ++k)
    lines[static_cast<std::size_t>(k)] = p + inside(row + k - 2, ny_, periodic_[1]) * nx_ + column;
  const double* v = velocity_[1].data() + row * nx_ + column;
  face_values(reconstruction_, v, carried ? v : nullptr, lines, count, out);
}

// Values on all upper faces along an axis.
void Advection::transverse_values(int axis, const double* p) const {
  parallel_for(0, ny_, std::max<Index>(1, piece_cells / nx_), [&](Index first, Index last) {
    double line[chunk + 1];
    for (Index row = first; row < last; ++row)
      for (Index column = 0; column < nx_; column += chunk) {
        const Index count = std::min(chunk, nx_ - column);
        double* to = value_.data() + row * nx_ + column;
        if (axis == 1) {
          along_y(p, row, column, count, false, to);
        } else {
          along_x(p, row, column, count, false, line);
          std::copy_n(line + 1, count, to);
        }
      }
  });
}

// All fluxes J through the upper faces along an axis, from the values on the faces beside each of them:
//
//     axis 0:  the same column of the rows -2 .. 2       axis 1:  the columns -2 .. 2 of the same row
void Advection::transverse_fluxes(int axis, const double* p) const {
  transverse_values(axis, p);
  const bool along_x = axis == 0;
  parallel_for(0, ny_, std::max<Index>(1, piece_cells / nx_), [&](Index first, Index last) {
    double line[chunk + 4];  // of values or, along x, of the cells above the faces
    for (Index row = first; row < last; ++row)
      for (Index column = 0; column < nx_; column += chunk) {
        const Index count = std::min(chunk, nx_ - column), at = row * nx_ + column;
        std::array<const double*, 5> value;
        const double* above = line;
        if (along_x) {
          for (Index m = 0; m < 5; ++m)
            value[m] = value_.data() + inside(row + m - 2, ny_, periodic_[1]) * nx_ + column;
          std::copy_n(p + at + 1, count - 1, line);
          line[count - 1] = p[row * nx_ + inside(column + count, nx_, periodic_[0])];
        } else {
          std::copy_n(value_.data() + at, count, line + 2);
          for (const Index k : {Index{-2}, Index{-1}, count, count + 1})
            line[2 + k] = value_[row * nx_ + inside(column + k, nx_, periodic_[0])];
          for (Index m = 0; m < 5; ++m) value[m] = line + m;
          above = p + inside(row + 1, ny_, periodic_[1]) * nx_ + column;
        }
        integrate_over_faces(transverse_[axis].from(at), value, p + at, above, count, flux_.data() + at);
      }
  });
}

// Calls use(cell, fluxes through the lower faces, through the upper faces, count) for stretches of every row.
template <class Use>
void Advection::for_fluxes(int axis, const double* p, const Use& use) const {
  const Index chunks = (nx_ + chunk - 1) / chunk;
  const auto columns = [&](Index number) { return std::min(chunk, nx_ - number * chunk); };
  const Index rows_per_piece = std::max<Index>(1, piece_cells / nx_);
  if (has_transverse(axis)) {
    transverse_fluxes(axis, p);
    const bool ring = periodic_[axis];
    parallel_for(0, ny_, rows_per_piece, [&](Index first, Index last) {
      double line[chunk];
      for (Index row = first; row < last; ++row)
        for (Index number = 0; number < chunks; ++number) {
          const Index column = number * chunk, cell = row * nx_ + column, count = columns(number);
          const double *upper = flux_.data() + cell, *lower = line;
          if (axis == 0) {
            line[0] = column > 0 ? upper[-1] : ring ? flux_[cell + nx_ - 1] : 0;
            std::copy_n(upper, count - 1, line + 1);
          } else if (row == 0 && !ring) {
            std::fill_n(line, count, 0.0);
          } else {
            lower = flux_.data() + inside(row - 1, ny_, true) * nx_ + column;
          }
          use(cell, lower, upper, count);
        }
    });
  } else if (axis == 0) {  // 1D: pieces of one row
    parallel_for(0, ny_ * chunks, std::max<Index>(1, piece_cells / std::min(nx_, chunk)), [&](Index first, Index last) {
      double J[chunk + 1];
      for (Index work = first; work < last; ++work) {
        const Index row = work / chunks, column = work % chunks * chunk, count = columns(work % chunks);
        along_x(p, row, column, count, true, J);
        use(row * nx_ + column, J, J + 1, count);
      }
    });
  } else {  // the lower fluxes of a row are the upper ones of the row before
    parallel_for(0, ny_, rows_per_piece, [&](Index first, Index last) {
      double buffer[2][chunk];
      for (Index number = 0; number < chunks; ++number) {
        double *below = buffer[0], *above = buffer[1];
        along_y(p, first - 1, number * chunk, columns(number), true, below);
        for (Index row = first; row < last; ++row, std::swap(below, above)) {
          along_y(p, row, number * chunk, columns(number), true, above);
          use(row * nx_ + number * chunk, below, above, columns(number));
        }
      }
    });
  }
}

void Advection::apply(double scale, const double* p, double* out) const {
  for (int axis = 0; axis < 2; ++axis)
    if (active_[static_cast<std::size_t>(axis)])
      for_fluxes(axis, p, [&](Index cell, const double* lower, const double* upper, Index count) {
        for (Index i = 0; i < count; ++i) out[cell + i] += scale * (lower[i] - upper[i]);
      });
}

void Advection::add_current(double scale, const double* p, double* Jx, double* Jy) const {
  for (int axis = 0; axis < 2; ++axis) {
    const auto k = static_cast<std::size_t>(axis);
    double* const J = axis == 0 ? Jx : Jy;
    if (active_[k])
      for_fluxes(axis, p, [&](Index cell, const double* lower, const double* upper, Index count) {
        for (Index i = 0; i < count; ++i) J[cell + i] += 0.5 * scale * h_[k] * (lower[i] + upper[i]);
      });
  }
}

std::span<const double> Advection::velocities(int axis) const {
  const auto k = static_cast<std::size_t>(axis);
  return active_[k] ? std::span<const double>(velocity_[k]) : std::span<const double>();
}

void Advection::fluxes(int axis, const double* p, double* J) const {
  for_fluxes(axis, p,
             [&](Index cell, const double*, const double* upper, Index count) { std::copy_n(upper, count, J + cell); });
}

void Advection::add_exit_rates(std::span<double> diagonal) const {
  for (int axis = 0; axis < 2; ++axis) {
    if (!active_[axis]) continue;
    const auto add = [&](Index cell, Index upper) {
      const double v = velocity_[axis][cell];
      diagonal[cell] += 2 * (has_transverse(axis) ? transverse_[axis].up[cell] : most(v, 0));
      diagonal[upper] += 2 * (has_transverse(axis) ? transverse_[axis].down[cell] : most(-v, 0));
    };
    for (Index row = 0; row < ny_; ++row) {
      const Index first = row * nx_, above = (row + 1 < ny_ ? row + 1 : 0) * nx_;
      for (Index i = 0; i < nx_; ++i) add(first + i, axis == 1 ? above + i : i + 1 < nx_ ? first + i + 1 : first);
    }
  }
}

std::size_t Advection::bytes() const {
  std::size_t doubles = value_.capacity() + flux_.capacity();
  for (std::size_t k = 0; k < 2; ++k) doubles += velocity_[k].capacity() + columns_[k].capacity();
  return doubles * sizeof(double);
}

}  // namespace fokker
