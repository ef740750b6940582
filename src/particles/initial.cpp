#include "fokker/particles/initial.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/particles/philox.hpp"
#include "fokker/particles/walls.hpp"

namespace fokker {
namespace {

using Columns = std::array<std::span<double>, 2>;
constexpr Index block = Tape::block;

bool in_box(const Grid& grid, const Position& position) {
  for (int k = 0; k < grid.dimension(); ++k) {
    const double x = position[k];
    if (!(x >= grid.axis(k).lower && x <= grid.axis(k).upper)) return false;
  }
  return true;
}

// ---- distributions of the whole space that can be drawn from
// ----------------------------------------------------------------

Position draw(const Sampler& sample, const Grid& grid, std::uint64_t seed, Index particle, std::uint64_t attempt) {
  const auto number = static_cast<std::uint64_t>(particle);
  const double choice = uniform_pair({seed, Purpose::initial_choice, attempt}, number)[0];
  Position position = sample(choice, normal_pair({seed, Purpose::initial_position, attempt}, number));
  for (int k = 0; k < grid.dimension(); ++k) {
    const Axis& axis = grid.axis(k);
    double& x = position[k];
    if (axis.periodic()) x -= (axis.upper - axis.lower) * std::floor((x - axis.lower) / (axis.upper - axis.lower));
  }
  return position;
}

bool lands_often_enough(const Sampler& sample, const Grid& grid, std::uint64_t seed) {
  constexpr Index trials = 1 << 14;
  Index landed = 0;
  for (Index n = 0; n < trials; ++n) landed += in_box(grid, draw(sample, grid, seed, n, 0));
  return 1000 * landed >= trials;
}

void position_drawn(const Sampler& sample, const Grid& grid, std::uint64_t seed, const Columns& columns) {
  parallel_for(0, std::ssize(columns[0]), block, [&](Index begin, Index end) {
    poll_stop();
    for (Index n = begin; n < end; ++n) {
      Position position = draw(sample, grid, seed, n, 0);
      for (std::uint64_t attempt = 1; !in_box(grid, position); ++attempt)
        position = draw(sample, grid, seed, n, attempt);
      for (std::size_t k = 0; k < static_cast<std::size_t>(grid.dimension()); ++k) columns[k][n] = position[k];
    }
  });
}

// ---- cell by cell ---------------------------------------------------------------------------------------------------

/// Point of a cell at the given fractions of its widths.
Position point_in_cell(const Grid& grid, Index cell, double across, double along) {
  const Index i = cell % grid.nx(), j = cell / grid.nx();
  const Axis& x = grid.axis(0);
  Position position{x.face(i) + across * (x.face(i + 1) - x.face(i)), 0};
  if (grid.dimension() > 1)
    position[1] = grid.axis(1).face(j) + along * (grid.axis(1).face(j + 1) - grid.axis(1).face(j));
  return position;
}

class CellTable {
 public:
  CellTable(const Grid& grid, const Field& cells, const Density* density) : grid_(grid), density_(density) {
    double total = 0;
    for (const double p : cells.values) cumulative_.push_back(total += std::max(p, 0.0));
    if (!(total > 0 && std::isfinite(total))) throw std::invalid_argument("the initial density has no mass in the box");
    for (double& c : cumulative_) c /= total;
    if (density_ != nullptr) find_bounds();
  }

  void position(std::uint64_t seed, Index begin, Index end, const Columns& columns) const {
    for (Index first = begin; first < end; first += block)
      position_block(seed, first, std::min(block, end - first), columns);
  }

 private:
  void find_bounds() {
    bounds_.assign(cumulative_.size(), 0.0);
    parallel_for(0, grid_.cells(), block, [&](Index begin, Index end) {
      for (Index first = begin; first < end; first += block) find_block_bounds(first, std::min(block, end - first));
    });
  }

  void find_block_bounds(Index first, Index n) {
    constexpr int samples = 5;
    std::array<std::array<double, block>, 2> at;
    std::array<double, block> values;
    for (int s = 0; s < (grid_.dimension() > 1 ? samples * samples : samples); ++s) {
      for (Index i = 0; i < n; ++i) {
        const Position position =
            point_in_cell(grid_, first + i, (s % samples + 0.5) / samples, (s / samples + 0.5) / samples);
        for (std::size_t k = 0; k < 2; ++k) at[k][i] = position[k];
      }
      density_->evaluate({n, grid_.dimension(), {at[0].data(), at[1].data()}}, values.data());
      for (Index i = 0; i < n; ++i) {
        double& bound = bounds_[first + i];
        const double value = values[i];
        if (std::isfinite(value)) bound = std::max(bound, 1.2 * value);
      }
    }
  }

  // All waiting particles of a block propose a position, the density is asked once for all of them.
  void position_block(std::uint64_t seed, Index first, Index n, const Columns& columns) const {
    constexpr std::uint64_t attempts = 64;
    std::array<Index, block> cells, waiting;
    std::array<std::array<double, block>, 2> proposed;
    std::array<double, block> values;
    for (Index i = 0; i < n; ++i) {
      const double choice = uniform_pair({seed, Purpose::initial_choice, 0}, static_cast<std::uint64_t>(first + i))[0];
      const auto found = std::lower_bound(cumulative_.begin(), cumulative_.end(), choice);
      cells[i] = std::min<Index>(found - cumulative_.begin(), grid_.cells() - 1);
      waiting[i] = i;
    }
    Index left = n;
    for (std::uint64_t attempt = 0; left > 0; ++attempt) {
      poll_stop();
      for (Index w = 0; w < left; ++w) {
        const Index i = waiting[w];
        const auto u = uniform_pair({seed, Purpose::initial_position, attempt}, static_cast<std::uint64_t>(first + i));
        const Position position = point_in_cell(grid_, cells[i], u[0], u[1]);
        for (std::size_t k = 0; k < 2; ++k) proposed[k][w] = position[k];
      }
      const bool choosy = density_ != nullptr && attempt < attempts;
      if (choosy)
        density_->evaluate({left, grid_.dimension(), {proposed[0].data(), proposed[1].data()}}, values.data());
      Index refused = 0;
      for (Index w = 0; w < left; ++w) {
        const Index i = waiting[w];
        if (choosy && refuses(seed, attempt, first + i, cells[i], values[w])) {
          waiting[refused++] = i;
          continue;
        }
        for (std::size_t k = 0; k < static_cast<std::size_t>(grid_.dimension()); ++k)
          columns[k][first + i] = proposed[k][w];
      }
      left = refused;
    }
  }

  [[nodiscard]] bool refuses(std::uint64_t seed, std::uint64_t attempt, Index particle, Index cell,
                             double value) const {
    const double bound = bounds_[cell];
    if (!(bound > 0)) return false;
    const auto number = static_cast<std::uint64_t>(particle);
    return uniform_pair({seed, Purpose::initial_acceptance, attempt}, number)[0] * bound > value;
  }

  const Grid& grid_;
  const Density* density_;
  std::vector<double> cumulative_, bounds_;
};

}  // namespace

void draw_particles(const Grid& grid, const InitialDistribution& distribution, std::uint64_t seed,
                    const Columns& columns) {
  if (distribution.point) {
    const std::vector<double>& point = *distribution.point;
    if (std::ssize(point) != grid.dimension() || grid.find(point) < 0)
      throw std::invalid_argument("the starting point lies outside the box");
    for (std::size_t k = 0; k < point.size(); ++k) std::fill(columns[k].begin(), columns[k].end(), point[k]);
    return;
  }
  if (const Sampler sample = distribution.density != nullptr ? distribution.density->sampler() : Sampler();
      sample && lands_often_enough(sample, grid, seed))
    return position_drawn(sample, grid, seed, columns);
  if (distribution.cells == nullptr)
    throw std::invalid_argument("particles need a point, a Gaussian mixture or cell averages");
  const CellTable table(grid, *distribution.cells, distribution.density);
  parallel_for(0, std::ssize(columns[0]), block,
               [&](Index begin, Index end) { table.position(seed, begin, end, columns); });
}

}  // namespace fokker
