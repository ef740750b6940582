#include <algorithm>
#include <bit>
#include <cmath>

#include "fokker/base/instruction_set.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/operator/combine.hpp"
#include "fokker/operator/edge_matrix.hpp"

namespace fokker {
namespace {

constexpr Index piece_cells = 16384;  // cells per piece of a parallel loop
constexpr Index front_cells = 1024;   // cells of a wavefront that one product takes at a time
constexpr Index band_fraction = 8;    // rows of a band over those that lean away from one of its borders, at least
constexpr Index most_bands = 64;

// The gather over one block:
//
//   out = scale * ( - sum_outgoing (left p_here + right p_there) + sum_incoming (left p_there + right p_here) )
//
// With `Out` and `In` known the sum stays in registers. Streams per cell: two weights of every edge, once from memory
// (the second reading, by the other end, is one row later and in cache), p and out. A diagonal tensor has two edges per
// cell: 4 weights + p + out = 48 bytes (56 with the write-allocate of out); a constant full tensor three: 64 (72).
template <int Out, int In>
[[gnu::always_inline]] inline void gather(const EdgeTerm* terms, const double* weights, Index edges, double scale,
                                          const double* p, const double* here, double* __restrict out, Index n) {
  const double *w[Out + In], *there[Out + In];
  for (int k = 0; k < Out + In; ++k) {
    w[k] = weights + terms[k].weights;
    there[k] = p + terms[k].neighbour;
  }
  for (Index i = 0; i < n; ++i) {
    double sum = 0;
    for (int k = 0; k < Out; ++k) sum -= w[k][i] * here[i] + w[k][i + edges] * there[k][i];
    for (int k = Out; k < Out + In; ++k) sum += w[k][i] * there[k][i] + w[k][i + edges] * here[i];
    out[i] = scale * sum;
  }
}

// The same sums cell by cell: for short stretches, where a vector loop would have nothing to fill its vectors with, and
// for shapes without a loop of their own.
constexpr Index shortest = 8;
[[gnu::always_inline]] inline void gather_few(const EdgeBlock& block, const EdgeTerm* terms, const double* weights,
                                              Index edges, double scale, const double* p, const double* here,
                                              double* out, Index n) {
  for (Index i = 0; i < n; ++i) {
    double sum = 0;
    for (int k = 0; k < block.outgoing + block.incoming; ++k) {
      const double *w = weights + terms[k].weights + i, there = p[terms[k].neighbour + i];
      if (k < block.outgoing)
        sum -= w[0] * here[i] + w[edges] * there;
      else
        sum += w[0] * there + w[edges] * here[i];
    }
    out[i] = scale * sum;
  }
}

// 1 to 5 outgoing and incoming terms each have a loop of their own; other shapes are rare (short stretches at walls).
constexpr int most_terms = 5;
constexpr std::make_integer_sequence<int, most_terms * most_terms> shapes;
constexpr int shape(int outgoing, int incoming) {
  const bool listed = outgoing >= 1 && outgoing <= most_terms && incoming >= 1 && incoming <= most_terms;
  return listed ? (outgoing - 1) * most_terms + incoming - 1 : -1;
}
template <int... Shape, class... Arguments>
[[gnu::always_inline]] inline bool gather_shape(std::integer_sequence<int, Shape...>, int wanted,
                                                Arguments... arguments) {
  return ((wanted == Shape && (gather<Shape / most_terms + 1, Shape % most_terms + 1>(arguments...), true)) || ...);
}

// What a pass over a stretch of blocks works with.
struct Pass {
  const EdgeTerm* terms;
  const double* weights;
  Index edges;
  double scale;
  const double* p;
  std::span<const Sink> sinks;
  double* drained;  // one number per sink
  std::span<const Stage> stages;
};

// scale * (what the edges bring - what they take) for the cells block.cell + from, ... + n - 1.
[[gnu::always_inline]] inline void product(const Pass& pass, const EdgeBlock& block, Index from, Index n, double* out) {
  const EdgeTerm* terms = pass.terms + block.first_term;
  const double *weights = pass.weights + from, *p = pass.p + from, *here = p + block.cell;
  const int wanted = shape(block.outgoing, block.incoming);
  if (n < shortest || !gather_shape(shapes, wanted, terms, weights, pass.edges, pass.scale, p, here, out, n))
    gather_few(block, terms, weights, pass.edges, pass.scale, p, here, out, n);
}

// Edges to the cell on the right and to one in another row, and from the left and from another row: the shape of nearly
// all cells of a plane with diagonal D.
bool is_cross(const EdgeBlock& block, const EdgeTerm* terms) {
  return block.outgoing == 2 && block.incoming == 2 && terms[0].neighbour == block.cell + 1 &&
         terms[3].neighbour == block.cell - 1 && terms[3].weights == terms[0].weights - 1;
}

// `gather` for it with one stage in the same loop: fewer pointers than registers, nothing put by. The same operations
// in the same order.
template <int N>
[[gnu::always_inline]] inline void cross_stage(const Pass& pass, const EdgeTerm* terms, const Stage& stage, Index first,
                                               Index n) {
  const double *xl = pass.weights + terms[0].weights, *xr = xl + pass.edges;
  const double *yl = pass.weights + terms[1].weights, *yr = yl + pass.edges;
  const double *bl = pass.weights + terms[2].weights, *br = bl + pass.edges;
  const double *here = pass.p + first, *up = pass.p + terms[1].neighbour, *down = pass.p + terms[2].neighbour;
  const double scale = pass.scale, fraction = stage.scale;
  double factor[N + 1];
  const double* values[N + 1];
  for (int k = 0; k < N; ++k) {
    factor[k] = stage.terms[k].factor;
    values[k] = stage.terms[k].values + first;
  }
  double* const out = stage.out + first;
#pragma GCC ivdep  // `out` is either apart from a term or the very same memory
  for (Index i = 0; i < n; ++i) {
    double sum = 0;
    sum -= xl[i] * here[i] + xr[i] * here[i + 1];
    sum -= yl[i] * here[i] + yr[i] * up[i];
    sum += bl[i] * down[i] + br[i] * here[i];
    sum += xl[i - 1] * here[i - 1] + xr[i - 1] * here[i];
    double all = fraction * (scale * sum);
    for (int k = 0; k < N; ++k) all += factor[k] * values[k][i];
    out[i] = all;
  }
}

[[gnu::always_inline]] inline bool cross(const Pass& pass, const EdgeTerm* terms, Index first, Index n) {
  const Stage& stage = pass.stages.front();
  switch (stage.terms.size()) {
    case 0:
      return cross_stage<0>(pass, terms, stage, first, n), true;
    case 1:
      return cross_stage<1>(pass, terms, stage, first, n), true;
    case 2:
      return cross_stage<2>(pass, terms, stage, first, n), true;
    case 3:
      return cross_stage<3>(pass, terms, stage, first, n), true;
    default:
      return false;
  }
}

// Cells whose product waits to be combined: few enough that the loads of both loops overlap (512 cost up to a third,
// measured).
constexpr Index chunk = 64;

FOKKER_KERNEL(void, run_blocks, (const EdgeBlock* block, const EdgeBlock* end, const Pass& pass), (block, end, pass)) {
  alignas(64) double rate[chunk];
  auto sink = std::lower_bound(pass.sinks.begin(), pass.sinks.end(), block->cell,
                               [](const Sink& candidate, Index cell) { return candidate.cell < cell; });
  const bool rest_without_rates =
      std::all_of(pass.stages.begin() + 1, pass.stages.end(), [](const Stage& stage) { return stage.scale == 0; });
  for (; block != end; ++block) {
    const bool dry = sink == pass.sinks.end() || sink->cell >= block->cell + block->count;
    const EdgeTerm* const terms = pass.terms + block->first_term;
    if (dry && rest_without_rates && is_cross(*block, terms) && cross(pass, terms, block->cell, block->count)) {
      for (const Stage& stage : pass.stages.subspan(1)) combine_stage(stage, rate, block->cell, block->count);
      continue;
    }
    for (Index from = 0; from < block->count; from += chunk) {
      const Index cell = block->cell + from, n = std::min(chunk, block->count - from);
      product(pass, *block, from, n, rate);
      for (; sink != pass.sinks.end() && sink->cell < cell + n; ++sink) {
        const double lost = pass.scale * sink->rate * pass.p[sink->cell];
        rate[sink->cell - cell] -= lost;
        pass.drained[sink - pass.sinks.begin()] = lost;
      }
      for (const Stage& stage : pass.stages) combine_stage(stage, rate, cell, n);
    }
  }
}

}  // namespace

template <class Work>
void EdgeMatrix::for_units(const Work& work) const {
  const auto units = static_cast<Index>(units_.size()) - 1;
  const Index grain = std::max<Index>(1, piece_cells / std::min(nx_, unit_columns));
  parallel_for(0, units, grain,
               [&](Index first, Index last) { work(blocks_.data() + units_[first], blocks_.data() + units_[last]); });
}

void EdgeMatrix::apply(double scale, const double* p, double* out) const {
  const Stage stage{1, {}, out};
  const Pass pass{terms_.data(), weights_.data(), count_, scale, p, {}, nullptr, {&stage, 1}};
  for_units([&](const EdgeBlock* first, const EdgeBlock* last) { run_blocks(first, last, pass); });
}

void EdgeMatrix::apply_chain(double scale, std::span<const Product> chain, double* drained) const {
  const auto pass = [&](Index k) {
    const Product& product = chain[k];
    return Pass{terms_.data(),
                weights_.data(),
                count_,
                scale,
                product.state.data(),
                sinks_,
                drained + k * static_cast<Index>(sinks_.size()),
                product.stages};
  };
  const auto products = static_cast<Index>(chain.size());
  const bool rows = static_cast<Index>(units_.size()) - 1 == ny_;
  if (rows && products > 1 && ny_ > 2 * products * row_reach_) {
    in_wavefronts(products, [&](Index k, Index first, Index last) {
      run_blocks(blocks_.data() + units_[first], blocks_.data() + units_[last], pass(k));
    });
    return;
  }
  for (Index k = 0; k < products; ++k)
    for_units([&, all = pass(k)](const EdgeBlock* first, const EdgeBlock* last) { run_blocks(first, last, all); });
}

// run(k, first row, last row + 1), every product once for every row, such that whatever is `row_reach_` rows around a
// row of product k has been through product k - 1 and not through product k + 1.
template <class Run>
void EdgeMatrix::in_wavefronts(Index products, const Run& run) const {
  const Index lean = row_reach_, stride = std::max<Index>(1, front_cells / nx_);
  const Index widest = ny_ / (band_fraction * products * std::max<Index>(lean, 1));
  const auto bands = static_cast<Index>(std::bit_floor(
      static_cast<std::size_t>(std::clamp<Index>(widest, 1, most_bands))));  // even fractions for 2, 4, .. threads
  const auto border = [&](Index band) { return band * ny_ / bands; };
  const auto moved = [&](Index band, Index by) {  // a border, or a wall that does not lean
    return (band == 0 || band == bands) && !ring_of_rows_ ? border(band) : border(band) + by;
  };
  parallel_for(0, bands, 1, [&](Index first, Index last) {
    for (Index band = first; band < last; ++band)
      for (Index front = border(band); front < border(band + 1) + products * lean; front += stride)
        for (Index k = 0; k < products; ++k) {
          const Index from = std::max(front - k * lean, moved(band, k * lean));
          const Index to = std::min(front - k * lean + stride, moved(band + 1, -k * lean));
          if (from < to) run(k, from, to);
        }
  });
  // With a ring the first border stands for the last one too, and its rows go around the end.
  parallel_for(ring_of_rows_ ? 0 : 1, bands, 1, [&](Index first, Index last) {
    for (Index band = first; band < last; ++band)
      for (Index k = 1; k < products; ++k) {
        const Index from = border(band) - k * lean, to = border(band) + k * lean;
        if (from < 0) run(k, from + ny_, ny_);
        run(k, std::max<Index>(from, 0), to);
      }
  });
}

void EdgeMatrix::divergence(double scale, const double* J, double* out) const {
  for_units([&](const EdgeBlock* block, const EdgeBlock* end) {
    for (; block != end; ++block) {
      double* to = out + block->cell;
      std::fill_n(to, block->count, 0.0);
      const EdgeTerm* const terms = terms_.data() + block->first_term;
      for (int k = 0; k < block->outgoing + block->incoming; ++k) {
        const double *flux = J + terms[k].weights, sign = k < block->outgoing ? -scale : scale;
        for (Index i = 0; i < block->count; ++i) to[i] += sign * flux[i];
      }
    }
  });
}

void EdgeMatrix::apply_transposed(double scale, const double* u, double* out) const {
  for_units([&](const EdgeBlock* block, const EdgeBlock* end) {
    for (; block != end; ++block) {
      double* const to = out + block->cell;
      const double* const here = u + block->cell;
      std::fill_n(to, block->count, 0.0);
      const EdgeTerm* const terms = terms_.data() + block->first_term;
      for (int k = 0; k < block->outgoing + block->incoming; ++k) {
        const bool outgoing = k < block->outgoing;
        const double* const weight = (outgoing ? left() : right()) + terms[k].weights;
        const double* const there = u + terms[k].neighbour;
        const double sign = outgoing ? scale : -scale;
        for (Index i = 0; i < block->count; ++i) to[i] += sign * weight[i] * (there[i] - here[i]);
      }
    }
  });
}

}  // namespace fokker
