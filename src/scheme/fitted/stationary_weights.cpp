#include "fokker/scheme/stationary_weights.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "fokker/base/parallel.hpp"
#include "panel_sums.hpp"
#include "stationary_cells.hpp"
#include "stationary_weights_rule.hpp"

// Every cell is a tree of panels, or several where coefficients break. A panel knows three numbers about Phi = int f/D
// and the weight m = D^(a-1) exp(Phi): how much Phi rises, and the logarithm of the mean of m seen from its lower and
// from its upper end,
//
//      Phi |            ___.        rise = Phi(upper) - Phi(lower)
//          |        _.--            low  = log mean m exp(-Phi(lower))
//          |____.--                 high = log mean m exp(-Phi(upper))
//          lower          upper
//
// which is all that two neighbours need to become one panel, and all that a face needs: Pe = low(R) - high(L). Nothing
// grows with Pe. A panel is done when its two halves agree with it, weighted by what the cell's sums feel of it.
// Sums run over pairs of mirrored nodes, so that mirrored coefficients give mirrored results to the bit.
namespace fokker {
namespace {

using namespace panels;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr std::size_t nodes = PanelRule::nodes;
using Nodes = PanelRule::Nodes;
using Rule = PanelRule;

/// A cell, or what lies between two points in it where coefficients break.
struct Piece {
  double lower = 0, upper = 0;
  Wall wall = Wall::none;  ///< end that lies on a wall
};

struct Panel {
  double lower = 0, upper = 0;
  Index cell = 0;
  int depth = 0;
  Wall wall = Wall::none;                     ///< end that lies on a wall
  Sums own{}, best{};                         ///< from its own nodes; from its descendants
  double size = 0, range = 0;                 ///< width * max |psi|, max psi - min psi
  double tail = nan;                          ///< error of its own wall mean, where one is known
  double hidden = 0;                          ///< what a jump between the last node and an end could add to the rise
  double bare = 0;                            ///< log of the mean of D^(a - 1) over its own nodes
  Index child = -1;                           ///< the lower half; the upper one follows
  double fraction = 1, below = 0, above = 0;  ///< of the cell's integral: in the panel, below it, above it
};

/// The panels of a few neighbouring pieces, refined level by level so that the Sde is asked for whole columns.
class PanelForest {
 public:
  /// `tilted`: D^(a - 1) counts; else it is constant, and left out.
  PanelForest(std::span<const Piece> pieces, const LineView& view, bool tilted, const Rule& rule)
      : pieces_(pieces), view_(view), tilt_(tilted ? view.reading() - 1 : 0), rule_(rule), cells_(pieces.size()) {
    for (const Piece& piece : pieces) {
      Panel panel{.lower = piece.lower, .upper = piece.upper, .cell = static_cast<Index>(panels_.size())};
      panel.wall = piece.wall;
      open_.push_back(panel.cell);
      panels_.push_back(panel);
    }
    evaluate_from(0);
    for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i].size = 1 + panels_[i].size;
    while (!open_.empty()) refine();
  }

  /// NaN where the piece has no weight.
  [[nodiscard]] Sums sums(std::size_t piece) const {
    return cells_[piece].dead ? Sums{nan, nan, nan} : panels_[piece].best;
  }
  /// log of the mean of D^(a - 1), as far as its own nodes tell.
  [[nodiscard]] double bare(std::size_t piece) const { return panels_[piece].bare; }

 private:
  struct Cell {
    double size = 1;    ///< 1 + width * max |psi|: the scale of its Peclet numbers
    bool dead = false;  ///< psi is not finite, or the integral does not converge
    Index open = 0;
  };
  static constexpr Index most_open = 256;  // per cell and level
  static constexpr int deepest = 200;
  static constexpr std::size_t points = nodes + 2;  // of a panel

  Cell& cell_of(const Panel& panel) { return cells_[panel.cell]; }
  Panel& at(Index k) { return panels_[k]; }
  [[nodiscard]] const Panel& at(Index k) const { return panels_[k]; }
  [[nodiscard]] Wall wall_of(Index piece) const { return pieces_[piece].wall; }

  void refine() {
    std::erase_if(open_, [&](Index k) { return at(k).fraction * (at(k).tail + at(k).hidden) <= tolerance(at(k)); });
    const auto old = panels_.size();
    for (const Index k : open_) split(k);
    evaluate_from(old);
    for (std::size_t k = panels_.size(); k-- > 0;) {
      Panel& panel = panels_[k];
      if (panel.child >= 0) panel.best = joined(at(panel.child).best, at(panel.child + 1).best);
    }
    for (const Panel& panel : panels_)
      if (panel.child >= 0) pass_fractions(panel);
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
    const double low = panel.fraction * (std::abs(panel.own.low - panel.best.low) + hidden) + panel.above * rise;
    const double high = panel.fraction * (std::abs(panel.own.high - panel.best.high) + hidden) + panel.below * rise;
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

  /// Splits the parent's fraction of the cell among its halves. At a wall only the sum seen from the inner end counts.
  void pass_fractions(const Panel& parent) {
    Panel &A = at(parent.child), &B = at(parent.child + 1);
    const bool from_below = wall_of(parent.cell) == Wall::upper;
    const double in_A = from_below ? std::exp(A.best.low - parent.best.low)
                                   : std::exp(A.best.high - B.best.rise - parent.best.high),
                 in_B = from_below ? std::exp(A.best.rise + B.best.low - parent.best.low)
                                   : std::exp(B.best.high - parent.best.high);
    A.fraction = parent.fraction * in_A / 2;
    B.fraction = parent.fraction * in_B / 2;
    A.below = parent.below;
    A.above = parent.above + B.fraction;
    B.below = parent.below + A.fraction;
    B.above = parent.above;
  }

  void evaluate_from(std::size_t begin) {
    const std::size_t count = (panels_.size() - begin) * points;
    x_.resize(count);
    f_.resize(count);
    D_.resize(count);
    for (std::size_t k = begin; k < panels_.size(); ++k) place_nodes(panels_[k], &x_[(k - begin) * points]);
    view_.evaluate(x_.data(), static_cast<Index>(count), f_.data(), D_.data());
    for (std::size_t k = begin; k < panels_.size(); ++k) integrate(panels_[k], (k - begin) * points);
  }

  /// The nodes, and one point just inside of each end.
  void place_nodes(const Panel& panel, double* x) const {
    const double width = panel.upper - panel.lower, middle = (panel.lower + panel.upper) / 2;
    for (std::size_t j = 0; j < nodes; ++j) x[j] = middle + rule_.z[j] * (width / 2);
    const double inside = std::max(width * 0x1p-40, 4 * eps * std::max(std::abs(panel.lower), std::abs(panel.upper)));
    x[nodes] = panel.wall == Wall::lower ? x[0] : panel.lower + inside;
    x[nodes + 1] = panel.wall == Wall::upper ? x[nodes - 1] : panel.upper - inside;
  }

  void integrate(Panel& panel, std::size_t offset) {
    std::array<double, points> psi, tilt{};
    for (std::size_t j = 0; j < points; ++j) psi[j] = f_[offset + j] / D_[offset + j];
    if (tilt_ != 0)
      for (std::size_t j = 0; j < points; ++j) tilt[j] = tilt_ * std::log(D_[offset + j]);
    const auto finite = [](double value) { return std::isfinite(value); };
    if (!std::all_of(psi.begin(), psi.end(), finite) || !std::all_of(tilt.begin(), tilt.end(), finite)) {
      cell_of(panel).dead = true;
      return;
    }
    const auto [least, most] = std::minmax_element(psi.begin(), psi.end());
    const double width = panel.upper - panel.lower;
    panel.size = width * std::max(std::abs(*least), std::abs(*most));
    panel.range = *most - *least;
    Nodes upward, downward, tilted, distance;  // psi as seen from the lower and from the upper end
    for (std::size_t j = 0; j < nodes; ++j) {
      upward[j] = psi[j];
      downward[j] = -psi[Rule::mirrored(j)];
      tilted[j] = tilt[j];
    }
    panel.bare = log_sum(rule_.weight, tilted);
    if (panel.wall == Wall::none) {
      panel.own = smooth_panel(rule_, upward, tilted, width);
    } else if (panel.wall == Wall::lower) {
      for (std::size_t j = 0; j < nodes; ++j) distance[j] = x_[offset + j] - panel.lower;
      const WallMean mean = wall_panel(rule_, distance, upward, tilted, width);
      panel.own = {0, 0, mean.log_mean};
      panel.tail = mean.error;
    } else {
      for (std::size_t j = 0; j < nodes; ++j) distance[j] = panel.upper - x_[offset + Rule::mirrored(j)];
      const WallMean mean = wall_panel(rule_, distance, downward, Rule::mirror(tilted), width);
      panel.own = {0, mean.log_mean, 0};
      panel.tail = mean.error;
    }
    // What psi, or distance * psi beside a wall, and log D are at the ends against what the nodes foretell.
    double jump = 0;
    if (panel.wall == Wall::none)
      jump = std::max(std::abs(psi[nodes] - rule_.lower_value(upward)),
                      std::abs(psi[nodes + 1] + rule_.lower_value(downward)));
    if (panel.wall == Wall::lower)
      jump = std::abs(psi[nodes + 1] - rule_.upper_value(product(distance, upward)) / width);
    if (panel.wall == Wall::upper) jump = std::abs(psi[nodes] + rule_.upper_value(product(distance, downward)) / width);
    double bent = 0;
    if (tilt_ != 0 && panel.wall != Wall::lower) bent = std::abs(tilt[nodes] - rule_.lower_value(tilted));
    if (tilt_ != 0 && panel.wall != Wall::upper)
      bent = std::max(bent, std::abs(tilt[nodes + 1] - rule_.upper_value(tilted)));
    panel.hidden = width / 2 * (1 + rule_.z[0]) * jump + (1 + rule_.z[0]) / 2 * bent;
    panel.best = panel.own;
  }

  std::span<const Piece> pieces_;
  const LineView& view_;
  double tilt_;  // a - 1
  const Rule& rule_;
  std::vector<Cell> cells_;
  std::vector<Panel> panels_;  // those of the pieces come first, in order
  std::vector<Index> open_;
  std::vector<double> x_, f_, D_;
};

/// The pieces of the cells of an axis, and where those of each cell begin.
struct Pieces {
  std::vector<Piece> all;
  std::vector<std::size_t> first;
};

Pieces pieces_of(const Axis& axis, std::span<const double> breaks) {
  Pieces result;
  auto next = breaks.begin();
  for (Index i = 0; i < axis.cells; ++i) {
    result.first.push_back(result.all.size());
    double from = axis.face(i);
    const double upper = axis.face(i + 1), near = 1e-9 * axis.width();
    while (next != breaks.end() && *next <= from + near) ++next;
    for (; next != breaks.end() && *next < upper - near; ++next)
      if (*next > from + near) {
        result.all.push_back({from, *next, Wall::none});
        from = *next;
      }
    result.all.push_back({from, upper, Wall::none});
  }
  result.first.push_back(result.all.size());
  if (axis.periodic() || axis.cells == 1) return result;
  result.all.front().wall = Wall::lower;
  result.all.back().wall = Wall::upper;
  return result;
}

/// A below B, with their fractions of the width.
Sums joined(const Sums& A, double a, const Sums& B, double b) {
  const auto mean = [&](double u, double v) {
    const double top = std::max(u, v);
    return top + std::log((a * std::exp(u - top) + b * std::exp(v - top)) / (a + b));
  };
  return {A.rise + B.rise, mean(A.low, A.rise + B.low), mean(A.high - B.rise, B.high)};
}

}  // namespace

std::vector<CellWeight> stationary_weights(const Axis& axis, const LineView& view, bool tilted,
                                           std::span<const double> breaks) {
  const Rule rule;
  const Pieces pieces = pieces_of(axis, breaks);
  std::vector<CellWeight> weights(axis.cells);
  constexpr Index chunk = 64;  // cells whose panels are in memory at once, per thread
  parallel_for(0, (axis.cells + chunk - 1) / chunk, 1, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      const auto from = static_cast<std::size_t>(k * chunk),
                 to = std::min(from + chunk, static_cast<std::size_t>(axis.cells));
      const std::size_t base = pieces.first[from];
      const PanelForest forest(std::span(pieces.all).subspan(base, pieces.first[to] - base), view, tilted, rule);
      for (std::size_t i = from; i < to; ++i) {
        const std::size_t first = pieces.first[i];
        Sums sums = forest.sums(first - base);
        double bare = forest.bare(first - base), width = pieces.all[first].upper - pieces.all[first].lower;
        for (std::size_t p = first + 1; p < pieces.first[i + 1]; ++p) {
          const double next = pieces.all[p].upper - pieces.all[p].lower;
          sums = joined(sums, width, forest.sums(p - base), next);
          bare = joined({0, bare, bare}, width, {0, forest.bare(p - base), 0}, next).low;
          width += next;
        }
        weights[i] = {sums.low, sums.high, bare};
      }
    }
  });
  return weights;
}

std::vector<double> stationary_peclets(const Axis& axis, const Sde& sde) {
  const LineView view(sde, 0, 0, 0, DriftAs::written);
  const std::vector<CellWeight> weights = stationary_weights(axis, view, true, {});
  std::vector<double> peclets;
  for (std::size_t i = 1; i < weights.size(); ++i) peclets.push_back(weights[i].low - weights[i - 1].high);
  if (axis.periodic()) peclets.push_back(weights.front().low - weights.back().high);
  for (double& peclet : peclets)
    if (!std::isfinite(peclet)) peclet = nan;
  return peclets;
}

}  // namespace fokker
