#include "axis_fluxes.hpp"

#include <algorithm>
#include <cmath>

#include "axis_edges.hpp"
#include "smooth_edges.hpp"

namespace fokker {
namespace {

using namespace axis_edges;

constexpr Index block = EdgeSource::block;

}  // namespace

/// Points on faces, and what the coefficients are there.
struct AxisFluxes::Faces {
  double x[2][block], f[2][block], D[3][block];

  void evaluate(const Sde& sde, DriftAs drift, double t, Index n, int axis) {
    const bool plane = sde.dimension() > 1;
    const PointsIn at{n, sde.dimension(), {x[0], plane ? x[1] : nullptr}};
    drift_as(drift, sde, at, t, {{f[0], plane ? f[1] : nullptr}});
    sde.diffusion(at, t, {D[0], plane ? D[1] : nullptr, plane ? D[2] : nullptr});
    int negative = 0;
    for (Index i = 0; i < n; ++i) negative |= D[2 * axis][i] < 0 ? 1 : 0;
    if (negative == 0) return;
    for (Index i = 0; i < n; ++i)
      if (D[2 * axis][i] < 0) {
        const double here = x[axis][i], across = x[1 - axis][i];
        LineView(sde, axis, plane ? across : 0, t, drift).forgive_rounding(here, D[2 * axis][i]);
      }
  }
};

AxisFluxes::AxisFluxes(const Grid& grid, const Sde& sde, int axis, const FluxScheme& row, DriftAs drift, Way way)
    : grid_(grid),
      sde_(sde),
      axis_(axis),
      drift_(drift),
      fitted_(row.drift == DriftCarrier::fitted),
      way_(way),
      h_(grid.axis(axis).width()),
      reading_(reading_of(sde, drift)),
      uniform_(sde.traits().additive) {
  for (Index i = 0; i <= this->axis().cells; ++i) face_.push_back(this->axis().face(i));
  if (fitted_ && drift == DriftAs::written && sde.traits().autonomous && !sde.has_gibbs()) make_exact();
}

void AxisFluxes::settle() {
  D_ = oblique_ = {};
  std::vector<std::uint8_t>().swap(special_);
  std::vector<std::vector<double>>().swap(breaks_);
  std::vector<Edge>().swap(template_);
  for (auto& shapes : shapes_) std::vector<WallShape>().swap(shapes);
}

std::size_t AxisFluxes::bytes() const {
  return face_.capacity() * sizeof(double) + special_.capacity() + template_.capacity() * sizeof(Edge);
}

// --- one edge

Edge AxisFluxes::of_ends(const CellEnd& left, const CellEnd& right) const {
  const double log_h = std::log(h_), top = std::max(left.resistance, right.resistance);
  const double both =
      std::isinf(top) ? top : top + std::log1p(std::exp(std::min(left.resistance, right.resistance) - top));
  if (both == -inf) return {0, 0, 0, 1, 1};  // D is dead on either side
  return with_rates(rate_of(log_h, left.mean, both), rate_of(log_h, right.mean, both));
}

// Rates that differ by the exact ratio of the weights: the larger one, which carries the drift, stays.
Edge AxisFluxes::with_ratio(const Edge& own, double peclet) const {
  if (!std::isfinite(peclet) || !(own.rate > 0) || !(own.left > 0 && own.right > 0)) return own;
  if (peclet == 0) return with_rates(0.5 * own.rate * (own.left + own.right), 0.5 * own.rate * (own.left + own.right));
  const double larger = own.rate * (peclet > 0 ? own.left : own.right), other = larger * std::exp(-std::abs(peclet));
  return peclet > 0 ? with_rates(larger, other) : with_rates(other, larger);
}

Edge AxisFluxes::between(const CellFlux& left, const CellFlux& right) const {
  if (!left.blocked_upper && !right.blocked_lower) return of_ends(left.upper, right.lower);
  // D vanishes on the face, and what E is there is 0 or infinite: the drift decides who passes.
  const bool up = !(left.drift_upper > 0) && !(right.blocked_lower && right.drift_lower <= 0);
  const bool down = !(right.drift_lower > 0) && !(left.blocked_upper && left.drift_upper <= 0);
  const double log_h = std::log(h_);
  return with_rates(up && right.whole.upward < inf ? rate_of(log_h, 0, left.out_upper) : 0,
                    down && left.whole.downward < inf ? rate_of(log_h, 0, right.out_lower) : 0);
}

/// Within a few cells of a reflecting end, without a break on the way or a weight that piles up: see make_varying.
bool AxisFluxes::beside_reflecting_end(Index line, Index left, Index right, double peclet) const {
  if (axis().periodic() || !std::isfinite(peclet) || is_oblique(line, left) || is_oblique(line, right)) return false;
  const std::span<const double> points = breaks(line);
  const auto unbroken = [&](double from, double to) {
    return std::none_of(points.begin(), points.end(), [&](double x) { return x >= from && x <= to; });
  };
  if (right <= shaped_cells && grid_.outflow(axis_, 0) < 0 && peclet >= -piling &&
      unbroken(axis().lower, axis().face(right + 1)))
    return true;
  return left >= axis().cells - 1 - shaped_cells && grid_.outflow(axis_, 1) < 0 && peclet <= piling &&
         unbroken(axis().face(left), axis().upper);
}

/// A cell that a jump crosses aslant: lines in x and in y see other fractions of it, and one weight has to serve all of
/// its faces; ways from centre to centre then keep E x where it is a martingale.
CellFlux AxisFluxes::crossed(Index line, Index i, CellFlux cell) const {
  if (!is_oblique(line, i) || cell.parted) return cell;
  const double mean = oblique_[cell_of(line, i)];
  const LineView without = view(line).without_drift();
  const CellFlux bare = Conductance(rule_, without).cell(axis().face(i), axis().face(i + 1), breaks(line));
  const bool dead = std::isinf(bare.lower_half.path_lower) || std::isinf(bare.upper_half.path_upper);
  if (bare.parted || dead) return cell;  // no way is of any length where D is next to nothing
  cell.lower.mean += mean - bare.lower.mean;
  cell.upper.mean += mean - bare.upper.mean;
  cell.lower.resistance += bare.lower_half.path_lower - bare.lower.resistance;
  cell.upper.resistance += bare.upper_half.path_upper - bare.upper.resistance;
  return cell;
}

Edge AxisFluxes::close_edge(Index line, Index left, Index right, const Face& face) const {
  const double f = face.f;
  const LineView whole = view(line), seen = fitted_ ? whole : whole.without_drift();
  const Conductance conductance(rule_, seen);
  const auto shape_at = [&](Index i, bool lower) -> const CellEnd* {
    for (int side = 0; side < 2; ++side) {
      if (shapes_[side].empty()) continue;
      const WallShape& shape = shapes_[side][line];
      const std::size_t from_wall = side == 0 ? i : axis().cells - 1 - i;
      if (from_wall < shape.lower.size()) return lower ? &shape.lower[from_wall] : &shape.upper[from_wall];
    }
    return nullptr;
  };
  const auto cell = [&](Index i) {
    return crossed(line, i, conductance.cell(axis().face(i), axis().face(i + 1), breaks(line)));
  };
  // Without drift the way between centres keeps E x where it is a martingale, as `smooth_edge` does.
  const auto beside = [&](Index i, bool lower) {
    const double D = D_[cell_of(line, i)];
    if (f == 0 && special_[cell_of(line, i)] == 0)
      return CellEnd{(reading_ - 1) * std::log(D), std::log(h_ / 2) - reading_ * std::log(D)};
    const CellFlux seen_cell = cell(i);
    return lower ? seen_cell.lower : seen_cell.upper;
  };
  const CellEnd *below = shape_at(left, false), *above = shape_at(right, true);
  Edge edge;
  if (below == nullptr && above == nullptr) {
    const CellFlux L = cell(left), R = cell(right);
    const double peclet = R.lower.mean - L.upper.mean;
    if (way_ == Way::face && !L.blocked_upper && !R.blocked_lower) {
      const double log_h = std::log(h_);
      edge = with_rates(rate_of(log_h, L.upper.mean, log_h), rate_of(log_h, R.lower.mean, log_h));
      edge.close = true;
      return edge;
    }
    if (fitted_ && face.D > 0 && beside_reflecting_end(line, left, right, peclet))
      return {face.D / (h_ * h_), peclet, 0};
    edge = between(L, R);
  } else
    edge = of_ends(below != nullptr ? *below : beside(left, false), above != nullptr ? *above : beside(right, true));
  edge.close = true;
  if (!fitted_) edge.velocity = f / h_;
  return edge;
}

// From the centre of a wall cell to the wall it is half an edge: rate / (1/2), P / 2.
Edge AxisFluxes::wall_edge(const LineView& whole, std::span<const double> points, bool special, int side) const {
  const double sign = side == 0 ? -1 : 1;
  const Index i = side == 0 ? 0 : axis().cells - 1;
  const std::array<double, 2> x{side == 0 ? axis().lower : axis().upper, axis().center(i)};
  std::array<double, 2> f{}, D{};
  whole.evaluate(x.data(), 2, f.data(), D.data());
  if (uniform_ || D[1] == 0 || (!special && alike(D[0], D[1]))) {
    Edge edge = smooth_edge({sign * f[0], D[0]}, D[1], D[0]);
    edge.rate *= 2;
    edge.peclet *= 0.5;
    return edge;
  }
  const LineView seen = fitted_ ? whole : whole.without_drift();
  const CellFlux cell = Conductance(rule_, seen).cell(axis().face(i), axis().face(i + 1), points);
  const double rate = rate_of(std::log(h_), 0, side == 0 ? cell.out_lower : cell.out_upper);
  return {rate, 0, fitted_ ? 0 : sign * f[0] / h_};
}

Edge AxisFluxes::wall_of(Index line, int side) const {
  if (exact_) {
    Edge edge = template_walls_[side];
    edge.rate *= factor_[line];
    edge.velocity *= factor_[line];
    return edge;
  }
  const Index i = side == 0 ? 0 : axis().cells - 1;
  return wall_edge(view(line), breaks(line), !special_.empty() && special_[cell_of(line, i)] != 0, side);
}

/// f and D on a face; where a ring closes the mean of both ends, which treats them alike.
AxisFluxes::Face AxisFluxes::at_face(const LineView& seen, Index face) const {
  const std::array<double, 2> x{axis().face(face), axis().lower};
  std::array<double, 2> f{}, D{};
  const bool closing = axis().periodic() && face == axis().cells;
  seen.evaluate(x.data(), closing ? 2 : 1, f.data(), D.data());
  return closing ? Face{0.5 * (f[0] + f[1]), 0.5 * (D[0] + D[1])} : Face{f[0], D[0]};
}

// --- what is asked for

Edge AxisFluxes::exact_edge(Index line, Index i) const {
  Edge edge = template_[i];
  edge.rate *= factor_[line];
  edge.velocity *= factor_[line];
  return edge;
}

// The edge between cells i and i + 1 of a line.
Edge AxisFluxes::edge_of(Index line, Index i, const Face& face) const {
  if (D_.empty()) return smooth_edge(face, face.D, face.D);
  const Index next = i + 1 < axis().cells ? i + 1 : 0;
  const auto left = static_cast<std::size_t>(cell_of(line, i)), right = static_cast<std::size_t>(cell_of(line, next));
  const bool close =
      special_[left] != 0 || special_[right] != 0 || !alike(D_[left], face.D) || !alike(D_[right], face.D);
  const bool dead = face.D == 0 && D_[left] == 0 && D_[right] == 0;
  return close && !dead ? close_edge(line, i, next, face) : smooth_edge(face, D_[left], D_[right]);
}

void AxisFluxes::fill(const Run& run, Index from, Index count, Edge* out) const {
  const Index column = run.left % grid_.nx() + from, row = run.left / grid_.nx();
  if (exact_) {
    for (Index i = 0; i < count; ++i) out[i] = axis_ == 0 ? exact_edge(row, column + i) : exact_edge(column + i, row);
    return;
  }
  Faces faces;
  if (axis_ == 0) {
    std::copy_n(&face_[column + 1], count, faces.x[0]);
    std::fill_n(faces.x[1], count, across(row));
  } else {
    std::copy_n(grid_.centers().axis[0] + column, count, faces.x[0]);
    std::fill_n(faces.x[1], count, face_[row + 1]);
  }
  faces.evaluate(sde_, drift_, t_, count, axis_);
  double* const f = faces.f[axis_];
  double* const D = faces.D[2 * axis_];
  if (run.wraps) {  // the face where a ring closes is both its lower and its upper end: the mean treats both alike
    Faces lower = faces;
    std::fill_n(lower.x[axis_], count, axis().lower);
    lower.evaluate(sde_, drift_, t_, count, axis_);
    for (Index i = 0; i < count; ++i) {
      f[i] = 0.5 * (f[i] + lower.f[axis_][i]);
      D[i] = 0.5 * (D[i] + lower.D[2 * axis_][i]);
    }
  }
  if (D_.empty()) {
    for (Index i = 0; i < count; ++i) out[i] = smooth_edge({f[i], D[i]}, D[i], D[i]);
    return;
  }
  const double reading = uniform_ ? 1 : reading_;
  const SmoothRule rule{h_, reading, fitted_ && reading != 1 ? fitting : std::numeric_limits<double>::max()};
  const double* const left = &D_[run.left + from];
  const double* const right = &D_[run.right + from];
  const std::uint8_t* const special_left = &special_[run.left + from];
  const std::uint8_t* const special_right = &special_[run.right + from];
  SmoothEdges smooth;
  for (Index first = 0; first < count; first += SmoothEdges::most) {
    const Index n = std::min(SmoothEdges::most, count - first);
    find_smooth({f + first, D + first, left + first, right + first, n}, rule, smooth);
    for (Index k = 0; k < n; ++k) {
      const Index i = first + k;
      if ((smooth.other[k] | special_left[i] | special_right[i]) == 0)
        out[i] = {smooth.rate[k], smooth.peclet[k], 0, smooth.left[k], smooth.right[k]};
      else
        out[i] = axis_ == 0 ? edge_of(row, column + i, {f[i], D[i]}) : edge_of(column + i, row, {f[i], D[i]});
    }
  }
}

void AxisFluxes::add_walls(std::vector<WallEdge>& out) const {
  for (int side = 0; side < 2; ++side) {
    const int outflow = grid_.outflow(axis_, side), outward = side == 0 ? -1 : 1;
    if (outflow < 0) continue;
    const Index i = side == 0 ? 0 : axis().cells - 1;
    for (Index line = 0; line < lines(); ++line)
      out.push_back(
          {cell_of(line, i), outflow, 1, wall_of(line, side), axis_ == 0 ? Offset{outward, 0} : Offset{0, outward}});
  }
}

}  // namespace fokker
