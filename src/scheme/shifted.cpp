#include "fokker/scheme/shifted.hpp"

#include <Eigen/SparseCore>
#include <Eigen/SparseLU>
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "fokker/base/errors.hpp"

namespace fokker {
namespace {

using Matrix = Eigen::SparseMatrix<double>;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// x_l = b_l + gamma * (row_l . x): what leaves through the absorbing sides while x holds.
class LedgerRows {
 public:
  void add(Index row, Index column, double gamma_rate) { entries_.push_back({row, column, gamma_rate}); }
  void solve(Index cells, std::span<const double> b, std::span<double> x) const {
    for (std::size_t l = at(cells); l < b.size(); ++l) x[l] = b[l];
    for (const Entry& e : entries_) x[at(e.row)] += e.value * x[at(e.column)];
  }

 private:
  struct Entry {
    Index row, column;
    double value;
  };
  std::vector<Entry> entries_;
};

enum class Shape { tridiagonal, cyclic, general };

/// gamma A of the cells, its ledger rows, and what they are like.
struct Assembled {
  Matrix cells;
  LedgerRows ledgers;
  std::vector<double> outflow;  ///< gamma * (rate at which column j feeds the ledgers), per cell
  Shape shape = Shape::tridiagonal;
  bool generator = true;  ///< nonnegative off the diagonal, columns and their outflow add up to zero
};

/// Off the three diagonals stand at most the two corners of a periodic axis.
Shape shape_of(const Matrix& a) {
  Shape shape = Shape::tridiagonal;
  for (int j = 0; j < a.outerSize(); ++j) {
    for (Matrix::InnerIterator it(a, j); it; ++it) {
      const auto distance = std::abs(it.row() - it.col());
      if (distance <= 1 || it.value() == 0) continue;
      if (distance != a.rows() - 1) return Shape::general;
      shape = Shape::cyclic;
    }
  }
  return shape;
}

bool is_generator(const Matrix& a, const std::vector<double>& outflow) {
  constexpr double rounding = 1e-12;
  for (int j = 0; j < a.outerSize(); ++j) {
    double sum = outflow[at(j)], scale = sum;
    if (sum < 0) return false;
    for (Matrix::InnerIterator it(a, j); it; ++it) {
      if (it.row() != j && it.value() < 0) return false;
      sum += it.value();
      scale += std::abs(it.value());
    }
    if (!(std::abs(sum) <= rounding * scale)) return false;
  }
  return true;
}

Assembled assemble(const LinearOperator& op, double t, double gamma) {
  const Index cells = op.cells();
  Assembled result;
  result.outflow.assign(at(cells), 0.0);
  std::vector<Eigen::Triplet<double>> entries;
  entries.reserve(5 * at(cells));
  op.assemble(t, [&](Index row, Index column, double value) {
    if (!std::isfinite(value)) throw NumericalError("a matrix entry is not finite", t, column);
    if (column >= cells) throw std::logic_error("a rate may not depend on a ledger");
    if (row < cells) {
      entries.emplace_back(static_cast<int>(row), static_cast<int>(column), gamma * value);
    } else {
      result.ledgers.add(row, column, gamma * value);
      result.outflow[at(column)] += gamma * value / op.cell_volume();
    }
  });
  result.cells.resize(cells, cells);
  result.cells.setFromTriplets(entries.begin(), entries.end());
  result.shape = shape_of(result.cells);
  result.generator = is_generator(result.cells, result.outflow);
  return result;
}

/// I - gamma A of a 1D operator, by columns, each split into what it hands on and what it keeps:
///
///        row j-1:  -left[j]
///        row j  :   keep[j] + left[j] + right[j]
///        row j+1:  -right[j]           keep[j] = column sum: 1 + outflow of cell j for a generator
///
/// On a periodic axis left[0] lands in the last row and right[n-1] in the first.
struct Bands {
  std::vector<double> left, right, keep;
  [[nodiscard]] Index size() const { return static_cast<Index>(keep.size()); }
};

Bands bands_of(const Assembled& system) {
  const Matrix& a = system.cells;
  const Index n = a.rows();
  Bands bands{std::vector<double>(at(n)), std::vector<double>(at(n)), std::vector<double>(at(n))};
  for (int j = 0; j < n; ++j) {
    double diagonal = 1;
    for (Matrix::InnerIterator it(a, j); it; ++it) {
      if (it.row() == j) {
        diagonal -= it.value();
      } else if (it.row() == j + 1 || (j == n - 1 && it.row() == 0 && n > 2)) {
        bands.right[at(j)] = it.value();
      } else {
        bands.left[at(j)] = it.value();
      }
    }
    bands.keep[at(j)] =
        system.generator ? 1 + system.outflow[at(j)] : diagonal - bands.left[at(j)] - bands.right[at(j)];
  }
  return bands;
}

/// Elimination without row exchanges is safe when the diagonal dominates every column.
bool diagonally_dominant(const Bands& bands) {
  for (std::size_t j = 0; j < bands.keep.size(); ++j) {
    const double off = std::abs(bands.left[j]) + std::abs(bands.right[j]);
    if (!(std::abs(bands.keep[j] + bands.left[j] + bands.right[j]) >= off)) return false;
  }
  return true;
}

/// Thomas' elimination with pivots from column sums. When row j is done, column j + 1 keeps
///     kept[j+1] = keep[j+1] + left[j+1] * kept[j] / pivot[j],     pivot[j] = kept[j] + right[j]:
/// of what cell j + 1 hands to its left, the share that is not handed back. Nothing is subtracted.
class TridiagonalSolver final : public ShiftedSolver {
 public:
  TridiagonalSolver(const Bands& m, LedgerRows ledgers) : ledgers_(std::move(ledgers)) {
    const Index n = m.size();
    down_.resize(at(n));
    up_.resize(at(n));
    inverse_.resize(at(n));
    double kept = 0;
    for (Index j = 0; j < n; ++j) {
      kept = m.keep[at(j)] + (j > 0 ? m.left[at(j)] * (kept * inverse_[at(j - 1)]) : 0);
      inverse_[at(j)] = 1 / (kept + m.right[at(j)]);
      down_[at(j)] = m.right[at(j)] * inverse_[at(j)];
      up_[at(j)] = j + 1 < n ? m.left[at(j + 1)] * inverse_[at(j)] : 0;
    }
  }

  void solve(std::span<const double> b, std::span<double> x) const override {
    const Index n = static_cast<Index>(inverse_.size());
    double carry = 0;
    for (Index j = 0; j < n; ++j) {
      const double y = b[at(j)] + carry;
      carry = down_[at(j)] * y;
      x[at(j)] = y * inverse_[at(j)];
    }
    for (Index j = n - 1; j-- > 0;) x[at(j)] += up_[at(j)] * x[at(j + 1)];
    ledgers_.solve(n, b, x);
  }
  [[nodiscard]] const char* name() const override { return "tridiagonal"; }

 private:
  std::vector<double> down_, up_, inverse_;  ///< right/pivot of column j, left[j+1]/pivot[j], 1/pivot
  LedgerRows ledgers_;
};

/// The same on a ring. Cells 0 .. n-2 are eliminated in order; each may also hand to the last cell (last_row, filled in
/// from the corner) and receive from it (last_column):
///
///        | *  .        c |      c: right[n-1], r: left[0]
///        | .  *  .     f |      f: fill, all of one sign: what walks round the ring through
///        |    .  *  .  f |         cells already eliminated
///        | r  f  f  .  * |
class CyclicSolver final : public ShiftedSolver {
 public:
  CyclicSolver(const Bands& m, LedgerRows ledgers) : ledgers_(std::move(ledgers)) {
    const Index n = m.size(), last = n - 1;
    for (auto* v : {&down_, &up_, &inverse_, &last_row_, &last_column_}) v->assign(at(n), 0.0);
    double kept = m.keep[0], to_last = m.left[0], from_last = m.right[at(last)], kept_last = m.keep[at(last)];
    for (Index j = 0; j < last; ++j) {
      const bool neighbour_is_last = j + 1 == last;
      const double right = neighbour_is_last ? 0 : m.right[at(j)];
      if (neighbour_is_last) {
        to_last += m.right[at(j)];
        from_last += m.left[at(last)];
      }
      const double inverse = 1 / (kept + right + to_last), share = kept * inverse;
      inverse_[at(j)] = inverse;
      down_[at(j)] = right * inverse;
      last_row_[at(j)] = to_last * inverse;
      last_column_[at(j)] = from_last * inverse;
      kept_last += from_last * share;
      if (neighbour_is_last) break;
      const double left = m.left[at(j + 1)];
      up_[at(j)] = left * inverse;
      kept = m.keep[at(j + 1)] + left * share;
      to_last = left * last_row_[at(j)];
      from_last = from_last * down_[at(j)];
    }
    inverse_[at(last)] = 1 / kept_last;
  }

  void solve(std::span<const double> b, std::span<double> x) const override {
    const Index n = static_cast<Index>(inverse_.size()), last = n - 1;
    double carry = 0, end = b[at(last)];
    for (Index j = 0; j < last; ++j) {
      const double y = b[at(j)] + carry;
      carry = down_[at(j)] * y;
      end += last_row_[at(j)] * y;
      x[at(j)] = y * inverse_[at(j)];
    }
    end *= inverse_[at(last)];
    x[at(last)] = end;
    double next = 0;
    for (Index j = last; j-- > 0;) {
      next = x[at(j)] + last_column_[at(j)] * end + up_[at(j)] * next;
      x[at(j)] = next;
    }
    ledgers_.solve(n, b, x);
  }
  [[nodiscard]] const char* name() const override { return "cyclic tridiagonal"; }

 private:
  std::vector<double> down_, up_, inverse_, last_row_, last_column_;
  LedgerRows ledgers_;
};

/// A triangle by columns, its diagonal kept elsewhere.
struct Triangle {
  std::vector<Index> start{0};
  std::vector<int> row;
  std::vector<double> value;
  void add(Eigen::Index i, double v) {
    if (v == 0) return;
    row.push_back(static_cast<int>(i));
    value.push_back(v);
  }
  void close_column() { start.push_back(static_cast<Index>(row.size())); }
  /// y -= (column j) * factor
  void subtract(Index j, double factor, double* y) const {
    for (Index k = start[at(j)]; k < start[at(j + 1)]; ++k) y[row[at(k)]] -= value[at(k)] * factor;
  }
};

/// P_r (I - gamma A) P_c^T = L U. Eigen factors; its own solve allocates, so L and U are copied out. For a generator
/// every column is dominated by its diagonal, which partial pivoting therefore keeps, and L and U are <= 0 off it.
class SparseLuSolver final : public ShiftedSolver {
 public:
  SparseLuSolver(Assembled system, double t) : ledgers_(std::move(system.ledgers)) {
    const Eigen::Index n = system.cells.rows();
    Matrix shifted(n, n);
    shifted.setIdentity();
    shifted -= system.cells;
    Eigen::SparseLU<Matrix, Eigen::COLAMDOrdering<int>> lu;
    lu.compute(shifted);
    if (lu.info() != Eigen::Success) throw NumericalError("I - gamma A is singular: " + lu.lastErrorMessage(), t);
    copy_factors(lu);
    const auto& rows = lu.rowsPermutation().indices();
    const auto& columns = lu.colsPermutation().indices();
    row_place_.assign(rows.data(), rows.data() + n);
    column_place_.assign(columns.data(), columns.data() + n);
    y_.resize(at(n));
  }

  void solve(std::span<const double> b, std::span<double> x) const override {
    const Index n = static_cast<Index>(y_.size());
    for (Index i = 0; i < n; ++i) y_[at(row_place_[at(i)])] = b[at(i)];
    for (Index j = 0; j < n; ++j) {
      if (y_[at(j)] != 0) lower_.subtract(j, y_[at(j)], y_.data());
    }
    for (Index j = n; j-- > 0;) {
      y_[at(j)] *= inverse_[at(j)];
      if (y_[at(j)] != 0) upper_.subtract(j, y_[at(j)], y_.data());
    }
    for (Index i = 0; i < n; ++i) x[at(i)] = y_[at(column_place_[at(i)])];
    ledgers_.solve(n, b, x);
  }
  [[nodiscard]] const char* name() const override { return "sparse LU"; }

 private:
  /// Eigen keeps the diagonal blocks of U inside the supernodes of L, and the rest of U apart.
  template <class Lu>
  void copy_factors(const Lu& lu) {
    const auto upper = lu.matrixU();
    using SuperNodes = std::decay_t<decltype(upper.m_mapL)>;
    using Rest = std::decay_t<decltype(upper.m_mapU)>;
    for (Eigen::Index j = 0; j < lu.cols(); ++j) {
      double pivot = 0;
      for (typename Rest::InnerIterator it(upper.m_mapU, j); it; ++it) upper_.add(it.index(), it.value());
      for (typename SuperNodes::InnerIterator it(upper.m_mapL, j); it; ++it) {
        if (it.index() > j) lower_.add(it.index(), it.value());
        if (it.index() < j) upper_.add(it.index(), it.value());
        if (it.index() == j) pivot = it.value();
      }
      inverse_.push_back(1 / pivot);
      lower_.close_column();
      upper_.close_column();
    }
  }

  Triangle lower_, upper_;
  std::vector<double> inverse_;
  std::vector<int> row_place_, column_place_;
  LedgerRows ledgers_;
  mutable std::vector<double> y_;
};

}  // namespace

std::unique_ptr<ShiftedSolver> factor_shifted(const LinearOperator& op, double t, double gamma) {
  Assembled system = assemble(op, t, gamma);
  if (system.shape != Shape::general) {
    const Bands bands = bands_of(system);
    if (diagonally_dominant(bands)) {
      if (system.shape == Shape::cyclic) return std::make_unique<CyclicSolver>(bands, std::move(system.ledgers));
      return std::make_unique<TridiagonalSolver>(bands, std::move(system.ledgers));
    }
  }
  return std::make_unique<SparseLuSolver>(std::move(system), t);
}

}  // namespace fokker
