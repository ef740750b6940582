#include <algorithm>
#include <cmath>
#include <optional>

#include "fokker/base/enclosure.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/model/timeline.hpp"

namespace fokker {
namespace {

constexpr double same_time = 1e-12;  // of the range: breaks that are nearer are one
constexpr double narrowest = 1e-13;  // of the range: where intervals are not halved any more
constexpr double shortest = 1e-9;    // of the range: stretches
constexpr double most_work = 5e6;    // parts of formulas looked at over an interval: about a second
constexpr double nothing = 1e-270;   // in any unit: what is left of exp where it underflows

struct Span {
  double from, to;
  [[nodiscard]] double length() const { return to - from; }
  [[nodiscard]] double middle() const { return from + 0.5 * (to - from); }
};

/// Pieces of the box: 64 intervals of an axis, 8 x 8 of a plane; one point where nothing depends on it.
std::vector<std::array<Interval, 2>> pieces_of(const Box& box, bool one) {
  const int count = one ? 1 : box.dimension == 1 ? 64 : 8;
  const auto interval = [&](std::size_t k, int i) {
    const double width = (box.upper[k] - box.lower[k]) / count;
    const Interval whole{box.lower[k] + i * width, i + 1 < count ? box.lower[k] + (i + 1) * width : box.upper[k]};
    return one ? Interval{0.5 * (whole.low + whole.high), 0.5 * (whole.low + whole.high)} : whole;
  };
  std::vector<std::array<Interval, 2>> pieces;
  for (int j = 0; j < (box.dimension == 1 ? 1 : count); ++j)
    for (int i = 0; i < count; ++i) pieces.push_back({interval(0, i), interval(1, j)});
  return pieces;
}

/// The formulas that depend on time, over a range of it.
class Analysis {
 public:
  /// `relative`: what is negligible besides, as a fraction of the largest value seen over the whole range.
  Analysis(const TimedFormulas& timed, const Box& box, Span range, double relative)
      : range_(range), variables_(timed.variables), relative_(relative) {
    for (std::size_t k = 0; k < timed.formulas.size(); ++k) {
      if (!timed.formulas[k].depends_on(variables_.back())) continue;
      formulas_.push_back(timed.formulas[k]);
      negligible_.push_back(timed.negligible[k]);
    }
    if (formulas_.empty()) return;
    largest_.resize(formulas_.size(), 0.0);
    make_bounds();
    pieces_ = pieces_of(box, bounds_->of_time_alone());
    for (std::size_t axis = 0; axis + 1 < variables_.size(); ++axis)
      for (const auto& piece : pieces_) centres_[axis].push_back(0.5 * (piece[axis].low + piece[axis].high));
    values_ = Tape(formulas_, variables_);
    switches_ = Tape(bounds_->switches(), std::span(variables_).last(1));
  }

  [[nodiscard]] std::vector<Timeline::Break> breaks() {
    std::vector<Timeline::Break> found;
    if (formulas_.empty() || bounds_->switches().empty()) return found;
    for (const Span& edge : edges()) {
      auto change = change_in(edge);
      if (!change) continue;
      if (!found.empty() && change->before - found.back().after <= same_time * range_.length())
        found.back().after = change->after;
      else
        found.push_back(*change);
    }
    for (Timeline::Break& each : found)
      if (!jumps(each)) each.before = each.after;
    return within(std::move(found));
  }

  /// Stretches between the breaks; what is monotone from one to the next is known by its ends.
  [[nodiscard]] std::vector<Timeline::Stretch> stretches(const std::vector<Timeline::Break>& breaks) {
    std::vector<Timeline::Stretch> all;
    if (formulas_.empty()) return all;
    double from = range_.from;
    for (std::size_t k = 0; k <= breaks.size(); ++k) {
      const double to = k < breaks.size() ? breaks[k].before : range_.to;
      if (to - from > shortest * range_.length()) divide({from, to}, all);
      if (k < breaks.size()) from = breaks[k].after;
    }
    return all;
  }
  [[nodiscard]] double unseen() const { return unseen_; }

 private:
  /// Bounds of the formulas, then of their slopes in time; and of their third derivatives, where those do not grow too
  /// large.
  void make_bounds() {
    const std::string& t = variables_.back();
    std::vector<Expression> first = formulas_;
    for (const Expression& formula : formulas_) first.push_back(derivative(formula, t));
    bounds_.emplace(first, variables_);
    try {
      std::vector<Expression> third;
      for (std::size_t k = 0; k < formulas_.size(); ++k)
        third.push_back(derivative(derivative(first[formulas_.size() + k], t), t));
      bends_.emplace(third, variables_);
    } catch (const std::length_error&) {
      bends_.reset();
    }
  }

  [[nodiscard]] std::vector<double> answers(const Tape& switches, double t) const {
    std::vector<double> values(switches.output_count());
    std::vector<double*> outputs;
    for (double& value : values) outputs.push_back(&value);
    const TapeInput input = TapeInput::of(t);
    switches.evaluate({&input, 1}, 1, outputs);
    return values;
  }

  /// Intervals as narrow as they get within which some switch has no single answer.
  [[nodiscard]] std::vector<Span> edges() {
    std::vector<Span> open{range_}, next;
    for (double work = 0; !open.empty();) {
      next.clear();
      for (const Span& span : open) {
        bounds_->move_to({span.from, span.to});
        if (bounds_->decided()) continue;
        next.push_back({span.from, span.middle()});
        next.push_back({span.middle(), span.to});
      }
      work += static_cast<double>(open.size() * bounds_->size());
      std::swap(open, next);
      if (open.empty()) break;
      if (open.front().length() <= narrowest * range_.length()) break;
      if (work > most_work / 5) {
        unseen_ = std::max(unseen_, open.front().length());
        break;
      }
    }
    return open;
  }

  /// Between which neighbouring doubles the answers change on an edge.
  [[nodiscard]] std::optional<Timeline::Break> change_in(const Span& edge) const {
    const auto same = [&](const std::vector<double>& a, double t) {
      const std::vector<double> b = answers(switches_, t);
      for (std::size_t i = 0; i < a.size(); ++i)
        if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
      return true;
    };
    const std::vector<double> first = answers(switches_, edge.from), last = answers(switches_, edge.to);
    if (same(first, edge.to)) return std::nullopt;
    const auto bisect = [&](double low, double high, const auto& is_low) {
      for (double middle = low + 0.5 * (high - low); middle > low && middle < high; middle = low + 0.5 * (high - low))
        (is_low(middle) ? low : high) = middle;
      return Span{low, high};
    };
    const Span leaves = bisect(edge.from, edge.to, [&](double t) { return same(first, t); });
    const Span arrives = bisect(leaves.from, edge.to, [&](double t) { return !same(last, t); });
    return Timeline::Break{leaves.from, arrives.to};
  }

  /// Values of all formulas at the centres of the pieces.
  [[nodiscard]] std::vector<double> values_at(double t) const {
    const std::size_t n = pieces_.size();
    std::vector<double> values(n * formulas_.size());
    std::vector<TapeInput> inputs;
    for (std::size_t axis = 0; axis + 1 < variables_.size(); ++axis)
      inputs.push_back(TapeInput::of(centres_[axis].data()));
    inputs.push_back(TapeInput::of(t));
    std::vector<double*> outputs;
    for (std::size_t k = 0; k < formulas_.size(); ++k) outputs.push_back(values.data() + n * k);
    values_.evaluate(inputs, static_cast<Index>(n), outputs);
    return values;
  }

  /// Values change by more than rounding of what they are beside the break.
  [[nodiscard]] bool jumps(const Timeline::Break& at) const {
    constexpr double rounding = 1e-9, aside = 1e-3;
    const double away = aside * range_.length();
    const std::vector<double> left = values_at(at.before), right = values_at(at.after);
    const std::vector<double> earlier = values_at(std::max(at.before - away, range_.from)),
                              later = values_at(std::min(at.after + away, range_.to));
    for (std::size_t i = 0; i < left.size(); ++i) {
      const double size = std::abs(left[i]) + std::abs(right[i]) + std::abs(earlier[i]) + std::abs(later[i]);
      if (!(std::abs(left[i] - right[i]) <= rounding * size) || !std::isfinite(size)) return true;
    }
    return false;
  }

  /// A break at an end of the range belongs to that end; one where nothing jumps is none there.
  [[nodiscard]] std::vector<Timeline::Break> within(std::vector<Timeline::Break> breaks) const {
    const double near = same_time * range_.length();
    const auto at_end = [&](const Timeline::Break& b) {
      return b.before <= range_.from + near || b.after >= range_.to - near;
    };
    std::erase_if(breaks, [&](const Timeline::Break& b) { return b.before == b.after && at_end(b); });
    for (Timeline::Break& each : breaks) {
      if (each.before <= range_.from + near) each.before = range_.from;
      if (each.after >= range_.to - near) each.after = range_.to;
    }
    return breaks;
  }

  void divide(const Span& whole, std::vector<Timeline::Stretch>& all) {
    const std::vector<double> between = answers(switches_, whole.middle());
    bounds_->assume(between);
    if (bends_) bends_->assume(answers(Tape(bends_->switches(), std::span(variables_).last(1)), whole.middle()));
    if (is_monotone(whole)) return;
    std::vector<Span> open{whole}, next, done;
    while (!open.empty()) {
      next.clear();
      for (const Span& span : open) {
        const bool split = span.length() > shortest * range_.length() && !is_plain(span);
        if (!split || work_ > most_work) {
          if (split) unseen_ = std::max(unseen_, span.length());
          done.push_back(span);
          continue;
        }
        next.push_back({span.from, span.middle()});
        next.push_back({span.middle(), span.to});
      }
      std::swap(open, next);
    }
    if (done.size() == 1) return;
    std::sort(done.begin(), done.end(), [](const Span& a, const Span& b) { return a.from < b.from; });
    for (const Span& span : done) all.push_back({span.from, span.to});
  }

  [[nodiscard]] bool is_monotone(const Span& span) {
    bounds_->move_to({span.from, span.to});
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      bounds_->look_at(pieces_[i]);
      if (bounds_->sweeps()) return false;
      bounds_->look_at(centre(i));
      for (std::size_t k = 0; k < formulas_.size(); ++k) {
        const Interval slope = bounds_->of(formulas_.size() + k);
        if (!std::isfinite(slope.largest())) return false;
        const double rounding = 1e-12 * slope.largest();
        if (!(slope.low >= -rounding || slope.high <= rounding)) return false;
      }
    }
    return true;
  }

  /// Whether a step over the whole of it sees what there is to see.
  [[nodiscard]] bool is_plain(const Span& span) {
    const std::size_t n = pieces_.size();
    work_ += static_cast<double>(n * (bounds_->size() + (bends_ ? bends_->size() : 0)));
    std::vector<double> scale = values_at(span.from);
    for (const double t : {span.middle(), span.to}) {
      const std::vector<double> other = values_at(t);
      for (std::size_t i = 0; i < scale.size(); ++i)
        scale[i] = std::isnan(other[i]) ? other[i] : std::max(std::abs(scale[i]), std::abs(other[i]));
    }
    for (std::size_t i = 0; i < scale.size(); ++i)
      if (std::isfinite(scale[i])) largest_[i / n] = std::max(largest_[i / n], scale[i]);
    bounds_->move_to({span.from, span.to});
    if (bends_) bends_->move_to({span.from, span.to});
    std::size_t swept = 0;
    for (std::size_t i = 0; i < n; ++i) {
      bounds_->look_at(pieces_[i]);
      swept += bounds_->sweeps() ? 1 : 0;
      if (bends_) bends_->look_at(pieces_[i]);
      for (std::size_t k = 0; k < formulas_.size(); ++k)
        if (!is_plain(span.length(), k, i, scale[n * k + i])) return false;
    }
    return swept <= n / 16 || swept - swept_at_ends(span) <= n / 16;
  }

  /// One formula in a piece of the box, after both bounds have looked there.
  [[nodiscard]] bool is_plain(double length, std::size_t k, std::size_t i, double scale) {
    constexpr double bent = 4, varied = 0.1;
    if (!std::isfinite(scale)) return true;  // refused where it comes to that
    if (bends_ && bends_->of(k).largest() * length * length * length <= bent * scale) return true;
    const double most = bounds_->of(k).largest();
    if (most <= nothing || most * length <= negligible_[k] + relative_ * largest_[k] * range_.length()) return true;
    const Interval slope = bounds_->of(formulas_.size() + k);
    if (slope.largest() * length <= varied * scale) return true;
    bounds_->look_at(centre(i));
    const Interval range = bounds_->of(k);
    bounds_->look_at(pieces_[i]);
    return range.high - range.low <= varied * scale;
  }

  [[nodiscard]] std::array<Interval, 2> centre(std::size_t i) const {
    const auto at = [&](std::size_t axis) { return centres_[axis].empty() ? 0 : centres_[axis][i]; };
    return {Interval{at(0), at(0)}, Interval{at(1), at(1)}};
  }

  /// In how many pieces a condition of time and point has no single answer even at one time.
  [[nodiscard]] std::size_t swept_at_ends(const Span& span) {
    std::size_t most = 0;
    for (const double t : {span.from, span.to}) {
      std::size_t swept = 0;
      bounds_->move_to({t, t});
      for (const auto& piece : pieces_) {
        bounds_->look_at(piece);
        swept += bounds_->sweeps() ? 1 : 0;
      }
      most = std::max(most, swept);
    }
    return most;
  }

  Span range_;
  std::vector<std::string> variables_;
  std::vector<Expression> formulas_;
  std::vector<double> negligible_, largest_;
  double relative_;
  std::vector<std::array<Interval, 2>> pieces_;
  std::array<std::vector<double>, 2> centres_;
  std::optional<Enclosure> bounds_, bends_;
  Tape values_, switches_;
  double unseen_ = 0, work_ = 0;
};

}  // namespace

Timeline find_timeline(const TimedFormulas& timed, const Box& box, double from, double to) {
  if (!(to > from)) return {};
  Analysis analysis(timed, box, {from, to}, 0);
  std::vector<Timeline::Break> breaks = analysis.breaks();
  std::vector<Timeline::Stretch> stretches = analysis.stretches(breaks);
  return {std::move(breaks), std::move(stretches), analysis.unseen()};
}

std::vector<double> time_knots(std::span<const Expression> formulas, double from, double to) {
  if (!(to > from)) return {};
  constexpr double no_fraction = 1e-17;
  const TimedFormulas timed{{formulas.begin(), formulas.end()}, std::vector<double>(formulas.size(), 0.0), {"t"}};
  Analysis analysis(timed, {}, {from, to}, no_fraction);
  std::vector<double> knots;
  const std::vector<Timeline::Break> breaks = analysis.breaks();
  for (const auto& [before, after] : breaks) {
    knots.push_back(before);
    if (after > before) knots.push_back(after);
  }
  for (const auto& [begin, end] : analysis.stretches(breaks)) knots.push_back(begin);
  std::sort(knots.begin(), knots.end());
  knots.erase(std::unique(knots.begin(), knots.end()), knots.end());
  while (!knots.empty() && knots.front() <= from) knots.erase(knots.begin());
  while (!knots.empty() && knots.back() >= to) knots.pop_back();
  return knots;
}

}  // namespace fokker
