#pragma once
#include <span>
#include <vector>

#include "fokker/base/points.hpp"

namespace fokker {

/// x_l = b_l + gamma * (row_l . x): what leaves through the absorbing sides while x holds.
class OutflowRows {
 public:
  void add(Index row, Index column, double gamma_rate) { entries_.push_back({row, column, gamma_rate}); }
  void solve(Index cells, std::span<const double> b, std::span<double> x) const {
    for (std::size_t l = cells; l < b.size(); ++l) x[l] = b[l];
    for (const Entry& e : entries_) x[e.row] += e.value * x[e.column];
  }

 private:
  struct Entry {
    Index row, column;
    double value;
  };
  std::vector<Entry> entries_;
};

}  // namespace fokker
