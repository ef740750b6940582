// What one explicit stage costs, out = scale A p + terms, beside two bounds measured in the same run: a five-point
// stage written by hand over plain arrays (the limit), and a triad over as many bytes (the memory). Bytes per cell,
// with the write-allocate of the output: 56 for a diagonal D, 72 for a constant tensor, 8 more for every term.
#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "fokker/base/large_array.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/model/formula_sde.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "plane.hpp"

namespace {

using namespace fokker;

constexpr int terms = 2;  // of the stage, as in a three-term recurrence

std::unique_ptr<Form> rotating(Index n, bool tensor, const char* flux = "scharfetter_gummel") {
  const std::vector<std::string> variables{"x", "y", "t"};
  const auto formula = [&](const char* text) { return parse_expression(text, variables); };
  SdeFormulas sde;
  sde.variables = {"x", "y"};
  sde.drift = {formula("-x - 2*y"), formula("2*x - y")};
  const char* const cross = tensor ? "0.4" : "0";
  sde.diffusion = {{formula("0.5"), formula(cross)}, {formula(cross), formula("0.5")}};
  const auto grid = std::make_shared<Grid>(std::vector{Axis{.name = "x", .lower = -5, .upper = 5, .cells = n},
                                                       Axis{.name = "y", .lower = -5, .upper = 5, .cells = n}});
  return make_drift_diffusion(grid, std::make_shared<FormulaSde>(sde), *find_flux(flux));
}

void stage(benchmark::State& state, bool tensor, int count) {
  const Index n = state.range(0);
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  const std::unique_ptr<Form> form = rotating(n, tensor);
  const LargeArray p = bump(n), q = p;
  LargeArray out(p.size());
  const Term all[terms] = {{2, p.data()}, {-1, q.data()}};
  const std::span<const Term> used(all, static_cast<std::size_t>(count));
  for (auto _ : state) {
    form->op().apply_stage(0, 1e-4, p, used, out);
    benchmark::ClobberMemory();
  }
  report(state, n * n, (tensor ? 72 : 56) + (count > 1 ? 8 : 0));  // the first term is p itself
}

// Coefficients that depend on x and t, so that no common factor serves: every product makes its rates anew.
void rebuild(benchmark::State& state) {
  const Index n = state.range(0);
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  const std::vector<std::string> variables{"x", "y", "t"};
  const auto formula = [&](const char* text) { return parse_expression(text, variables); };
  SdeFormulas sde;
  sde.variables = {"x", "y"};
  sde.drift = {formula("-x + sin(3*t)"), formula("x - y")};
  sde.diffusion = {{formula("0.3*(1 + 0.2*cos(2*t + x))"), formula("0")},
                   {formula("0"), formula("0.2 + 0.1*sin(t + x)")}};
  const auto grid = std::make_shared<Grid>(std::vector{Axis{.name = "x", .lower = -4, .upper = 4, .cells = n},
                                                       Axis{.name = "y", .lower = -4, .upper = 4, .cells = n}});
  const auto form = make_drift_diffusion(grid, std::make_shared<FormulaSde>(sde), *find_flux("scharfetter_gummel"));
  const LargeArray p = bump(n);
  LargeArray out(p.size());
  double t = 0;
  for (auto _ : state) {
    form->op().apply_stage(t += 1e-3, 1e-4, p, {}, out);
    benchmark::ClobberMemory();
  }
  report(state, n * n, 56);
}

// Fourth order: 47 flops; one column of coefficients per axis, p and out: 40 bytes.
void central4(benchmark::State& state) {
  const Index n = state.range(0);
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  const std::unique_ptr<Form> form = rotating(n, false, "central4");
  const LargeArray p = bump(n);
  LargeArray out(p.size());
  for (auto _ : state) {
    form->op().apply_stage(0, 1e-4, p, {}, out);
    benchmark::ClobberMemory();
  }
  report(state, n * n, 40);
}

// Products of a three-term recurrence, as stabilised and exponential steppers take them: one after the other, or all in
// one pass over memory.
void recurrence(benchmark::State& state, bool chained) {
  constexpr std::size_t links = 4;
  const Index n = state.range(0);
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  const std::unique_ptr<Form> form = rotating(n, false);
  LargeArray u = bump(n), before = u;
  std::array<std::array<Term, 2>, links> terms_of;
  std::array<Stage, links> stages;
  std::array<Product, links> chain;
  double *now = u.data(), *old = before.data();
  for (std::size_t k = 0; k < links; ++k, std::swap(now, old)) {
    terms_of[k] = {Term{0.5, now}, Term{0.5, old}};
    stages[k] = {1e-5, terms_of[k], old};
    chain[k] = {{now, u.size()}, {&stages[k], 1}};
  }
  for (auto _ : state) {
    if (chained)
      form->op().apply_chain(0, chain);
    else
      for (const Product& product : chain) form->op().apply_stages(0, product.state, product.stages);
    benchmark::ClobberMemory();
  }
  report(state, static_cast<Index>(links) * n * n, 56);
}

// --- the limit: four weights per cell in flux form, every loop as plain as it can be

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void hand_written_row(
    const double* __restrict xl, const double* __restrict xr, const double* __restrict yl, const double* __restrict yr,
    const double* __restrict p, const double* __restrict q, double* __restrict out, Index n, bool combined) {
  if (combined) {
    for (Index i = 1; i + 1 < n; ++i)
      out[i] = 1e-4 * ((xl[i - 1] * p[i - 1] + xr[i - 1] * p[i]) - (xl[i] * p[i] + xr[i] * p[i + 1]) +
                       (yl[i - n] * p[i - n] + yr[i - n] * p[i]) - (yl[i] * p[i] + yr[i] * p[i + n])) +
               2 * p[i] - q[i];
  } else {
    for (Index i = 1; i + 1 < n; ++i)
      out[i] = 1e-4 * ((xl[i - 1] * p[i - 1] + xr[i - 1] * p[i]) - (xl[i] * p[i] + xr[i] * p[i + 1]) +
                       (yl[i - n] * p[i - n] + yr[i - n] * p[i]) - (yl[i] * p[i] + yr[i] * p[i + n]));
  }
}

void hand_written(benchmark::State& state, int count) {
  const Index n = state.range(0);
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  const LargeArray p = bump(n), q = p, xl = p, xr = p, yl = p, yr = p;
  LargeArray out(p.size());
  for (auto _ : state) {
    parallel_for(1, n - 1, std::max<Index>(1, 16384 / n), [&](Index first, Index last) {
      for (Index row = first; row < last; ++row) {
        const Index at = row * n;
        hand_written_row(&xl[at], &xr[at], &yl[at], &yr[at], &p[at], &q[at], &out[at], n, count > 0);
      }
    });
    benchmark::ClobberMemory();
  }
  report(state, (n - 2) * (n - 2), 56 + (count > 1 ? 8 : 0));
}

// --- the memory: five arrays in, one out, 56 bytes per cell

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void add_five(
    const double* __restrict a, const double* __restrict b, const double* __restrict c, const double* __restrict d,
    const double* __restrict e, double* __restrict out, Index n) {
  for (Index i = 0; i < n; ++i) out[i] = a[i] + b[i] + c[i] + d[i] + e[i];
}

void triad(benchmark::State& state) {
  const Index n = state.range(0);
  const ThreadLimit limit(static_cast<int>(state.range(1)));
  const LargeArray a = bump(n), b = a, c = a, d = a, e = a;
  LargeArray out(a.size());
  for (auto _ : state) {
    parallel_for(0, n * n, 16384, [&](Index first, Index last) {
      add_five(&a[first], &b[first], &c[first], &d[first], &e[first], &out[first], last - first);
    });
    benchmark::ClobberMemory();
  }
  report(state, n * n, 56);
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int n : {96, 256, 512, 2048})
    for (const int threads : {1, 2}) bench->Args({n, threads})->ArgNames({"n", "threads"});
  bench->UseRealTime();
}

BENCHMARK(triad)->Apply(sizes);
BENCHMARK_CAPTURE(hand_written, product, 0)->Apply(sizes);
BENCHMARK_CAPTURE(stage, product, false, 0)->Apply(sizes);
BENCHMARK_CAPTURE(hand_written, three_terms, 2)->Apply(sizes);
BENCHMARK_CAPTURE(stage, three_terms, false, 2)->Apply(sizes);
BENCHMARK_CAPTURE(recurrence, one_by_one, false)->Apply(sizes);
BENCHMARK_CAPTURE(recurrence, chained, true)->Apply(sizes);
BENCHMARK(rebuild)->Apply(sizes);
BENCHMARK(central4)->Apply(sizes);
BENCHMARK_CAPTURE(stage, tensor_product, true, 0)->Apply(sizes);
BENCHMARK_CAPTURE(stage, tensor_three_terms, true, 2)->Apply(sizes);

}  // namespace
