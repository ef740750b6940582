#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "fokker/base/parallel.hpp"
#include "fokker/base/quadrature.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/model/density.hpp"

namespace fokker {
namespace {

using Rule = KronrodRule15;
constexpr Index rule_points = static_cast<Index>(Rule::node.size());

/// NaN is the lowest of all.
bool below(double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; }

/// A part of a cell, and what the two orders say about the average over it.
struct Patch {
  Index cell;
  std::array<double, 2> lower, upper;
  double fraction;                    ///< of the volume of its cell
  double average = 0;                 ///< Kronrod along both axes
  std::array<double, 2> error{0, 0};  ///< |Kronrod - Gauss| along each axis, Kronrod along the other
  Lowest lowest = {};
};

/// Evaluates one patch on its tensor points (15, or 225 in 2D).
void integrate(const Tape& tape, double t, int dimension, Patch& patch) {
  const Index rows = dimension == 2 ? rule_points : 1;
  std::array<double, rule_points * rule_points> x, y, value;
  const auto at = [&](int axis, Index q) {
    return 0.5 * (patch.lower[axis] + patch.upper[axis]) +
           0.5 * (patch.upper[axis] - patch.lower[axis]) * Rule::node[q];
  };
  for (Index j = 0; j < rows; ++j)
    for (Index i = 0; i < rule_points; ++i) {
      x[i + rule_points * j] = at(0, i);
      y[i + rule_points * j] = dimension == 2 ? at(1, j) : 0;
    }
  std::array<TapeInput, 3> inputs{TapeInput::of(x.data()), TapeInput::of(y.data()), TapeInput::of(t)};
  if (dimension == 1) inputs[1] = inputs[2];
  double* const output = value.data();
  tape.evaluate(std::span(inputs).first(static_cast<std::size_t>(dimension) + 1), rule_points * rows, {&output, 1});

  const auto points = std::span(value).first(static_cast<std::size_t>(rule_points * rows));
  const std::size_t least = std::min_element(points.begin(), points.end(), below) - points.begin();
  patch.lowest = {points[least], patch.cell, {x[least], y[least]}};

  double both = 0, gauss_x = 0, gauss_y = 0;  // averages: half the weights, which sum to 2
  for (Index j = 0; j < rows; ++j) {
    double kronrod = 0, gauss = 0;
    for (Index i = 0; i < rule_points; ++i) {
      kronrod += 0.5 * Rule::weight[i] * value[i + rule_points * j];
      gauss += 0.5 * Rule::gauss[i] * value[i + rule_points * j];
    }
    const double weight = dimension == 2 ? 0.5 * Rule::weight[j] : 1;
    both += weight * kronrod;
    gauss_x += weight * gauss;
    gauss_y += (dimension == 2 ? 0.5 * Rule::gauss[j] : 1) * kronrod;
  }
  patch.average = both;
  patch.error = {std::abs(both - gauss_x), std::abs(both - gauss_y)};
}

/// Halves the patch along every axis on which the orders disagree.
void bisect(const Patch& patch, const std::array<bool, 2>& split, std::vector<Patch>& parts) {
  const std::size_t first = parts.size();
  parts.push_back(patch);
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (!split[axis]) continue;
    const double middle = 0.5 * (patch.lower[axis] + patch.upper[axis]);
    for (std::size_t k = first, end = parts.size(); k < end; ++k) {
      parts[k].fraction *= 0.5;
      parts.push_back(parts[k]);
      parts[k].upper[axis] = middle;
      parts.back().lower[axis] = middle;
    }
  }
}

}  // namespace

FormulaDensity::FormulaDensity(const Expression& formula, std::vector<std::string> variables, double t)
    : variables_(std::move(variables)), t_(t) {
  if (variables_.empty() || variables_.size() > 2) throw std::invalid_argument("a density needs 1 or 2 axes");
  std::vector<std::string> inputs = variables_;
  inputs.emplace_back("t");
  tape_ = Tape({&formula, 1}, inputs);
}

int FormulaDensity::dimension() const { return static_cast<int>(variables_.size()); }

/// Level by level: what two orders agree on to 1e-13 of the largest average is added to its cell, the rest is halved.
/// A jump or a kink gains a bit or two per level. The work is bounded: at 40 levels, or when a level would hold more
/// patches than the grid has cells (and 2^18), the best estimate so far stands. A value that is no number is handed on
/// at once, for the caller to report.
Lowest FormulaDensity::averages_and_lowest(const CellFaces& faces, std::span<double> out) const {
  constexpr double agreement = 1e-13;
  constexpr int levels = 40;
  const Index nx = static_cast<Index>(faces.axis[0].size()) - 1;
  const std::size_t most = std::max<std::size_t>(out.size(), std::size_t{1} << 18);
  std::fill(out.begin(), out.end(), 0.0);

  std::vector<Patch> patches(out.size()), finer;
  for (Index c = 0; c < static_cast<Index>(out.size()); ++c) {
    const Index i = c % nx, j = c / nx;
    patches[c] = {.cell = c, .lower = {faces.axis[0][i], 0}, .upper = {faces.axis[0][i + 1], 0}, .fraction = 1};
    if (dimension() == 2) {
      patches[c].lower[1] = faces.axis[1][j];
      patches[c].upper[1] = faces.axis[1][j + 1];
    }
  }
  double largest = 0;
  Lowest lowest;
  for (int level = 0; !patches.empty(); ++level) {
    parallel_for(0, static_cast<Index>(patches.size()), 64, [&](Index begin, Index end) {
      poll_stop();
      for (Index k = begin; k < end; ++k) integrate(tape_, t_, dimension(), patches[k]);
    });
    if (level == 0)
      for (const Patch& patch : patches) largest = std::max(largest, std::abs(patch.average));
    const bool last = level == levels || patches.size() > most;
    finer.clear();
    for (const Patch& patch : patches) {
      if (below(patch.lowest.value, lowest.value)) lowest = patch.lowest;
      const auto disagrees = [&](double error) { return error * patch.fraction > agreement * largest; };
      const std::array<bool, 2> split{disagrees(patch.error[0]), disagrees(patch.error[1])};
      if (last || !std::isfinite(patch.average) || !(split[0] || split[1]))
        out[patch.cell] += patch.fraction * patch.average;
      else
        bisect(patch, split, finer);
    }
    std::swap(patches, finer);
  }
  return lowest;
}

void FormulaDensity::cell_averages(const CellFaces& faces, std::span<double> out) const {
  static_cast<void>(averages_and_lowest(faces, out));
}

void FormulaDensity::evaluate(const PointsIn& x, double* out) const {
  std::array<TapeInput, 3> inputs;
  for (int k = 0; k < dimension(); ++k) inputs[k] = TapeInput::of(x.axis[k]);
  inputs[dimension()] = TapeInput::of(t_);
  tape_.evaluate(std::span(inputs).first(static_cast<std::size_t>(dimension()) + 1), x.size, {&out, 1});
}

}  // namespace fokker
