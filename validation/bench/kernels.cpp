// What a formula costs per point, beside the same formula written as a vector loop by hand and compiled with the same
// flags. Goals at 1e6 points with AVX-512: cubic 0.5 ns, wave 3 ns, about twice the loop by hand.
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include "fokker/base/tape.hpp"
#include "fokker/base/vector_math.hpp"

namespace {

using fokker::Index;

FOKKER_VECTOR_CLONES
void cubic_by_hand(const double* x, const double*, double* f, Index n) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) f[i] = -(x[i] * x[i] * x[i]) + x[i];
}

FOKKER_VECTOR_CLONES
void wave_by_hand(const double* x, const double* y, double* f, Index n) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) f[i] = ::sin(3 * x[i]) * ::exp(-0.5 * (y[i] * y[i]));
}

struct Columns {
  explicit Columns(Index n) : x(n), y(n), f(n) {
    for (Index i = 0; i < n; ++i) {
      x[i] = -2.5 + 5 * static_cast<double>(i) / static_cast<double>(n);
      y[i] = std::sin(0.01 * static_cast<double>(i));
    }
  }
  std::vector<double> x, y, f;
};

void report(benchmark::State& state) {
  const auto points = static_cast<double>(state.range(0)) * static_cast<double>(state.iterations());
  state.counters["ns/point"] =
      benchmark::Counter(points * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void tape(benchmark::State& state, const std::string& text) {
  const std::vector<std::string> names{"x", "y"};
  const fokker::Expression formula = fokker::parse_expression(text, names);
  const fokker::Tape compiled({&formula, 1}, names);
  const Index n = state.range(0);
  Columns columns(n);
  const fokker::TapeInput inputs[] = {fokker::TapeInput::of(columns.x.data()), fokker::TapeInput::of(columns.y.data())};
  double* const output = columns.f.data();
  for (auto _ : state) {
    compiled.evaluate(inputs, n, {&output, 1});
    benchmark::ClobberMemory();
  }
  report(state);
}

void by_hand(benchmark::State& state, void (*loop)(const double*, const double*, double*, Index)) {
  const Index n = state.range(0);
  Columns columns(n);
  for (auto _ : state) {
    loop(columns.x.data(), columns.y.data(), columns.f.data(), n);
    benchmark::ClobberMemory();
  }
  report(state);
}

void compile(benchmark::State& state, const std::string& text) {
  const std::vector<std::string> names{"x", "y"};
  for (auto _ : state) {
    const fokker::Expression formula = fokker::parse_expression(text, names);
    benchmark::DoNotOptimize(fokker::Tape({&formula, 1}, names));
  }
}

BENCHMARK_CAPTURE(by_hand, cubic, cubic_by_hand)->Arg(4096)->Arg(1'000'000);
BENCHMARK_CAPTURE(tape, cubic, "-x^3 + x")->Arg(4096)->Arg(1'000'000);
BENCHMARK_CAPTURE(by_hand, wave, wave_by_hand)->Arg(4096)->Arg(1'000'000);
BENCHMARK_CAPTURE(tape, wave, "sin(3*x)*exp(-y^2/2)")->Arg(4096)->Arg(1'000'000);
BENCHMARK_CAPTURE(compile, wave, "sin(3*x)*exp(-y^2/2)");

}  // namespace
