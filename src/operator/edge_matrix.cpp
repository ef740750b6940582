#include "fokker/operator/edge_matrix.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "fokker/base/parallel.hpp"
#include "fokker/operator/combine.hpp"

namespace fokker {
namespace {

constexpr Index unit_columns = 8192;  // a row longer than this (1D) is several units of work
constexpr Index piece_cells = 16384;  // cells per piece of a parallel loop
constexpr Index zero_gap = 16;        // a shorter gap of zeros costs less than another block
constexpr Index wave_cells = 1024;    // cells of a wave that one product takes at a time
constexpr Index wave_share = 8;       // rows of a band over those that lean away from one of its borders, at least
constexpr Index most_bands = 64;

Index wrapped(Index i, Index n) { return ((i % n) + n) % n; }

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
  const double scale = pass.scale, share = stage.scale;
  double factor[N + 1];
  const double* values[N + 1];
  for (int k = 0; k < N; ++k) {
    factor[k] = stage.terms[static_cast<std::size_t>(k)].factor;
    values[k] = stage.terms[static_cast<std::size_t>(k)].values + first;
  }
  double* const out = stage.out + first;
#pragma GCC ivdep  // `out` is either apart from a term or the very same memory
  for (Index i = 0; i < n; ++i) {
    double sum = 0;
    sum -= xl[i] * here[i] + xr[i] * here[i + 1];
    sum -= yl[i] * here[i] + yr[i] * up[i];
    sum += bl[i] * down[i] + br[i] * here[i];
    sum += xl[i - 1] * here[i - 1] + xr[i - 1] * here[i];
    double all = share * (scale * sum);
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

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void run_blocks(const EdgeBlock* block,
                                                                                              const EdgeBlock* end,
                                                                                              const Pass& pass) {
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

EdgeMatrix::EdgeMatrix(const Grid& grid)
    : nx_(grid.nx()),
      ny_(grid.ny()),
      periodic_x_(grid.axis(0).periodic()),
      periodic_y_(grid.dimension() > 1 && grid.axis(1).periodic()),
      hx_(grid.axis(0).width()),
      hy_(grid.dimension() > 1 ? grid.axis(1).width() : 0) {}

Index EdgeMatrix::neighbour(Index i, Index j, Offset e) const {
  Index x = i + e.x, y = j + e.y;
  if (periodic_x_) x = wrapped(x, nx_);
  if (periodic_y_) y = wrapped(y, ny_);
  return x >= 0 && x < nx_ && y >= 0 && y < ny_ ? x + nx_ * y : -1;
}

std::pair<Index, Index> EdgeMatrix::reach(Index row, Offset e) const {
  if (!periodic_y_ && (row + e.y < 0 || row + e.y >= ny_)) return {0, 0};
  if (periodic_x_) return {0, nx_};
  return {std::clamp<Index>(-e.x, 0, nx_), std::clamp<Index>(nx_ - e.x, 0, nx_)};
}

void EdgeMatrix::clear() {
  runs_.clear();
  sinks_.clear();
  count_ = 0;
}

void EdgeMatrix::add(Index row, Index begin, Index end, Offset e) {
  while (begin < end) {
    const Index column = wrapped(begin + e.x, nx_);
    const Index here = std::min(end - begin, nx_ - column);
    const bool wraps = column != begin + e.x || wrapped(row + e.y, ny_) != row + e.y;
    runs_.push_back({begin + nx_ * row, column + nx_ * wrapped(row + e.y, ny_), count_, here, e, wraps});
    count_ += here;
    begin += here;
  }
}

void EdgeMatrix::finish() {
  weights_.assign(static_cast<std::size_t>(2 * count_), 0.0);
  plan();
}

void EdgeMatrix::drop_zeros() {
  const std::vector<Run> all = std::move(runs_);
  const double *old_left = left(), *old_right = right();
  const auto is_zero = [&](Index edge) { return old_left[edge] == 0 && old_right[edge] == 0; };
  runs_.clear();
  count_ = 0;
  std::vector<Index> origin;  // first weight each new run had
  for (const Run& run : all) {
    const Index stop = run.first + run.count;
    for (Index edge = run.first; edge < stop;) {
      while (edge < stop && is_zero(edge)) ++edge;
      if (edge == stop) break;
      Index last = edge;  // last edge that carries something
      for (Index next = edge; next < stop && next - last <= zero_gap; ++next)
        if (!is_zero(next)) last = next;
      const Index skip = edge - run.first, kept = last + 1 - edge;
      runs_.push_back({run.left + skip, run.right + skip, count_, kept, run.offset, run.wraps});
      origin.push_back(edge);
      count_ += kept;
      edge = last + 1;
    }
  }
  // Weights only ever move towards the front, in order: they stay where they are.
  double* to = weights_.data();
  for (const double* const from : {old_left, old_right})
    for (std::size_t k = 0; k < runs_.size(); ++k)
      to = std::copy(from + origin[k], from + origin[k] + runs_[k].count, to);
  weights_.resize(static_cast<std::size_t>(2 * count_));
  if (weights_.size() < weights_.capacity() / 4 * 3) weights_.shrink_to_fit();
  plan();
}

void EdgeMatrix::plan() {
  // Every run as seen from the row of its L cells and from the row of its R cells.
  struct Visit {
    Index begin, end, run;
    bool incoming;
  };
  std::vector<std::vector<Visit>> rows(static_cast<std::size_t>(ny_));
  for (std::size_t k = 0; k < runs_.size(); ++k) {
    const Run& run = runs_[k];
    for (const bool incoming : {false, true}) {
      const Index cell = incoming ? run.right : run.left, column = cell % nx_;
      rows[static_cast<std::size_t>(cell / nx_)].push_back(
          {column, column + run.count, static_cast<Index>(k), incoming});
    }
  }
  terms_.clear();
  blocks_.clear();
  units_.clear();
  std::vector<Index> cuts;
  std::vector<Visit> active;
  for (Index row = 0; row < ny_; ++row) {
    std::vector<Visit>& visits = rows[static_cast<std::size_t>(row)];
    std::sort(visits.begin(), visits.end(), [](const Visit& a, const Visit& b) { return a.begin < b.begin; });
    cuts.assign({0, nx_});
    for (Index column = unit_columns; column < nx_; column += unit_columns) cuts.push_back(column);
    for (const Visit& visit : visits) cuts.insert(cuts.end(), {visit.begin, visit.end});
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    active.clear();
    std::size_t next = 0;
    for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
      const Index begin = cuts[c], end = cuts[c + 1];
      std::erase_if(active, [&](const Visit& visit) { return visit.end <= begin; });
      for (; next < visits.size() && visits[next].begin == begin; ++next) active.push_back(visits[next]);
      std::sort(active.begin(), active.end(),
                [](const Visit& a, const Visit& b) { return a.incoming != b.incoming ? b.incoming : a.run < b.run; });
      if (begin % unit_columns == 0) units_.push_back(static_cast<Index>(blocks_.size()));
      EdgeBlock block{row * nx_ + begin, end - begin, static_cast<Index>(terms_.size()), 0, 0};
      for (const Visit& visit : active) {
        const Run& run = runs_[static_cast<std::size_t>(visit.run)];
        const Index into = begin - visit.begin;
        terms_.push_back({run.first + into, (visit.incoming ? run.left : run.right) + into});
        ++(visit.incoming ? block.incoming : block.outgoing);
      }
      blocks_.push_back(block);
    }
  }
  units_.push_back(static_cast<Index>(blocks_.size()));
  row_reach_ = 0;
  ring_of_rows_ = false;
  for (const Run& run : runs_) {
    row_reach_ = std::max<Index>(row_reach_, std::abs(run.offset.y));
    ring_of_rows_ = ring_of_rows_ || (periodic_y_ && run.offset.y != 0);
  }
}

template <class Work>
void EdgeMatrix::for_units(const Work& work) const {
  const auto units = static_cast<Index>(units_.size()) - 1;
  const Index grain = std::max<Index>(1, piece_cells / std::min(nx_, unit_columns));
  parallel_for(0, units, grain, [&](Index first, Index last) {
    work(blocks_.data() + units_[static_cast<std::size_t>(first)],
         blocks_.data() + units_[static_cast<std::size_t>(last)]);
  });
}

void EdgeMatrix::apply(double scale, const double* p, double* out) const {
  const Stage stage{1, {}, out};
  const Pass pass{terms_.data(), weights_.data(), count_, scale, p, {}, nullptr, {&stage, 1}};
  for_units([&](const EdgeBlock* first, const EdgeBlock* last) { run_blocks(first, last, pass); });
}

void EdgeMatrix::apply_chain(double scale, std::span<const Product> chain, double* drained) const {
  const auto pass = [&](Index k) {
    const Product& product = chain[static_cast<std::size_t>(k)];
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
    in_waves(products, [&](Index k, Index first, Index last) {
      run_blocks(blocks_.data() + units_[static_cast<std::size_t>(first)],
                 blocks_.data() + units_[static_cast<std::size_t>(last)], pass(k));
    });
    return;
  }
  for (Index k = 0; k < products; ++k)
    for_units([&, all = pass(k)](const EdgeBlock* first, const EdgeBlock* last) { run_blocks(first, last, all); });
}

// run(k, first row, last row + 1), every product once for every row, such that whatever is `row_reach_` rows around a
// row of product k has been through product k - 1 and not through product k + 1.
template <class Run>
void EdgeMatrix::in_waves(Index products, const Run& run) const {
  const Index lean = row_reach_, stride = std::max<Index>(1, wave_cells / nx_);
  const Index widest = ny_ / (wave_share * products * std::max<Index>(lean, 1));
  const auto bands = static_cast<Index>(std::bit_floor(
      static_cast<std::size_t>(std::clamp<Index>(widest, 1, most_bands))));  // even shares for 2, 4, .. threads
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

void EdgeMatrix::set_sinks(std::vector<Sink> sinks) {
  sinks_ = std::move(sinks);
  std::stable_sort(sinks_.begin(), sinks_.end(), [](const Sink& a, const Sink& b) { return a.cell < b.cell; });
}

void EdgeMatrix::assemble(double scale, const InsertEntry& insert) const {
  for (const Run& run : runs_)
    for (Index k = 0; k < run.count; ++k) {
      const Index L = run.left + k, R = run.right + k;
      const double l = scale * left()[run.first + k], r = scale * right()[run.first + k];
      insert(L, L, -l);
      insert(L, R, -r);
      insert(R, L, l);
      insert(R, R, r);
    }
}

void EdgeMatrix::project(AxisSplitting& directions) const {
  for (const Run& run : runs_) {
    const bool along_x = run.offset == Offset{1, 0}, along_y = run.offset == Offset{0, 1};
    for (Index k = 0; k < run.count; ++k) {
      if (along_x || along_y)
        directions.add_edge(along_x ? 0 : 1, run.left + k, left()[run.first + k], -right()[run.first + k]);
      else
        project_skew(run, k, directions);
    }
  }
}

void EdgeMatrix::project_skew(const Run& run, Index k, AxisSplitting& directions) const {
  const double l = left()[run.first + k], r = -right()[run.first + k];
  if (l == 0 && r == 0) return;
  directions.exact = false;
  const auto half_share = [&](int axis, int steps, Index cell, int towards) {  // towards +1: the edge goes up the axis
    const double spread = std::abs(steps) * 0.25 * (l + r), drift = towards * 0.25 * (l - r);
    directions.add_edge(axis, cell, spread + drift, spread - drift);
  };
  const auto [ex, ey] = run.offset;
  const Index x = (run.left + k) % nx_, y = (run.left + k) / nx_;
  const Index x_end = (run.right + k) % nx_, y_end = (run.right + k) / nx_;
  for (int step = 0; step < ex; ++step)
    for (const Index row : {y, y_end}) half_share(0, ex, wrapped(x + step, nx_) + nx_ * row, 1);
  for (int step = 0; step < std::abs(ey); ++step)
    for (const Index column : {x, x_end})
      half_share(1, ey, column + nx_ * wrapped(ey > 0 ? y + step : y - step - 1, ny_), ey > 0 ? 1 : -1);
}

// Positive weights: |A_ii|. Weights without a sign, J = rate (p_L - p_R) + v (p_L + p_R) / 2: forward Euler is stable
// while dt sum(rate) <= 1 and dt <= 2 / (a D^-1 a), the latter 4 / sum(v^2 / rate) over the edges of a cell, each of
// which is counted at both of its cells. Without diffusion no forward Euler step is stable; |v| / 2 is then the bound
// that the imaginary axis sets to methods of order 3 and above.
void EdgeMatrix::add_exit_rates(bool positive, std::span<double> diagonal) const {
  const auto add = [&](Index cell, double rate) { diagonal[static_cast<std::size_t>(cell)] += rate; };
  for (const Run& run : runs_)
    for (Index k = 0; k < run.count; ++k) {
      const Index L = run.left + k, R = run.right + k;
      const double l = left()[run.first + k], r = right()[run.first + k];
      if (positive) {
        add(L, l);
        add(R, -r);
      } else {
        const double rate = 0.5 * (l - r), v = l + r;
        const double bound = std::max(rate, rate > 0 ? 0.25 * v * v / rate : 0.5 * std::abs(v));
        add(L, bound);
        add(R, bound);
      }
    }
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

void EdgeMatrix::lines(const Run& run, Index from, Index count, const double* values, double* storage,
                       std::array<const double*, 6>& out) const {
  const Index column = run.left % nx_ + from, row = run.left / nx_;
  for (int k = -2; k <= 3; ++k) {
    const auto slot = static_cast<std::size_t>(k + 2);
    const Index x = column + k * run.offset.x, y = row + k * run.offset.y;
    const bool row_inside = y >= 0 && y < ny_;
    const Index begin = row_inside ? std::clamp<Index>(-x, 0, count) : count;  // first and last + 1 inside the row
    const Index end = row_inside ? std::clamp<Index>(nx_ - x, begin, count) : count;
    if (begin == 0 && end == count) {
      out[slot] = values + x + nx_ * y;
      continue;
    }
    double* const line = storage + static_cast<Index>(slot) * count;
    out[slot] = line;
    const auto look_up = [&](Index i) {
      Index cell = -1;
      for (int back = k; cell<0; back += back> 0 ? -1 : 1)
        cell = neighbour(column + i, row, {back * run.offset.x, back * run.offset.y});
      line[i] = values[cell];
    };
    for (Index i = 0; i < begin; ++i) look_up(i);
    if (end > begin) std::copy_n(values + x + begin + nx_ * y, end - begin, line + begin);
    for (Index i = end; i < count; ++i) look_up(i);
  }
}

// The probability volume * J per time travels by the offset e = (ex hx, ey hy): as a current density, volume-averaged,
// half of J e belongs to each of the two cells it joins. On faces this is the mean of a cell's two face fluxes.
void EdgeMatrix::add_edge_current(double scale, const Run& run, Index k, double J, double* Jx, double* Jy) const {
  for (const Index cell : {run.left + k, run.right + k}) {
    Jx[cell] += 0.5 * scale * hx_ * run.offset.x * J;
    if (Jy != nullptr) Jy[cell] += 0.5 * scale * hy_ * run.offset.y * J;
  }
}

void EdgeMatrix::add_sink_current(double scale, const double* p, double* Jx, double* Jy) const {
  for (const Sink& sink : sinks_) {
    const double J = 0.5 * scale * sink.rate * p[sink.cell];
    Jx[sink.cell] += hx_ * sink.offset.x * J;
    if (Jy != nullptr) Jy[sink.cell] += hy_ * sink.offset.y * J;
  }
}

void EdgeMatrix::add_current(double scale, const double* p, double* Jx, double* Jy) const {
  for (const Run& run : runs_)
    for (Index k = 0; k < run.count; ++k) {
      const Index edge = run.first + k;
      add_edge_current(scale, run, k, left()[edge] * p[run.left + k] + right()[edge] * p[run.right + k], Jx, Jy);
    }
  add_sink_current(scale, p, Jx, Jy);
}

void EdgeMatrix::add_current(double scale, const double* J, const double* p, double* Jx, double* Jy) const {
  for (const Run& run : runs_)
    for (Index k = 0; k < run.count; ++k) add_edge_current(scale, run, k, J[run.first + k], Jx, Jy);
  add_sink_current(scale, p, Jx, Jy);
}

std::size_t EdgeMatrix::bytes() const {
  return runs_.capacity() * sizeof(Run) + weights_.capacity() * sizeof(double) + terms_.capacity() * sizeof(EdgeTerm) +
         blocks_.capacity() * sizeof(EdgeBlock) + units_.capacity() * sizeof(Index) + sinks_.capacity() * sizeof(Sink);
}

}  // namespace fokker
