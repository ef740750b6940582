#include "marginals.hpp"

namespace fokker {

Marginals marginals(const Grid& grid, std::span<const double> p) {
  constexpr Index together = 32;  // rows added up before the sums are compensated
  const std::size_t nx = grid.nx();
  std::vector<CompensatedSum> columns(nx);
  std::vector<double> some(nx);
  Marginals all;
  for (Index first = 0; first < grid.ny(); first += together) {
    std::fill(some.begin(), some.end(), 0.0);
    for (Index j = first; j < std::min(first + together, grid.ny()); ++j) {
      const double* const row = p.data() + grid.nx() * j;
      for (std::size_t i = 0; i < nx; ++i) some[i] += row[i];
      if (grid.dimension() > 1) all[1].push_back(row_sum(nx, [row](std::size_t i) { return row[i]; }));
    }
    for (std::size_t i = 0; i < nx; ++i) columns[i].add(some[i]);
  }
  for (const CompensatedSum& sum : columns) all[0].push_back(sum.value());
  return all;
}

}  // namespace fokker
