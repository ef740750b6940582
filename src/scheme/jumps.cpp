#include "fokker/scheme/jumps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "line_view.hpp"

namespace fokker {
namespace {

constexpr int times = 33;
constexpr double noticed = 1e-6;  // of the larger side

using Entries = std::array<double, 3>;

class Search {
 public:
  Search(const Grid& grid, const Sde& sde, double t, bool to_rest) : grid_(grid), sde_(sde), t_(t), to_rest_(to_rest) {}

  std::optional<DiffusionJump> along(int k) const {
    const Axis& axis = grid_.axis(k);
    const bool plane = grid_.dimension() > 1;
    std::vector<double> points;
    for (Index line = 0; line < (plane ? grid_.axis(1 - k).cells : 1); ++line) {
      const double across = plane ? grid_.axis(1 - k).center(line) : 0;
      sde_.breakpoints({k, across, axis.lower, axis.upper, axis.cells}, t_, points);
      for (const double point : points) {
        const double step =
            std::max(1e-9 * axis.width(), 16 * std::numeric_limits<double>::epsilon() * std::abs(point));
        if (point - step < axis.lower || point + step > axis.upper) continue;
        if (auto jump = between(k, point - step, point + step, across, point)) return jump;
      }
      if (!axis.periodic()) continue;
      if (auto jump = between(k, axis.upper, axis.lower, across, axis.upper)) return jump;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] Entries at(int k, double x, double across) const {
    Entries D{};
    PointsIn point{1, grid_.dimension(), {&x, &across}};
    if (k == 1) std::swap(point.axis[0], point.axis[1]);
    sde_.diffusion(point, t_, {&D[0], &D[1], &D[2]});
    return D;
  }

  [[nodiscard]] bool rests(int k, double x, double across) const {
    double f = 0, D = 0;
    LineView(sde_, k, across, t_, DriftAs::written).evaluate(&x, 1, &f, &D);
    return f == 0 && D == 0;
  }

  /// One side rests, and D does not fade towards it on the other.
  [[nodiscard]] bool jumps_to_rest(int k, double before, double after, double across) const {
    const bool below = rests(k, before, across);
    if (below == rests(k, after, across)) return false;
    const double live = below ? after : before, farther = live + 1000 * (live - (below ? before : after));
    const std::size_t own = 2 * k;
    return at(k, live, across)[own] > 0.5 * at(k, farther, across)[own];
  }

  [[nodiscard]] std::optional<DiffusionJump> between(int k, double before, double after, double across,
                                                     double point) const {
    if (to_rest_ && !jumps_to_rest(k, before, after, across)) return std::nullopt;
    const Entries A = at(k, before, across), B = at(k, after, across);
    const double scale = std::abs(A[0]) + std::abs(A[2]) + std::abs(B[0]) + std::abs(B[2]);
    for (const std::size_t entry : {std::size_t{0}, std::size_t{2}, std::size_t{1}}) {
      if (!(std::abs(A[entry] - B[entry]) > noticed * std::max(std::abs(A[entry]), std::abs(B[entry]))) ||
          !(std::abs(A[entry] - B[entry]) > 1e-12 * scale))
        continue;
      DiffusionJump jump{k, point, t_, A[entry], B[entry], {}};
      const bool plane = grid_.dimension() > 1;
      const std::array<const char*, 3> names{"D_xx", "D_xy", "D_yy"};
      jump.text = fmt::format("{} jumps at {} = {:.6g}, from {:.4g} to {:.4g}", plane ? names[entry] : "D",
                              grid_.axis(k).name, point, A[entry], B[entry]);
      if (t_ != 0) jump.text += fmt::format(", t = {:.6g}", t_);
      return jump;
    }
    return std::nullopt;
  }

  const Grid& grid_;
  const Sde& sde_;
  double t_;
  bool to_rest_;
};

std::optional<DiffusionJump> first(const Grid& grid, const Sde& sde, double t0, double t1, bool to_rest) {
  const bool moving = sde.breakpoints_move() || !sde.traits().diffusion_autonomous;
  for (int n = 0; n < (moving ? times : 1); ++n) {
    const Search search(grid, sde, t0 + (t1 - t0) * (static_cast<double>(n) / (times - 1)), to_rest);
    for (int k = 0; k < grid.dimension(); ++k)
      if (auto jump = search.along(k)) return jump;
  }
  return std::nullopt;
}

}  // namespace

std::optional<DiffusionJump> jump_of_diffusion(const Grid& grid, const Sde& sde, double t0, double t1) {
  return first(grid, sde, t0, t1, false);
}

std::optional<DiffusionJump> jump_to_rest(const Grid& grid, const Sde& sde, double t0, double t1) {
  return first(grid, sde, t0, t1, true);
}

}  // namespace fokker
