#pragma once
#include <benchmark/benchmark.h>

#include <cmath>

#include "fokker/base/large_array.hpp"
#include "fokker/base/points.hpp"

/// What the benchmarks of planes share.
namespace fokker {

/// A density on n x n cells.
inline LargeArray bump(Index n) {
  LargeArray p(static_cast<std::size_t>(n * n));
  for (Index i = 0; i < n * n; ++i) {
    const double x = static_cast<double>(i % n) / static_cast<double>(n) - 0.5,
                 y = static_cast<double>(i / n) / static_cast<double>(n) - 0.5;
    p[i] = std::exp(-50 * (x * x + y * y));
  }
  return p;
}

/// Cells and bytes per second, for `bytes` a cell and iteration.
inline void report(benchmark::State& state, Index cells, int bytes) {
  const double done = static_cast<double>(cells) * static_cast<double>(state.iterations());
  state.counters["cell/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["B/s"] = benchmark::Counter(done * bytes, benchmark::Counter::kIsRate);
}

}  // namespace fokker
