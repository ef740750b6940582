#include "fokker/scheme/stationary_weights.hpp"

#include <algorithm>
#include <array>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <limits>

#include "fokker/base/parallel.hpp"

// Every cell is a tree of panels. A panel knows three numbers about Phi = int a/D: how much it rises, and the logarithm
// of the mean of exp(Phi) seen from its lower and from its upper end,
//
//      Phi |            ___.        rise = Phi(upper) - Phi(lower)
//          |        _.--            low  = log mean exp(Phi - Phi(lower))
//          |____.--                 high = log mean exp(Phi - Phi(upper))
//          lower          upper
//
// which is all that two neighbours need to become one panel, and all that a face needs: Pe = low(R) - high(L). Nothing
// grows with Pe. A panel is done when its two halves agree with it, weighted by what the cell's sums feel of it.
// Sums run over pairs of mirrored nodes, so that mirrored coefficients give mirrored results to the bit.
namespace fokker {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr std::size_t nodes = 10;
using Nodes = std::array<double, nodes>;

constexpr std::size_t mirrored(std::size_t j) { return nodes - 1 - j; }

double paired_sum(const Nodes& row, const Nodes& v) {
  double sum = 0;
  for (std::size_t j = nodes / 2; j < nodes; ++j) sum += row[j] * v[j] + row[mirrored(j)] * v[mirrored(j)];
  return sum;
}

Nodes product(const Nodes& u, const Nodes& v) {
  Nodes uv;
  for (std::size_t j = 0; j < nodes; ++j) uv[j] = u[j] * v[j];
  return uv;
}

/// P_0 .. P_nodes at z.
std::array<double, nodes + 1> legendre(double z) {
  std::array<double, nodes + 1> P{1, z};
  for (std::size_t n = 1; n < nodes; ++n) {
    const auto order = static_cast<double>(n);
    P[n + 1] = ((2 * order + 1) * z * P[n] - order * P[n - 1]) / (order + 1);
  }
  return P;
}

/// Gauss-Legendre nodes on [-1, 1] with the integration and extrapolation rows of the polynomial through them.
struct Rule {
  Nodes z{}, weight{};                ///< weights sum to 1: means, not integrals
  std::array<Nodes, nodes> from_0;    ///< row k: integral from 0 to z_k
  Nodes to_upper{}, lower_row{};      ///< integral from 0 to 1; value at -1
  std::array<Nodes, nodes> spectrum;  ///< row n: n-th Legendre coefficient

  Rule() {
    using Gauss = boost::math::quadrature::gauss<double, nodes>;
    for (std::size_t j = 0; j < nodes / 2; ++j) {
      z[nodes / 2 + j] = Gauss::abscissa()[j];
      z[nodes / 2 - 1 - j] = -Gauss::abscissa()[j];
      weight[nodes / 2 + j] = weight[nodes / 2 - 1 - j] = Gauss::weights()[j] / 2;
    }
    for (std::size_t j = 0; j < nodes; ++j) {
      const auto P = legendre(z[j]);
      for (std::size_t n = 0; n < nodes; ++n) spectrum[n][j] = (2 * static_cast<double>(n) + 1) * weight[j] * P[n];
    }
    to_upper = integral_row(1);
    for (std::size_t k = nodes / 2; k < nodes; ++k) {
      from_0[k] = integral_row(z[k]);
      for (std::size_t j = 0; j < nodes; ++j) from_0[mirrored(k)][mirrored(j)] = -from_0[k][j];
    }
    for (std::size_t j = 0; j < nodes; ++j)
      for (std::size_t n = 0; n < nodes; ++n) lower_row[j] += (n % 2 == 0 ? 1 : -1) * spectrum[n][j];
  }

  /// The polynomial through v at -1 and at 1.
  [[nodiscard]] double lower_value(const Nodes& v) const {
    double value = 0;
    for (std::size_t j = 0; j < nodes; ++j) value += lower_row[j] * v[j];
    return value;
  }
  [[nodiscard]] double upper_value(const Nodes& v) const {
    double value = 0;
    for (std::size_t j = 0; j < nodes; ++j) value += lower_row[mirrored(j)] * v[j];
    return value;
  }

  /// Size of the last two Legendre coefficients of v.
  [[nodiscard]] double tail(const Nodes& v) const {
    return std::abs(paired_sum(spectrum[nodes - 2], v)) + std::abs(paired_sum(spectrum[nodes - 1], v));
  }

 private:
  [[nodiscard]] Nodes integral_row(double to) const {
    const auto upper = legendre(to), lower = legendre(0);
    Nodes row{};
    for (std::size_t j = 0; j < nodes; ++j) {
      row[j] = spectrum[0][j] * to;
      for (std::size_t n = 1; n < nodes; ++n)
        row[j] += spectrum[n][j] * ((upper[n + 1] - upper[n - 1]) - (lower[n + 1] - lower[n - 1])) /
                  (2 * static_cast<double>(n) + 1);
    }
    return row;
  }
};

struct Sums {
  double rise = 0, low = 0, high = 0;
};

/// log((e^a + e^b) / 2)
double log_mean(double a, double b) {
  const double top = std::max(a, b);
  return top + std::log(0.5 * (1 + std::exp(std::min(a, b) - top)));
}

Sums joined(const Sums& A, const Sums& B) {
  return {A.rise + B.rise, log_mean(A.low, A.rise + B.low), log_mean(B.high, A.high - B.rise)};
}

/// log sum_j weight_j e^{phi_j}
double log_sum(const Nodes& weight, const Nodes& phi) {
  const double top = *std::max_element(phi.begin(), phi.end());
  Nodes e;
  for (std::size_t j = 0; j < nodes; ++j) e[j] = std::exp(phi[j] - top);
  return top + std::log(paired_sum(weight, e));
}

Sums smooth_panel(const Rule& rule, const Nodes& psi, double width) {
  Nodes phi, flipped;
  for (std::size_t k = 0; k < nodes; ++k) {
    phi[k] = width / 2 * paired_sum(rule.from_0[k], psi);
    flipped[k] = psi[mirrored(k)];
  }
  const double up = width / 2 * paired_sum(rule.to_upper, psi), down = width / 2 * paired_sum(rule.to_upper, flipped);
  const double middle = log_sum(rule.weight, phi);
  return {up + down, middle + down, middle - up};
}

struct WallMean {
  double log_mean = nan;  ///< of exp(Phi - Phi(far end)); NaN when not integrable
  double error = nan;     ///< of log_mean, from the last Legendre coefficients
};

/// A panel whose near end is a wall, psi = dPhi/d(distance from the wall). distance * psi is smooth there, k at the
/// wall, so that exp(Phi) = s^k g(s) with a smooth g, s = distance / width: the polynomial through g is integrated
/// against s^k by the exact moments of the Legendre polynomials on [0, 1],
/// int s^k P_n = k (k-1) .. (k-n+1) / ((k+1) .. (k+n+1)). Not integrable when k <= -1.
WallMean wall_panel(const Rule& rule, const Nodes& distance, const Nodes& psi, double width) {
  const Nodes q = product(distance, psi);
  Nodes rest, phi, weight;
  const double k = rule.lower_value(q);
  if (!(k > -1 + 1e-9)) return {};
  for (std::size_t j = 0; j < nodes; ++j) rest[j] = (q[j] - k) / distance[j];
  const double up = paired_sum(rule.to_upper, rest);
  for (std::size_t j = 0; j < nodes; ++j) phi[j] = width / 2 * (paired_sum(rule.from_0[j], rest) - up);
  if (k >= 2) {  // smooth enough for the plain rule, and beyond the reach of the first ten moments
    for (std::size_t j = 0; j < nodes; ++j) phi[j] += k * std::log(distance[j] / width);
    return {log_sum(rule.weight, phi), nan};
  }
  weight.fill(0);
  double moment = 1 / (k + 1);
  for (std::size_t n = 0; n < nodes; ++n) {
    for (std::size_t j = 0; j < nodes; ++j) weight[j] += moment * rule.spectrum[n][j];
    moment *= (k - static_cast<double>(n)) / (k + 2 + static_cast<double>(n));
  }
  const double mean = log_sum(weight, phi);
  Nodes g;
  for (std::size_t j = 0; j < nodes; ++j) g[j] = std::exp(phi[j] - mean);
  return {mean, rule.tail(g) + rule.tail(q) / (k + 1)};
}

enum class Wall { none, lower, upper };

struct Panel {
  double lower = 0, upper = 0;
  Index cell = 0;
  int depth = 0;
  Wall wall = Wall::none;                  ///< end that lies on a wall
  Sums own{}, best{};                      ///< from its own nodes; from its descendants
  double size = 0, range = 0;              ///< width * max |psi|, max psi - min psi
  double tail = nan;                       ///< error of its own wall mean, where one is known
  double hidden = 0;                       ///< what a jump between the last node and an end could add to the rise
  Index child = -1;                        ///< the lower half; the upper one follows
  double share = 1, below = 0, above = 0;  ///< of the cell's integral: in the panel, below it, above it
};

/// The panels of a few neighbouring cells, refined level by level so that the Sde is asked for whole columns.
class PanelForest {
 public:
  PanelForest(const Axis& axis, const Sde& sde, const Rule& rule, Index first, Index last)
      : axis_(axis), sde_(sde), rule_(rule), first_(first), cells_(static_cast<std::size_t>(last - first)) {
    for (Index i = first; i < last; ++i) {
      Panel panel{.lower = axis.face(i), .upper = axis.face(i + 1), .cell = i};
      panel.wall = wall_of(i);
      panels_.push_back(panel);
      open_.push_back(i - first);
    }
    evaluate_from(0);
    for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i].size = 1 + panels_[i].size;
    while (!open_.empty()) refine();
  }

  /// NaN where the cell has no weight.
  [[nodiscard]] Sums sums(Index cell) const {
    const auto i = static_cast<std::size_t>(cell - first_);
    return cells_[i].dead ? Sums{nan, nan, nan} : panels_[i].best;
  }

 private:
  struct Cell {
    double size = 1;    ///< 1 + width * max |psi|: the scale of its Peclet numbers
    bool dead = false;  ///< psi is not finite, or the integral does not converge
    Index open = 0;
  };
  static constexpr Index most_open = 256;  // per cell and level
  static constexpr int deepest = 200;
  static constexpr std::size_t points = nodes + 2;  // of a panel

  Cell& cell_of(const Panel& panel) { return cells_[static_cast<std::size_t>(panel.cell - first_)]; }
  Panel& at(Index k) { return panels_[static_cast<std::size_t>(k)]; }
  [[nodiscard]] const Panel& at(Index k) const { return panels_[static_cast<std::size_t>(k)]; }
  [[nodiscard]] Wall wall_of(Index cell) const {
    if (axis_.periodic() || axis_.cells == 1) return Wall::none;
    return cell == 0 ? Wall::lower : cell == axis_.cells - 1 ? Wall::upper : Wall::none;
  }

  void refine() {
    std::erase_if(open_, [&](Index k) { return at(k).share * (at(k).tail + at(k).hidden) <= tolerance(at(k)); });
    const auto old = panels_.size();
    for (const Index k : open_) split(k);
    evaluate_from(old);
    for (std::size_t k = panels_.size(); k-- > 0;) {
      Panel& panel = panels_[k];
      if (panel.child >= 0) panel.best = joined(at(panel.child).best, at(panel.child + 1).best);
    }
    for (const Panel& panel : panels_)
      if (panel.child >= 0) pass_shares(panel);
    for (Cell& cell : cells_) cell.open = 0;
    for (const Index k : open_) cell_of(at(k)).open += 2;
    std::vector<Index> next;
    for (const Index k : open_) {
      const Panel& panel = at(k);
      Cell& cell = cell_of(panel);
      if (cell.dead || error(panel) <= tolerance(panel)) continue;
      if (can_split(at(panel.child))) {
        next.insert(next.end(), {panel.child, panel.child + 1});
      } else if (!(error(panel) <= 1e-8 * cell.size)) {
        cell.dead = true;
      }
    }
    open_ = std::move(next);
  }

  void split(Index k) {
    const Panel parent = at(k);
    const double middle = (parent.lower + parent.upper) / 2;
    at(k).child = static_cast<Index>(panels_.size());
    Panel half{.lower = parent.lower, .upper = middle, .cell = parent.cell, .depth = parent.depth + 1};
    half.wall = parent.wall == Wall::lower ? Wall::lower : Wall::none;
    panels_.push_back(half);
    half.lower = middle;
    half.upper = parent.upper;
    half.wall = parent.wall == Wall::upper ? Wall::upper : Wall::none;
    panels_.push_back(half);
  }

  /// Nodes of a panel must differ in their coordinates.
  bool can_split(const Panel& panel) {
    const double far = std::max(std::abs(panel.lower), std::abs(panel.upper));
    return panel.depth < deepest && panel.upper - panel.lower > 1024 * eps * far && cell_of(panel).open < most_open;
  }

  /// Change of the cell's low and high: share * d(low), and d(rise) for all that lies beyond the panel. Of a wall cell
  /// only the sum that its inner face needs counts.
  [[nodiscard]] double error(const Panel& panel) const {
    const double hidden = std::max(at(panel.child).hidden, at(panel.child + 1).hidden);
    const double rise = std::abs(panel.own.rise - panel.best.rise) + hidden;
    const double low = panel.share * (std::abs(panel.own.low - panel.best.low) + hidden) + panel.above * rise;
    const double high = panel.share * (std::abs(panel.own.high - panel.best.high) + hidden) + panel.below * rise;
    if (wall_of(panel.cell) == Wall::lower) return high;
    if (wall_of(panel.cell) == Wall::upper) return low;
    return std::isnan(low) ? low : std::max(high, low);
  }

  // The coordinates of the nodes are rounded, which psi feels in proportion to its slope.
  double tolerance(const Panel& panel) {
    const double far = std::max(std::abs(panel.lower), std::abs(panel.upper));
    const double noise = std::min(4 * eps * far * panel.range, 1e-8 * cell_of(panel).size);
    return 2e-14 * (1 + panel.size) + noise;
  }

  /// Splits the parent's share of the cell among its halves. At a wall only the sum seen from the inner end counts.
  void pass_shares(const Panel& parent) {
    Panel &A = at(parent.child), &B = at(parent.child + 1);
    const bool from_below = wall_of(parent.cell) == Wall::upper;
    const double in_A = from_below ? std::exp(A.best.low - parent.best.low)
                                   : std::exp(A.best.high - B.best.rise - parent.best.high),
                 in_B = from_below ? std::exp(A.best.rise + B.best.low - parent.best.low)
                                   : std::exp(B.best.high - parent.best.high);
    A.share = parent.share * in_A / 2;
    B.share = parent.share * in_B / 2;
    A.below = parent.below;
    A.above = parent.above + B.share;
    B.below = parent.below + A.share;
    B.above = parent.above;
  }

  void evaluate_from(std::size_t begin) {
    const std::size_t count = (panels_.size() - begin) * points;
    x_.resize(count);
    a_.resize(count);
    D_.resize(count);
    for (std::size_t k = begin; k < panels_.size(); ++k) place(panels_[k], &x_[(k - begin) * points]);
    const PointsIn at_points{static_cast<Index>(count), 1, {x_.data(), nullptr}};
    sde_.flux_velocity(at_points, 0, {{a_.data(), nullptr}});
    sde_.diffusion(at_points, 0, {D_.data(), nullptr, nullptr});
    for (std::size_t k = begin; k < panels_.size(); ++k) integrate(panels_[k], (k - begin) * points);
  }

  /// The nodes, and one point just inside of each end.
  void place(const Panel& panel, double* x) const {
    const double width = panel.upper - panel.lower, middle = (panel.lower + panel.upper) / 2;
    for (std::size_t j = 0; j < nodes; ++j) x[j] = middle + rule_.z[j] * (width / 2);
    const double inside = std::max(width * 0x1p-40, 4 * eps * std::max(std::abs(panel.lower), std::abs(panel.upper)));
    x[nodes] = panel.wall == Wall::lower ? x[0] : panel.lower + inside;
    x[nodes + 1] = panel.wall == Wall::upper ? x[nodes - 1] : panel.upper - inside;
  }

  void integrate(Panel& panel, std::size_t offset) {
    std::array<double, points> psi;
    for (std::size_t j = 0; j < points; ++j) psi[j] = a_[offset + j] / D_[offset + j];
    if (!std::all_of(psi.begin(), psi.end(), [](double value) { return std::isfinite(value); })) {
      cell_of(panel).dead = true;
      return;
    }
    const auto [least, most] = std::minmax_element(psi.begin(), psi.end());
    const double width = panel.upper - panel.lower;
    panel.size = width * std::max(std::abs(*least), std::abs(*most));
    panel.range = *most - *least;
    Nodes upward, downward, distance;  // psi as seen from the lower and from the upper end
    for (std::size_t j = 0; j < nodes; ++j) {
      upward[j] = psi[j];
      downward[j] = -psi[mirrored(j)];
    }
    if (panel.wall == Wall::none) {
      panel.own = smooth_panel(rule_, upward, width);
    } else if (panel.wall == Wall::lower) {
      for (std::size_t j = 0; j < nodes; ++j) distance[j] = x_[offset + j] - panel.lower;
      const WallMean mean = wall_panel(rule_, distance, upward, width);
      panel.own = {0, 0, mean.log_mean};
      panel.tail = mean.error;
    } else {
      for (std::size_t j = 0; j < nodes; ++j) distance[j] = panel.upper - x_[offset + mirrored(j)];
      const WallMean mean = wall_panel(rule_, distance, downward, width);
      panel.own = {0, mean.log_mean, 0};
      panel.tail = mean.error;
    }
    // What psi, or distance * psi beside a wall, is at the ends against what the nodes foretell.
    double jump = 0;
    if (panel.wall == Wall::none)
      jump = std::max(std::abs(psi[nodes] - rule_.lower_value(upward)),
                      std::abs(psi[nodes + 1] + rule_.lower_value(downward)));
    if (panel.wall == Wall::lower)
      jump = std::abs(psi[nodes + 1] - rule_.upper_value(product(distance, upward)) / width);
    if (panel.wall == Wall::upper) jump = std::abs(psi[nodes] + rule_.upper_value(product(distance, downward)) / width);
    panel.hidden = width / 2 * (1 + rule_.z[0]) * jump;
    panel.best = panel.own;
  }

  const Axis& axis_;
  const Sde& sde_;
  const Rule& rule_;
  Index first_;
  std::vector<Cell> cells_;
  std::vector<Panel> panels_;  // those of the cells come first, in order
  std::vector<Index> open_;
  std::vector<double> x_, a_, D_;
};

}  // namespace

std::vector<double> stationary_peclets(const Axis& axis, const Sde& sde) {
  const Rule rule;
  std::vector<Sums> sums(static_cast<std::size_t>(axis.cells));
  constexpr Index chunk = 64;  // cells whose panels are in memory at once, per thread
  parallel_for(0, (axis.cells + chunk - 1) / chunk, 1, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      const Index first = k * chunk, last = std::min(first + chunk, axis.cells);
      const PanelForest forest(axis, sde, rule, first, last);
      for (Index i = first; i < last; ++i) sums[static_cast<std::size_t>(i)] = forest.sums(i);
    }
  });
  std::vector<double> peclets;
  for (std::size_t i = 1; i < sums.size(); ++i) peclets.push_back(sums[i].low - sums[i - 1].high);
  if (axis.periodic()) peclets.push_back(sums.front().low - sums.back().high);
  for (double& peclet : peclets)
    if (!std::isfinite(peclet)) peclet = nan;
  return peclets;
}

}  // namespace fokker
