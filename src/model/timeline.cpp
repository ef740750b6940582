#include "fokker/model/timeline.hpp"

#include <algorithm>
#include <cmath>

namespace fokker {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

Timeline::Timeline(std::vector<Break> breaks, std::vector<Stretch> stretches, double unseen)
    : breaks_(std::move(breaks)), stretches_(std::move(stretches)), unseen_(unseen) {}

double Timeline::limit(double t, double wanted) const {
  const auto next =
      std::upper_bound(breaks_.begin(), breaks_.end(), t, [](double time, const Break& b) { return time < b.before; });
  return next != breaks_.end() ? std::min(next->before, wanted) : wanted;
}

double Timeline::resume(double t) const {
  const auto here =
      std::lower_bound(breaks_.begin(), breaks_.end(), t, [](const Break& b, double time) { return b.before < time; });
  return here != breaks_.end() && here->before == t ? here->after : t;
}

double Timeline::longest_step(double t) const {
  double longest = infinity;
  auto stretch = std::upper_bound(stretches_.begin(), stretches_.end(), t,
                                  [](double time, const Stretch& s) { return time < s.to; });
  for (; stretch != stretches_.end() && stretch->from - t < longest; ++stretch)
    longest = std::min(longest, std::max(stretch->from - t, 0.0) + (stretch->to - stretch->from));
  return longest;
}

Timeline::Ahead Timeline::ahead(double t, double wanted, double shorter) const {
  const double to = limit(t, wanted);
  auto stretch = std::upper_bound(stretches_.begin(), stretches_.end(), t,
                                  [](double time, const Stretch& s) { return time < s.to; });
  while (stretch != stretches_.end() && stretch->from < to && !(stretch->to - stretch->from < shorter)) ++stretch;
  if (stretch == stretches_.end() || stretch->from >= to) return {to, infinity};
  if (stretch->from > t) return {stretch->from, infinity};
  return {std::min(stretch->to, to), stretch->to - stretch->from};
}

Timeline Timeline::meeting(std::span<const double> stops, double same) const {
  Timeline all = *this;
  for (Break& each : all.breaks_) {
    const auto near = std::lower_bound(stops.begin(), stops.end(), each.before - same);
    if (near == stops.end() || *near > each.after + same) continue;
    if (*near <= each.before)
      each.before = *near;
    else
      each.after = std::max(each.after, *near);
  }
  return all;
}

Timeline Timeline::reversed(double end) const {
  Timeline back;
  back.unseen_ = unseen_;
  const auto later = [](double t) { return std::nextafter(t, infinity); };
  const auto earlier = [](double t) { return std::nextafter(t, -infinity); };
  for (auto each = breaks_.rbegin(); each != breaks_.rend(); ++each) {
    Break turned{end - each->after, end - each->before};
    if (each->before == each->after) {
      back.breaks_.push_back({turned.before, turned.before});
      continue;
    }
    while (end - turned.before < each->after) turned.before = earlier(turned.before);
    while (end - turned.after > each->before) turned.after = later(turned.after);
    back.breaks_.push_back(turned);
  }
  for (auto each = stretches_.rbegin(); each != stretches_.rend(); ++each)
    back.stretches_.push_back({end - each->to, end - each->from});
  return back;
}

}  // namespace fokker
