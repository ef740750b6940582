#include "limited.hpp"

#include <algorithm>

#include "fokker/base/parallel.hpp"

namespace fokker {
namespace {

constexpr Index chunk = 512;          // columns worked on at once; buffers stay on the stack and in L1
constexpr Index piece_cells = 16384;  // cells per piece of a parallel loop

// The one nearer to 0 of two numbers of one sign, else 0; without branches.
[[gnu::always_inline]] inline double least(double a, double b) { return a < b ? a : b; }
[[gnu::always_inline]] inline double most(double a, double b) { return a > b ? a : b; }
[[gnu::always_inline]] inline double minmod(double a, double b) { return most(0, least(a, b)) + least(0, most(a, b)); }

// The curvature two neighbours agree on; 0 where one is more than four times the other, as beside a step (Suresh &
// Huynh 1997, M4): without that steps overshoot by 3 %, with it by 0.05 %.
[[gnu::always_inline]] inline double agreed(double a, double b) {
  return minmod(minmod(4 * a - b, 4 * b - a), minmod(a, b));
}

// Value of p on the face between cells c and d, seen from c, out of the averages  a b [c]|d e  (in upwind order).
//
// Target: the third-order one, c + (d - c)/3 + (c - b)/6. It may move as far from c as the smaller neighbouring
// difference (then it lies between its neighbours, van Leer 1979), and at a smooth extremum, where that
// difference is 0, by 3/4 of the slope that the curvatures on both sides agree on (Harten & Osher 1987; Huynh 1995,
// SONIC-B): clipping it would cost an order. Between 0 and 2 c always, which is what positivity needs. Measured, sine
// wave once around, 128 cells, l1: this 1.0e-4, without the curvature term 4.9e-4, van Leer's harmonic mean 2.0e-3.
[[gnu::always_inline]] inline double face_value(double a, double b, double c, double d, double e) {
  const double before = c - b, after = d - c;
  const double bend = after - before, bend_before = before - (b - a), bend_after = (e - d) - after;
  const double plain = minmod(before, after);
  const double slope = 0.75 * minmod(before + 0.5 * agreed(bend_before, bend), after - 0.5 * agreed(bend, bend_after));
  const double low = most(least(least(plain, slope), 0), -most(c, 0));
  const double high = least(most(most(plain, slope), 0), most(c, 0));
  return c + most(low, least(high, after / 3 + before / 6));
}

// J = v p_upwind on `count` faces between p[0] and p[1] of six lines of cells.
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void face_fluxes(
    const double* v, const std::array<const double*, 6>& p, Index count, double* __restrict J) {
  const double *a = p[0], *b = p[1], *c = p[2], *d = p[3], *e = p[4], *f = p[5];
  for (Index i = 0; i < count; ++i) {
    const bool forward = v[i] > 0;  // one reconstruction, of the upwind side
    J[i] = v[i] * face_value(forward ? a[i] : f[i], forward ? b[i] : e[i], forward ? c[i] : d[i], forward ? d[i] : c[i],
                             forward ? e[i] : b[i]);
  }
}

}  // namespace

LimitedTransport::LimitedTransport(const Grid& grid) : nx_(grid.nx()), ny_(grid.ny()) {
  for (int k = 0; k < grid.dimension(); ++k) {
    const auto at = static_cast<std::size_t>(k);
    periodic_[at] = grid.axis(k).periodic();
    h_[at] = grid.axis(k).width();
    velocity_[at].assign(static_cast<std::size_t>(grid.cells()), 0.0);
  }
}

void LimitedTransport::finish() {
  faces_ = 0;
  for (std::size_t k = 0; k < 2; ++k) {
    const Index moving = std::count_if(velocity_[k].begin(), velocity_[k].end(), [](double v) { return v != 0; });
    active_[k] = moving > 0;
    faces_ += moving;
  }
}

// Fluxes through the faces column - 1/2, ..., column + count - 1/2 of a row (count + 1 of them). Beyond a wall the last
// cell repeats, which makes the increment of the wall cell 0.
void LimitedTransport::fluxes_x(const double* p, Index row, Index column, Index count, double* J) const {
  const double* here = p + row * nx_;
  const double* v = velocity_[0].data() + row * nx_;
  double line[chunk + 6], speed[chunk + 1];
  const auto at = [&](Index i) {
    return here[periodic_[0] ? ((i % nx_) + nx_) % nx_ : std::clamp<Index>(i, 0, nx_ - 1)];
  };
  for (Index k = 0; k < 3; ++k) {
    line[k] = at(column - 3 + k);
    line[count + 3 + k] = at(column + count + k);
  }
  std::copy_n(here + column, count, line + 3);
  speed[0] = column > 0 ? v[column - 1] : (periodic_[0] ? v[nx_ - 1] : 0);
  std::copy_n(v + column, count, speed + 1);
  face_fluxes(speed, {line, line + 1, line + 2, line + 3, line + 4, line + 5}, count + 1, J);
}

// Fluxes through the upper faces of row `face` (-1: the lower faces of row 0).
void LimitedTransport::fluxes_y(const double* p, Index face, Index column, Index count, double* J) const {
  const Index row = face >= 0 ? face : ny_ - 1;
  if ((face < 0 && !periodic_[1])) {
    std::fill_n(J, count, 0.0);
    return;
  }
  std::array<const double*, 6> lines;
  for (Index k = 0; k < 6; ++k) {
    const Index j = row + k - 2;
    const Index inside = periodic_[1] ? ((j % ny_) + ny_) % ny_ : std::clamp<Index>(j, 0, ny_ - 1);
    lines[static_cast<std::size_t>(k)] = p + inside * nx_ + column;
  }
  face_fluxes(velocity_[1].data() + row * nx_ + column, lines, count, J);
}

void LimitedTransport::apply(double scale, const double* p, double* out) const {
  // 1D: pieces of one row; 2D: pieces of rows, whose lower fluxes are the upper ones of the row before.
  const Index chunks = (nx_ + chunk - 1) / chunk;
  const auto columns = [&](Index number) { return std::min(chunk, nx_ - number * chunk); };
  const auto along_x = [&](Index first, Index last) {
    double J[chunk + 1];
    for (Index work = first; work < last; ++work) {
      const Index row = work / chunks, column = work % chunks * chunk, count = columns(work % chunks);
      fluxes_x(p, row, column, count, J);
      double* to = out + row * nx_ + column;
      for (Index i = 0; i < count; ++i) to[i] += scale * (J[i] - J[i + 1]);
    }
  };
  const auto along_y = [&](Index first, Index last) {
    double buffer[2][chunk];
    for (Index number = 0; number < chunks; ++number) {
      double *below = buffer[0], *above = buffer[1];
      fluxes_y(p, first - 1, number * chunk, columns(number), below);
      for (Index row = first; row < last; ++row, std::swap(below, above)) {
        fluxes_y(p, row, number * chunk, columns(number), above);
        double* to = out + row * nx_ + number * chunk;
        for (Index i = 0; i < columns(number); ++i) to[i] += scale * (below[i] - above[i]);
      }
    }
  };
  if (active_[0]) parallel_for(0, ny_ * chunks, std::max<Index>(1, piece_cells / std::min(nx_, chunk)), along_x);
  if (active_[1]) parallel_for(0, ny_, std::max<Index>(1, piece_cells / nx_), along_y);
}

void LimitedTransport::add_exit_rates(std::span<double> diagonal) const {
  const Index stride[2] = {1, nx_}, cells[2] = {nx_, ny_};
  for (std::size_t k = 0; k < 2; ++k) {
    if (!active_[k]) continue;
    for (Index cell = 0; cell < nx_ * ny_; ++cell) {
      const double v = velocity_[k][static_cast<std::size_t>(cell)];
      const bool last = (k == 0 ? cell % nx_ : cell / nx_) == cells[k] - 1;
      const Index upper = last ? cell - (cells[k] - 1) * stride[k] : cell + stride[k];
      diagonal[static_cast<std::size_t>(v > 0 ? cell : upper)] += 2 * std::max(v, -v);
    }
  }
}

void LimitedTransport::add_current(double scale, const double* p, double* Jx, double* Jy) const {
  double J[chunk + 1], below[chunk], above[chunk];
  for (Index row = 0; row < ny_; ++row)
    for (Index column = 0; column < nx_; column += chunk) {
      const Index count = std::min(chunk, nx_ - column), cell = row * nx_ + column;
      if (active_[0]) {
        fluxes_x(p, row, column, count, J);
        for (Index i = 0; i < count; ++i) Jx[cell + i] += 0.5 * scale * h_[0] * (J[i] + J[i + 1]);
      }
      if (active_[1]) {
        fluxes_y(p, row - 1, column, count, below);
        fluxes_y(p, row, column, count, above);
        for (Index i = 0; i < count; ++i) Jy[cell + i] += 0.5 * scale * h_[1] * (below[i] + above[i]);
      }
    }
}

}  // namespace fokker
