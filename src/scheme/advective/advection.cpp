#include "advection.hpp"

#include <algorithm>

#include "face_value.hpp"
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

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void face_values(
    Reconstruction kind, const double* v, const double* factor, const Lines& p, Index count, double* out) {
  with_face_value(
      kind, [&](const auto& value) __attribute__((always_inline)) { upwind_values(value, v, factor, p, count, out); });
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

Advection::Transverse* Advection::transverse(int axis) {
  const auto cells = static_cast<std::size_t>(nx_ * ny_);
  std::vector<Transverse>& all = transverse_[static_cast<std::size_t>(axis)];
  all.resize(cells);
  value_.resize(cells);
  flux_.resize(cells);
  return all.data();
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

// All fluxes J through the upper faces along an axis, from the values on the faces around each of them.
void Advection::transverse_fluxes(int axis, const double* p) const {
  const auto k = static_cast<std::size_t>(axis);
  const Index rows_per_piece = std::max<Index>(1, piece_cells / nx_);
  parallel_for(0, ny_, rows_per_piece, [&](Index first, Index last) {
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
  parallel_for(0, ny_, rows_per_piece, [&](Index first, Index last) {
    for (Index row = first; row < last; ++row)
      for (Index column = 0; column < nx_; ++column) {
        const Index cell = row * nx_ + column;
        const Transverse& face = transverse_[k][static_cast<std::size_t>(cell)];
        double J = 0;
        for (Index m = -2; m <= 2; ++m) {
          const Index beside = axis == 0 ? inside(row + m, ny_, periodic_[1]) * nx_ + column
                                         : row * nx_ + inside(column + m, nx_, periodic_[0]);
          J += face.weight[static_cast<std::size_t>(m + 2)] * value_[static_cast<std::size_t>(beside)];
        }
        const Index above = axis == 0 ? row * nx_ + inside(column + 1, nx_, periodic_[0])
                                      : inside(row + 1, ny_, periodic_[1]) * nx_ + column;
        flux_[static_cast<std::size_t>(cell)] =
            most(-2 * face.down * most(p[above], 0), least(J, 2 * face.up * most(p[cell], 0)));
      }
  });
}

// Calls use(cell, fluxes through the lower faces, through the upper faces, count) for stretches of every row.
template <class Use>
void Advection::for_fluxes(int axis, const double* p, const Use& use) const {
  const Index chunks = (nx_ + chunk - 1) / chunk;
  const auto columns = [&](Index number) { return std::min(chunk, nx_ - number * chunk); };
  const Index rows_per_piece = std::max<Index>(1, piece_cells / nx_);
  if (!transverse_[static_cast<std::size_t>(axis)].empty()) {
    transverse_fluxes(axis, p);
    parallel_for(0, ny_, rows_per_piece, [&](Index first, Index last) {
      double below[chunk];
      for (Index row = first; row < last; ++row)
        for (Index number = 0; number < chunks; ++number) {
          const Index cell = row * nx_ + number * chunk, count = columns(number);
          for (Index i = 0; i < count; ++i) {
            const Index column = number * chunk + i;
            const bool wall = !periodic_[static_cast<std::size_t>(axis)] && (axis == 0 ? column : row) == 0;
            const Index lower =
                axis == 0 ? row * nx_ + inside(column - 1, nx_, true) : inside(row - 1, ny_, true) * nx_ + column;
            below[i] = wall ? 0 : flux_[static_cast<std::size_t>(lower)];
          }
          use(cell, below, flux_.data() + cell, count);
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
  const Index stride[2] = {1, nx_}, cells[2] = {nx_, ny_};
  for (std::size_t k = 0; k < 2; ++k) {
    if (!active_[k]) continue;
    for (Index cell = 0; cell < nx_ * ny_; ++cell) {
      const auto at = static_cast<std::size_t>(cell);
      const bool last = (k == 0 ? cell % nx_ : cell / nx_) == cells[k] - 1;
      const Index upper = last ? cell - (cells[k] - 1) * stride[k] : cell + stride[k];
      const double v = velocity_[k][at];
      diagonal[at] += 2 * (transverse_[k].empty() ? most(v, 0) : transverse_[k][at].up);
      diagonal[static_cast<std::size_t>(upper)] += 2 * (transverse_[k].empty() ? most(-v, 0) : transverse_[k][at].down);
    }
  }
}

std::size_t Advection::bytes() const {
  std::size_t doubles = value_.capacity() + flux_.capacity(), faces = 0;
  for (std::size_t k = 0; k < 2; ++k) {
    doubles += velocity_[k].capacity();
    faces += transverse_[k].capacity();
  }
  return doubles * sizeof(double) + faces * sizeof(Transverse);
}

}  // namespace fokker
