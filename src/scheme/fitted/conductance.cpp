#include "conductance.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

// A panel where E changes little is integrated through its Gauss nodes; one where it changes by more than e^2 is taken
// as a staircase of pieces with constant coefficients, whose sums are closed forms for any Peclet number P = f w / D:
//
//     int m = D^(a-1) w (e^P - 1)/P      int r = D^-a w (1 - e^-P)/P      upward = w^2/D (P - 1 + e^-P)/P^2
//
// Towards a zero of D panels halve, and what is left is integrated as powers of the distance.
namespace fokker {
namespace {

constexpr double inf = Stretch::infinite;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr std::size_t nodes = PanelRule::nodes;
using Nodes = PanelRule::Nodes;

constexpr double smallest_D = 1e-290;  // stands for 0 inside of a dead stretch: as good as infinitely slow
constexpr double mild = 2;             // largest |int f/D| over a panel that the nodes carry
constexpr double rough = 4.5;          // ratio of D over a panel
constexpr int deepest = 12;            // bisections of a rough panel
constexpr int levels = 26;             // halvings towards a zero
constexpr double noticeable = 0.02;    // an exponent that is none
constexpr double integrable = -1 + 1e-5;
constexpr double steep = 10;  // |d f/D| beyond which E is no power of the distance any more

/// log((e^P - 1)/P)
double log_growth(double P) {
  if (std::abs(P) < 1e-4) return P / 2 + P * P / 24;
  return P > 0 ? P + std::log(-std::expm1(-P) / P) : std::log(std::expm1(P) / P);
}

/// log((P - 1 + e^-P)/P^2)
double log_steady(double P) {
  if (std::abs(P) < 0.3) {
    double term = 0.5, sum = term;
    for (int k = 3; k < 16; ++k) sum += term *= -P / k;
    return std::log(sum);
  }
  if (P > 0) return std::log((P - 1 + std::exp(-P)) / P) - std::log(P);
  return -P + std::log1p((P - 1) * std::exp(P)) - 2 * std::log(-P);
}

/// Constant coefficients, log D given.
Stretch step(double a, double f, double D, double width) {
  const double P = f / D * width, log_D = std::log(D), log_w = std::log(width);
  const double m = (a - 1) * log_D + log_w, r = -a * log_D + log_w, both = 2 * log_w - log_D;
  return {.rise = P,
          .mass_lower = m + log_growth(P),
          .mass_upper = m + log_growth(-P),
          .path_lower = r + log_growth(-P),
          .path_upper = r + log_growth(P),
          .upward = both + log_steady(P),
          .downward = both + log_steady(-P)};
}

/// A resistance, the mean of ways that are no longer than the whole: where drift makes its logarithm the difference of
/// numbers of 1e16 and more, that is rounding. NaN stays.
double at_most(double path, double resistance) { return resistance > path ? path : resistance; }

}  // namespace

double log_add(double a, double b) {
  const double top = std::max(a, b);
  if (std::isinf(top)) return std::isnan(a) || std::isnan(b) ? nan : top;
  return top + std::log1p(std::exp(std::min(a, b) - top));
}

Stretch mirrored(const Stretch& s) {
  return {-s.rise, s.mass_upper, s.mass_lower, s.path_upper, s.path_lower, s.downward, s.upward};
}

Stretch joined(const Stretch& A, const Stretch& B) {
  return {.rise = A.rise + B.rise,
          .mass_lower = log_add(A.mass_lower, A.rise + B.mass_lower),
          .mass_upper = log_add(B.mass_upper, A.mass_upper - B.rise),
          .path_lower = log_add(A.path_lower, B.path_lower - A.rise),
          .path_upper = log_add(B.path_upper, A.path_upper + B.rise),
          .upward = log_add(log_add(A.upward, B.upward), A.mass_upper + B.path_lower),
          .downward = log_add(log_add(A.downward, B.downward), B.mass_lower + A.path_upper)};
}

/// A stretch between a zero of D and a regular point: what its regular end sees, and the rest where E is finite at the
/// zero.
struct Conductance::Piece {
  Stretch sums;
  double width = 0;
  double drift = 0;      ///< exponent of E in the distance from the zero
  bool holds = true;     ///< m is integrable at the zero
  bool reached = true;   ///< r is
  bool passable = true;  ///< E is finite and not 0 there
};

Stretch Conductance::panel(double lower, double upper, int depth) const {
  const double width = upper - lower, middle = lower + width / 2;
  Nodes x, f, D, psi;
  for (std::size_t j = 0; j < nodes; ++j) x[j] = middle + rule_.z[j] * (width / 2);
  view_.evaluate(x.data(), static_cast<Index>(nodes), f.data(), D.data());
  double least = inf, most = 0;
  for (std::size_t j = 0; j < nodes; ++j) {
    D[j] = D[j] < 0 ? nan : std::max(D[j], smallest_D);
    psi[j] = f[j] / D[j];
    least = std::min(least, D[j]);
    most = std::max(most, D[j]);
  }
  const auto still = [&] { return std::all_of(f.begin(), f.end(), [](double value) { return value == 0; }); };
  if (a_ == 0 && most == smallest_D && still()) {  // D p = 0 all along, whatever flows in
    Stretch dead = step(a_, 0, smallest_D, width);
    dead.path_lower = dead.path_upper = dead.upward = dead.downward = -inf;
    return dead;
  }
  if (most > rough * least && depth < deepest && lower < middle && middle < upper)
    return joined(panel(lower, middle, depth + 1), panel(middle, upper, depth + 1));
  Nodes phi;  // int f/D from the middle
  double size = 0;
  for (std::size_t k = 0; k < nodes; ++k) {
    phi[k] = width / 2 * PanelRule::paired_sum(rule_.from_0[k], psi);
    size = std::max(size, std::abs(phi[k]));
  }
  if (!(2 * size <= mild)) {
    Stretch stairs;
    for (std::size_t j = 0; j < nodes; ++j) {
      const Stretch next = step(a_, f[j], D[j], rule_.weight[j] * width);
      stairs = j == 0 ? next : joined(stairs, next);
    }
    return stairs;
  }
  const double up = width / 2 * PanelRule::paired_sum(rule_.to_upper, psi),
               down = width / 2 * PanelRule::paired_sum(rule_.to_upper, PanelRule::mirror(psi)), scale = std::log(most);
  Nodes m, r, upward, downward;
  for (std::size_t k = 0; k < nodes; ++k) {
    const double relative = std::log(D[k]) - scale;
    m[k] = std::exp((a_ - 1) * relative + phi[k]);
    r[k] = std::exp(-a_ * relative - phi[k]);
  }
  const double above = PanelRule::paired_sum(rule_.to_upper, r) / 2,
               below = PanelRule::paired_sum(rule_.to_upper, PanelRule::mirror(r)) / 2;
  for (std::size_t k = 0; k < nodes; ++k) {
    const double to_here = PanelRule::paired_sum(rule_.from_0[k], r) / 2;
    upward[k] = m[k] * (above - to_here);
    downward[k] = m[k] * (below + to_here);
  }
  const auto total = [&](const Nodes& v) { return std::log(width * PanelRule::paired_sum(rule_.weight, v)); };
  const double mass = total(m) + (a_ - 1) * scale, path = total(r) - a_ * scale, log_w = std::log(width);
  return {.rise = up + down,
          .mass_lower = mass + down,
          .mass_upper = mass - up,
          .path_lower = path - down,
          .path_upper = path + up,
          .upward = total(upward) + log_w - scale,
          .downward = total(downward) + log_w - scale};
}

Stretch Conductance::regular(double lower, double upper, std::span<const double> cuts) const {
  Stretch all;
  double from = lower;
  bool begun = false;
  const auto add = [&](double to) {
    const Stretch next = panel(from, to);
    all = begun ? joined(all, next) : next;
    begun = true;
    from = to;
  };
  for (const double cut : cuts)
    if (cut > lower && cut < upper) add(cut);
  add(upper);
  return all;
}

// Seen along the distance d from the zero, the regular end at d = width.
Conductance::Piece Conductance::towards_zero(double zero, double regular_end) const {
  const double width = std::abs(regular_end - zero), side = regular_end > zero ? 1 : -1;
  std::array<double, levels + 2> x, d, f, D;
  for (std::size_t l = 0; l < d.size(); ++l) {
    d[l] = std::ldexp(width, -static_cast<int>(l));
    x[l] = zero + side * d[l];
  }
  view_.evaluate(x.data(), static_cast<Index>(x.size()), f.data(), D.data());
  // As near as the exponent of D keeps its value: rounding of what cancels ends that.
  constexpr std::size_t first = 4;
  std::size_t last = first;
  double M = 0;
  for (std::size_t l = first; l + 1 < d.size(); ++l) {
    const double slope = std::log2(D[l] / D[l + 1]);
    const bool sane = std::isfinite(slope) && std::abs(d[l] - std::abs(x[l] - zero)) <= 1e-7 * d[l];
    if (l > first && !(sane && std::abs(slope - M) <= 0.05 * (1 + std::abs(M)))) break;
    M = slope;
    last = l;
  }
  const double inner = d[last], at = side * inner * f[last] / D[last],
               nearer = side * d[last + 1] * f[last + 1] / D[last + 1];
  Piece piece;
  piece.width = width;
  piece.drift = std::abs(at) < steep / 2 ? 2 * nearer - at : at;
  const double m = piece.drift + (a_ - 1) * M, r = -piece.drift - a_ * M;  // exponents
  piece.holds = m > integrable;
  piece.reached = r > integrable;
  piece.passable = std::abs(piece.drift) < noticeable / 20;
  const bool crossed = M < 2 - 1e-5 || std::abs(piece.drift) > steep;
  const double log_D = std::log(D[last]), log_d = std::log(inner);
  Stretch rest = step(a_, at / inner * D[last], D[last], inner);
  if (std::abs(piece.drift) <= steep) {
    rest.mass_upper = (a_ - 1) * log_D + log_d - std::log(m + 1);
    rest.path_upper = -a_ * log_D + log_d - std::log(r + 1);
    rest.downward = 2 * log_d - log_D - std::log((r + 1) * (2 - M));
    rest.upward = 2 * log_d - log_D - std::log((m + 1) * (2 - M));
    rest.rise = 0;
    rest.mass_lower = rest.mass_upper;
    rest.path_lower = rest.path_upper;
  }
  if (!piece.holds) rest.mass_lower = rest.mass_upper = inf;
  if (!piece.reached) rest.path_lower = rest.path_upper = inf;
  if (!piece.reached || !crossed) rest.downward = inf;
  if (!piece.holds || !crossed) rest.upward = inf;
  piece.sums = rest;
  for (std::size_t l = last; l-- > 0;) {
    const Stretch next = side > 0 ? panel(x[l + 1], x[l]) : mirrored(panel(x[l], x[l + 1]));
    piece.sums = joined(piece.sums, next);
  }
  if (!piece.passable) piece.sums.rise = piece.sums.mass_lower = piece.sums.path_lower = nan;
  if (side < 0) piece.sums = mirrored(piece.sums);
  return piece;
}

// A stretch with a zero of D at one of its ends, or at none.
Conductance::Piece Conductance::piece(double lower, double upper, std::span<const double> cuts, bool zero_lower,
                                      bool zero_upper) const {
  if (!zero_lower && !zero_upper) {
    Piece plain;
    plain.sums = regular(lower, upper, cuts);
    plain.width = upper - lower;
    return plain;
  }
  double edge = zero_lower ? upper : lower;  // the nearest cut, or the middle of long way
  for (const double cut : cuts)
    if (cut > lower && cut < upper && (zero_lower ? cut < edge : cut > edge)) edge = cut;
  Piece all = zero_lower ? towards_zero(lower, edge) : towards_zero(upper, edge);
  if (zero_lower && edge < upper) all.sums = joined(all.sums, regular(edge, upper, cuts));
  if (zero_upper && edge > lower) all.sums = joined(regular(lower, edge, cuts), all.sums);
  all.width = upper - lower;
  return all;
}

/// Whether D follows a power of the distance from `end`, or E does, at three points on the way inside.
bool Conductance::vanishes(double end, double inside) const {
  const double way = inside - end, least = 64 * eps * std::max(std::abs(end), std::abs(inside));
  std::array<double, 3> d{}, x{}, f{}, D{};
  d[2] = std::max(std::ldexp(std::abs(way), -24), least);
  d[1] = std::ldexp(d[2], 6);
  d[0] = std::ldexp(d[2], 12);
  if (d[0] > std::abs(way)) return false;
  for (std::size_t k = 0; k < 3; ++k) x[k] = end + std::copysign(d[k], way);
  view_.evaluate(x.data(), 3, f.data(), D.data());
  if (!(D[0] > 0)) return false;
  const double outer = std::log2(D[0] / D[1]) / 6, nearer = std::log2(D[1] / D[2]) / 6;
  if (D[1] == 0 || D[2] == 0 || (std::abs(outer) > noticeable && std::abs(nearer) > noticeable)) return true;
  const double k = d[1] * f[1] / D[1], at = d[2] * f[2] / D[2];
  return std::abs(at) > noticeable && std::abs(at) > 0.3 * std::abs(k);
}

/// Where D vanishes between two points; nan: nowhere, or at one of them.
double Conductance::zero_inside(double lower, double upper) const {
  constexpr std::size_t count = 16;
  const double near = 1e-6 * (upper - lower);
  std::array<double, count + 1> x, f, D;
  for (std::size_t j = 0; j <= count; ++j) x[j] = lower + (upper - lower) * (static_cast<double>(j) / count);
  x.front() = lower + near;
  x.back() = upper - near;
  view_.evaluate(x.data(), static_cast<Index>(x.size()), f.data(), D.data());
  for (std::size_t j = 0; j <= count; ++j) {
    const std::size_t before = j == 0 ? 0 : j - 1, after = std::min(j + 1, count);
    if (!(D[j] <= D[before] && D[j] <= D[after] && D[j] < 0.5 * std::max(D[before], D[after]))) continue;
    const double zero = least_between(x[before], x[after]);
    if (!(zero > lower + 2 * near && zero < upper - 2 * near)) continue;
    if (vanishes(zero, x[before]) || vanishes(zero, x[after])) return zero;
  }
  return nan;
}

/// The point of the least D, by golden sections.
double Conductance::least_between(double left, double right) const {
  constexpr double golden = 0.3819660112501051;
  const auto at = [&](double point) {
    double drift = 0, value = 0;
    view_.evaluate(&point, 1, &drift, &value);
    return value;
  };
  double p = left + golden * (right - left), q = right - golden * (right - left), at_p = at(p), at_q = at(q);
  for (int n = 0; n < 100 && left < p && p < q && q < right; ++n) {
    if (at_p <= at_q) {
      right = q;
      q = p;
      at_q = at_p;
      at_p = at(p = left + golden * (right - left));
    } else {
      left = p;
      p = q;
      at_p = at_q;
      at_q = at(q = right - golden * (right - left));
    }
  }
  return at_p <= at_q ? p : q;
}

// What the two faces see of a cell in which D vanishes.
void Conductance::part(CellFlux& cell, const Piece& below, const Piece& above, double h) const {
  const double log_h = std::log(h);
  cell.parted = true;
  const bool up = below.reached && above.drift > noticeable / 20 && std::isfinite(below.sums.upward) &&
                  std::isfinite(above.sums.upward) && above.holds;
  const bool down = above.reached && below.drift > noticeable / 20 && std::isfinite(above.sums.downward) &&
                    std::isfinite(below.sums.downward) && below.holds;
  cell.lower = {inf, below.sums.path_lower};
  cell.upper = {inf, above.sums.path_upper};
  if (up && !down) {  // nothing comes back through the zero, what enters below leaves above
    cell.upper.mean = above.sums.mass_upper - log_h;
    cell.upper.resistance = log_add(above.sums.upward, below.sums.upward) - above.sums.mass_upper;
  } else if (down && !up) {
    cell.lower.mean = below.sums.mass_lower - log_h;
    cell.lower.resistance = log_add(below.sums.downward, above.sums.downward) - below.sums.mass_lower;
  } else if (below.holds && above.holds) {  // a barrier: the cell belongs to its larger part
    cell.lower = cell.upper = {0, inf};
    const auto seen = [](double mass, double crossing, double path, double width) {
      return CellEnd{mass - std::log(width), std::isfinite(crossing) ? at_most(path, crossing - mass) : inf};
    };
    const Stretch &a = above.sums, &b = below.sums;
    if (above.width > below.width) cell.upper = seen(a.mass_upper, a.upward, a.path_upper, above.width);
    if (below.width > above.width) cell.lower = seen(b.mass_lower, b.downward, b.path_lower, below.width);
  }
}

// What the faces see of a cell whose sums are known.
void Conductance::see(CellFlux& cell, double h) const {
  const double log_h = std::log(h);
  const Stretch& all = cell.whole;
  const auto seen = [&](double mass, double crossing, double path, double half) {
    if (mass == inf) return CellEnd{inf, path};
    return CellEnd{mass - log_h, crossing == inf && !cell.parted ? half : at_most(path, crossing - mass)};
  };
  cell.lower = seen(all.mass_lower, all.downward, all.path_lower, cell.lower_half.path_lower);
  cell.upper = seen(all.mass_upper, all.upward, all.path_upper, cell.upper_half.path_upper);
  cell.out_lower = all.downward - log_h;
  cell.out_upper = all.upward - log_h;
}

CellFlux Conductance::smooth_cell(double lower, double upper) const {
  const double middle = lower + (upper - lower) / 2;
  CellFlux cell;
  cell.lower_half = panel(lower, middle);
  cell.upper_half = panel(middle, upper);
  cell.whole = joined(cell.lower_half, cell.upper_half);
  see(cell, upper - lower);
  return cell;
}

CellFlux Conductance::cell(double lower, double upper, std::span<const double> breaks) const {
  const double h = upper - lower, middle = lower + h / 2, near = 1e-9 * h;
  std::vector<double> cuts;
  for (const double point : breaks)
    if (point > lower + near && point < upper - near) cuts.push_back(point);
  CellFlux cell;
  cell.vanishes_lower = vanishes(lower, cuts.empty() ? middle : std::min(middle, cuts.front()));
  cell.vanishes_upper = vanishes(upper, cuts.empty() ? middle : std::max(middle, cuts.back()));
  double zero = nan;
  for (const double cut : cuts)
    if (vanishes(cut, lower) || vanishes(cut, upper)) zero = cut;
  if (std::isnan(zero)) zero = zero_inside(lower, upper);
  // Rounding makes the neighbourhood of a zero flat: one beside an end that vanishes is that end.
  if ((cell.vanishes_lower && zero < lower + 1e-3 * h) || (cell.vanishes_upper && zero > upper - 1e-3 * h)) zero = nan;
  if (zero > lower + near && zero < upper - near) {
    const Piece below = piece(lower, zero, cuts, false, true), above = piece(zero, upper, cuts, true, false);
    const bool open = below.passable && above.passable && below.holds && above.holds && below.reached && above.reached;
    if (!open) {
      part(cell, below, above, h);
      return cell;
    }
    cell.parted = true;
    cell.whole = joined(below.sums, above.sums);
  } else {
    const Piece below = piece(lower, middle, cuts, cell.vanishes_lower, false),
                above = piece(middle, upper, cuts, false, cell.vanishes_upper);
    cell.drift_lower = below.drift;
    cell.drift_upper = above.drift;
    cell.blocked_lower = !below.passable;
    cell.blocked_upper = !above.passable;
    cell.lower_half = below.sums;
    cell.upper_half = above.sums;
    cell.whole = joined(below.sums, above.sums);
  }
  see(cell, h);
  return cell;
}

}  // namespace fokker
