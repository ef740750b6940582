#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/expression.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/grid/grid.hpp"

namespace fokker {

class CellKnife;
class UnseenCells;
struct Pieces;
struct WeightedRegion;

/// int g(x, t) p(x) dx over the box for one formula g and any p: p reconstructed conservatively inside cells (a
/// parabola per axis), g by 4 Gauss points per axis and cell, and per piece of cells in which g jumps, bends or does
/// more than these points see. Not divided by the mass. What can be is worked out once: where g = a(t) b(x) an answer
/// costs two operations a cell.
class FormulaIntegral {
 public:
  /// A probability is that of a condition, a formula that is 0 or 1: where p >= 0 it lies between 0 and the mass, for
  /// the parabola of a cell that is cut does not go below 0 then.
  enum class Of { mean, probability };

  /// `variables`: the axes, then time. Throws NumericalError, naming the place, where the formula is not finite, has a
  /// pole too strong to have an integral, or is no condition though it should be.
  FormulaIntegral(std::shared_ptr<const Grid> grid, const Expression& g, std::vector<std::string> variables, Of of);
  ~FormulaIntegral();
  FormulaIntegral(FormulaIntegral&&) noexcept;
  FormulaIntegral& operator=(FormulaIntegral&&) = delete;

  /// Throws as above, for time t. Allocates where g is no product of one formula of the axes and one of time.
  [[nodiscard]] double of(double t, std::span<const double> p) const;
  /// The answer costs a few operations per cell.
  [[nodiscard]] bool prepared() const { return !weights_.empty() || region_ != nullptr; }
  /// g is 0 all over the box at every t, as far as that was worked out once.
  [[nodiscard]] bool vanishes() const;
  /// At t = 0 g jumps or changes more often than cells can be cut for, or hides where it does.
  [[nodiscard]] bool coarse() const { return coarse_; }

 private:
  [[nodiscard]] std::vector<double> weights_of(const Pieces& pieces) const;  // of a g without t
  [[nodiscard]] std::unique_ptr<const WeightedRegion> region_of(const Pieces& pieces, double t) const;
  [[nodiscard]] double factor(double t) const;
  [[nodiscard]] Pieces pieces_at(double t) const;

  std::shared_ptr<const Grid> grid_;
  Tape tape_, factor_;  // of axes and time; of time
  std::unique_ptr<const CellKnife> knife_;
  std::unique_ptr<const UnseenCells> unseen_;  // null for a condition, which is 0 or 1 in whole cells
  Of of_;
  bool coarse_ = false;
  std::vector<double> weights_;                   // empty: g is no such product, or a condition
  std::unique_ptr<const WeightedRegion> region_;  // null: no condition, or one that moves
};

/// The same once, for a formula of the axes.
[[nodiscard]] double expectation(const Grid& grid, std::span<const double> p, const Expression& g,
                                 std::span<const std::string> axes);

}  // namespace fokker
