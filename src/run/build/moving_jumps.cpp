#include "moving_jumps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace fokker {
namespace {

constexpr int times = 33;
constexpr Index most_lines = 9;
constexpr double worth_saying = 0.02, aim = 0.01;  // of l1
// l1 over |v| h/D c^2, c the relative jump of D^(1-a) p = const: 0.02 to 0.05 for ratios of D from 2 to 20, speeds from
// 0.5 to 3.5 and 100 to 1600 cells, against cells that move with the jump (docs/validation.md); beyond 2 no more.
constexpr double cost = 0.05, most_peclet = 2;

struct Moving {
  int axis = 0;
  double point = 0, t = 0, before = 0, after = 0, speed = 0, peclet = 0, l1 = 0;
};

class Search {
 public:
  explicit Search(const Setup& setup)
      : grid_(*setup.grid), sde_(*setup.sde), end_(setup.config.time.end), short_(1e-6 * end_) {}

  Moving worst() {
    for (int n = 0; n < times; ++n)
      for (int k = 0; k < grid_.dimension(); ++k) {
        const double t = std::min(end_ * n / (times - 1), end_ - short_);
        const Index lines = grid_.dimension() > 1 ? grid_.axis(1 - k).cells : 1, looks = std::min(lines, most_lines);
        for (Index look = 0; look < looks; ++look) along(k, (2 * look + 1) * lines / (2 * looks), t);
      }
    return worst_;
  }

 private:
  void along(int k, Index line, double t) {
    const Axis& axis = grid_.axis(k);
    const double across = grid_.dimension() > 1 ? grid_.axis(1 - k).center(line) : 0;
    const AxisLine seen{k, across, axis.lower, axis.upper, axis.cells};
    std::vector<double> now, then;
    sde_.breakpoints(seen, t, now);
    sde_.breakpoints(seen, t + short_, then);
    if (now.size() != then.size()) return;  // one enters or leaves just now
    for (std::size_t i = 0; i < now.size(); ++i) judge(k, now[i], across, (then[i] - now[i]) / short_, t);
  }

  void judge(int k, double point, double across, double speed, double t) {
    const Axis& axis = grid_.axis(k);
    const double step = 1e-9 * axis.width();
    const auto [drift_before, before] = at(k, point - step, across, t);
    const auto [drift_after, after] = at(k, point + step, across, t);
    const double low = std::min(before, after), high = std::max(before, after);
    const double against = std::min(std::abs(speed - drift_before), std::abs(speed - drift_after));
    const double contrast = 1 - std::pow(low / high, 1 - sde_.reading());
    const double peclet = against * axis.width() / low;
    const double l1 = cost * std::min(peclet, most_peclet) * contrast * contrast;
    if (l1 > worst_.l1) worst_ = {k, point, t, before, after, against, peclet, l1};
  }

  /// Written drift along the axis and D.
  [[nodiscard]] std::array<double, 2> at(int k, double x, double across, double t) const {
    double f[2] = {}, D[3] = {};
    PointsIn point{1, grid_.dimension(), {&x, &across}};
    if (k == 1) std::swap(point.axis[0], point.axis[1]);
    sde_.written_drift(point, t, {{&f[0], &f[1]}});
    sde_.diffusion(point, t, {&D[0], &D[1], &D[2]});
    return {f[k], D[2 * k]};
  }

  const Grid& grid_;
  const Sde& sde_;
  double end_, short_;
  Moving worst_;
};

}  // namespace

std::string moving_jump_warning(const Setup& setup) {
  if (!setup.sde->breakpoints_move()) return "";
  const Moving found = Search(setup).worst();
  if (!(found.l1 > worth_saying)) return "";
  const Axis& axis = setup.grid->axis(found.axis);
  std::string text = fmt::format(
      "sde: the point where D jumps from {:.3g} to {:.3g} moves along {}, at {} = {:.4g}, t = {:.3g} with {:.3g} "
      "against the drift: p follows it within {:.2g}, {:.2g} cells, and the fluxes are of first order there: "
      "about l1 {:.2g} while it runs through the mass",
      found.before, found.after, axis.name, axis.name, found.point, found.t, found.speed,
      std::min(found.before, found.after) / found.speed, 1 / found.peclet, found.l1);
  if (std::isfinite(found.peclet))
    text += fmt::format(
        "; axis.{}.cells = {:.0f} would have {:.2g}", axis.name,
        std::ceil(static_cast<double>(axis.cells) * found.l1 / aim * std::max(1.0, found.peclet / most_peclet)), aim);
  return text;
}

}  // namespace fokker
