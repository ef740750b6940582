#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/enclosure.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/grid/grid.hpp"

namespace fokker {

/// Cells of a row of the grid, side by side.
struct CellRun {
  Index first = 0, count = 0;
};

/// Where to take a formula to see whether it has an integral: near a zero of a denominator, and nearer.
struct Suspect {
  std::array<double, 2> near{}, nearer{};
  double growth = 0;  ///< from one to the other; more, and there is no integral
};

/// The grid as a formula sees it at one time: cells in which it is smooth, and the points that stand for the others.
struct Pieces {
  struct Cut {
    Index cell = 0;
    std::size_t first = 0, count = 0;  ///< of the points
  };
  std::vector<CellRun> whole;
  std::vector<Cut> cut;
  std::vector<double> x, y, weight;  ///< points [x]; the weights of a cell sum to 1
  std::vector<Suspect> suspects;
  bool coarse = false;  ///< some jump was not followed to the end: its formula says too little about itself
};

/// Cuts cells along the lines where a formula jumps, bends or has a pole, so that it is smooth in every piece: 4 Gauss
/// points per axis and piece. Interval arithmetic finds the cells, and misses none; in a plane each piece has one
/// curved side, whose points are found along straight lines (Saye 2015), or is halved until that is so, at most to
/// 2^-10 of a cell.
class CellKnife {
 public:
  /// `variables`: the axes, then time.
  CellKnife(std::shared_ptr<const Grid> grid, const Expression& formula, std::vector<std::string> variables);
  [[nodiscard]] Pieces at(double t) const;

 private:
  class Cutting;

  std::shared_ptr<const Grid> grid_;
  std::size_t breaks_ = 0, first_pole_ = 0;
  std::vector<std::array<bool, 2>> depends_;  // of each break: on the axes
  std::vector<Tape> values_;                  // of each break
  Enclosure bounds_;                          // of the breaks, then of their slopes, axis by axis
};

}  // namespace fokker
