#include "central4_flux.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/base/parallel.hpp"

// Cost of one stage per cell, drift and diffusion without cross terms: about 40 flops; bytes: p once, out once, the
// terms, and for each axis the columns that are neither 0 nor the same in all rows (rotating OU: one each). What
// belongs to a row lives in L1 (at most 512 columns at once), so that p is read from memory once; a band of rows
// computes the faces below it again.
namespace fokker {
namespace {

constexpr Index most_columns = 512;  // of a piece: what belongs to it stays in L1
constexpr Index most_row = 4096;     // columns of a band: its lower y fluxes wait on the stack
constexpr Index pad = 3;             // cells and faces beyond either end of a line on a ring
constexpr Index beyond_wall = 2;     // and beyond a wall
constexpr Index piece_cells = 8192, least_rows = 24;

// Loops over buffers and columns run over whole vectors: both are padded.
Index in_vectors(Index n) { return (n + FaceColumn::vector - 1) / FaceColumn::vector * FaceColumn::vector; }

constexpr FaceWeights inner{{-1, 7, 7, -1}, {1, -15, 15, -1}};
constexpr FaceWeights first_off_reflecting{{3, 13, -5, 1}, {-11, 9, 3, -1}};
constexpr FaceWeights first_off_absorbing{{37.0 / 4, 29.0 / 4, -7.0 / 4, 1.0 / 4},
                                          {-257.0 / 12, 223.0 / 12, -29.0 / 12, 3.0 / 12}};
constexpr FaceWeights on_absorbing{{0, 0, 0, 0}, {415.0 / 6, -161.0 / 6, 55.0 / 6, -9.0 / 6}};

FaceWeights mirrored(const FaceWeights& w) {
  FaceWeights m;
  for (std::size_t k = 0; k < 4; ++k) {
    m.value[k] = w.value[3 - k];
    m.slope[k] = -w.slope[3 - k];
  }
  return m;
}

double dot(const std::array<double, 4>& w, double a, double b, double c, double d) {
  return (w[0] * a + w[1] * b) + (w[2] * c + w[3] * d);
}

// Ends of lines: out[-1], out[-2] and out[n], out[n + 1] from the four values before them.
void extrapolate_lower(double* out) {
  for (Index k = 1; k <= beyond_wall; ++k) out[-k] = dot(extrapolation[k - 1], out[0], out[1], out[2], out[3]);
}
void extrapolate_upper(double* out) {
  for (Index k = 1; k <= beyond_wall; ++k) out[k - 1] = dot(extrapolation[k - 1], out[-1], out[-2], out[-3], out[-4]);
}

}  // namespace

Central4Flux::Central4Flux(const Grid& grid, FaceAverage average) : coefficients(grid), grid_(grid), average_(average) {
  if (grid.dimension() > 1 && !grid.axis(1).periodic()) beyond_.resize(4 * grid.nx());
  for (int k = 0; k < grid.dimension(); ++k)
    for (int side = 0; side < 2; ++side)
      if (grid.outflow(k, side) >= 0) walls_[2 * k + side].resize(k == 0 ? grid.ny() : grid.nx());
  for (int k = 0; k < grid.dimension(); ++k) {
    const Index n = grid.axis(k).cells;
    ends_[k] = {stencil(k, 0), stencil(k, 1), stencil(k, n - 1), stencil(k, n)};
  }
}

const FaceStencil& Central4Flux::end(int axis, Index face) const {
  return ends_[axis][face < 2 ? face : face - grid_.axis(axis).cells + 3];
}

FaceStencil Central4Flux::stencil(int axis, Index face) const {
  const Axis& line = grid_.axis(axis);
  const Index n = line.cells;
  FaceStencil out{{face - 2, face - 1, face, face + 1}, inner};
  if (line.periodic()) {
    for (Index& cell : out.cell) cell = wrapped(cell, n);
    return out;
  }
  if (face > 1 && face < n - 1) return out;
  const bool lower = face <= 1, absorbing = (lower ? line.at_lower : line.at_upper) == Boundary::absorbing;
  const bool wall = face == 0 || face == n;
  const FaceWeights weights = wall        ? (absorbing ? on_absorbing : FaceWeights{})
                              : absorbing ? first_off_absorbing
                                          : first_off_reflecting;
  if (lower) return {{0, 1, 2, 3}, weights};
  return {{n - 4, n - 3, n - 2, n - 1}, mirrored(weights)};
}

// The face is not one of the first two off a wall.
bool Central4Flux::upwind_at(int axis, Index face) const {
  const Axis& line = grid_.axis(axis);
  return average_ == FaceAverage::upwind && (line.periodic() || (face > 1 && face < line.cells - 1));
}

// The cell whose fourth difference turns the central average of a face into the upwind one; -1: none.
Index Central4Flux::upwind_cell(int axis, Index face, double value) const {
  const Axis& line = grid_.axis(axis);
  const Index cell = value > 0 ? face - 1 : face;
  if (!upwind_at(axis, face) || value == 0) return -1;
  if (line.periodic()) return wrapped(cell, line.cells);
  return cell > 1 && cell < line.cells - 2 ? cell : -1;
}

// Rows beyond the walls of the y axis.
void Central4Flux::extend(const double* p) const {
  const Index nx = grid_.nx(), ny = grid_.ny();
  if (beyond_.empty() || !(coefficients.axis(0).reaches_across() || average_ == FaceAverage::upwind)) return;
  for (Index k = 0; k < 4; ++k) {
    const bool lower = k < 2;
    const auto& w = extrapolation[k % 2];
    std::array<const double*, 4> from;
    for (Index q = 0; q < 4; ++q) from[q] = p + nx * (lower ? q : ny - 1 - q);
    double* to = beyond_.data() + k * nx;
    for (Index i = 0; i < nx; ++i) to[i] = dot(w, from[0][i], from[1][i], from[2][i], from[3][i]);
  }
}

const double* Central4Flux::row(const double* p, Index j) const {
  const Index nx = grid_.nx(), ny = grid_.ny();
  if (j >= 0 && j < ny) return p + nx * j;
  if (grid_.axis(1).periodic()) return p + nx * wrapped(j, ny);
  return beyond_.data() + nx * (j < 0 ? -j - 1 : j - ny + 2);
}

// What the fluxes of one row of cells and of the faces above it are made of, over a stretch of columns and `pad` more
// on either side; all pointers are at the first column of the stretch.
struct Central4Flux::Lines {
  RowDifferences rows;
  FaceLine faces;
};

bool Central4Flux::carries(Index y_face) const {
  return grid_.dimension() > 1 && y_face >= coefficients.axis(1).first && y_face < coefficients.axis(1).last;
}

// The columns from..to-1 of row r and of the faces above it, to column `column` of the lines and on. r = -1: faces
// only.
void Central4Flux::load_columns(const double* p, Index r, Index from, Index to, const Lines& lines,
                                Index column) const {
  const Index nx = grid_.nx(), ny = grid_.ny(), n = to - from, face = r + 1;
  const auto moved = [column](double* line) { return line == nullptr ? nullptr : line + column; };
  const FaceLine faces{lines.faces.value + column, lines.faces.slope + column};
  const RowDifferences rows{moved(lines.rows.own), moved(lines.rows.across), moved(lines.rows.curvature),
                            moved(lines.rows.twist)};
  const bool faces_inside = carries(face) && face > 1 && face < ny - 1;
  std::array<const double*, 5> near;
  for (Index k = 0; k < 5; ++k) {
    const bool used = r >= 0 && (k == 2 || faces_inside || coefficients.axis(0).reaches_across());
    near[k] = used ? row(p, r + k - 2) + from : nullptr;
  }
  if (faces_inside && rows.across != nullptr && rows.curvature == nullptr && rows.twist == nullptr)
    return faces_and_differences(near, n, faces, rows.own, rows.across);
  if (r >= 0) row_differences(near, n, rows);
  if (faces_inside) {
    central_faces(near[1], near[2], near[3], near[4], n, faces);
  } else if (carries(face)) {
    const FaceStencil& s = end(1, face);
    weighted_faces(
        {p + nx * s.cell[0] + from, p + nx * s.cell[1] + from, p + nx * s.cell[2] + from, p + nx * s.cell[3] + from},
        s.weights, n, faces);
  }
}

// Row r and the faces above it for the fluxes of the columns begin..end-1. Beyond walls lines are continued by cubics,
// which makes the first face off a reflecting wall exact for cubics too (theory section 10).
void Central4Flux::load(const double* p, Index r, Index begin, Index end, const Lines& lines) const {
  const Index nx = grid_.nx(), from = std::max<Index>(begin - pad, 0), to = std::min(end + pad, nx);
  load_columns(p, r, from, to, lines, from - begin);
  const bool lower = begin == 0, upper = to == nx, ring = grid_.axis(0).periodic();
  if (ring && !(lower && end == nx)) {  // the other end of the row is not at hand
    for (Index k = 0; k < pad; ++k) {
      const Index below = wrapped(-1 - k, nx), above = wrapped(k, nx);
      if (lower) load_columns(p, r, below, below + 1, lines, -1 - k);
      if (upper) load_columns(p, r, above, above + 1, lines, nx + k - begin);
    }
    return;
  }
  const bool faces = carries(r + 1) && coefficients.axis(1).reaches_across();
  const RowDifferences& rows = lines.rows;
  for (double* const line : {rows.own, rows.across, rows.curvature, rows.twist, faces ? lines.faces.value : nullptr,
                             faces ? lines.faces.slope : nullptr}) {
    if (line == nullptr) continue;
    if (ring) {
      for (Index k = 0; k < pad; ++k) {
        line[-1 - k] = line[wrapped(-1 - k, nx)];
        line[nx + k] = line[wrapped(k, nx)];
      }
      continue;
    }
    if (lower) extrapolate_lower(line);
    if (upper) extrapolate_upper(line + nx - begin);
  }
}

// J/h through the x faces begin..end, both included.
void Central4Flux::fluxes_along_x(Index r, Index begin, Index end, const Lines& lines, double* J) const {
  const AxisCoefficients& c = coefficients.axis(0);
  const auto column = [&](const FaceColumn& of) { return of.zero() ? nullptr : of.row(r) + begin; };
  fluxes_along_row(
      {c.value.row(r) + begin, c.slope.row(r) + begin, column(c.across), column(c.curvature), column(c.twist)},
      lines.rows, in_vectors(end - begin + 1), J);
  const Axis& axis = grid_.axis(0);
  if (average_ == FaceAverage::upwind) {
    const Index first = axis.periodic() ? begin : std::max<Index>(begin, 2),
                last = axis.periodic() ? end : std::min(end, axis.cells - 2);
    const double* const own = lines.rows.own + (first - begin);
    if (last >= first)
      add_upwind(c.value.row(r) + first, {own - 3, own - 2, own - 1, own, own + 1, own + 2}, last - first + 1,
                 J + (first - begin));
  }
  for (const Index face : {Index{0}, Index{1}, axis.cells - 1, axis.cells}) {
    if (face < begin || face > end || (face < 2 ? axis.at_lower : axis.at_upper) != Boundary::absorbing) continue;
    const FaceStencil& s = this->end(0, face);
    const auto of = [&](const std::array<double, 4>& weights, const double* line) {
      const double* const u = line - begin;
      return dot(weights, u[s.cell[0]], u[s.cell[1]], u[s.cell[2]], u[s.cell[3]]);
    };
    const auto add = [&](const FaceColumn& coefficient, const std::array<double, 4>& weights, const double* line) {
      return coefficient.zero() ? 0.0 : coefficient.row(r)[face] * of(weights, line);
    };
    J[face - begin] = add(c.value, s.weights.value, lines.rows.own) + add(c.slope, s.weights.slope, lines.rows.own) +
                      add(c.across, s.weights.value, lines.rows.across) +
                      add(c.curvature, s.weights.value, lines.rows.curvature) +
                      add(c.twist, s.weights.slope, lines.rows.twist);
  }
}

// J/h through the y faces begin..end-1 of a row of faces.
void Central4Flux::fluxes_along_y(const double* p, Index face, Index begin, Index end, const Lines& lines,
                                  double* J) const {
  if (!carries(face)) return static_cast<void>(std::fill_n(J, end - begin, 0.0));
  const AxisCoefficients& c = coefficients.axis(1);
  const auto column = [&](const FaceColumn& of) { return of.zero() ? nullptr : of.row(face) + begin; };
  fluxes_across_row(
      {c.value.row(face) + begin, c.slope.row(face) + begin, column(c.across), column(c.curvature), column(c.twist)},
      lines.faces, in_vectors(end - begin), J);
  if (!upwind_at(1, face)) return;
  std::array<const double*, 6> near;
  for (Index k = 0; k < 6; ++k) near[k] = row(p, face + k - 3) + begin;
  add_upwind(c.value.row(face) + begin, near, end - begin, J);
}

// Calls use(row, first column, count, fluxes through the x faces, through the lower y faces, the upper y faces) for
// stretches of every row.
template <class Use>
void Central4Flux::sweep(const double* p, const Use& use) const {
  const Index nx = grid_.nx(), ny = grid_.ny(), bands = (nx + most_row - 1) / most_row;
  const Index columns = in_vectors((nx + bands - 1) / bands);
  const auto in_band = [&](Index first, Index last, Index k) {
    band(p, first, last, k * columns, std::min((k + 1) * columns, nx), use);
  };
  if (grid_.dimension() == 1) {
    parallel_for(0, bands, piece_cells / most_row, [&](Index first, Index last) {
      for (Index k = first; k < last; ++k) in_band(0, 1, k);
    });
    return;
  }
  extend(p);
  parallel_for(0, ny, std::max(least_rows, piece_cells / nx), [&](Index first, Index last) {
    for (Index k = 0; k < bands; ++k) in_band(first, last, k);
  });
}

// The rows first..last-1 of the columns begin..end-1: row by row, so that memory is read in order, in pieces.
template <class Use>
void Central4Flux::band(const double* p, Index first, Index last, Index begin, Index end, const Use& use) const {
  constexpr Index margin = FaceColumn::vector;
  constexpr Index width = most_columns + 4 * margin + 8;  // lines apart from each other modulo 4096 bytes
  alignas(64) double lines[6][width], Jx[width], Jy[2][most_row + 3 * margin];
  const Index pieces = (end - begin + most_columns - 1) / most_columns;
  const Index columns = in_vectors((end - begin + pieces - 1) / pieces);
  for (auto& line : lines) std::fill_n(line, columns + 3 * margin, 0.0);
  const AxisCoefficients& c = coefficients.axis(0);
  const auto line = [&](int k, bool used) { return used ? lines[k] + margin : nullptr; };
  const Lines at_row{{line(0, true), line(1, !c.across.zero()), line(2, !c.curvature.zero()), line(3, !c.twist.zero())},
                     {line(4, true), line(5, true)}};
  const bool plane = grid_.dimension() > 1;
  double *below = Jy[0], *above = Jy[1];
  if (plane)
    for (Index from = begin; from < end; from += columns) {
      const Index to = std::min(from + columns, end);
      load(p, first - 1, from, to, at_row);
      fluxes_along_y(p, first, from, to, at_row, below + from - begin);
    }
  for (Index r = first; r < last; ++r, std::swap(below, above))
    for (Index from = begin; from < end; from += columns) {
      const Index to = std::min(from + columns, end);
      double *const lower = plane ? below + from - begin : nullptr, *const upper =
                                                                        plane ? above + from - begin : nullptr;
      load(p, r, from, to, at_row);
      fluxes_along_x(r, from, to, at_row, Jx);
      if (plane) fluxes_along_y(p, r + 1, from, to, at_row, upper);
      use(r, from, to - from, Jx, lower, upper);
    }
}

void Central4Flux::stages(double factor, const double* p, std::span<const Stage> stages) const {
  const Index nx = grid_.nx(), ny = grid_.ny(), cells = grid_.cells();
  sweep(p, [&](Index r, Index begin, Index n, const double* Jx, const double* below, const double* above) {
    double rate[most_columns];
    cell_rates(factor, Jx, below, above, n, rate);
    for (const Stage& stage : stages) combine(stage.scale, rate, stage.terms, begin + nx * r, n, stage.out);
    if (begin == 0 && !walls_[0].empty()) walls_[0][r] = -Jx[0];
    if (begin + n == nx && !walls_[1].empty()) walls_[1][r] = Jx[n];
    if (r == 0 && !walls_[2].empty())
      for (Index i = 0; i < n; ++i) walls_[2][begin + i] = -below[i];
    if (r == ny - 1 && !walls_[3].empty()) std::copy_n(above, n, walls_[3].data() + begin);
  });
  for (int side = 0; side < 4; ++side) {
    const int outflow = grid_.outflow(side / 2, side % 2);
    if (outflow < 0) continue;
    double lost = 0;
    for (const double J : walls_[side]) lost += J;
    const double rate = factor * (grid_.volume() * lost);
    for (const Stage& stage : stages) combine(stage.scale, &rate, stage.terms, cells + outflow, 1, stage.out);
  }
}

void Central4Flux::fluxes(double factor, const double* p, double* Jx, double* Jy) const {
  const Index nx = grid_.nx(), ny = grid_.ny();
  const auto put = [factor](const double* J, Index n, double* to) {
    for (Index i = 0; i < n; ++i) to[i] = factor * J[i];
  };
  sweep(p, [&](Index r, Index begin, Index n, const double* x, const double* below, const double* above) {
    put(x, begin + n == nx ? n + 1 : n, Jx + begin + (nx + 1) * r);
    if (below == nullptr) return;
    put(below, n, Jy + begin + nx * r);
    if (r == ny - 1) put(above, n, Jy + begin + nx * ny);
  });
}

std::size_t Central4Flux::bytes() const {
  std::size_t sum = coefficients.bytes() + beyond_.capacity() * sizeof(double);
  for (const auto& wall : walls_) sum += wall.capacity() * sizeof(double);
  return sum;
}

}  // namespace fokker
