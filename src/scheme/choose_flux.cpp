#include "fokker/scheme/choose_flux.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "edge_source.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/operator/operator.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "fokker/scheme/jumps.hpp"

namespace fokker {
namespace {

constexpr double roughest_start = 1, least_width = 2, least_turning_width = 1, largest_peclet = 5, still = 2,
                 largest_at_wall = 1.5, sharpest_bend = 0.25, enough = 10;
constexpr double infinite = std::numeric_limits<double>::infinity();

/// sum |fourth differences along an axis| / sum |p|, the worse of the axes.
double roughness(const Grid& grid, std::span<const double> p) {
  double size = 0, worst = 0;
  for (const double value : p) size += std::abs(value);
  const Index nx = grid.nx(), ny = grid.ny();
  for (int k = 0; k < grid.dimension(); ++k) {
    const Index stride = k == 0 ? 1 : nx, length = k == 0 ? nx : ny, lines = k == 0 ? ny : nx;
    double sum = 0;
    for (Index line = 0; line < lines; ++line)
      for (Index i = 2; i + 2 < length; ++i) {
        const double* const at = p.data() + (k == 0 ? nx * line : line) + stride * i;
        sum += std::abs(at[-2 * stride] - 4 * at[-stride] + 6 * at[0] - 4 * at[stride] + at[2 * stride]);
      }
    worst = std::max(worst, sum / size);
  }
  return worst;
}

struct Survey {
  double width = infinite;  ///< sqrt(D / contraction) in cells, the least
  double peclet = 0;        ///< |f| h / D on the faces (cell_peclet.hpp), the largest
  double at_wall = 0;       ///< (f - div D) h / D against a wall, the largest
  double bend = 0;          ///< largest second difference of the drift along a line over its largest first one
};

/// Drift, velocity of the flux and diffusion along axis k on the faces of one line.
struct Line {
  std::vector<double> f, a, D;
};

void sample_line(const Grid& grid, const Sde& sde, int k, Index line, double t, Line& out) {
  const Index faces = grid.axis(k).cells + 1;
  for (std::vector<double>* const column : {&out.f, &out.a, &out.D}) column->resize(faces);
  Sample point;
  for (Index first = 0; first < faces; first += EdgeSource::block) {
    const Index n = std::min(EdgeSource::block, faces - first);
    for (Index i = 0; i < n; ++i) {
      (k == 0 ? point.x : point.y)[i] = grid.axis(k).face(first + i);
      if (grid.dimension() > 1) (k == 0 ? point.y : point.x)[i] = grid.axis(1 - k).center(line);
    }
    point.evaluate(sde, t, n);
    std::copy_n(point.a[k], n, out.a.begin() + first);
    std::copy_n(point.D[2 * k], n, out.D.begin() + first);
    sde.drift(point.points(n, grid.dimension()), t, {{point.a[0], point.a[1]}});
    std::copy_n(point.a[k], n, out.f.begin() + first);
  }
}

/// Which faces of a line along axis k the density reaches.
std::vector<bool> faces_held(const Grid& grid, int k, Index line, const Whereabouts& where) {
  std::vector<bool> held(grid.axis(k).cells + 1);
  for (Index i = 0; i <= grid.axis(k).cells; ++i) {
    std::array<double, 2> x{};
    x[k] = grid.axis(k).face(i);
    if (grid.dimension() > 1) x[1 - k] = grid.axis(1 - k).center(line);
    held[i] = where.hold(std::span(x).first(static_cast<std::size_t>(grid.dimension())));
  }
  return held;
}

/// `where`: null for what a central flux needs, everywhere; else for an upwind one, on the faces that are held.
void survey(const Grid& grid, const Sde& sde, double t, const Whereabouts* where, Survey& found) {
  Line along;
  const std::vector<double>&f = along.f, &a = along.a, &D = along.D;
  std::vector<bool> held;
  for (int k = 0; k < grid.dimension(); ++k) {
    const Axis& axis = grid.axis(k);
    const double h = axis.width();
    const Index lines = grid.dimension() > 1 ? grid.axis(1 - k).cells : 1;
    for (Index line = 0; line < lines; ++line) {
      sample_line(grid, sde, k, line, t, along);
      if (where != nullptr) held = faces_held(grid, k, line, *where);
      const auto counts = [&](std::size_t face) { return where == nullptr || held[face]; };
      const auto against = [&](double v, std::size_t face) { return v == 0 ? 0 : v * h / D[face]; };
      const auto peclet = [&](std::size_t face) { return std::abs(against(f[face], face)); };
      const std::size_t last = axis.cells;
      double first_difference = 0, second_difference = 0;
      for (std::size_t i = 0; i < last; ++i) {
        if (!counts(i) || !counts(i + 1)) continue;
        const double Pe = std::min(std::abs(against(a[i], i)), std::abs(against(a[i + 1], i + 1)));
        found.peclet = std::max(found.peclet, i == 0 ? std::min(peclet(0), peclet(1)) : peclet(i));
        first_difference = std::max(first_difference, std::abs(a[i + 1] - a[i]));
        if (i > 0 && counts(i - 1))
          second_difference = std::max(second_difference, std::abs(a[i + 1] - 2 * a[i] + a[i - 1]));
        const double contraction = (a[i] - a[i + 1]) / h, diffusion = 0.5 * (D[i] + D[i + 1]);
        const bool rests = where == nullptr ? Pe <= still : a[i] >= 0 && a[i + 1] <= 0;
        if (contraction > 0 && rests) found.width = std::min(found.width, std::sqrt(diffusion / contraction) / h);
      }
      if (second_difference > 0) found.bend = std::max(found.bend, second_difference / first_difference);
      const auto judged = [&](Boundary wall, std::size_t face) {
        return counts(face) && (wall == Boundary::reflecting || (where != nullptr && wall == Boundary::absorbing));
      };
      if (judged(axis.at_lower, 0)) found.at_wall = std::max(found.at_wall, -against(a[0], 0));
      if (judged(axis.at_upper, last)) found.at_wall = std::max(found.at_wall, against(a[last], last));
    }
  }
}

/// A time, and how long coefficients are about what they are then [t].
struct Look {
  double t, length;
};

/// Start, middle and end of the run, and of its stretches between switches and within pulses the middles, twelve at
/// most.
std::vector<Look> looks_over(const Sde& sde, const Timeline& timeline, double t0, double t1) {
  if (sde.traits().autonomous) return {{t0, t1 - t0}};
  std::vector<Look> pieces;
  const auto add = [&](double from, double to) {
    if (to > from) pieces.push_back({0.5 * (from + to), to - from});
  };
  double from = t0;
  for (const Timeline::Break& each : timeline.breaks()) {
    add(from, each.before);
    from = each.after;
  }
  if (from > t0) add(from, t1);
  for (const Timeline::Stretch& each : timeline.stretches()) add(each.from, each.to);
  constexpr std::size_t most = 12;
  std::vector<Look> looks{{t0, t1 - t0}, {0.5 * (t0 + t1), t1 - t0}, {t1, t1 - t0}};
  for (std::size_t k = 0; k < std::min(most, pieces.size()); ++k)
    looks.push_back(pieces[k * pieces.size() / std::min(most, pieces.size())]);
  return looks;
}

std::string against(const char* what, double value, const char* limit, double bound) {
  return fmt::format("{} {:.3g}, and fourth order wants {} {:.3g}", what, value, limit, bound);
}

/// Why not, or nothing; `where` as in `survey`.
std::optional<std::string> objection(const Grid& grid, const Sde& sde, std::span<const Look> looks,
                                     const Whereabouts* where, Survey& found) {
  for (const Look& look : looks) survey(grid, sde, look.t, where, found);
  if (where == nullptr && !(found.peclet <= largest_peclet))
    return against("cell Peclet numbers reach", found.peclet, "at most", largest_peclet);
  if (!(found.at_wall <= largest_at_wall))
    return against("drift runs against a wall at a cell Peclet number of", found.at_wall, "at most", largest_at_wall);
  if (!(found.bend <= sharpest_bend))
    return against("the drift bends by a fraction per cell of", found.bend, "at most", sharpest_bend);
  const double width = where != nullptr && grid.dimension() > 1 ? least_turning_width : least_width;
  if (!(found.width >= width)) return against("drift contracts to a width in cells of", found.width, "at least", width);
  return std::nullopt;
}

/// What second order costs: the rates of both on the start, for as long as they last; the worst of the looks.
double error_in_space(const Operator& second, const Operator& fourth, std::span<const double> start,
                      std::span<const Look> looks) {
  std::vector<double> state(start.begin(), start.end());
  state.resize(fourth.size());  // outflows: nothing has left
  std::vector<double> rate(state.size()), other(state.size());
  const double size = fourth.norm_l1(state);
  double worst = 0;
  for (const Look& look : looks) {
    fourth.apply(look.t, state, rate);
    second.apply(look.t, state, other);
    const double speed = fourth.norm_l1(rate);
    for (std::size_t i = 0; i < rate.size(); ++i) rate[i] -= other[i];
    worst = std::max(worst, fourth.norm_l1(rate) * (speed > 0 ? std::min(look.length, size / speed) : look.length));
  }
  return worst;
}

}  // namespace

bool Whereabouts::hold(std::span<const double> point) const {
  if (!grid) return true;
  const Index cell = grid->find(point);
  return cell >= 0 && cells[cell] != 0;
}

FluxChoice choose_flux(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const FluxWish& wish,
                       std::span<const double> start, double t0, double t1, const Timeline& timeline,
                       const std::function<Whereabouts()>& whereabouts) {
  const auto make = [&](const FluxScheme* row) {
    return FluxChoice{row, make_drift_diffusion(grid, sde, *row, {t0, t1}), {}};
  };
  FluxChoice second = make(&default_flux());
  if (const auto jump = jump_of_diffusion(*grid, *sde, t0, t1)) {
    second.reason = jump->text + ", and fourth order takes differences across it";
    return second;
  }
  if (const double rough = roughness(*grid, start); !(rough <= roughest_start)) {
    second.reason = against("the start has fourth differences of", rough, "at most", roughest_start);
    return second;
  }
  const std::vector<Look> looks = looks_over(*sde, timeline, t0, t1);
  Survey found;
  const auto central_not = objection(*grid, *sde, looks, nullptr, found);
  if (central_not) {
    const Whereabouts where = whereabouts();
    found = {};
    if (const auto upwind_not = objection(*grid, *sde, looks, &where, found)) {
      second.reason = fmt::format("{}; upwind5, where the mass is: {}", *central_not, *upwind_not);
      return second;
    }
  }
  const FluxScheme* const wide = find_flux(central_not ? "upwind5" : "central4");
  try {
    FluxChoice fourth = make(wish.positive ? counterpart(*wide) : wide);
    const double error = error_in_space(second.form->op(), fourth.form->op(), start, looks);
    const std::string off = fmt::format("scharfetter_gummel would be off by about {:.1e} in l1 along the way", error);
    if (error <= enough * wish.tolerance) {
      second.reason = fmt::format("no need of fourth order: {}, near the tolerance", off);
      return second;
    }
    if (central_not) {
      const FluxChoice other = make(find_flux("central4"));
      fourth.reason = fmt::format(
          "smooth where the mass is; {}, {} by {:.1e}; widths from {:.3g} cells on, cell Peclet numbers up to {:.2g} "
          "there ({})",
          off, fourth.row->name, error_in_space(other.form->op(), fourth.form->op(), start, looks), found.width,
          found.peclet, *central_not);
      return fourth;
    }
    fourth.reason = fmt::format(
        "smooth on this grid; {}, far above the tolerance; widths from {:.3g} cells on, cell "
        "Peclet numbers up to {:.2g}",
        off, found.width, found.peclet);
    return fourth;
  } catch (const CaseError& error) {
    second.reason = error.problems().front().text;
    return second;
  }
}

}  // namespace fokker
