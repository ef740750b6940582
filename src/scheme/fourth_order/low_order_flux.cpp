#include "low_order_flux.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../edge_source.hpp"
#include "central4_rows.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"

// Bytes per cell and Euler step: four weights, p, next and the sum twice: 64. About 14 flops.
namespace fokker {
namespace {

constexpr Index most_columns = 512;
constexpr Index piece_cells = 8192;
constexpr double courant = 0.9;

}  // namespace

PositiveFaces::PositiveFaces(const Grid& grid) : grid_(grid), next_(static_cast<std::size_t>(grid.cells())) {
  for (int k = 0; k < grid.dimension(); ++k) {
    const Index faces = k == 0 ? (grid.nx() + 1) * grid.ny() : grid.nx() * (grid.ny() + 1);
    left_[k].assign(static_cast<std::size_t>(faces), 0.0);
    right_[k].assign(static_cast<std::size_t>(faces), 0.0);
  }
}

void PositiveFaces::build(const Sde& sde, double t) {
  for (int k = 0; k < grid_.dimension(); ++k) {
    const Index rows = k == 0 ? grid_.ny() : grid_.ny() + 1;
    parallel_for(0, rows, std::max<Index>(1, 4096 / grid_.nx()), [&](Index first, Index last) {
      for (Index row = first; row < last; ++row) build_faces(sde, t, k, row);
    });
    if (grid_.axis(k).periodic()) close_ring(k);
  }
  find_exit_rate();
}

// One row of faces: coefficients at their centres; walls that absorb are half an edge away, walls that reflect carry
// nothing.
void PositiveFaces::build_faces(const Sde& sde, double t, int k, Index row) {
  const FluxScheme& fitted = default_flux();
  const Axis& axis = grid_.axis(k);
  const bool plane = grid_.dimension() > 1;
  const Index width = k == 0 ? grid_.nx() + 1 : grid_.nx();
  const double h = axis.width();
  Sample sample;
  const auto wall = [&](Index face) { return !axis.periodic() && (face == 0 || face == axis.cells); };
  const auto reflects = [&](Index face) { return wall(face) && grid_.outflow(k, face == 0 ? 0 : 1) < 0; };
  if (k == 1 && reflects(row)) return;
  for (Index first = 0; first < width; first += EdgeSource::block) {
    const Index begin = k == 0 && first == 0 && reflects(0) ? 1 : first;
    const Index stop = std::min(first + EdgeSource::block, width);
    const Index n = (k == 0 && stop == width && reflects(axis.cells) ? stop - 1 : stop) - begin;
    for (Index i = 0; i < n; ++i)
      sample.x[i] = k == 0 ? grid_.axis(0).face(begin + i) : grid_.axis(0).center(begin + i);
    if (plane) std::fill_n(sample.y, n, k == 0 ? grid_.axis(1).center(row) : grid_.axis(1).face(row));
    sample.evaluate(sde, t, n);
    for (Index i = 0; i < n; ++i) {
      const Index face = k == 0 ? begin + i : row, to = width * row + begin + i;
      const double D = sample.D[2 * k][i], a = sample.a[k][i];
      const double scale = wall(face) ? 2 : 1;
      Edge edge{scale * D / (h * h), a * h / D / scale, 0};
      if (!(D > 0) || !std::isfinite(edge.peclet)) edge = {0, 0, a / h};
      const EdgeWeights weights = fitted.weights(edge);
      left_[k][to] = wall(face) && face == 0 ? 0 : weights.left;
      right_[k][to] = wall(face) && face != 0 ? 0 : weights.right;
    }
  }
}

void PositiveFaces::close_ring(int k) {
  const Index nx = grid_.nx(), ny = grid_.ny();
  for (std::vector<double>* const weights : {&left_[k], &right_[k]})
    for (Index i = 0; i < (k == 0 ? ny : nx); ++i) {
      double& lower = (*weights)[k == 0 ? (nx + 1) * i : i];
      double& upper = (*weights)[k == 0 ? (nx + 1) * i + nx : i + nx * ny];
      lower = upper = 0.5 * (lower + upper);
    }
}

void PositiveFaces::find_exit_rate() {
  exit_rate_ = 0;
  for (Index cell = 0; cell < grid_.cells(); ++cell) {
    const Index i = cell % grid_.nx(), j = cell / grid_.nx(), x = i + (grid_.nx() + 1) * j;
    double rate = left_[0][x + 1] - right_[0][x];
    if (grid_.dimension() > 1) rate += left_[1][cell + grid_.nx()] - right_[1][cell];
    exit_rate_ = std::max(exit_rate_, rate);
  }
}

// The faces begin..end of a row, both included. The weight of a cell that is not there is 0.
void PositiveFaces::fluxes_of_x_faces(const double* p, Index row, Index begin, Index end, double* J) const {
  const Index nx = grid_.nx();
  const double *here = p + nx * row, *left = left_[0].data() + (nx + 1) * row,
               *right = right_[0].data() + (nx + 1) * row;
  const auto at_end = [&](Index face) {
    J[face - begin] = left[face] * here[face == 0 ? nx - 1 : face - 1] + right[face] * here[face == nx ? 0 : face];
  };
  if (begin == 0) at_end(0);
  if (end == nx) at_end(nx);
  const Index first = std::max<Index>(begin, 1), last = std::min(end, nx - 1);
  if (last >= first)
    edge_fluxes(left + first, right + first, here + first - 1, here + first, last - first + 1, J + first - begin);
}

void PositiveFaces::fluxes_of_y_faces(const double* p, Index face, Index begin, Index end, double* J) const {
  const Index nx = grid_.nx(), ny = grid_.ny();
  const double *below = p + nx * (face == 0 ? ny - 1 : face - 1), *above = p + nx * (face == ny ? 0 : face);
  edge_fluxes(left_[1].data() + nx * face + begin, right_[1].data() + nx * face + begin, below + begin, above + begin,
              end - begin, J);
}

long PositiveFaces::advance(double t, double end, const std::function<double(double)>& factor, double* p, double* sum) {
  const Index nx = grid_.nx(), ny = grid_.ny(), chunks = (nx + most_columns - 1) / most_columns;
  const bool plane = grid_.dimension() > 1;
  std::fill_n(sum, grid_.cells(), 0.0);
  double* from = p;
  double* to = next_.data();
  long steps = 0;
  while (t < end) {
    const double rate = factor(t) * exit_rate_, way = end - t;
    const auto left = std::max(1.0, std::ceil(way * rate / courant));
    const double dt = way / left, weight = dt * factor(t);
    poll_stop();
    if (!(t + dt > t))
      throw NumericalError(fmt::format("the low-order steps that keep p >= 0 shrank to {:.3g} at t = {:.9g}", dt, t),
                           t);
    const auto rows = [&](Index begin, Index stop, Index first, Index last) {
      double Jx[most_columns + 1], Jy[2][most_columns];
      double *below = Jy[0], *above = Jy[1];
      if (plane) fluxes_of_y_faces(from, first, begin, stop, below);
      for (Index j = first; j < last; ++j, std::swap(below, above)) {
        const Index cell = begin + nx * j;
        fluxes_of_x_faces(from, j, begin, stop, Jx);
        if (plane) fluxes_of_y_faces(from, j + 1, begin, stop, above);
        euler_cells(weight, from + cell, Jx, plane ? below : nullptr, above, stop - begin, to + cell, sum + cell);
      }
    };
    const auto chunk_end = [&](Index chunk) { return std::min((chunk + 1) * most_columns, nx); };
    if (plane)
      parallel_for(0, ny, std::max<Index>(8, piece_cells / nx), [&](Index first, Index last) {
        for (Index chunk = 0; chunk < chunks; ++chunk) rows(chunk * most_columns, chunk_end(chunk), first, last);
      });
    else
      parallel_for(0, chunks, piece_cells / most_columns, [&](Index first, Index last) {
        for (Index chunk = first; chunk < last; ++chunk) rows(chunk * most_columns, chunk_end(chunk), 0, 1);
      });
    std::swap(from, to);
    t = left == 1 ? end : t + dt;
    ++steps;
  }
  if (from != p) std::copy_n(from, grid_.cells(), p);
  return steps;
}

void PositiveFaces::subtract_fluxes(const double* p, double* Jx, double* Jy) const {
  const Index nx = grid_.nx(), ny = grid_.ny();
  double J[most_columns + 1];
  const auto take = [&](Index n, double* from) {
    for (Index i = 0; i < n; ++i) from[i] -= J[i];
  };
  for (Index begin = 0; begin < nx; begin += most_columns) {
    const Index end = std::min(begin + most_columns, nx);
    for (Index j = 0; j < ny; ++j) {
      fluxes_of_x_faces(p, j, begin, end, J);
      take(end == nx ? end - begin + 1 : end - begin, Jx + begin + (nx + 1) * j);
    }
    if (grid_.dimension() == 1) continue;
    for (Index face = 0; face <= ny; ++face) {
      fluxes_of_y_faces(p, face, begin, end, J);
      take(end - begin, Jy + begin + nx * face);
    }
  }
}

double PositiveFaces::outflow(int side, const double* p) const {
  const Index nx = grid_.nx(), ny = grid_.ny();
  double sum = 0;
  if (side == 0)
    for (Index j = 0; j < ny; ++j) sum -= right_[0][(nx + 1) * j] * p[nx * j];
  if (side == 1)
    for (Index j = 0; j < ny; ++j) sum += left_[0][(nx + 1) * j + nx] * p[nx * j + nx - 1];
  if (side == 2)
    for (Index i = 0; i < nx; ++i) sum -= right_[1][i] * p[i];
  if (side == 3)
    for (Index i = 0; i < nx; ++i) sum += left_[1][i + nx * ny] * p[i + nx * (ny - 1)];
  return sum;
}

std::size_t PositiveFaces::bytes() const {
  std::size_t doubles = next_.capacity();
  for (const int k : {0, 1}) doubles += left_[k].capacity() + right_[k].capacity();
  return doubles * sizeof(double);
}

}  // namespace fokker
