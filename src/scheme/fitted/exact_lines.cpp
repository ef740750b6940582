#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "axis_edges.hpp"
#include "fokker/base/parallel.hpp"
#include "smooth_edges.hpp"
#include "stationary_cells.hpp"

namespace fokker {
namespace {

using namespace axis_edges;

/// -1 where D is negative all along.
double sign_of(const std::vector<double>& D) {
  const auto [least, most] = std::minmax_element(D.begin(), D.end());
  return *least < 0 && *most <= 0 ? -1 : 1;
}

}  // namespace

void AxisFluxes::make_exact() {
  std::optional<AxisSeparated> separated;
  if (grid_.dimension() > 1 && !(separated = sde_.along(axis_))) return;
  const Sde& base = separated ? *separated->base : sde_;
  const std::size_t count = axis().cells;
  std::vector<double> centers(count), f(count), D(count);
  for (std::size_t i = 0; i < count; ++i) centers[i] = axis().center(static_cast<Index>(i));
  LineView(base, 0, 0, 0, DriftAs::written).evaluate(centers.data(), axis().cells, f.data(), D.data());
  const double sign = sign_of(D);
  for (Index line = 0; line < lines(); ++line)
    factor_.push_back(separated ? factor_of(line, sign * separated->factor(across(line))) : 1);
  exact_ = true;
  const LineView seen(base, 0, 0, 0, DriftAs::written, sign);
  std::vector<double> points;
  base.breakpoints({0, 0, axis().lower, axis().upper, axis().cells}, 0, points);
  uniform_ = base.traits().additive || (points.empty() && same_everywhere(seen));
  const std::vector<CellWeight> weights = stationary_weights(axis(), seen, !uniform_, points);
  if (uniform_)
    make_uniform(seen, weights);
  else
    make_varying(seen, weights, points);
}

/// A factor of D that is negative by no more than rounding is 0.
double AxisFluxes::factor_of(Index line, double factor) const {
  if (!(factor < 0)) return factor;
  const double x = axis().center(0);
  double f = 0, D = 0;
  view(line).evaluate(&x, 1, &f, &D);
  return D == 0 ? 0 : factor;
}

/// Whether D has one value at all centres and faces.
bool AxisFluxes::same_everywhere(const LineView& seen) const {
  std::vector<double> x;
  for (Index i = 0; i < axis().cells; ++i) {
    x.push_back(axis().center(i));
    if (i > 0) x.push_back(axis().face(i));
  }
  std::vector<double> f(x.size()), D(x.size());
  seen.evaluate(x.data(), static_cast<Index>(x.size()), f.data(), D.data());
  return std::all_of(D.begin(), D.end(), [&](double value) { return value == D.front(); });
}

void AxisFluxes::make_uniform(const LineView& seen, const std::vector<CellWeight>& weights) {
  for (Index i = 0; i < faces(); ++i) {
    const auto [f, D] = at_face(seen, i + 1);
    Edge edge = smooth_edge({f, D}, D, D);
    const double peclet = weights[(i + 1) % axis().cells].low - weights[i].high;
    if (edge.rate > 0 && std::isfinite(peclet)) edge.peclet = peclet;
    fallback_faces_ += std::isfinite(peclet) ? 0 : 1;
    template_.push_back(edge);
  }
  for (int side = 0; side < 2; ++side)
    if (grid_.outflow(axis_, side) >= 0) template_walls_[side] = wall_edge(seen, {}, false, side);
}

struct AxisFluxes::Varying {
  const LineView& seen;
  const std::vector<CellWeight>& weights;
  const std::vector<double>& points;
  std::vector<double> D;                   // at the centres
  bool drifts = false;                     // somewhere
  std::vector<std::uint8_t> special = {};  // cells in which the coefficients break or change much
  std::vector<double> peclets = {};        // of faces, by the stationary weights
  std::vector<std::uint8_t> plain = {};    // faces that one evaluation serves
  std::vector<CellFlux> cells = {};        // found where a face of the cell is not plain
  std::vector<std::uint8_t> shaped = {};   // cells whose flux an absorbing wall has shaped
};

void AxisFluxes::make_varying(const LineView& seen, const std::vector<CellWeight>& weights,
                              const std::vector<double>& points) {
  const Index n = axis().cells;
  std::vector<double> x(n), f(static_cast<std::size_t>(n)), D(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) x[i] = axis().center(i);
  seen.evaluate(x.data(), n, f.data(), D.data());
  const bool drifts = std::any_of(f.begin(), f.end(), [](double value) { return value != 0; });
  Varying line{seen, weights, points, std::move(D), drifts};
  find_special(line);
  find_plain(line);
  find_cells(line);
  shape_walls(line);
  place_edges(line);
}

void AxisFluxes::find_special(Varying& line) const {
  const auto& [seen, D] = std::tie(line.seen, line.D);
  const Index n = axis().cells;
  std::vector<std::uint8_t>& special = line.special;
  special.assign(static_cast<std::size_t>(n), 0);
  mark_unlike(D.data(), n, smooth_ratio, special.data());
  mark_breaks(axis(), line.points, [&](Index i) { special[i] = 1; });
  if (axis().periodic() && (torn_ring(axis(), seen) || !alike(D.front(), D.back())))
    special.front() = special.back() = 1;
  for (Index i = 0; i < faces(); ++i)
    if (const double on_face = at_face(seen, i + 1).D; !alike(D[i], on_face) || !alike(D[(i + 1) % n], on_face))
      special[i] = special[(i + 1) % n] = 1;
  for (int side = 0; side < 2; ++side)
    if (const Index wall = side == 0 ? 0 : n - 1; differs_at_wall(seen, side, D[wall])) special[wall] = 1;
}

/// One evaluation serves an edge between smooth cells; on a ring, which carries a current, where drift does not rule.
/// So it does at a reflecting end where D vanishes, unless the stationary weight piles up there: the flux falls to 0
/// with the mass beyond, which a steady flux does not know.
void AxisFluxes::find_plain(Varying& line) const {
  const auto& [weights, special, peclets] = std::tie(line.weights, line.special, line.peclets);
  line.peclets.resize(faces());
  line.plain.resize(faces());
  for (std::size_t i = 0; i < line.plain.size(); ++i) {
    const std::size_t next = (i + 1) % special.size();
    line.peclets[i] = weights[next].low - weights[i].high;
    const bool driven = axis().periodic() && !(std::abs(peclets[i]) <= fitting);
    line.plain[i] =
        line.drifts && special[i] == 0 && special[next] == 0 && std::isfinite(peclets[i]) && !driven ? 1 : 0;
  }
  for (int side = 0; side < 2; ++side) {
    const Index reach = flat_reach(line.seen, side, line.D, peclets, line.points);
    for (Index k = 0; k < reach; ++k) line.plain[side == 0 ? k : faces() - 1 - k] = 1;
  }
}

void AxisFluxes::find_cells(Varying& line) const {
  const Index n = axis().cells;
  const auto& [special, plain] = std::tie(line.special, line.plain);
  const auto is_plain = [&](Index i) { return i < 0 || i >= faces() ? !axis().periodic() : plain[i] != 0; };
  const bool shaping =
      (grid_.outflow(axis_, 0) >= 0 && special.front() != 0) || (grid_.outflow(axis_, 1) >= 0 && special.back() != 0);
  line.cells.resize(n);
  const Conductance conductance(rule_, line.seen);
  parallel_for(0, n, 32, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const double lower = axis().face(i), upper = axis().face(i + 1);
      CellFlux& cell = line.cells[i];
      if (!shaping && is_plain(i == 0 && axis().periodic() ? n - 1 : i - 1) && is_plain(i)) continue;
      cell = special[i] != 0 ? conductance.cell(lower, upper, line.points) : conductance.smooth_cell(lower, upper);
      if (line.drifts || special[i] != 0) continue;
      // the way between centres keeps E x where it is a martingale
      cell.lower = {line.weights[i].bare, cell.lower_half.path_lower};
      cell.upper = {line.weights[i].bare, cell.upper_half.path_upper};
    }
  });
}

void AxisFluxes::shape_walls(Varying& line) {
  const Index n = axis().cells;
  const bool two = grid_.outflow(axis_, 0) >= 0 && grid_.outflow(axis_, 1) >= 0;
  line.shaped.assign(static_cast<std::size_t>(n), 0);
  for (int side = 0; side < 2; ++side) {
    const Index wall = side == 0 ? 0 : n - 1;
    if (grid_.outflow(axis_, side) < 0) continue;
    template_walls_[side] = wall_edge(line.seen, line.points, line.special[wall] != 0, side);
    if (line.special[wall] == 0) continue;
    const WallShape shape = shape_of(line.seen, line.points, side, two ? n / 2 : n);
    for (std::size_t k = 0; k < shape.lower.size(); ++k) {
      const std::size_t i = side == 0 ? k : static_cast<std::size_t>(n) - 1 - k;
      CellFlux& cell = line.cells[i];
      line.shaped[i] = 1;
      cell.lower = shape.lower[k];
      cell.upper = shape.upper[k];
      cell.blocked_lower = cell.blocked_upper = false;
    }
  }
}

void AxisFluxes::place_edges(const Varying& line) {
  const Index n = axis().cells;
  const auto& [D, cells, special, shaped] = std::tie(line.D, line.cells, line.special, line.shaped);
  for (Index i = 0; i < faces(); ++i) {
    const auto [drift, on_face] = at_face(line.seen, i + 1);
    const bool dead = on_face == 0 && D[i] == 0 && D[(i + 1) % n] == 0;
    const auto left = static_cast<std::size_t>(i), right = static_cast<std::size_t>((i + 1) % n);
    const bool close = special[left] != 0 || special[right] != 0, shape = shaped[left] != 0 || shaped[right] != 0;
    if (dead || (line.plain[left] != 0 && !shape)) {
      Edge edge = smooth_edge({drift, on_face}, on_face, on_face);
      if (edge.rate > 0) edge.peclet = line.peclets[left];
      template_.push_back(edge);
      continue;
    }
    const Edge own = between(cells[left], cells[right]);
    const bool exact = !shape && !cells[left].parted && !cells[right].parted && !cells[left].vanishes_upper &&
                       !cells[right].vanishes_lower && !(cells[left].vanishes_lower && (i > 0 || axis().periodic())) &&
                       !(cells[right].vanishes_upper && (i + 2 < n || axis().periodic()));
    template_.push_back(exact ? with_ratio(own, line.peclets[left]) : own);
    template_.back().close = close;
  }
}

/// How many faces there are from a reflecting end where D vanishes, as far as D changes much from cell to cell and the
/// stationary weight does not pile up towards the end.
Index AxisFluxes::flat_reach(const LineView& seen, int side, const std::vector<double>& D,
                             const std::vector<double>& peclets, const std::vector<double>& points) const {
  if (axis().periodic() || grid_.outflow(axis_, side) >= 0) return 0;
  const Index n = axis().cells;
  const double inwards = side == 0 ? 1 : -1, wall = side == 0 ? axis().lower : axis().upper;
  const double x = wall + inwards * std::ldexp(h_, -10);
  double f = 0, near_wall = 0;
  seen.evaluate(&x, 1, &f, &near_wall);
  if (!(near_wall < 0.5 * D[side == 0 ? 0 : n - 1])) return 0;
  Index reach = 0;
  for (; reach < faces(); ++reach) {
    const Index face = side == 0 ? reach : faces() - 1 - reach;
    const bool broken = std::any_of(points.begin(), points.end(), [&](double point) {
      return point > axis().face(face) - 1e-9 * h_ && point < axis().face(face + 2) + 1e-9 * h_;
    });
    if (broken || !(inwards * peclets[face] >= -piling) || alike(D[face], D[face + 1])) break;
  }
  // the face after the last of them has a cell that was looked at closely for its sake
  const Index next = side == 0 ? reach : faces() - 1 - reach;
  return reach > 0 && reach < faces() && std::isfinite(peclets[next]) ? reach + 1 : reach;
}

/// Whether D at an absorbing wall is another than at the centre of the cell before it.
bool AxisFluxes::differs_at_wall(const LineView& seen, int side, double D_center) const {
  if (grid_.outflow(axis_, side) < 0) return false;
  const double wall = side == 0 ? axis().lower : axis().upper;
  double f = 0, D = 0;
  seen.evaluate(&wall, 1, &f, &D);
  return !alike(D, D_center);
}

}  // namespace fokker
