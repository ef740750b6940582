#include "fokker/analysis/formula_integral.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "cell_pieces.hpp"
#include "fokker/base/compensated_sum.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/quadrature.hpp"
#include "marginals.hpp"
#include "reconstruction.hpp"
#include "unseen_cells.hpp"

namespace fokker {

/// The cells in which a condition holds, and the moments of those that are cut.
struct WeightedRegion {
  std::vector<CellRun> whole;
  std::vector<std::pair<Index, CellMoments>> cut;
};

namespace {

using Rule = GaussRule<4>;

std::string not_finite(double value) {
  return std::isnan(value) ? "is not a number" : value > 0 ? "is infinite" : "is minus infinite";
}

/// A formula on its way over the points of cells.
class Walk {
 public:
  Walk(const Grid& grid, const Tape& g, double t)
      : grid_(grid), g_(g), t_(t), rows_(grid.dimension() > 1 ? Rule::node.size() : 1) {}

  /// visit(cell, values at its Gauss points) for cells of a run; throws NumericalError where g is not finite.
  template <class Visit>
  void over(const CellRun& run, const Visit& visit) const {
    const std::size_t points = Rule::node.size() * rows_;
    const Index block = Tape::block / static_cast<Index>(points);
    std::array<double, Tape::block> x, y, values;
    for (Index begin = run.first; begin < run.first + run.count; begin += block) {
      const Index end = std::min(begin + block, run.first + run.count);
      std::size_t at = 0;
      for (Index cell = begin; cell < end; ++cell)
        for (std::size_t b = 0; b < rows_; ++b)
          for (std::size_t a = 0; a < Rule::node.size(); ++a, ++at) {
            x[at] = grid_.axis(0).center(cell % grid_.nx()) + Rule::node[a] / 2 * grid_.axis(0).width();
            y[at] =
                rows_ == 1 ? 0 : grid_.axis(1).center(cell / grid_.nx()) + Rule::node[b] / 2 * grid_.axis(1).width();
          }
      evaluate(std::span(x).first(at), std::span(y).first(at), std::span(values).first(at));
      at = 0;
      for (Index cell = begin; cell < end; ++cell, at += points) visit(cell, values.data() + at);
    }
  }
  /// visit(x, y, weight) for the Gauss points of a cell of unit widths, in the order of `over`.
  template <class Visit>
  void nodes(const Visit& visit) const {
    for (std::size_t b = 0; b < rows_; ++b)
      for (std::size_t a = 0; a < Rule::node.size(); ++a)
        visit(Rule::node[a] / 2, rows_ == 1 ? 0 : Rule::node[b] / 2,
              Rule::weight[a] / 2 * (rows_ == 1 ? 1 : Rule::weight[b] / 2));
  }

  void evaluate(std::span<const double> x, std::span<const double> y, std::span<double> values) const {
    fill(x, y, values);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i])) refuse(x[i], y[i], not_finite(values[i]));
  }
  [[nodiscard]] double value(const std::array<double, 2>& at) const {
    double u = 0;
    fill({&at[0], 1}, {&at[1], 1}, {&u, 1});
    return u;
  }
  void fill(std::span<const double> x, std::span<const double> y, std::span<double> values) const {
    std::array inputs{TapeInput::of(x.data()), TapeInput::of(y.data()), TapeInput::of(t_)};
    if (rows_ == 1) inputs[1] = inputs[2];
    double* const out = values.data();
    g_.evaluate(std::span(inputs).first(rows_ == 1 ? 2 : 3), static_cast<Index>(values.size()), {&out, 1});
  }

  [[noreturn]] void refuse(double x, double y, const std::string& what) const {
    std::string at = fmt::format("{} = {:.6g}", grid_.axis(0).name, x);
    if (rows_ > 1) at += fmt::format(", {} = {:.6g}", grid_.axis(1).name, y);
    throw NumericalError(fmt::format("{} at {}", what, at), t_);
  }

  /// Throws where the formula grows towards a point like what has no integral.
  void require_integral(std::span<const Suspect> suspects) const {
    for (const Suspect& where : suspects) {
      const double near = std::abs(value(where.near)), nearer = std::abs(value(where.nearer));
      if (std::isfinite(near) && near > 0 && !(nearer < where.growth * near))
        refuse(where.nearer[0], where.nearer[1], "has a pole without an integral");
    }
  }

  /// Moments of g over a cell that is cut.
  [[nodiscard]] CellMoments moments(const Pieces& pieces, const Pieces::Cut& cut, std::vector<double>& values) const {
    values.resize(cut.count);
    const std::span x = std::span(pieces.x).subspan(cut.first, cut.count),
                    y = std::span(pieces.y).subspan(cut.first, cut.count);
    evaluate(x, y, values);
    const Axis& first = grid_.axis(0);
    const double cx = first.center(cut.cell % grid_.nx()),
                 cy = rows_ == 1 ? 0 : grid_.axis(1).center(cut.cell / grid_.nx()), hx = first.width(),
                 hy = rows_ == 1 ? 1 : grid_.axis(1).width();
    CellMoments sum;
    for (std::size_t i = 0; i < cut.count; ++i)
      sum.add(pieces.weight[cut.first + i] * values[i], (x[i] - cx) / hx, rows_ == 1 ? 0 : (y[i] - cy) / hy);
    return sum;
  }

 private:
  const Grid& grid_;
  const Tape& g_;
  double t_;
  std::size_t rows_;
};

/// int g p dx of every cell over its volume, added up.
double integral_of(const Grid& grid, const Walk& walk, const Pieces& pieces, std::span<const double> p) {
  const Reconstruction reconstruction(grid, p);
  std::vector<double> cells(p.size());
  const auto parabola = [&](Index cell) { return reconstruction(cell % grid.nx(), cell / grid.nx()); };
  for (const CellRun& run : pieces.whole)
    parallel_for(run.first, run.first + run.count, 1024, [&](Index first, Index last) {
      walk.over({first, last - first}, [&](Index cell, const double* values) {
        const Parabola inside = parabola(cell);
        double integral = 0;
        walk.nodes([&](double x, double y, double weight) { integral += weight * *values++ * inside.at(x, y); });
        cells[static_cast<std::size_t>(cell)] = integral;
      });
    });
  std::vector<double> values;
  for (const Pieces::Cut& cut : pieces.cut)
    cells[static_cast<std::size_t>(cut.cell)] = parabola(cut.cell).integral(walk.moments(pieces, cut, values));
  walk.require_integral(pieces.suspects);
  return grid.volume() * total(cells);
}

/// The factor of time of g, and what is left: 1 and g itself where there is none.
CommonFactor in_time(const Expression& g) try { return common_factor({&g, 1}, "t"); } catch (const std::length_error&) {
  return {};
}

}  // namespace

FormulaIntegral::FormulaIntegral(std::shared_ptr<const Grid> grid, const Expression& g,
                                 std::vector<std::string> variables, Of of)
    : grid_(std::move(grid)), of_(of) {
  const CommonFactor split = g.depends_on("t") && of == Of::mean ? in_time(g) : CommonFactor{};
  const Expression rest = split.found ? split.rest[0] : g, factor = split.found ? split.factor : Expression(1.0);
  tape_ = Tape({&rest, 1}, variables);
  factor_ = Tape({&factor, 1}, std::span(variables).last(1));
  if (of == Of::mean) unseen_ = std::make_unique<UnseenCells>(*grid_, rest, variables);
  knife_ = std::make_unique<CellKnife>(grid_, rest, std::move(variables));
  const Pieces pieces = pieces_at(0);
  coarse_ = pieces.coarse;
  if (rest.depends_on("t")) return;
  if (of == Of::mean)
    weights_ = weights_of(pieces);
  else
    region_ = region_of(pieces, 0);
}

FormulaIntegral::~FormulaIntegral() = default;
FormulaIntegral::FormulaIntegral(FormulaIntegral&&) noexcept = default;

Pieces FormulaIntegral::pieces_at(double t) const {
  Pieces pieces = knife_->at(t);
  if (unseen_) unseen_->cut(t, pieces);
  return pieces;
}

bool FormulaIntegral::vanishes() const {
  if (region_) return region_->whole.empty() && region_->cut.empty();
  return !weights_.empty() && std::all_of(weights_.begin(), weights_.end(), [](double weight) { return weight == 0; });
}

double FormulaIntegral::factor(double t) const {
  const TapeInput input = TapeInput::of(t);
  double value = 0;
  double* const out = &value;
  factor_.evaluate({&input, 1}, 1, {&out, 1});
  if (!std::isfinite(value)) throw NumericalError(not_finite(value), t);
  return value;
}

std::vector<double> FormulaIntegral::weights_of(const Pieces& pieces) const {
  const Walk walk(*grid_, tape_, 0);
  const Reconstruction by_neighbours(*grid_, {});
  std::vector<double> weights(static_cast<std::size_t>(grid_->cells())), values;
  const auto add = [&](Index cell, const CellMoments& g) {
    by_neighbours.add_weights(cell % grid_->nx(), cell / grid_->nx(), g, weights);
  };
  for (const CellRun& run : pieces.whole)
    walk.over(run, [&](Index cell, const double* g) {
      CellMoments sum;
      walk.nodes([&](double x, double y, double weight) { sum.add(weight * *g++, x, y); });
      add(cell, sum);
    });
  for (const Pieces::Cut& cut : pieces.cut) add(cut.cell, walk.moments(pieces, cut, values));
  walk.require_integral(pieces.suspects);
  return weights;
}

std::unique_ptr<const WeightedRegion> FormulaIntegral::region_of(const Pieces& pieces, double t) const {
  const Walk walk(*grid_, tape_, t);
  auto region = std::make_unique<WeightedRegion>();
  const auto require_condition = [&](double value, double x, double y) {
    if (value != 0 && value != 1)
      walk.refuse(x, y,
                  fmt::format("is no condition, which is 0 or 1 (a comparison, or a product of some): {:.6g}", value));
  };
  const PointsIn centers = grid_->centers();
  std::vector<double> values;
  for (const CellRun& run : pieces.whole) {
    const auto column = [&](std::size_t k) {
      return std::span(centers.axis[centers.dimension > 1 ? k : 0] + run.first, static_cast<std::size_t>(run.count));
    };
    values.resize(static_cast<std::size_t>(run.count));
    walk.evaluate(column(0), column(1), values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      require_condition(values[i], column(0)[i], column(1)[i]);
      if (values[i] == 0) continue;
      const Index cell = run.first + static_cast<Index>(i);
      if (i > 0 && values[i - 1] != 0)
        ++region->whole.back().count;
      else
        region->whole.push_back({cell, 1});
    }
  }
  for (const Pieces::Cut& cut : pieces.cut) {
    const CellMoments moments = walk.moments(pieces, cut, values);
    for (std::size_t i = 0; i < cut.count; ++i)
      require_condition(values[i], pieces.x[cut.first + i], pieces.y[cut.first + i]);
    region->cut.emplace_back(cut.cell, moments);
  }
  return region;
}

double FormulaIntegral::of(double t, std::span<const double> p) const {
  if (!weights_.empty()) {
    const double *weight = weights_.data(), *values = p.data();
    return factor(t) * grid_->volume() * row_sum(p.size(), [=](std::size_t i) { return weight[i] * values[i]; });
  }
  if (of_ == Of::mean) return factor(t) * integral_of(*grid_, Walk(*grid_, tape_, t), pieces_at(t), p);
  const std::unique_ptr<const WeightedRegion> now = region_ ? nullptr : region_of(pieces_at(t), t);
  const WeightedRegion& region = region_ ? *region_ : *now;
  const Reconstruction reconstruction(*grid_, p);
  CompensatedSum sum;
  for (const CellRun& run : region.whole) {
    const double* const values = p.data() + run.first;
    sum.add(row_sum(static_cast<std::size_t>(run.count), [=](std::size_t i) { return values[i]; }));
  }
  for (const auto& [cell, moments] : region.cut)
    sum.add(reconstruction(cell % grid_->nx(), cell / grid_->nx()).not_negative().integral(moments));
  return grid_->volume() * sum.value();
}

double expectation(const Grid& grid, std::span<const double> p, const Expression& g,
                   std::span<const std::string> axes) {
  std::vector<std::string> variables(axes.begin(), axes.end());
  variables.emplace_back("t");
  const Tape tape({&g, 1}, variables);
  const std::shared_ptr<const Grid> borrowed(&grid, [](const Grid*) {});
  Pieces pieces = CellKnife(borrowed, g, variables).at(0);
  UnseenCells(grid, g, variables).cut(0, pieces);
  return integral_of(grid, Walk(grid, tape, 0), pieces, p);
}

}  // namespace fokker
