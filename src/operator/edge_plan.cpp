#include <algorithm>

#include "fokker/operator/edge_matrix.hpp"

namespace fokker {
namespace {

constexpr Index zero_gap = 16;  // a shorter gap of zeros costs less than another block

}  // namespace

EdgeMatrix::EdgeMatrix(const Grid& grid)
    : nx_(grid.nx()),
      ny_(grid.ny()),
      periodic_x_(grid.axis(0).periodic()),
      periodic_y_(grid.dimension() > 1 && grid.axis(1).periodic()),
      hx_(grid.axis(0).width()),
      hy_(grid.dimension() > 1 ? grid.axis(1).width() : 0),
      volume_(grid.volume()) {}

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
  weights_.resize(2 * count_);
  if (weights_.size() < weights_.capacity() / 4 * 3) weights_.shrink_to_fit();
  plan();
}

void EdgeMatrix::plan() {
  // Every run as seen from the row of its L cells and from the row of its R cells.
  struct Visit {
    Index begin, end, run;
    bool incoming;
  };
  std::vector<std::vector<Visit>> rows(ny_);
  for (std::size_t k = 0; k < runs_.size(); ++k) {
    const Run& run = runs_[k];
    for (const bool incoming : {false, true}) {
      const Index cell = incoming ? run.right : run.left, column = cell % nx_;
      rows[cell / nx_].push_back({column, column + run.count, static_cast<Index>(k), incoming});
    }
  }
  terms_.clear();
  blocks_.clear();
  units_.clear();
  std::vector<Index> cuts;
  std::vector<Visit> active;
  for (Index row = 0; row < ny_; ++row) {
    std::vector<Visit>& visits = rows[row];
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
        const Run& run = runs_[visit.run];
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

void EdgeMatrix::set_sinks(std::vector<Sink> sinks) {
  sinks_ = std::move(sinks);
  std::stable_sort(sinks_.begin(), sinks_.end(), [](const Sink& a, const Sink& b) { return a.cell < b.cell; });
}

std::size_t EdgeMatrix::bytes() const {
  return runs_.capacity() * sizeof(Run) + weights_.capacity() * sizeof(double) + terms_.capacity() * sizeof(EdgeTerm) +
         blocks_.capacity() * sizeof(EdgeBlock) + units_.capacity() * sizeof(Index) + sinks_.capacity() * sizeof(Sink);
}

}  // namespace fokker
