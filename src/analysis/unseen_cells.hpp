#pragma once
#include <span>
#include <string>

#include "cell_pieces.hpp"

namespace fokker {

/// Finds whole cells in which 4 Gauss points per axis do not see a formula, and cuts them in equal parts: twice as many
/// until half as many have the same integral, and until no part can hold more than its points show (interval
/// arithmetic: a peak that falls between all points is found by its bounds). At most 256 parts of a cell; more would be
/// needed: `pieces.coarse`. A peak lower than 1e-2 of the largest value is left alone.
class UnseenCells {
 public:
  /// `variables`: the axes, then time. The grid outlives this.
  UnseenCells(const Grid& grid, const Expression& formula, std::span<const std::string> variables);
  void cut(double t, Pieces& pieces) const;

 private:
  class Search;

  const Grid& grid_;
  Tape tape_;
  Enclosure bounds_;
};

}  // namespace fokker
