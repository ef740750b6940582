#include "axis_fluxes.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "fokker/base/parallel.hpp"
#include "smooth_edges.hpp"
#include "stationary_cells.hpp"

namespace fokker {
namespace {

constexpr Index block = EdgeSource::block;
constexpr double inf = Stretch::infinite;
constexpr double face_ratio = 1.1331484530668263;  // e^(1/8): as smooth_ratio, where the way over the face counts
constexpr double fitting = 2;                      // |P| beyond which D is fitted with the drift
constexpr double seam = 1e-9;                      // relative mismatch of the two ends of a ring
constexpr double piling = 0.4;     // log of a weight from cell to cell towards an end: d^(-1/4) and steeper
constexpr Index shaped_cells = 8;  // cells at an absorbing wall, where they are looked at every time

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The cells that touch a break, and where one lies inside of a cell its neighbours too: p there is a mean over both
/// sides, and no slope is to be taken to it.
template <class Mark>
void mark_breaks(const Axis& axis, std::span<const double> breaks, const Mark& mark) {
  const Index n = axis.cells;
  const double h = axis.width();
  for (const double place : breaks) {
    const double share = (place - axis.lower) / h;
    const auto below = static_cast<Index>(std::floor(share - 1e-9)),
               above = static_cast<Index>(std::floor(share + 1e-9));
    const Index aside = below == above ? 1 : 0;
    for (Index i = below - aside; i <= above + aside; ++i)
      if (i >= 0 && i < n)
        mark(i);
      else if (axis.periodic())
        mark(i < 0 ? i + n : i - n);
  }
}

/// Whether coefficients differ between the two ends of a ring.
bool torn_at_seam(const Axis& axis, const LineView& view) {
  if (!axis.periodic()) return false;
  const std::array<double, 2> ends{axis.lower, axis.upper};
  std::array<double, 2> f{}, D{};
  view.evaluate(ends.data(), 2, f.data(), D.data());
  const auto differ = [](double u, double v) {
    return !(std::abs(u - v) <= seam * std::max(std::abs(u), std::abs(v)));
  };
  return (differ(f[0], f[1]) && std::abs(f[0] - f[1]) > seam * (D[0] + D[1]) / axis.width()) || differ(D[0], D[1]);
}

/// w_L p_L - w_R p_R as an edge.
double rate_of(double log_h, double mean, double resistance) {
  return mean == inf || resistance == inf ? 0 : std::exp(-log_h - mean - resistance);
}

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

[[gnu::always_inline]] inline double AxisFluxes::power(double ratio) const {
  return reading_ == 0 ? ratio : reading_ == 1 ? 1 : std::sqrt(ratio);
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

[[gnu::always_inline]] inline Edge AxisFluxes::smooth_edge(const Face& face, double D_left, double D_right) const {
  const auto [f, D] = face;
  if (D == 0) return {0, 0, f / h_};
  const double P = f * h_ / D, rate = D / (h_ * h_);
  if (D > 0 && std::isinf(P) && std::isfinite(f)) return {0, 0, f / h_};
  if (uniform_ || reading_ == 1) return {rate, P, 0};
  const double left = power(D_left / D), right = power(D_right / D);
  if (fitted_ && std::abs(P) > fitting) return {rate, P + std::log(left / right), 0};
  return {rate, P, 0, left, right};
}

/// Within a few cells of a reflecting end, without a break on the way or a weight that piles up: see make_varying.
bool AxisFluxes::beside_reflecting_end(Index line, Index left, Index right, double peclet) const {
  if (axis().periodic() || !std::isfinite(peclet) || is_oblique(line, left) || is_oblique(line, right)) return false;
  const std::span<const double> places = breaks(line);
  const auto unbroken = [&](double from, double to) {
    return std::none_of(places.begin(), places.end(), [&](double x) { return x >= from && x <= to; });
  };
  if (right <= shaped_cells && grid_.ledger(axis_, 0) < 0 && peclet >= -piling &&
      unbroken(axis().lower, axis().face(right + 1)))
    return true;
  return left >= axis().cells - 1 - shaped_cells && grid_.ledger(axis_, 1) < 0 && peclet <= piling &&
         unbroken(axis().face(left), axis().upper);
}

/// A cell that a jump crosses aslant: lines in x and in y see other shares of it, and one weight has to serve all of
/// its faces; ways from centre to centre then keep E x where it is a martingale.
CellFlux AxisFluxes::crossed(Index line, Index i, CellFlux cell) const {
  if (!is_oblique(line, i) || cell.parted) return cell;
  const double mean = oblique_[at(cell_of(line, i))];
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
      if (shapes_[at(side)].empty()) continue;
      const WallShape& shape = shapes_[at(side)][at(line)];
      const auto from_wall = at(side == 0 ? i : axis().cells - 1 - i);
      if (from_wall < shape.lower.size()) return lower ? &shape.lower[from_wall] : &shape.upper[from_wall];
    }
    return nullptr;
  };
  const auto cell = [&](Index i) {
    return crossed(line, i, conductance.cell(axis().face(i), axis().face(i + 1), breaks(line)));
  };
  // Without drift the way between centres keeps E x where it is a martingale, as `smooth_edge` does.
  const auto beside = [&](Index i, bool lower) {
    const double D = D_[at(cell_of(line, i))];
    if (f == 0 && special_[at(cell_of(line, i))] == 0)
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
Edge AxisFluxes::wall_edge(const LineView& whole, std::span<const double> places, bool special, int side) const {
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
  const CellFlux cell = Conductance(rule_, seen).cell(axis().face(i), axis().face(i + 1), places);
  const double rate = rate_of(std::log(h_), 0, side == 0 ? cell.out_lower : cell.out_upper);
  return {rate, 0, fitted_ ? 0 : sign * f[0] / h_};
}

Edge AxisFluxes::wall_of(Index line, int side) const {
  if (exact_) {
    Edge edge = template_walls_[at(side)];
    edge.rate *= factor_[at(line)];
    edge.velocity *= factor_[at(line)];
    return edge;
  }
  const Index i = side == 0 ? 0 : axis().cells - 1;
  return wall_edge(view(line), breaks(line), !special_.empty() && special_[at(cell_of(line, i))] != 0, side);
}

// --- what a time has to say

bool AxisFluxes::prepare(double t) {
  t_ = t;
  if (exact_) return false;
  find_breaks();
  D_ = oblique_ = {};
  special_.clear();
  return !uniform_ || !breaks_.empty();
}

void AxisFluxes::look(std::span<const double> D, std::span<const double> oblique) {
  D_ = D;
  oblique_ = oblique;
  find_special();
  find_wall_shapes();
}

void AxisFluxes::find_breaks() {
  if (breaks_known_ && !sde_.breakpoints_move()) return;
  if (sde_.has_gibbs() && fitted_) return;  // its own averages hold every jump of U
  breaks_known_ = true;
  breaks_.resize(at(lines()));
  parallel_for(0, lines(), 4, [&](Index first, Index last) {
    for (Index line = first; line < last; ++line)
      sde_.breakpoints({axis_, across(line), axis().lower, axis().upper, axis().cells}, t_, breaks_[at(line)]);
  });
  if (std::all_of(breaks_.begin(), breaks_.end(), [](const auto& places) { return places.empty(); })) breaks_.clear();
}

void AxisFluxes::find_special() {
  const Index nx = grid_.nx(), ny = grid_.ny();
  const double ratio = way_ == Way::face ? face_ratio : smooth_ratio;
  special_.resize(D_.size());
  parallel_for(0, ny, 4, [&](Index first, Index last) {
    for (Index row = first; row < last; ++row) {
      const double* D = &D_[at(nx * row)];
      if (axis_ == 0)
        mark_unlike(D, nx, ratio, &special_[at(nx * row)]);
      else
        mark_unlike(row > 0 ? D - nx : D, D, row + 1 < ny ? D + nx : D, nx, ratio, &special_[at(nx * row)]);
    }
  });
  for (std::size_t cell = 0; cell < oblique_.size(); ++cell)
    if (std::isfinite(oblique_[cell])) special_[cell] = 1;
  const bool closes = axis().periodic(), absorbs = grid_.ledger(axis_, 0) >= 0 || grid_.ledger(axis_, 1) >= 0;
  if (breaks_.empty() && !closes && !absorbs) return;
  parallel_for(0, lines(), 4, [&](Index first, Index last) {
    for (Index line = first; line < last; ++line) {
      const LineView seen = view(line);
      const auto lower = at(cell_of(line, 0)), upper = at(cell_of(line, axis().cells - 1));
      mark_breaks(axis(), breaks(line), [&](Index i) { special_[at(cell_of(line, i))] = 1; });
      if (closes && (torn_at_seam(axis(), seen) || !alike(D_[lower], D_[upper]))) special_[lower] = special_[upper] = 1;
      for (int side = 0; side < 2; ++side)
        if (const auto wall = side == 0 ? lower : upper; differs_at_wall(seen, side, D_[wall])) special_[wall] = 1;
    }
  });
}

void AxisFluxes::find_wall_shapes() {
  for (int side = 0; side < 2; ++side) {
    std::vector<WallShape>& shapes = shapes_[at(side)];
    shapes.clear();
    if (special_.empty() || grid_.ledger(axis_, side) < 0) continue;
    const Index i = side == 0 ? 0 : axis().cells - 1;
    shapes.resize(at(lines()));
    bool any = false;
    for (Index line = 0; line < lines(); ++line) {
      if (special_[at(cell_of(line, i))] == 0) continue;
      const LineView whole = view(line), seen = fitted_ ? whole : whole.without_drift();
      shapes[at(line)] = shape_of(seen, breaks(line), side, std::min(shaped_cells, axis().cells / 2));
      any = any || !shapes[at(line)].lower.empty();
    }
    if (!any) shapes.clear();
  }
}

// Cell by cell from the wall, where s = 0: with the weight m s of a cell and s at its centre, mu = mean(m s) / s and
// the way to a face is that from the centre. Ends where drift rules (|P| > 2) or a formula breaks.
AxisFluxes::WallShape AxisFluxes::shape_of(const LineView& line_view, std::span<const double> places, int side,
                                           Index most) const {
  WallShape shape;
  const Conductance conductance(rule_, line_view);
  const double log_h = std::log(h_);
  double path = 0;  // log s at the face towards the wall, E = 1 there
  for (Index k = 0; k < most; ++k) {
    const Index i = side == 0 ? k : axis().cells - 1 - k;
    const double lower = axis().face(i), upper = axis().face(i + 1);
    if (std::any_of(places.begin(), places.end(), [&](double x) { return x > lower && x < upper; })) break;
    const CellFlux cell = conductance.cell(lower, upper, places);
    if (cell.parted) break;
    const Stretch first = side == 0 ? cell.lower_half : mirrored(cell.upper_half),
                  second = side == 0 ? cell.upper_half : mirrored(cell.lower_half),
                  whole = side == 0 ? cell.whole : mirrored(cell.whole);
    CellEnd towards, away;  // the wall
    if (k == 0) {
      const bool vanishes = side == 0 ? cell.vanishes_lower : cell.vanishes_upper;
      if (!vanishes || !(first.path_upper < inf)) break;
      const double s = first.path_upper + second.rise;
      away = {whole.downward - log_h - s, second.path_upper};
      path = whole.path_upper;
    } else {
      if (std::abs(whole.rise) > fitting) break;
      const double mass = log_add(whole.mass_lower + path, whole.downward) - log_h, s = log_add(path, first.path_lower);
      towards = {mass - s, first.path_lower};
      away = {mass - s - whole.rise, second.path_upper};
      path = log_add(path, whole.path_lower) + whole.rise;
    }
    shape.lower.push_back(side == 0 ? towards : away);
    shape.upper.push_back(side == 0 ? away : towards);
  }
  return shape;
}

// --- exact lines

namespace {

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
  const auto count = at(axis().cells);
  std::vector<double> centers(count), f(count), D(count);
  for (std::size_t i = 0; i < count; ++i) centers[i] = axis().center(static_cast<Index>(i));
  LineView(base, 0, 0, 0, DriftAs::written).evaluate(centers.data(), axis().cells, f.data(), D.data());
  const double sign = sign_of(D);
  for (Index line = 0; line < lines(); ++line)
    factor_.push_back(separated ? factor_of(line, sign * separated->factor(across(line))) : 1);
  exact_ = true;
  const LineView seen(base, 0, 0, 0, DriftAs::written, sign);
  std::vector<double> places;
  base.breakpoints({0, 0, axis().lower, axis().upper, axis().cells}, 0, places);
  uniform_ = base.traits().additive || (places.empty() && same_everywhere(seen));
  const std::vector<CellWeight> weights = stationary_weights(axis(), seen, !uniform_, places);
  if (uniform_)
    make_uniform(seen, weights);
  else
    make_varying(seen, weights, places);
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
    const double peclet = weights[at((i + 1) % axis().cells)].low - weights[at(i)].high;
    if (edge.rate > 0 && std::isfinite(peclet)) edge.peclet = peclet;
    fallback_faces_ += std::isfinite(peclet) ? 0 : 1;
    template_.push_back(edge);
  }
  for (int side = 0; side < 2; ++side)
    if (grid_.ledger(axis_, side) >= 0) template_walls_[at(side)] = wall_edge(seen, {}, false, side);
}

void AxisFluxes::make_varying(const LineView& seen, const std::vector<CellWeight>& weights,
                              const std::vector<double>& places) {
  const Index n = axis().cells;
  std::vector<double> x(at(n)), f(at(n)), D(at(n));
  for (Index i = 0; i < n; ++i) x[at(i)] = axis().center(i);
  seen.evaluate(x.data(), n, f.data(), D.data());
  const bool drifts = std::any_of(f.begin(), f.end(), [](double value) { return value != 0; });
  std::vector<std::uint8_t> special(at(n), 0);
  mark_unlike(D.data(), n, smooth_ratio, special.data());
  mark_breaks(axis(), places, [&](Index i) { special[at(i)] = 1; });
  if (axis().periodic() && (torn_at_seam(axis(), seen) || !alike(D.front(), D.back())))
    special.front() = special.back() = 1;
  for (Index i = 0; i < faces(); ++i)
    if (const double on_face = at_face(seen, i + 1).D; !alike(D[at(i)], on_face) || !alike(D[at((i + 1) % n)], on_face))
      special[at(i)] = special[at((i + 1) % n)] = 1;
  for (int side = 0; side < 2; ++side)
    if (const Index wall = side == 0 ? 0 : n - 1; differs_at_wall(seen, side, D[at(wall)])) special[at(wall)] = 1;
  // One evaluation serves an edge between smooth cells; on a ring, which carries a current, where drift does not rule.
  std::vector<double> peclets(at(faces()));
  std::vector<std::uint8_t> plain(at(faces()));
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const std::size_t next = (i + 1) % at(n);
    peclets[i] = weights[next].low - weights[i].high;
    const bool driven = axis().periodic() && !(std::abs(peclets[i]) <= fitting);
    plain[i] = drifts && special[i] == 0 && special[next] == 0 && std::isfinite(peclets[i]) && !driven ? 1 : 0;
  }
  // So it does at a reflecting end where D vanishes, unless the stationary weight piles up there: the flux falls to 0
  // with the mass beyond, which a steady flux does not know.
  for (int side = 0; side < 2; ++side) {
    const Index reach = flat_reach(seen, side, D, peclets, places);
    for (Index k = 0; k < reach; ++k) plain[at(side == 0 ? k : faces() - 1 - k)] = 1;
  }
  const auto is_plain = [&](Index i) { return i < 0 || i >= faces() ? !axis().periodic() : plain[at(i)] != 0; };
  const bool shaping =
      (grid_.ledger(axis_, 0) >= 0 && special.front() != 0) || (grid_.ledger(axis_, 1) >= 0 && special.back() != 0);
  std::vector<CellFlux> cells(at(n));
  const Conductance conductance(rule_, seen);
  parallel_for(0, n, 32, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const double lower = axis().face(i), upper = axis().face(i + 1);
      CellFlux& cell = cells[at(i)];
      if (!shaping && is_plain(i == 0 && axis().periodic() ? n - 1 : i - 1) && is_plain(i)) continue;
      cell = special[at(i)] != 0 ? conductance.cell(lower, upper, places) : conductance.smooth_cell(lower, upper);
      if (drifts || special[at(i)] != 0) continue;
      // the way between centres keeps E x where it is a martingale
      cell.lower = {weights[at(i)].bare, cell.lower_half.path_lower};
      cell.upper = {weights[at(i)].bare, cell.upper_half.path_upper};
    }
  });
  std::vector<std::uint8_t> shaped(at(n), 0);
  const bool two = grid_.ledger(axis_, 0) >= 0 && grid_.ledger(axis_, 1) >= 0;
  for (int side = 0; side < 2; ++side) {
    const Index wall = side == 0 ? 0 : n - 1;
    if (grid_.ledger(axis_, side) < 0) continue;
    template_walls_[at(side)] = wall_edge(seen, places, special[at(wall)] != 0, side);
    if (special[at(wall)] == 0) continue;
    const WallShape shape = shape_of(seen, places, side, two ? n / 2 : n);
    for (std::size_t k = 0; k < shape.lower.size(); ++k) {
      const std::size_t i = side == 0 ? k : at(n) - 1 - k;
      CellFlux& cell = cells[i];
      shaped[i] = 1;
      cell.lower = shape.lower[k];
      cell.upper = shape.upper[k];
      cell.blocked_lower = cell.blocked_upper = false;
    }
  }
  for (Index i = 0; i < faces(); ++i) {
    const auto [drift, on_face] = at_face(seen, i + 1);
    const bool dead = on_face == 0 && D[at(i)] == 0 && D[at((i + 1) % n)] == 0;
    const auto left = at(i), right = at((i + 1) % n);
    const bool close = special[left] != 0 || special[right] != 0, shape = shaped[left] != 0 || shaped[right] != 0;
    if (dead || (plain[left] != 0 && !shape)) {
      Edge edge = smooth_edge({drift, on_face}, on_face, on_face);
      if (edge.rate > 0) edge.peclet = peclets[left];
      template_.push_back(edge);
      continue;
    }
    const Edge own = between(cells[left], cells[right]);
    const bool exact = !shape && !cells[left].parted && !cells[right].parted && !cells[left].vanishes_upper &&
                       !cells[right].vanishes_lower && !(cells[left].vanishes_lower && (i > 0 || axis().periodic())) &&
                       !(cells[right].vanishes_upper && (i + 2 < n || axis().periodic()));
    template_.push_back(exact ? with_ratio(own, peclets[left]) : own);
    template_.back().close = close;
  }
}

/// How many faces there are from a reflecting end where D vanishes, as far as D changes much from cell to cell and the
/// stationary weight does not pile up towards the end.
Index AxisFluxes::flat_reach(const LineView& seen, int side, const std::vector<double>& D,
                             const std::vector<double>& peclets, const std::vector<double>& places) const {
  if (axis().periodic() || grid_.ledger(axis_, side) >= 0) return 0;
  const Index n = axis().cells;
  const double inwards = side == 0 ? 1 : -1, wall = side == 0 ? axis().lower : axis().upper;
  const double x = wall + inwards * std::ldexp(h_, -10);
  double f = 0, near_wall = 0;
  seen.evaluate(&x, 1, &f, &near_wall);
  if (!(near_wall < 0.5 * D[at(side == 0 ? 0 : n - 1)])) return 0;
  Index reach = 0;
  for (; reach < faces(); ++reach) {
    const Index face = side == 0 ? reach : faces() - 1 - reach;
    const bool broken = std::any_of(places.begin(), places.end(), [&](double place) {
      return place > axis().face(face) - 1e-9 * h_ && place < axis().face(face + 2) + 1e-9 * h_;
    });
    if (broken || !(inwards * peclets[at(face)] >= -piling) || alike(D[at(face)], D[at(face + 1)])) break;
  }
  // the face after the last of them has a cell that was looked at closely for its sake
  const Index next = side == 0 ? reach : faces() - 1 - reach;
  return reach > 0 && reach < faces() && std::isfinite(peclets[at(next)]) ? reach + 1 : reach;
}

/// Whether D at an absorbing wall is another than at the centre of the cell before it.
bool AxisFluxes::differs_at_wall(const LineView& seen, int side, double D_center) const {
  if (grid_.ledger(axis_, side) < 0) return false;
  const double wall = side == 0 ? axis().lower : axis().upper;
  double f = 0, D = 0;
  seen.evaluate(&wall, 1, &f, &D);
  return !alike(D, D_center);
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
  Edge edge = template_[at(i)];
  edge.rate *= factor_[at(line)];
  edge.velocity *= factor_[at(line)];
  return edge;
}

// The edge between cells i and i + 1 of a line.
Edge AxisFluxes::edge_of(Index line, Index i, const Face& face) const {
  if (D_.empty()) return smooth_edge(face, face.D, face.D);
  const Index next = i + 1 < axis().cells ? i + 1 : 0;
  const auto left = at(cell_of(line, i)), right = at(cell_of(line, next));
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
    std::copy_n(&face_[at(column + 1)], count, faces.x[0]);
    std::fill_n(faces.x[1], count, across(row));
  } else {
    std::copy_n(grid_.centers().axis[0] + column, count, faces.x[0]);
    std::fill_n(faces.x[1], count, face_[at(row + 1)]);
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
  const double* const left = &D_[at(run.left + from)];
  const double* const right = &D_[at(run.right + from)];
  const std::uint8_t* const special_left = &special_[at(run.left + from)];
  const std::uint8_t* const special_right = &special_[at(run.right + from)];
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
    const int ledger = grid_.ledger(axis_, side), outward = side == 0 ? -1 : 1;
    if (ledger < 0) continue;
    const Index i = side == 0 ? 0 : axis().cells - 1;
    for (Index line = 0; line < lines(); ++line)
      out.push_back(
          {cell_of(line, i), ledger, 1, wall_of(line, side), axis_ == 0 ? Offset{outward, 0} : Offset{0, outward}});
  }
}

}  // namespace fokker
