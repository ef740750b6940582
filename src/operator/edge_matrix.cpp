#include "fokker/operator/edge_matrix.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/base/parallel.hpp"

namespace fokker {

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
  for (const Sink& sink : sinks_) {
    insert(sink.cell, sink.cell, -scale * sink.rate);
    insert(nx_ * ny_ + sink.outflow, sink.cell, volume_ * (scale * sink.rate));
  }
}

bool EdgeMatrix::skew() const {
  return std::any_of(runs_.begin(), runs_.end(), [](const Run& run) { return !is_face(run.offset); });
}

void EdgeMatrix::drain(double scale, std::span<const double> state, std::span<double> rate) const {
  const Index cells = nx_ * ny_;
  std::fill(rate.begin() + cells, rate.end(), 0.0);
  for (const Sink& sink : sinks_) {
    const double lost = scale * sink.rate * state[sink.cell];
    rate[sink.cell] -= lost;
    rate[cells + sink.outflow] += volume_ * lost;
  }
}

void EdgeMatrix::project(AxisSplitting& directions) const {
  const auto add = [&](const Run& run) {
    if (is_face(run.offset))
      return directions.add_edges(run.offset.y, run.left, run.count, left() + run.first, right() + run.first);
    for (Index k = 0; k < run.count; ++k) project_skew(run, k, directions);
  };
  if (skew()) {  // which add to what other runs have added to
    std::for_each(runs_.begin(), runs_.end(), add);
    return;
  }
  constexpr Index rows = 16;  // per piece
  parallel_for(0, static_cast<Index>(runs_.size()), rows,
               [&](Index first, Index last) { std::for_each(runs_.begin() + first, runs_.begin() + last, add); });
}

void EdgeMatrix::project_skew(const Run& run, Index k, AxisSplitting& directions) const {
  const double l = left()[run.first + k], r = -right()[run.first + k];
  if (l == 0 && r == 0) return;
  directions.exact = false;
  const auto half_fraction = [&](int axis, int steps, Index cell,
                                 int towards) {  // towards +1: the edge goes up the axis
    const double spread = std::abs(steps) * 0.25 * (l + r), drift = towards * 0.25 * (l - r);
    directions.add_edge(axis, cell, spread + drift, spread - drift);
  };
  const auto [ex, ey] = run.offset;
  const Index x = (run.left + k) % nx_, y = (run.left + k) / nx_;
  const Index x_end = (run.right + k) % nx_, y_end = (run.right + k) / nx_;
  for (int step = 0; step < ex; ++step)
    for (const Index row : {y, y_end}) half_fraction(0, ex, wrapped(x + step, nx_) + nx_ * row, 1);
  for (int step = 0; step < std::abs(ey); ++step)
    for (const Index column : {x, x_end})
      half_fraction(1, ey, column + nx_ * wrapped(ey > 0 ? y + step : y - step - 1, ny_), ey > 0 ? 1 : -1);
}

// Positive weights: |A_ii|. Weights without a sign, J = rate (p_L - p_R) + v (p_L + p_R) / 2: forward Euler is stable
// while dt sum(rate) <= 1 and dt <= 2 / (a D^-1 a), the latter 4 / sum(v^2 / rate) over the edges of a cell, each of
// which is counted at both of its cells. Without diffusion no forward Euler step is stable; |v| / 2 is then the bound
// that the imaginary axis sets to methods of order 3 and above.
void EdgeMatrix::add_exit_rates(bool positive, std::span<double> diagonal) const {
  const auto add = [&](Index cell, double rate) { diagonal[cell] += rate; };
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

void EdgeMatrix::lines(const Run& run, Index from, Index count, const double* values, double* storage,
                       std::array<const double*, 6>& out) const {
  const Index column = run.left % nx_ + from, row = run.left / nx_;
  for (int k = -2; k <= 3; ++k) {
    const std::size_t slot = k + 2;
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

std::array<double, 2> EdgeMatrix::total_current(double scale, const double* p) const {
  constexpr Index lanes = 8, piece = 8192;
  std::array<double, 2> total{};
  for (const Run& run : runs_) {
    const double *l = left() + run.first, *r = right() + run.first, *from = p + run.left, *to = p + run.right;
    const double sum = ordered_sum(0, run.count, piece, [=](Index first, Index last) {
      std::array<double, lanes> lane{};
      Index k = first;
      for (; k + lanes <= last; k += lanes)
        for (Index i = 0; i < lanes; ++i)
          lane[static_cast<std::size_t>(i)] += l[k + i] * from[k + i] + r[k + i] * to[k + i];
      double rest = 0;
      for (; k < last; ++k) rest += l[k] * from[k] + r[k] * to[k];
      return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7])) + rest;
    });
    total[0] += scale * hx_ * run.offset.x * sum;
    total[1] += scale * hy_ * run.offset.y * sum;
  }
  for (const Sink& sink : sinks_) {
    const double J = 0.5 * scale * sink.rate * p[sink.cell];
    total[0] += hx_ * sink.offset.x * J;
    total[1] += hy_ * sink.offset.y * J;
  }
  return total;
}

void EdgeMatrix::outflow_rates(double scale, const double* p, std::span<double> rates) const {
  std::fill(rates.begin(), rates.end(), 0.0);
  for (const Sink& sink : sinks_)
    rates[static_cast<std::size_t>(sink.outflow)] += volume_ * scale * sink.rate * p[sink.cell];
}

}  // namespace fokker
