#include "band_elimination.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fokker/base/errors.hpp"
#include "fokker/base/stop.hpp"

namespace fokker {
namespace {

/// n numbers folded around `root`, it being last: ..., root - 2, root + 1, root - 1, root. Neighbours on a line and on
/// a ring are at most 2 apart (but at the end of a line, where one side is used up first).
std::vector<Index> folded(Index n, Index root) {
  std::vector<Index> order{root};
  for (Index k = 1; static_cast<Index>(order.size()) < n; ++k) {
    order.push_back((root + k) % n);
    if (static_cast<Index>(order.size()) < n) order.push_back(((root - k) % n + n) % n);
  }
  std::reverse(order.begin(), order.end());
  return order;
}

/// The position of every cell in the order of elimination: lines along the shorter axis, folded around that of the
/// root, each folded likewise.
std::vector<Index> positions(const Chain& chain, Index root) {
  const bool rows = chain.nx <= chain.ny;
  const Index count = rows ? chain.ny : chain.nx, length = rows ? chain.nx : chain.ny;
  const std::vector<Index> lines = folded(count, rows ? root / chain.nx : root % chain.nx),
                           along = folded(length, rows ? root % chain.nx : root / chain.nx);
  std::vector<Index> position(chain.cells());
  Index next = 0;
  for (const Index line : lines)
    for (const Index k : along) position[rows ? k + chain.nx * line : line + chain.nx * k] = next++;
  return position;
}

Index band_of(const Chain& chain, const std::vector<Index>& position) {
  Index band = 0;
  chain.for_edges(
      [&](Index L, Index R, double, double) { band = std::max(band, std::abs(position[L] - position[R])); });
  return band;
}

}  // namespace

double BandElimination::cost(const Chain& chain) {
  const auto line = static_cast<double>(std::min(chain.nx, chain.ny));
  const double least = static_cast<double>(chain.cells()) * line * line;
  if (least > 1e10) return least;  // not worth looking closer
  const auto band = static_cast<double>(band_of(chain, positions(chain, 0)));
  return static_cast<double>(chain.cells()) * band * band;
}

BandElimination::BandElimination(const Chain& chain, double shift, double gamma, Index root)
    : n_(chain.cells()),
      singular_(shift == 0),
      position_(positions(chain, root)),
      pivot_(static_cast<std::size_t>(n_)),
      work_(static_cast<std::size_t>(n_)) {
  band_ = band_of(chain, position_);
  rates_.assign(static_cast<std::size_t>(n_ * (2 * band_ + 1)), 0.0);
  std::vector<double> keep(n_, shift);
  for (std::size_t cell = 0; cell < chain.outflow.size(); ++cell) keep[position_[cell]] += gamma * chain.outflow[cell];
  chain.for_edges([&](Index L, Index R, double forward, double backward) {
    if (L == R) return;
    entry(position_[R], position_[L]) += gamma * forward;
    entry(position_[L], position_[R]) += gamma * backward;
  });
  for (Index k = 0; k < n_; ++k) {
    poll_stop();
    const Index end = std::min(n_, k + band_ + 1);
    double pivot = keep[k];
    for (Index i = k + 1; i < end; ++i) pivot += entry(i, k);
    pivot_[k] = pivot;
    if (k + 1 == n_) break;
    if (!(pivot > 0)) throw NumericalError("the chain of cells falls into parts that do not reach each other", 0);
    for (Index j = k + 1; j < end; ++j) {
      const double fraction = entry(k, j) / pivot;
      if (fraction == 0) continue;
      keep[j] += keep[k] * fraction;
      for (Index i = k + 1; i < end; ++i)
        if (i != j) entry(i, j) += entry(i, k) * fraction;
    }
  }
}

void BandElimination::solve(std::span<const double> b, std::span<double> x) const {
  std::vector<double>& y = work_;
  for (Index cell = 0; cell < n_; ++cell) y[position_[cell]] = b[cell];
  for (Index k = 0; k + 1 < n_; ++k) {
    const double fraction = y[k] / pivot_[k];
    for (Index i = k + 1; i < std::min(n_, k + band_ + 1); ++i) y[i] += entry(i, k) * fraction;
  }
  y[n_ - 1] = singular_ ? 0 : y[n_ - 1] / pivot_[n_ - 1];
  for (Index k = n_ - 1; k-- > 0;) {
    double sum = y[k];
    for (Index j = k + 1; j < std::min(n_, k + band_ + 1); ++j) sum += entry(k, j) * y[j];
    y[k] = sum / pivot_[k];
  }
  for (Index cell = 0; cell < n_; ++cell) x[cell] = y[position_[cell]];
}

// log sum exp all the way: a chain of steep potentials spans more than the range of doubles.
std::vector<double> BandElimination::log_stationary() const {
  constexpr double none = -std::numeric_limits<double>::infinity();
  std::vector<double> log_p(n_, none);
  log_p[n_ - 1] = 0;
  for (Index k = n_ - 1; k-- > 0;) {
    const Index end = std::min(n_, k + band_ + 1);
    double top = none, sum = 0;
    const auto term = [&](Index j) { return std::log(entry(k, j)) + log_p[j]; };
    for (Index j = k + 1; j < end; ++j) top = std::max(top, term(j));
    if (top == none) continue;
    for (Index j = k + 1; j < end; ++j) sum += std::exp(term(j) - top);
    log_p[k] = top + std::log(sum / pivot_[k]);
  }
  const double most = *std::max_element(log_p.begin(), log_p.end());
  std::vector<double> by_cell(n_);
  for (Index cell = 0; cell < n_; ++cell) by_cell[cell] = log_p[position_[cell]] - most;
  return by_cell;
}

}  // namespace fokker
