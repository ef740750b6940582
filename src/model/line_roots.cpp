#include "line_roots.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace fokker {
namespace {

constexpr Index samples_of_cell = 4;
constexpr int most_halvings = 80;  // of a quarter of a cell: more than doubles carry

/// One formula between two points at which it has unlike signs.
struct Bracket {
  std::size_t formula = 0;
  double low = 0, high = 0, at_low = 0, at_high = 0;
};

/// The formulas along one line at one time.
class Profile {
 public:
  Profile(const Tape& tape, std::size_t dimension, const AxisLine& line, double t)
      : tape_(tape),
        dimension_(dimension),
        line_(line),
        t_(t),
        values_(static_cast<std::size_t>(tape.output_count())) {}

  void look_at(const std::vector<double>& x) {
    std::vector<double*> columns;
    for (std::vector<double>& column : values_) {
      column.resize(x.size());
      columns.push_back(column.data());
    }
    std::array<TapeInput, 3> inputs{TapeInput::of(line_.across), TapeInput::of(line_.across), TapeInput::of(t_)};
    inputs[line_.axis] = TapeInput::of(x.data());
    if (dimension_ == 1) inputs[1] = inputs[2];
    tape_.evaluate(std::span(inputs).first(dimension_ + 1), static_cast<Index>(x.size()), columns);
  }
  [[nodiscard]] double value(std::size_t formula, std::size_t point) const { return values_[formula][point]; }

 private:
  const Tape& tape_;
  std::size_t dimension_;
  const AxisLine& line_;
  double t_;
  std::vector<std::vector<double>> values_;
};

/// Samples of a line, ends included: exact mirror images about its middle.
std::vector<double> samples_of(const AxisLine& line) {
  const Index count = samples_of_cell * line.cells;
  std::vector<double> x;
  for (Index i = 0; i <= count; ++i) {
    const double fraction = static_cast<double>(std::min(i, count - i)) / static_cast<double>(count);
    const double step = fraction * (line.upper - line.lower);
    x.push_back(2 * i <= count ? line.lower + step : line.upper - step);
  }
  return x;
}

bool unlike(double u, double v) { return (u < 0 && v > 0) || (u > 0 && v < 0); }

/// Halves all brackets until their ends are neighbours; hands out the end nearer to 0.
void bisect(Profile& profile, std::vector<Bracket>& brackets, std::vector<double>& points) {
  std::vector<double> middle;
  for (int halving = 0; halving < most_halvings; ++halving) {
    middle.clear();
    for (const Bracket& b : brackets) middle.push_back(b.low + 0.5 * (b.high - b.low));
    profile.look_at(middle);
    bool done = true;
    for (std::size_t i = 0; i < brackets.size(); ++i) {
      Bracket& b = brackets[i];
      if (!(b.low < middle[i] && middle[i] < b.high)) continue;
      const double value = profile.value(b.formula, i);
      done = false;
      if (value == 0) b = {b.formula, middle[i], middle[i], 0, 0};
      if (unlike(b.at_low, value)) {
        b.high = middle[i];
        b.at_high = value;
      } else {  // also where it is no number
        b.low = middle[i];
        b.at_low = value;
      }
    }
    if (done) break;
  }
  for (const Bracket& b : brackets) points.push_back(std::abs(b.at_low) < std::abs(b.at_high) ? b.low : b.high);
}

}  // namespace

namespace {

/// 0 where it is too large to be had: the formula is then taken not to turn between two samples.
Expression slope_of(const Expression& formula, const std::string& variable) try {
  return derivative(formula, variable);
} catch (const std::length_error&) {
  return 0.0;
}

}  // namespace

LineRoots::LineRoots(const std::vector<Expression>& formulas, const std::vector<std::string>& variables,
                     std::size_t axis) {
  std::vector<Expression> outputs, slopes;
  for (const Expression& formula : formulas) {
    if (!formula.depends_on(variables[axis])) continue;
    outputs.push_back(formula);
    slopes.push_back(slope_of(formula, variables[axis]));
    depend_on_time_ = depend_on_time_ || formula.depends_on("t");
  }
  count_ = outputs.size();
  dimension_ = variables.size();
  outputs.insert(outputs.end(), slopes.begin(), slopes.end());
  std::vector<std::string> inputs = variables;
  inputs.emplace_back("t");
  if (count_ > 0) tape_ = Tape(outputs, inputs);
}

void LineRoots::find(const AxisLine& line, double t, std::vector<double>& points) const {
  points.clear();
  if (count_ == 0) return;
  const std::vector<double> x = samples_of(line);
  Profile profile(tape_, dimension_, line, t);
  profile.look_at(x);
  std::vector<Bracket> roots, turns;  // turns: where a formula comes nearer to 0 and goes back between two samples
  std::vector<std::array<double, 2>> beside;
  for (std::size_t k = 0; k < count_; ++k)
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double here = profile.value(k, i);
      if (here == 0) points.push_back(x[i]);
      if (i + 1 == x.size()) break;
      const double there = profile.value(k, i + 1);
      if (unlike(here, there)) roots.push_back({k, x[i], x[i + 1], here, there});
      const double slope = profile.value(count_ + k, i), after = profile.value(count_ + k, i + 1);
      if (here * there > 0 && unlike(here, slope) && unlike(slope, after)) {
        turns.push_back({count_ + k, x[i], x[i + 1], slope, after});
        beside.push_back({here, there});
      }
    }
  if (!turns.empty()) {
    std::vector<double> at;
    const std::vector<Bracket> around = turns;
    bisect(profile, turns, at);
    profile.look_at(at);
    for (std::size_t i = 0; i < at.size(); ++i) {
      const std::size_t k = around[i].formula - count_;
      const double value = profile.value(k, i);
      if (value == 0) points.push_back(at[i]);
      if (!unlike(beside[i][0], value)) continue;
      roots.push_back({k, around[i].low, at[i], beside[i][0], value});
      roots.push_back({k, at[i], around[i].high, value, beside[i][1]});
    }
  }
  bisect(profile, roots, points);
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
}

}  // namespace fokker
