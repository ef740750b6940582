#include "fokker/analysis/score_table.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace fokker {
namespace {

/// Two neighbours of a position in 0 .. n - 1 and the fraction of the second; the ends are continued, or wrap around.
struct Between {
  Index lower, upper;
  double fraction;
};

Between between(double position, Index n, bool wraps) {
  if (wraps) {
    const double floor = std::floor(position);
    const auto lower = static_cast<Index>(floor);
    return {(lower % n + n) % n, ((lower + 1) % n + n) % n, position - floor};
  }
  const double inside = std::clamp(position, 0.0, static_cast<double>(n - 1));
  const Index lower = std::min(static_cast<Index>(inside), std::max<Index>(n - 2, 0));
  return {lower, std::min(lower + 1, n - 1), inside - static_cast<double>(lower)};
}

}  // namespace

ScoreTable::ScoreTable(std::shared_ptr<const LogSnapshots> snapshots, std::size_t stride)
    : snapshots_(std::move(snapshots)), grid_(snapshots_->grid()), now_(static_cast<std::size_t>(grid_->cells())) {
  const std::size_t count = snapshots_->times().size();
  for (std::size_t k = 0; k < count; k += stride) used_.push_back(k);
  if (count > 0 && used_.back() != count - 1) used_.push_back(count - 1);
  if (used_.size() < 2) throw std::invalid_argument("a score table needs two snapshots");
  for (Knot* knot : {&before_, &after_}) {
    knot->log_p.resize(now_.size());
    knot->rate.resize(now_.size());
  }
}

void ScoreTable::load(Knot& knot, std::size_t number) {
  if (knot.number == number) return;
  snapshots_->read(number, knot.log_p, knot.rate);
  knot.number = number;
}

void ScoreTable::prepare(double t, std::span<const double> /*p*/) {
  const std::vector<double>& times = snapshots_->times();
  const auto later = std::upper_bound(used_.begin() + 1, used_.end() - 1, t,
                                      [&](double time, std::size_t k) { return time < times[k]; });
  const std::size_t right = *later, left = *(later - 1);
  if (before_.number == right || after_.number == left) std::swap(before_, after_);
  load(before_, left);
  load(after_, right);
  const double h = times[right] - times[left], u = std::clamp((t - times[left]) / h, 0.0, 1.0);
  const double v = 1 - u, from_left = u * v * v, from_right = -u * u * v, blend = u * u * (3 - 2 * u);
  for (std::size_t i = 0; i < now_.size(); ++i) {
    const double change = after_.log_p[i] - before_.log_p[i], most = 3 * std::abs(change) + 1;
    const double start = std::clamp(h * before_.rate[i], -most, most),
                 end = std::clamp(h * after_.rate[i], -most, most);
    now_[i] = before_.log_p[i] + blend * change + from_left * start + from_right * end;
  }
  for (int axis = 0; axis < grid_->dimension(); ++axis) find_slopes(axis);
}

/// Difference of log p across the upper face of every cell along an axis, over its width: asked for at many points.
void ScoreTable::find_slopes(int axis) {
  const Index apart = axis == 0 ? 1 : grid_->nx(), n = grid_->axis(axis).cells, cells = grid_->cells();
  const double width = grid_->axis(axis).width();
  std::vector<double>& slopes = slopes_[axis];
  slopes.resize(now_.size());
  for (Index i = 0; i + apart < cells; ++i) slopes[i] = (now_[i + apart] - now_[i]) / width;
  const Index length = apart * n;  // of what repeats: a row, or the plane; its last face leads to its first cell
  for (Index first = 0; first < cells; first += length)
    for (Index i = first; i < first + apart; ++i) {
      const Index last = i + length - apart;
      slopes[last] = (now_[i] - now_[last]) / width;
    }
}

/// Between faces along its own axis, between centres across.
double ScoreTable::component(int axis, double along, double across) const {
  const Axis& own = grid_->axis(axis);
  const Index faces = own.periodic() ? own.cells : own.cells - 1, nx = grid_->nx();
  if (faces == 0) return 0;
  const Between face = between((along - own.lower) / own.width() - 1, faces, own.periodic());
  const double* const slopes = slopes_[axis].data();
  const Index face_apart = axis == 0 ? 1 : nx, row_apart = axis == 0 ? nx : 1;
  const auto row = [&](Index other) {
    const double* const here = slopes + other * row_apart;
    return (1 - face.fraction) * here[face.lower * face_apart] + face.fraction * here[face.upper * face_apart];
  };
  if (grid_->dimension() == 1) return row(0);
  const Axis& beside = grid_->axis(1 - axis);
  const Between centre = between((across - beside.lower) / beside.width() - 0.5, beside.cells, beside.periodic());
  return (1 - centre.fraction) * row(centre.lower) + centre.fraction * row(centre.upper);
}

void ScoreTable::score(const PointsIn& x, PointsOut s) const {
  for (Index i = 0; i < x.size; ++i) {
    const double first = x.axis[0][i], second = x.dimension > 1 ? x.axis[1][i] : 0;
    s.axis[0][i] = component(0, first, second);
    if (x.dimension > 1) s.axis[1][i] = component(1, second, first);
  }
}

}  // namespace fokker
