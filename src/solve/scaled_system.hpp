#pragma once
#include <span>
#include <vector>

#include "markov_chain.hpp"

namespace fokker {

/// One value per cell with zeros around it, so that neighbours beyond the ends can be read.
class PaddedColumn {
 public:
  PaddedColumn() = default;
  PaddedColumn(Index cells, Index padding)
      : padding_(padding), values_(static_cast<std::size_t>(cells + 2 * padding)) {}
  [[nodiscard]] double* data() { return values_.data() + padding_; }
  [[nodiscard]] const double* data() const { return values_.data() + padding_; }

 private:
  Index padding_ = 0;
  std::vector<double> values_;
};

/// M = shift - gamma A of a chain in units of a positive density s, each row divided by its diagonal:
///
///     (D^-1 M u)_i = u_i - sum_j C_ij u_j,    C_ij = gamma A_ij s_j / (s_i D_i),    D_i = shift + gamma * exit rate
///
/// C >= 0. For shift = 0 and the stationary s its rows sum to 1: u = 1 is the solution, in every cell to the same
/// relative accuracy. For shift > 0 and s = 1 it is the matrix of an implicit step.
class ScaledChain {
 public:
  /// Allocates for chains of this shape.
  explicit ScaledChain(const Chain& shape);
  /// log_s: empty for s = 1. Differences of log_s along an edge count up to 600 only.
  void build(const Chain& chain, double shift, double gamma, std::span<const double> log_s);

  [[nodiscard]] Index cells() const { return cells_; }
  [[nodiscard]] PaddedColumn column() const { return {cells_, padding_}; }
  [[nodiscard]] const std::vector<double>& diagonal() const { return diagonal_; }  ///< D [1 for gamma = 0]

  /// r = g - u + C u
  void residual(const double* g, const double* u, double* r) const;
  /// out = u - C u
  void apply(const double* u, double* out) const;
  /// A Chebyshev step: d = keep * d + take * (g - u + C u), out = u + d.
  void smooth(const double* g, const double* u, double keep, double take, double* d, double* out) const;
  /// The residuals of the children of every coarse cell, weighted and added up; nothing of it is stored in between.
  void restrict_residual(const double* g, const double* u, const double* weight, Halving halving, Index nx,
                         double* coarse) const;

  [[nodiscard]] std::size_t bytes() const;

 private:
  /// C_ij for j = i + shift, whole columns, zero where the chain has no edge.
  struct Band {
    Index shift;
    std::vector<double> values;
  };
  /// An edge around a periodic axis.
  struct Wrap {
    Index cell, other;
    double value;
  };
  void gather(const double* u, Index first, Index count, double* out) const;

  Index cells_, padding_;
  std::vector<Band> bands_;
  std::vector<Wrap> wraps_;  // by cell
  std::vector<double> diagonal_;
};

}  // namespace fokker
