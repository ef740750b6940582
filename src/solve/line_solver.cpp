#include "fokker/solve/line_solver.hpp"

#include <algorithm>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "line_kernels.hpp"

namespace fokker {
namespace {

constexpr Index lanes = AxisSplitting::lanes;
constexpr std::size_t most_kept = 3;  // factorisations, two doubles per cell each: a step length, its half, one beside
constexpr Index fewest_cells = 4096;  // per worker
/// Rows 16 panel .. 16 panel + 15 and columns 16 chunk .. 16 chunk + 15, as far as there are any.
struct Tile {
  Index row, column, rows, columns;
  Tile(const AxisSplitting& d, Index panel, Index chunk)
      : row(lanes * panel),
        column(lanes * chunk),
        rows(std::min(lanes, d.cells(1) - row)),
        columns(std::min(lanes, d.cells(0) - column)) {}
};

void transpose(const double* from, Index from_stride, Index rows, Index columns, double* to) {
  if (rows == lanes && columns == lanes)
    transpose_tile(from, from_stride, to, lanes);
  else
    transpose_part(from, from_stride, rows, columns, to, lanes);
}

/// b as it stands.
struct LoadRows {
  const AxisSplitting& directions;
  const double* b;
  void operator()(const Tile& tile, double* to) const {
    const Index nx = directions.cells(0);
    transpose(b + tile.row * nx + tile.column, nx, tile.rows, tile.columns, to);
  }
};

/// gamma (up here - down next) for n lines; without `next` what leaves at rate `up`.
void line_flux(double gamma, const double* up, const double* down, const double* here, const double* next, Index n,
               double* flux) {
  for (Index k = 0; k < n; ++k) flux[k] = gamma * up[k] * here[k] - (next == nullptr ? 0 : gamma * down[k] * next[k]);
}

/// (I + gamma A_y) p, in passing. The flux between two tiles is computed in both, from the same numbers.
struct LoadExplicit {
  const AxisSplitting& directions;
  double gamma;
  const double* p;

  void operator()(const Tile& tile, double* to) const {
    const Index nx = directions.cells(0), ny = directions.cells(1), chunk = tile.column / lanes;
    const double *up = directions.up(1, chunk), *down = directions.down(1, chunk);
    const bool around = directions.periodic(1);
    const auto row = [&](Index j) { return p + j * nx + tile.column; };
    double below[lanes] = {}, values[lanes * lanes], padded[(lanes + 1) * lanes];
    if (tile.row > 0 || around) {
      const Index j = tile.row > 0 ? tile.row - 1 : ny - 1;
      line_flux(gamma, up + j * lanes, down + j * lanes, row(j), row(tile.row), tile.columns, below);
    } else {
      line_flux(-gamma, directions.lower_sink(1, chunk), nullptr, row(0), nullptr, tile.columns, below);
    }
    const Index end = tile.row + tile.rows;
    const double *first = row(tile.row),
                 *beyond = row(end < ny ? end : (around ? 0 : ny - 1));  // at a wall `down` is 0
    Index stride = nx;
    if (tile.columns < lanes) {
      for (Index r = 0; r <= tile.rows; ++r) {
        double* const to_row =
            std::copy_n(r < tile.rows ? row(tile.row + r) : beyond, tile.columns, padded + r * lanes);
        std::fill(to_row, padded + (r + 1) * lanes, 0.0);
      }
      first = padded, beyond = padded + tile.rows * lanes, stride = lanes;
    }
    apply_lines(gamma, up + tile.row * lanes, down + tile.row * lanes, first, stride, tile.rows, beyond, below, values);
    transpose(values, lanes, tile.rows, tile.columns, to);
  }
};

/// store_columns for the last panel.
void store_part(const double* x, Index rows, Index columns, const double* base, double* out, Index stride) {
  for (Index i = 0; i < rows; ++i)
    for (Index k = 0; k < columns; ++k)
      out[i * stride + k] = (base == nullptr ? 0 : base[i * stride + k]) + x[i * lanes + k];
}

}  // namespace

void LineSolver::prepare(const AxisSplitting& directions, double gamma, double t) {
  const auto fits = [&](const Factors& f) {
    return f.directions == &directions && f.version == directions.version() && f.gamma == gamma;
  };
  auto found = std::find_if(kept_.begin(), kept_.end(), fits);
  const bool make = found == kept_.end();
  if (make) {
    if (kept_.size() < most_kept) kept_.emplace_back();
    found = kept_.end() - 1;
  }
  std::rotate(kept_.begin(), found, found + 1);
  if (!make) return;
  Factors& factors = kept_.front();
  factors.directions = &directions;
  factors.version = -1;
  factors.gamma = gamma;
  allocate(directions);
  for (const int axis : {0, 1}) factor(factors, axis, t);
  factors.version = directions.version();
  ++made_;
}

void LineSolver::allocate(const AxisSplitting& directions) {
  const Index cells = directions.cells(0) * directions.cells(1);
  const Index workers = std::clamp<Index>(cells / fewest_cells, 1, thread_count());
  if (scratch_.empty()) scratch_.resize(workers);
  for (Scratch& scratch : scratch_)
    for (auto* buffer : {&scratch.b, &scratch.x})
      buffer->resize(lanes * std::max(directions.cells(0), directions.cells(1)));
  middle_.resize(directions.padded(1));
  outcome_.resize(std::max(directions.panels(0), directions.panels(1)));
}

/// Workers share the panels of an axis in equal parts.
template <class Body>
void LineSolver::over_panels(const AxisSplitting& directions, int axis, const Body& body) {
  const Index panels = directions.panels(axis);
  const Index workers = std::min({static_cast<Index>(scratch_.size()), static_cast<Index>(thread_count()), panels});
  parallel_for(0, workers, 1, [&](Index first, Index last) {
    for (Index worker = first; worker < last; ++worker)
      for (Index panel = worker * panels / workers; panel < (worker + 1) * panels / workers; ++panel)
        body(panel, scratch_[worker]);
  });
}

void LineSolver::factor(Factors& factors, int axis, double t) {
  const AxisSplitting& d = *factors.directions;
  LargeArray &inverse = factors.inverse[axis], &ring = factors.ring[axis];
  inverse.resize(d.padded(axis));
  if (d.periodic(axis)) ring.resize(d.padded(axis));
  over_panels(d, axis, [&](Index panel, Scratch& scratch) {
    const Index offset = d.offset(axis, panel);
    outcome_[panel].valid =
        factor_lines(d.up(axis, panel), d.down(axis, panel), d.lower_sink(axis, panel), d.cells(axis), factors.gamma,
                     inverse.data() + offset, d.periodic(axis) ? ring.data() + offset : nullptr, scratch.b.data());
  });
  for (Index panel = 0; panel < d.panels(axis); ++panel) {
    if (outcome_[panel].valid) continue;
    const auto pivots = std::span(inverse).subspan(static_cast<std::size_t>(d.offset(axis, panel)),
                                                   static_cast<std::size_t>(d.cells(axis) * lanes));
    const Index bad = std::find_if(pivots.begin(), pivots.end(), [](double v) { return !(v > 0); }) - pivots.begin();
    const Index line = panel * lanes + bad % lanes, position = bad / lanes, nx = d.cells(0);
    throw NumericalError("elimination along an axis breaks down: a pivot is not positive", t,
                         axis == 0 ? position + nx * line : line + nx * position);
  }
}

void LineSolver::solve_panel(int axis, Index panel, const double* b, double* x, double of_x, double of_b) {
  const Factors& factors = kept_.front();
  const AxisSplitting& d = *factors.directions;
  const Index offset = d.offset(axis, panel);
  const LinePanel lines{d.up(axis, panel),
                        d.down(axis, panel),
                        d.lower_sink(axis, panel),
                        factors.inverse[axis].data() + offset,
                        d.periodic(axis) ? factors.ring[axis].data() + offset : nullptr,
                        d.cells(axis),
                        factors.gamma};
  Outcome& outcome = outcome_[panel];
  solve_lines(lines, b, x, of_x, of_b, outcome.lower, outcome.upper);
}

/// middle = of_x S_x b + of_b b: 16 rows at a time are turned into a panel, solved, and turned back into the panels of
/// the columns.
template <class Load>
void LineSolver::sweep_x(const Load& load, double of_x, double of_b) {
  const AxisSplitting& d = *kept_.front().directions;
  over_panels(d, 0, [&](Index panel, Scratch& scratch) {
    for (Index chunk = 0; chunk < d.panels(1); ++chunk)
      load(Tile(d, panel, chunk), scratch.b.data() + chunk * lanes * lanes);
    solve_panel(0, panel, scratch.b.data(), scratch.x.data(), of_x, of_b);
    for (Index chunk = 0; chunk < d.panels(1); ++chunk) {
      const Tile tile(d, panel, chunk);
      transpose(scratch.x.data() + chunk * lanes * lanes, lanes, tile.columns, tile.rows,
                middle_.data() + d.offset(1, chunk) + tile.row * lanes);
    }
  });
}

/// x = base + S_y middle
void LineSolver::sweep_y(const double* base, double* x) {
  const AxisSplitting& d = *kept_.front().directions;
  const Index nx = d.cells(0);
  over_panels(d, 1, [&](Index panel, Scratch& scratch) {
    solve_panel(1, panel, middle_.data() + d.offset(1, panel), scratch.x.data(), 1, 0);
    const Index first = panel * lanes, count = std::min(lanes, nx - first);
    const double* from = base == nullptr ? nullptr : base + first;
    if (count == lanes)
      store_columns(scratch.x.data(), d.cells(1), from, x + first, nx);
    else
      store_part(scratch.x.data(), d.cells(1), count, from, x + first, nx);
  });
}

/// Outflow += factor * volume * what the last sweep along an axis has let out.
void LineSolver::add_outflow(int axis, double factor, std::span<double> x) const {
  const AxisSplitting& d = *kept_.front().directions;
  const std::span<double> outflows = x.last(static_cast<std::size_t>(d.outflows()));
  for (const int side : {0, 1}) {
    const Index outflow = d.outflow(axis, side);
    if (outflow < 0) continue;
    double sum = 0;
    for (Index panel = 0; panel < d.panels(axis); ++panel)
      for (const double lost : side == 0 ? outcome_[panel].lower : outcome_[panel].upper) sum += lost;
    outflows[outflow] += factor * d.cell_volume() * sum;
  }
}

void LineSolver::solve(std::span<const double> b, std::span<const double> base, std::span<double> x) {
  const AxisSplitting& d = *kept_.front().directions;
  sweep_x(LoadRows{d, b.data()}, 1, 0);
  for (std::size_t l = x.size() - static_cast<std::size_t>(d.outflows()); l < x.size(); ++l) x[l] = base[l] + b[l];
  add_outflow(0, 1, x);
  sweep_y(base.data(), x.data());
  add_outflow(1, 1, x);
}

void LineSolver::alternate(std::span<const double> p, std::span<double> x) {
  const Factors& factors = kept_.front();
  const AxisSplitting& d = *factors.directions;
  const Index nx = d.cells(0), ny = d.cells(1);
  std::copy(p.end() - d.outflows(), p.end(), x.end() - d.outflows());
  // What the explicit half along y lets out, in the order of the panels, as if a sweep had done it.
  for (Index panel = 0; panel < d.panels(1); ++panel) {
    const Index first = panel * lanes, count = std::min(lanes, nx - first);
    Outcome& outcome = outcome_[panel];
    outcome = {};
    line_flux(factors.gamma, d.lower_sink(1, panel), nullptr, p.data() + first, nullptr, count, outcome.lower);
    line_flux(factors.gamma, d.up(1, panel) + (ny - 1) * lanes, nullptr, p.data() + (ny - 1) * nx + first, nullptr,
              count, outcome.upper);
  }
  add_outflow(1, 1, x);
  sweep_x(LoadExplicit{d, factors.gamma, p.data()}, 2, -1);  // (I + gamma A_x) S_x = 2 S_x - I
  add_outflow(0, 2, x);
  sweep_y(nullptr, x.data());
  add_outflow(1, 1, x);
}

std::size_t LineSolver::bytes() const {
  std::size_t doubles = middle_.capacity() + outcome_.capacity() * sizeof(Outcome) / sizeof(double);
  for (const Factors& factors : kept_)
    for (const int axis : {0, 1}) doubles += factors.inverse[axis].capacity() + factors.ring[axis].capacity();
  for (const Scratch& scratch : scratch_) doubles += scratch.b.capacity() + scratch.x.capacity();
  return doubles * sizeof(double);
}

}  // namespace fokker
