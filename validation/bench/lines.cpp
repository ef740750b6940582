// What alternating directions cost, beside the memory measured in the same run: a triad over as many bytes.
// Peaceman-Rachford reads p, six arrays of rates and pivots (up and down along y twice) and the intermediate, writes
// the intermediate and p: 12 streams of 8 bytes per cell and step. Its arrays: 9 doubles per cell.
#include <benchmark/benchmark.h>

#include <cmath>

#include "fokker/base/large_array.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/solve/line_solver.hpp"
#include "plane.hpp"

namespace {

using namespace fokker;

constexpr int streams = 12;

/// Exponentially fitted rotating Ornstein-Uhlenbeck process on [-5, 5]^2 with D = 1/2.
AxisSplitting rotating(Index n) {
  AxisSplitting directions({n, n}, {false, false}, 0, 1);
  const double h = 10 / static_cast<double>(n), rate = 0.5 / (h * h);
  const auto fitted = [](double z) { return std::abs(z) < 1e-8 ? 1 - z / 2 : z / std::expm1(z); };
  const auto face = [&](int axis, Index cell, double drift) {
    directions.add_edge(axis, cell, rate * fitted(-2 * drift * h), rate * fitted(2 * drift * h));
  };
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) {
      const double x = -5 + h * (static_cast<double>(i) + 0.5), y = -5 + h * (static_cast<double>(j) + 0.5);
      if (i + 1 < n) face(0, i + n * j, -(x + h / 2) - 2 * y);
      if (j + 1 < n) face(1, i + n * j, -(y + h / 2) + 2 * x);
    }
  return directions;
}

enum class Work { peaceman_rachford, both_solves, factor };

void lines(benchmark::State& state, Work work) {
  const Index n = state.range(0);
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  const AxisSplitting directions = rotating(n);
  LineSolver solver;
  solver.prepare(directions, 0.0125, 0);
  const LargeArray p = bump(n);
  LargeArray out = p;
  double gamma = 0.0125;
  for (auto _ : state) {
    if (work == Work::peaceman_rachford) solver.alternate(p, out);
    if (work == Work::both_solves) solver.solve(p, p, out);
    if (work == Work::factor) solver.prepare(directions, gamma *= 1 + 1e-9, 0);
    benchmark::ClobberMemory();
  }
  report(state, n * n, streams * 8);
}

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void add_scaled(
    const double* __restrict a, const double* __restrict b, double* __restrict out, Index n) {
  for (Index i = 0; i < n; ++i) out[i] = a[i] + 2 * b[i];
}

/// Four times two arrays in and one out.
void triad(benchmark::State& state) {
  const Index n = state.range(0), size = streams / 3 * n * n;
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  const LargeArray a(static_cast<std::size_t>(size), 1.0), b = a;
  LargeArray out = a;
  for (auto _ : state) {
    parallel_for(0, size, 16384,
                 [&](Index first, Index last) { add_scaled(&a[first], &b[first], &out[first], last - first); });
    benchmark::ClobberMemory();
  }
  report(state, n * n, streams * 8);
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int n : {256, 512, 1024, 2048})
    for (const int threads : {1, 2}) bench->Args({n, threads})->ArgNames({"n", "threads"});
  bench->UseRealTime();
  bench->Unit(benchmark::kMillisecond);
}

BENCHMARK(triad)->Name("lines/triad")->Apply(sizes);
BENCHMARK_CAPTURE(lines, peaceman_rachford, Work::peaceman_rachford)->Apply(sizes);
BENCHMARK_CAPTURE(lines, both_solves, Work::both_solves)->Apply(sizes);
BENCHMARK_CAPTURE(lines, factor, Work::factor)->Apply(sizes);

}  // namespace
