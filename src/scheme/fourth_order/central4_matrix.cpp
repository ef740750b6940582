#include <algorithm>
#include <cmath>
#include <limits>

#include "central4_flux.hpp"

namespace fokker {
namespace {

// Of a cell, as `add_upwind` takes them (central4_rows.hpp).
constexpr std::array<double, 5> fourth_difference{0.4, -1.6, 2.4, -1.6, 0.4};

// D, C and T (central4_rows.hpp) of line j as weights on lines inside the grid.
struct AcrossTerm {
  Index line;
  double across, curvature, twist;
};
std::vector<AcrossTerm> across_terms(const Axis& axis, Index j) {
  constexpr std::array<double, 5> D{1, -8, 0, 8, -1}, C{0, 1, -2, 1, 0}, T{0, -1, 0, 1, 0};
  std::vector<AcrossTerm> terms;
  const Index n = axis.cells;
  for (Index m = -2; m <= 2; ++m) {
    const std::size_t k = m + 2;
    const Index line = j + m;
    if (axis.periodic() || (line >= 0 && line < n)) {
      terms.push_back({wrapped(line, n), D[k], C[k], T[k]});
      continue;
    }
    const bool lower = line < 0;
    const auto& weights = extrapolation[lower ? -line - 1 : line - n];
    for (Index q = 0; q < 4; ++q)
      terms.push_back({lower ? q : n - 1 - q, weights[q] * D[k], weights[q] * C[k], weights[q] * T[k]});
  }
  return terms;
}

}  // namespace

// Calls visit(face, cell, weight): J/h of the face contains weight * p[cell].
template <class Visit>
void Central4Flux::each_weight(double factor, const Visit& visit) const {
  const Index nx = grid_.nx(), ny = grid_.ny();
  for (int k = 0; k < grid_.dimension(); ++k) {
    const Axis& axis = grid_.axis(k);
    const AxisCoefficients& c = coefficients.axis(k);
    const auto cell = [&](Index along, Index across) { return k == 0 ? along + nx * across : across + nx * along; };
    const auto number = [&](Index face, Index j) { return k == 0 ? face + (nx + 1) * j : x_faces() + j + nx * face; };
    for (Index j = 0; j < (k == 0 ? ny : nx); ++j) {
      const std::vector<AcrossTerm> lines =
          c.reaches_across() ? across_terms(grid_.axis(1 - k), j) : std::vector<AcrossTerm>{};
      for (Index face = 0; face <= axis.cells; ++face) {
        const bool lower_end = face == 0 && !axis.periodic(), upper_end = face == axis.cells && !axis.periodic();
        const int outflow = lower_end ? grid_.outflow(k, 0) : upper_end ? grid_.outflow(k, 1) : -1;
        if ((lower_end || upper_end) && outflow < 0) continue;
        const WideFace which{number(face, j), lower_end ? -1 : cell(wrapped(face - 1, axis.cells), j),
                             upper_end ? -1 : cell(wrapped(face, axis.cells), j), outflow,
                             axis.periodic() && face == axis.cells};
        const FaceStencil s = stencil(k, face);
        const Index row = k == 0 ? j : face, column = k == 0 ? face : j;
        const auto of = [&](const FaceColumn& values) { return factor * values.row(row)[column]; };
        const auto add = [&](Index line, double value, double slope) {
          if (value == 0 && slope == 0) return;
          for (std::size_t q = 0; q < 4; ++q)
            visit(which, cell(s.cell[q], line), value * s.weights.value[q] + slope * s.weights.slope[q]);
        };
        add(j, of(c.value), of(c.slope));
        const double value = of(c.value);
        if (const Index middle = upwind_cell(k, face, c.value.row(row)[column]); middle >= 0)
          for (Index q = 0; q < 5; ++q)
            visit(which, cell(wrapped(middle + q - 2, axis.cells), j), value * fourth_difference[q]);
        for (const AcrossTerm& term : lines)
          add(term.line, of(c.across) * term.across + of(c.curvature) * term.curvature, of(c.twist) * term.twist);
      }
    }
  }
}

void Central4Flux::assemble(double factor, const InsertEntry& insert) const {
  const Index cells = grid_.cells();
  each_weight(factor, [&](const WideFace& face, Index from, double w) {
    if (face.repeated) return;
    if (face.lower >= 0) insert(face.lower, from, -w);
    if (face.upper >= 0) insert(face.upper, from, w);
    if (face.outflow >= 0) insert(cells + face.outflow, from, grid_.volume() * (face.upper < 0 ? w : -w));
  });
}

void Central4Flux::assemble_fluxes(double factor, Index first_row, const InsertEntry& insert) const {
  each_weight(factor, [&](const WideFace& face, Index from, double w) { insert(first_row + face.number, from, w); });
}

// The symbol of one axis is - r g - i v s with r = D/h^2, v = a/h, g = (30 - 32 cos k + 2 cos 2k)/12 <= 16/3 and
// s = (8 sin k - sin 2k)/6 <= 1.373, s^2 <= g; upwind - v (1 - cos k)^3 2/15 <= 16/15 v more, and s <= 1.586; next to
// an absorbing wall r * 8.9. Cross terms: at most r (g + s^2)
// <= 5.62 r per axis. Forward Euler is stable while dt (r g + v^2 s^2 / (r g)) <= 2: 3/8 of h^2/D up to v^2 = 3.2 r^2,
// within 1.2 of min(3 h^2/(8 D), 2 D/a^2) beyond. Without diffusion no Euler step is; |v| s / 2 is then the bound that
// the imaginary axis sets to methods of order 3 and above.
Central4Flux::Bounds Central4Flux::bounds(bool diagonal) const {
  const bool upwind = average_ == FaceAverage::upwind;
  const double largest_s = upwind ? 1.586 : 1.373, damping = upwind ? 16.0 / 15 : 0;
  constexpr double at_wall = 8.9;
  const double symbol = diagonal ? 16.0 / 3 : 5.62;
  const auto euler = [&](double r, double v) {
    const double diffusive = 4.0 / 3 * r + 0.25 * damping * v;
    if (r == 0) return 0.5 * largest_s * v;
    return v * v <= 3.2 * r * r ? diffusive : 1.2 * std::max(diffusive, 0.25 * v * v / r);
  };
  Bounds bound{0, 0, 0, std::numeric_limits<double>::infinity(), 0};
  for (Index cell = 0; cell < grid_.cells(); ++cell) {
    double real = 0, imaginary = 0, step = 0;
    for (int k = 0; k < grid_.dimension(); ++k) {
      const Axis& axis = grid_.axis(k);
      const AxisCoefficients& c = coefficients.axis(k);
      const Index i = cell % grid_.nx(), j = cell / grid_.nx();
      double r_most = 0, v_most = 0;
      bool beside_absorbing = false;
      for (const Index side : {0, 1}) {
        const Index row = k == 0 ? j : j + side, column = k == 0 ? i + side : i, face = k == 0 ? column : row;
        if (row < c.first || row >= c.last) continue;
        const double r = -12 * c.slope.row(row)[column], v = std::abs(12 * c.value.row(row)[column]);
        const bool wall = !axis.periodic() && (face == 0 || face == axis.cells);
        step += wall ? (0.5 * at_wall - 4.0 / 3) * r : euler(r, v);
        beside_absorbing = beside_absorbing || (wall && r > 0);
        r_most = std::max(r_most, r);
        v_most = std::max(v_most, v);
        if (wall || r == 0) continue;
        bound.peclet_min = std::min(bound.peclet_min, v / r);
        bound.peclet_max = std::max(bound.peclet_max, v / r);
      }
      real += (beside_absorbing ? at_wall : symbol) * r_most + damping * v_most;
      imaginary += largest_s * v_most;
    }
    bound.real = std::max(bound.real, real);
    bound.imaginary = std::max(bound.imaginary, imaginary);
    bound.euler = std::max(bound.euler, diagonal ? step : step * symbol / (16.0 / 3));
  }
  if (std::isinf(bound.peclet_min)) bound.peclet_min = 0;
  return bound;
}

}  // namespace fokker
