#include "multigrid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fokker/base/parallel.hpp"
#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

constexpr double most_elimination = 2e8;    // multiplications on the coarsest level
constexpr Index visited_twice = 128 * 128;  // cells of a level up to which it is

/// Chebyshev's polynomial of degree 3 over the eigenvalues of D^-1 M that halving a plane leaves to the smoother: from
/// 1/2 to 2, the end of Gershgorin's disc. Over the whole disc, which drift fills, it grows to 1.15 at most.
struct Smoothing {
  static constexpr int degree = 3;
  static constexpr double middle = 1.25, radius = 0.75;
  double keep[degree]{}, take[degree]{};
  Smoothing() {
    const double sigma = middle / radius;
    double rho = 1 / sigma;
    take[0] = 1 / middle;
    for (int k = 1; k < degree; ++k) {
      const double next = 1 / (2 * sigma - rho);
      keep[k] = next * rho;
      take[k] = 2 * next / radius;
      rho = next;
    }
  }
};

/// fine = base + value at the fine centres of a line of coarse values: three quarters of the cell's own, one of its
/// neighbour. Beyond the ends stands before/after.
void add_between(const double* coarse, Index n, double before, double after, const double* base, double* fine) {
  for (Index i = 0; i < n; ++i) {
    const double left = i > 0 ? coarse[i - 1] : before, right = i + 1 < n ? coarse[i + 1] : after;
    fine[2 * i] = base[2 * i] + (0.75 * coarse[i] + 0.25 * left);
    fine[2 * i + 1] = base[2 * i + 1] + (0.75 * coarse[i] + 0.25 * right);
  }
}

/// What stands beyond the end of a line: the other end of a ring; at a wall the same again, or its straight
/// continuation.
struct Beyond {
  bool periodic, straight;
  [[nodiscard]] Index row(Index wanted, Index n) const {
    return periodic ? (wanted % n + n) % n : std::clamp<Index>(wanted, 0, n - 1);
  }
  [[nodiscard]] double before(const double* line, Index n) const {
    return periodic ? line[n - 1] : straight && n > 1 ? 2 * line[0] - line[1] : line[0];
  }
  [[nodiscard]] double after(const double* line, Index n) const {
    return periodic ? line[0] : straight && n > 1 ? 2 * line[n - 1] - line[n - 2] : line[n - 1];
  }
};

FOKKER_KERNEL(void, mix_rows,
              (const double* own, const double* other, const double* back, double straight, Index n,
               double* __restrict out),
              (own, other, back, straight, n, out)) {
  // straight: the neighbour beyond a wall is own + (own - back)
  for (Index i = 0; i < n; ++i) out[i] = 0.75 * own[i] + 0.25 * (other[i] + straight * (own[i] - back[i]));
}

/// to = base + P from; base may be to.
void add_interpolated(const Chain& fine, Halving halving, const Chain& coarse, bool straight, const double* from,
                      const double* base, double* to) {
  const Beyond along{coarse.periodic_x, straight}, across{coarse.periodic_y, straight};
  parallel_for(0, fine.ny, std::max<Index>(1, 16384 / fine.nx), [&](Index begin, Index end) {
    std::vector<double> mixed(halving.y ? static_cast<std::size_t>(coarse.nx) : 0);
    for (Index j = begin; j < end; ++j) {
      const Index J = halving.y ? j / 2 : j;
      const double* line = from + coarse.nx * J;
      if (halving.y) {
        const int side = j % 2 == 0 ? -1 : 1;
        const bool wall = !coarse.periodic_y && (J + side < 0 || J + side >= coarse.ny);
        const double* const other = from + coarse.nx * across.row(J + side, coarse.ny);
        const double* const back = from + coarse.nx * across.row(J - side, coarse.ny);
        mix_rows(line, other, back, wall && straight ? 1 : 0, coarse.nx, mixed.data());
        line = mixed.data();
      }
      const double* const start = base + fine.nx * j;
      double* const out = to + fine.nx * j;
      if (halving.x)
        add_between(line, coarse.nx, along.before(line, coarse.nx), along.after(line, coarse.nx), start, out);
      else
        for (Index i = 0; i < fine.nx; ++i) out[i] = start[i] + line[i];
    }
  });
}

FOKKER_KERNEL(void, weigh,
              (const double* log_fraction, const double* fine, const double* coarse, double fraction, Index n,
               double* __restrict weight),
              (log_fraction, fine, coarse, fraction, n, weight)) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) weight[i] = fraction * ::exp(log_fraction[i]) * fine[i] / coarse[i];
}

/// means[i] = log of (e^a + e^b) / 2, in place of a.
FOKKER_KERNEL(void, join_logs, (const double* b, Index n, double* __restrict a), (b, n, a)) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) {
    const double more = a[i] > b[i] ? a[i] : b[i], less = a[i] > b[i] ? b[i] : a[i];
    a[i] = more + ::log(0.5 + 0.5 * ::exp(less - more));
  }
}

/// log of the mean of e^v over the children: over the two columns, then over the two rows.
std::vector<double> log_means(const Chain& fine, Halving halving, const Chain& coarse, const std::vector<double>& v) {
  std::vector<double> means(coarse.cells());
  const Index nx = coarse.nx, rows = halving.y ? 2 : 1;
  parallel_for(0, coarse.ny, std::max<Index>(1, 4096 / nx), [&](Index begin, Index end) {
    std::vector<double> even(rows * nx), odd(static_cast<std::size_t>(nx));
    for (Index J = begin; J < end; ++J) {
      for (Index row = 0; row < rows; ++row) {
        const double* const line = &v[fine.nx * (rows * J + row)];
        double* const mean = &even[nx * row];
        for (Index I = 0; I < nx; ++I) mean[I] = line[halving.x ? 2 * I : I];
        if (!halving.x) continue;
        for (Index I = 0; I < nx; ++I) odd[I] = line[2 * I + 1];
        join_logs(odd.data(), nx, mean);
      }
      if (halving.y) join_logs(&even[nx], nx, even.data());
      std::copy_n(even.data(), nx, &means[nx * J]);
    }
  });
  return means;
}

Index cell_of_largest(const std::vector<double>& v) { return std::max_element(v.begin(), v.end()) - v.begin(); }

BandElimination eliminated(const Chain& chain, double shift, double gamma) {
  BandElimination first(chain, shift, gamma, 0);
  if (shift != 0) return first;
  return {chain, shift, gamma, cell_of_largest(first.log_stationary())};
}

}  // namespace

std::string Multigrid::refusal(const Chain& finest) {
  if (finest.ny == 1) return "a single row of cells";
  Index nx = finest.nx, ny = finest.ny;
  while (nx % 2 == 0 && nx > 16) nx /= 2;
  while (ny % 2 == 0 && ny > 16) ny /= 2;
  if (static_cast<double>(nx) * static_cast<double>(ny) > 64 * 64)
    return fmt::format("{} x {} cells cannot be halved often enough (down to {} x {})", finest.nx, finest.ny, nx, ny);
  return "";
}

std::vector<Multigrid::Level> Multigrid::coarsened_levels(Chain finest) {
  std::vector<Level> levels;
  levels.emplace_back(std::move(finest));
  while (true) {
    Level& last = levels.back();
    const Halving halving = halving_of(last.chain);
    if (!halving.x && !halving.y) break;
    last.halving = halving;
    last.weight.resize(last.chain.cells());
    Chain next = coarsened(last.chain, halving);
    levels.emplace_back(std::move(next));
  }
  for (Level& level : levels)
    for (PaddedColumn* column : {&level.g, &level.u, &level.d, &level.other}) *column = level.system.column();
  return levels;
}

Multigrid::Multigrid(Chain finest, double shift, double gamma)
    : shift_(shift),
      gamma_(gamma),
      levels_(coarsened_levels(std::move(finest))),
      coarsest_(eliminated(levels_.back().chain, shift, gamma)),
      right_(static_cast<std::size_t>(levels_.back().chain.cells())),
      solution_(right_) {
  if (shift != 0) return;
  stationary_ = coarsest_.log_stationary();
  for (double& v : stationary_) v = std::exp(v);
  const double sum = std::accumulate(stationary_.begin(), stationary_.end(), 0.0);
  for (double& v : stationary_) v /= sum;
}

void Multigrid::scale(std::size_t number, std::vector<double> log_s) {
  Level& level = levels_[number];
  level.log_s = std::move(log_s);
  level.system.build(level.chain, shift_, gamma_, level.log_s);
  if (number + 1 == levels_.size()) return;
  // The mean of D r over the children, weighed by s, over D of the coarse cell.
  const Level& coarse = levels_[number + 1];
  const std::vector<double> means =
      level.log_s.empty() ? level.log_s : log_means(level.chain, level.halving, coarse.chain, level.log_s);
  const Halving halving = level.halving;
  const Index nx = level.chain.nx;
  const double fraction = 1 / static_cast<double>(halving.children());
  parallel_for(0, level.chain.ny, std::max<Index>(1, 16384 / nx), [&](Index begin, Index end) {
    std::vector<double> difference(nx, 0.0), diagonal(static_cast<std::size_t>(nx));
    for (Index j = begin; j < end; ++j) {
      const Index row = coarse.chain.nx * (halving.y ? j / 2 : j), first = nx * j;
      for (Index i = 0; i < nx; ++i) {
        const Index I = row + (halving.x ? i / 2 : i);
        diagonal[i] = coarse.system.diagonal()[I];
        if (!means.empty()) difference[i] = level.log_s[first + i] - means[I];
      }
      weigh(difference.data(), &level.system.diagonal()[first], diagonal.data(), fraction, nx, &level.weight[first]);
    }
  });
}

void Multigrid::cycle(std::size_t level, const double* g, double* u) { improve(level, g, u, true); }

void Multigrid::improve(std::size_t number, const double* g, double* u, bool from_zero) {
  if (number + 1 == levels_.size()) {
    eliminate(g, u);
    return;
  }
  Level &level = levels_[number], &coarse = levels_[number + 1];
  if (from_zero) {
    smooth_from_zero(level, g, u);
  } else {
    std::copy_n(u, level.chain.cells(), level.other.data());
    smooth(level, g, level.other.data(), u);
  }
  level.system.restrict_residual(g, u, level.weight.data(), level.halving, level.chain.nx, coarse.g.data());
  improve(number + 1, coarse.g.data(), coarse.u.data(), true);
  if (coarse.chain.cells() <= visited_twice && number + 2 < levels_.size())
    improve(number + 1, coarse.g.data(), coarse.u.data(), false);
  double* const other = level.other.data();
  add_interpolated(level.chain, level.halving, coarse.chain, false, coarse.u.data(), u, other);
  smooth(level, g, other, u);
}

void Multigrid::smooth_from_zero(Level& level, const double* g, double* u) {
  double *const d = level.d.data(), *const other = level.other.data();
  const Smoothing steps;
  parallel_for(0, level.chain.cells(), 16384, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) u[i] = d[i] = steps.take[0] * g[i];
  });
  level.system.smooth(g, u, steps.keep[1], steps.take[1], d, other);
  level.system.smooth(g, other, steps.keep[2], steps.take[2], d, u);
}

// `from` and `to` are the two ends of three steps to and fro.
void Multigrid::smooth(Level& level, const double* g, double* from, double* to) {
  const Smoothing steps;
  for (int k = 0; k < Smoothing::degree; ++k) {
    level.system.smooth(g, from, steps.keep[k], steps.take[k], level.d.data(), to);
    std::swap(from, to);
  }
}

// In units of mass, b = s D g and u = x / s. A mass that does not balance, and whatever is stationary in x, is taken
// out.
void Multigrid::eliminate(const double* g, double* u) {
  constexpr double least = 1e-280;
  const Level& level = levels_.back();
  const auto s = [&](std::size_t i) { return level.log_s.empty() ? 1 : std::exp(level.log_s[i]); };
  for (std::size_t i = 0; i < right_.size(); ++i) right_[i] = s(i) * level.system.diagonal()[i] * g[i];
  const auto take_out = [&](std::vector<double>& v) {
    if (shift_ != 0) return;
    const double sum = std::accumulate(v.begin(), v.end(), 0.0);
    for (std::size_t i = 0; i < v.size(); ++i) v[i] -= sum * stationary_[i];
  };
  take_out(right_);
  coarsest_.solve(right_, solution_);
  take_out(solution_);
  for (std::size_t i = 0; i < right_.size(); ++i) u[i] = s(i) > least ? solution_[i] / s(i) : 0;
}

std::vector<double> Multigrid::interpolated(std::size_t number, std::span<const double> coarse) const {
  const Level& level = levels_[number];
  std::vector<double> fine(level.chain.cells(), 0.0);
  add_interpolated(level.chain, level.halving, levels_[number + 1].chain, true, coarse.data(), fine.data(),
                   fine.data());
  return fine;
}

std::size_t Multigrid::bytes() const {
  std::size_t total = 0;
  for (const Level& level : levels_)
    total += level.system.bytes() +
             (2 * level.chain.links.size() + 6) * static_cast<std::size_t>(level.chain.cells()) * sizeof(double);
  return total;
}

}  // namespace fokker
