#pragma once
#include <span>
#include <string>
#include <vector>

#include "band_elimination.hpp"
#include "markov_chain.hpp"
#include "scaled_system.hpp"

namespace fokker {

/// Geometric multigrid for M = shift - gamma A of a chain on a plane: the same drift and diffusion on every level
/// (markov_chain.hpp), three Chebyshev-Jacobi steps before and after, one visit of the coarser level from large grids
/// and two from small ones, direct elimination on the coarsest. In units of s (scaled_system.hpp): residuals are
/// averaged with the weight s, corrections of x/s interpolated bilinearly. A preconditioner: one cycle is a fixed
/// linear map.
///
/// Levels are numbered from the finest, 0.
class Multigrid {
 public:
  /// Why a chain cannot be treated; empty when it can.
  [[nodiscard]] static std::string refusal(const Chain& finest);

  Multigrid(Chain finest, double shift, double gamma);

  [[nodiscard]] std::size_t levels() const { return levels_.size(); }
  [[nodiscard]] const Chain& chain(std::size_t level) const { return levels_[level].chain; }
  [[nodiscard]] const ScaledChain& system(std::size_t level) const { return levels_[level].system; }
  [[nodiscard]] const BandElimination& coarsest() const { return coarsest_; }
  /// log s of a level; empty: s = 1. From the coarsest level up, each before the first cycle that visits it. A
  /// stationary problem takes every level's own stationary distribution: each level then has the solution u = 1, and
  /// what interpolation carries from one to the next is a relative correction.
  void scale(std::size_t level, std::vector<double> log_s);
  /// u ~ (D^-1 M)^-1 g on a level; padded columns, not the same.
  void cycle(std::size_t level, const double* g, double* u);
  /// Cell values of the next coarser level as values of this one, linear between the cell centres and beyond them.
  [[nodiscard]] std::vector<double> interpolated(std::size_t level, std::span<const double> coarse) const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Level {
    explicit Level(Chain c) : chain(std::move(c)), system(chain) {}
    Chain chain;
    Halving halving{};  // to the next one
    ScaledChain system;
    std::vector<double> log_s, weight;  // weight: fraction of a residual in that of its coarse cell
    PaddedColumn g, u, d, other;
  };
  static std::vector<Level> coarsened_levels(Chain finest);
  void improve(std::size_t number, const double* g, double* u, bool from_zero);
  static void smooth_from_zero(Level& level, const double* g, double* u);
  static void smooth(Level& level, const double* g, double* from, double* to);
  void eliminate(const double* g, double* u);

  double shift_, gamma_;
  std::vector<Level> levels_;
  BandElimination coarsest_;
  std::vector<double> stationary_, right_, solution_;  // of the coarsest
};

}  // namespace fokker
