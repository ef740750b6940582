#include "unseen_cells.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fokker/base/quadrature.hpp"

namespace fokker {
namespace {

using Rule = GaussRule<4>;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double same = 1e-4;      // of the mean |g|: two rules agree
constexpr double low = 1e-2;       // of the largest |g|: peaks that count
constexpr double overstated = 16;  // by bounds, which take x in x*x for two numbers

// Of |g|: coefficients 2 and 3 of Legendre polynomials along an axis, by the points themselves. Below, coefficients of
// a formula that falls off leave to the eighth, which the rule gets wrong, less than `same`.
constexpr std::array<double, 2> bends{0.1, 0.03};

Index most_parts(const Grid& grid) { return grid.dimension() > 1 ? 16 : 256; }

/// (2k + 1) P_k at the nodes of the rule, k = 2, 3.
constexpr auto legendre = [] {
  std::array<std::array<double, Rule::node.size()>, 2> all{};
  for (std::size_t a = 0; a < Rule::node.size(); ++a) {
    const double x = Rule::node[a];
    all[0][a] = 5 * (1.5 * x * x - 0.5);
    all[1][a] = 7 * (2.5 * x * x - 1.5) * x;
  }
  return all;
}();

}  // namespace

/// One grid being searched at one time.
class UnseenCells::Search {
 public:
  Search(const UnseenCells& asked, double t, Pieces& pieces)
      : grid_(asked.grid_),
        tape_(asked.tape_),
        bounds_(asked.bounds_),
        t_(t),
        pieces_(pieces),
        most_(static_cast<std::size_t>(grid_.cells()), infinite),
        unseen_(most_.size()) {
    bounds_.move_to({t, t});
  }
  void run() {
    look_at_all();
    find(0, grid_.nx(), 0, grid_.cells() / grid_.nx());
    cut();
  }

 private:
  struct Seen {
    double mean = 0, size = 0, most = 0;  ///< of g, of |g|; the largest |g|
  };
  using Box = std::array<Interval, 2>;

  [[nodiscard]] Box box_of(Index i0, Index i1, Index j0, Index j1) const;
  [[nodiscard]] Box box_of(Index cell) const {
    const Index i = cell % grid_.nx(), j = cell / grid_.nx();
    return box_of(i, i + 1, j, j + 1);
  }
  void add_points(const Box& box, Index parts, Pieces& to) const;
  void evaluate();
  [[nodiscard]] Seen seen(std::size_t first, std::size_t count) const;
  [[nodiscard]] bool bends_much(std::size_t first, double size) const;
  Seen look(const Box& box, Index parts);
  double bound(const Box& box);
  void look_at_all();
  void find(Index i0, Index i1, Index j0, Index j1);
  bool hides(const Box& box, Index parts, double most);
  Index parts_for(const Box& box);
  void cut();

  const Grid& grid_;
  const Tape& tape_;
  Enclosure bounds_;
  double t_;
  Pieces& pieces_;
  std::vector<double> most_;  // largest |g| at the points of a cell; infinity: not asked
  std::vector<bool> unseen_;
  double scale_ = 0;  // largest of all
  Pieces scratch_;
  std::vector<double> values_;
};

UnseenCells::UnseenCells(const Grid& grid, const Expression& formula, std::span<const std::string> variables)
    : grid_(grid), tape_({&formula, 1}, variables), bounds_({&formula, 1}, variables) {}

void UnseenCells::cut(double t, Pieces& pieces) const { Search(*this, t, pieces).run(); }

UnseenCells::Search::Box UnseenCells::Search::box_of(Index i0, Index i1, Index j0, Index j1) const {
  Box box{Interval{grid_.axis(0).face(i0), grid_.axis(0).face(i1)}};
  if (grid_.dimension() > 1) box[1] = {grid_.axis(1).face(j0), grid_.axis(1).face(j1)};
  return box;
}

/// Of `parts` equal parts per axis; weights sum to 1.
void UnseenCells::Search::add_points(const Box& box, Index parts, Pieces& to) const {
  const bool plane = grid_.dimension() > 1;
  const std::size_t line = static_cast<std::size_t>(parts) * Rule::node.size();
  const auto place = [&](const Interval& side, std::size_t k) {
    const double width = (side.high - side.low) / static_cast<double>(parts);
    const std::size_t part = k / Rule::node.size();
    return side.low + width * (static_cast<double>(part) + 0.5 * (1 + Rule::node[k % Rule::node.size()]));
  };
  const auto weight = [&](std::size_t k) {
    return 0.5 * Rule::weight[k % Rule::node.size()] / static_cast<double>(parts);
  };
  for (std::size_t b = 0; b < (plane ? line : 1); ++b)
    for (std::size_t a = 0; a < line; ++a) {
      to.x.push_back(place(box[0], a));
      to.y.push_back(plane ? place(box[1], b) : 0);
      to.weight.push_back(weight(a) * (plane ? weight(b) : 1));
    }
}

/// At the points of scratch_.
void UnseenCells::Search::evaluate() {
  values_.resize(scratch_.x.size());
  std::array inputs{TapeInput::of(scratch_.x.data()), TapeInput::of(scratch_.y.data()), TapeInput::of(t_)};
  if (grid_.dimension() == 1) inputs[1] = inputs[2];
  double* const out = values_.data();
  tape_.evaluate(std::span(inputs).first(grid_.dimension() + 1), static_cast<Index>(values_.size()), {&out, 1});
}

UnseenCells::Search::Seen UnseenCells::Search::seen(std::size_t first, std::size_t count) const {
  Seen seen;
  for (std::size_t i = first; i < first + count; ++i) {
    const double size = std::abs(values_[i]);
    seen.mean += scratch_.weight[i] * values_[i];
    seen.size += scratch_.weight[i] * size;
    seen.most = std::isfinite(size) ? std::max(seen.most, size) : infinite;
  }
  return seen;
}

/// So much, at the points of one cell, that twice as many are worth a look.
bool UnseenCells::Search::bends_much(std::size_t first, double size) const {
  constexpr std::size_t nodes = Rule::node.size();
  const std::size_t rows = grid_.dimension() > 1 ? nodes : 1;
  for (std::size_t k = 0; k < bends.size(); ++k) {
    double along = 0, across = 0;
    for (std::size_t b = 0, i = first; b < rows; ++b)
      for (std::size_t a = 0; a < nodes; ++a, ++i) {
        const double g = scratch_.weight[i] * values_[i];
        along += g * legendre[k][a];
        across += rows > 1 ? g * legendre[k][b] : 0;
      }
    if (std::max(std::abs(along), std::abs(across)) > bends[k] * size) return true;
  }
  return false;
}

UnseenCells::Search::Seen UnseenCells::Search::look(const Box& box, Index parts) {
  scratch_.x.clear(), scratch_.y.clear(), scratch_.weight.clear();
  add_points(box, parts, scratch_);
  evaluate();
  return seen(0, values_.size());
}

double UnseenCells::Search::bound(const Box& box) {
  bounds_.look_at(std::span(box).first(grid_.dimension()));
  return bounds_.of(0).largest();
}

/// Halves a block of cells until bounds say that its cells show what they hold.
void UnseenCells::Search::find(Index i0, Index i1, Index j0, Index j1) {
  double least = infinite;
  for (Index j = j0; j < j1; ++j)
    for (Index i = i0; i < i1; ++i) least = std::min(least, most_[i + grid_.nx() * j]);
  if (least == infinite || bound(box_of(i0, i1, j0, j1)) <= std::max(overstated * least, low * scale_)) return;
  if (i1 - i0 > 1 && i1 - i0 >= j1 - j0) {
    find(i0, (i0 + i1) / 2, j0, j1);
    find((i0 + i1) / 2, i1, j0, j1);
  } else if (j1 - j0 > 1) {
    find(i0, i1, j0, (j0 + j1) / 2);
    find(i0, i1, (j0 + j1) / 2, j1);
  } else {
    unseen_[i0 + grid_.nx() * j0] = true;
  }
}

/// Whether some part may hold far more than its points show.
bool UnseenCells::Search::hides(const Box& box, Index parts, double most) {
  const Index rows = grid_.dimension() > 1 ? parts : 1;
  const auto part = [](const Interval& side, Index k, Index of) {
    const double width = (side.high - side.low) / static_cast<double>(of);
    return Interval{side.low + width * static_cast<double>(k), side.low + width * static_cast<double>(k + 1)};
  };
  for (Index b = 0; b < rows; ++b)
    for (Index a = 0; a < parts; ++a)
      if (bound({part(box[0], a, parts), part(box[1], b, rows)}) > std::max(overstated * most, low * scale_))
        return true;
  return false;
}

Index UnseenCells::Search::parts_for(const Box& box) {
  Seen before = look(box, 1);
  for (Index parts = 2;; parts *= 2) {
    const Seen now = look(box, parts);
    scale_ = std::max(scale_, now.most);
    const bool agree = std::abs(now.mean - before.mean) <= same * now.size;
    if (!std::isfinite(now.most) || (agree && !hides(box, parts, now.most))) return parts;
    if (parts == most_parts(grid_)) {
      pieces_.coarse = true;
      return parts;
    }
    before = now;
  }
}

void UnseenCells::Search::look_at_all() {
  const std::size_t points = Rule::node.size() * (grid_.dimension() > 1 ? Rule::node.size() : 1);
  const Index block = Tape::block / static_cast<Index>(points);
  std::vector<Index> bent;
  std::vector<Seen> once;
  for (const CellRun& run : pieces_.whole)
    for (Index begin = run.first; begin < run.first + run.count; begin += block) {
      const Index end = std::min(begin + block, run.first + run.count);
      scratch_.x.clear(), scratch_.y.clear(), scratch_.weight.clear();
      for (Index cell = begin; cell < end; ++cell) add_points(box_of(cell), 1, scratch_);
      evaluate();
      for (Index cell = begin; cell < end; ++cell) {
        const std::size_t first = points * static_cast<std::size_t>(cell - begin);
        const Seen found = seen(first, points);
        if (!std::isfinite(found.most)) continue;  // whoever asks for it says so
        most_[cell] = found.most;
        scale_ = std::max(scale_, found.most);
        if (!bends_much(first, found.size)) continue;
        bent.push_back(cell);
        once.push_back(found);
      }
    }
  for (std::size_t k = 0; k < bent.size(); ++k) {
    const Seen twice = look(box_of(bent[k]), 2);
    if (!std::isfinite(twice.most)) continue;
    most_[bent[k]] = std::max(most_[bent[k]], twice.most);
    scale_ = std::max(scale_, twice.most);
    unseen_[bent[k]] = std::abs(twice.mean - once[k].mean) > same * twice.size;
  }
}

void UnseenCells::Search::cut() {
  std::vector<CellRun> whole;
  for (const CellRun& run : pieces_.whole)
    for (Index cell = run.first; cell < run.first + run.count; ++cell) {
      if (unseen_[cell]) {
        const std::size_t first = pieces_.x.size();
        add_points(box_of(cell), parts_for(box_of(cell)), pieces_);
        pieces_.cut.push_back({cell, first, pieces_.x.size() - first});
      } else if (cell > run.first && !unseen_[cell - 1]) {
        ++whole.back().count;
      } else {
        whole.push_back({cell, 1});
      }
    }
  pieces_.whole.swap(whole);
}

}  // namespace fokker
