#include "fokker/solve/shifted_solver.hpp"

#include <Eigen/SparseCore>
#include <Eigen/SparseLU>
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/operator/outflow_rows.hpp"
#include "shifted_multigrid.hpp"

namespace fokker {
namespace {

using Matrix = Eigen::SparseMatrix<double>;

/// gamma A of a 1D operator by columns, each split into what it hands on and what it keeps of I - gamma A:
///
///        row j-1:  -left[j]
///        row j  :   keep[j] + left[j] + right[j]
///        row j+1:  -right[j]           keep[j] = column sum: 1 + outflow of cell j for a generator
///
/// On a periodic axis left[0] lands in the last row and right[n-1] in the first.
struct Bands {
  std::vector<double> left, right, keep;
  [[nodiscard]] Index size() const { return static_cast<Index>(keep.size()); }
  [[nodiscard]] bool cyclic() const { return left.front() != 0 || right.back() != 0; }
};

/// gamma A as it was handed out.
struct Assembled {
  Bands bands;                                 ///< `keep` holds the diagonal until `close`
  std::vector<double> outflow;                 ///< gamma * (rate at which column j feeds the outflows)
  std::vector<Eigen::Triplet<double>> others;  ///< what no band holds: not a 1D operator
  OutflowRows outflows;
};

Assembled assemble(const LinearOperator& op, double t, double gamma) {
  const Index n = op.cells();
  Assembled a;
  for (auto* v : {&a.bands.left, &a.bands.right, &a.bands.keep, &a.outflow})
    v->assign(static_cast<std::size_t>(n), 0.0);
  op.assemble(t, [&](Index row, Index column, double value) {
    if (!std::isfinite(value)) throw NumericalError("a matrix entry is not finite", t, column);
    if (column >= n) throw std::logic_error("a rate may not depend on an outflow");
    const double v = gamma * value;
    if (row == column) {
      a.bands.keep[column] += v;
    } else if (row >= n) {
      a.outflows.add(row, column, v);
      if (row < n + op.outflows()) a.outflow[column] += v / op.cell_volume();
    } else if (row == column + 1 || (row == 0 && column == n - 1 && n > 2)) {
      a.bands.right[column] += v;
    } else if (row == column - 1 || (row == n - 1 && column == 0)) {
      a.bands.left[column] += v;
    } else if (v != 0) {
      a.others.emplace_back(static_cast<int>(row), static_cast<int>(column), v);
    }
  });
  return a;
}

/// I - gamma A with everything in one matrix.
Matrix full_matrix(Assembled& a) {
  const int n = static_cast<int>(a.bands.size());
  auto& entries = a.others;
  for (auto& entry : entries) entry = {entry.row(), entry.col(), -entry.value()};
  for (int j = 0; j < n; ++j) {
    entries.emplace_back(j, j, 1 - a.bands.keep[j]);
    if (n == 1) break;
    entries.emplace_back((j + 1) % n, j, -a.bands.right[j]);
    entries.emplace_back((j + n - 1) % n, j, -a.bands.left[j]);
  }
  Matrix matrix(n, n);
  matrix.setFromTriplets(entries.begin(), entries.end());
  matrix.prune(0.0, 0.0);
  return matrix;
}

/// From the diagonal to column sums. For a generator they are 1 + outflow without a subtraction.
Bands close(Bands bands, const std::vector<double>& outflow) {
  constexpr double rounding = 1e-12;
  for (std::size_t j = 0; j < outflow.size(); ++j) {
    const double off = bands.left[j] + bands.right[j], sum = bands.keep[j] + off + outflow[j];
    const bool generator = bands.left[j] >= 0 && bands.right[j] >= 0 && outflow[j] >= 0 &&
                           std::abs(sum) <= rounding * (std::abs(bands.keep[j]) + off + outflow[j]);
    bands.keep[j] = generator ? 1 + outflow[j] : 1 - bands.keep[j] - off;
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
/// of what cell j + 1 hands to its left, the fraction that is not handed back. Nothing is subtracted.
class TridiagonalSolver final : public ShiftedSolver {
 public:
  TridiagonalSolver(const Bands& m, OutflowRows outflows) : outflows_(std::move(outflows)) {
    const Index n = m.size();
    down_.resize(n);
    up_.resize(n);
    inverse_.resize(n);
    double kept = 0;
    for (Index j = 0; j < n; ++j) {
      kept = m.keep[j] + (j > 0 ? m.left[j] * (kept * inverse_[j - 1]) : 0);
      inverse_[j] = 1 / (kept + m.right[j]);
      down_[j] = m.right[j] * inverse_[j];
      up_[j] = j + 1 < n ? m.left[j + 1] * inverse_[j] : 0;
    }
  }

  void solve(std::span<const double> b, std::span<double> x) const override {
    const Index n = static_cast<Index>(inverse_.size());
    double carry = 0;
    for (Index j = 0; j < n; ++j) {
      const double y = b[j] + carry;
      carry = down_[j] * y;
      x[j] = y * inverse_[j];
    }
    for (Index j = n - 1; j-- > 0;) x[j] += up_[j] * x[j + 1];
    outflows_.solve(n, b, x);
  }
  [[nodiscard]] const char* name() const override { return "tridiagonal"; }

 private:
  std::vector<double> down_, up_, inverse_;  ///< right/pivot of column j, left[j+1]/pivot[j], 1/pivot
  OutflowRows outflows_;
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
  CyclicSolver(const Bands& m, OutflowRows outflows) : outflows_(std::move(outflows)) {
    const Index n = m.size(), last = n - 1;
    for (auto* v : {&down_, &up_, &inverse_, &last_row_, &last_column_}) v->assign(static_cast<std::size_t>(n), 0.0);
    double kept = m.keep[0], to_last = m.left[0], from_last = m.right[last], kept_last = m.keep[last];
    for (Index j = 0; j < last; ++j) {
      const bool neighbour_is_last = j + 1 == last;
      const double right = neighbour_is_last ? 0 : m.right[j];
      if (neighbour_is_last) {
        to_last += m.right[j];
        from_last += m.left[last];
      }
      const double inverse = 1 / (kept + right + to_last), fraction = kept * inverse;
      inverse_[j] = inverse;
      down_[j] = right * inverse;
      last_row_[j] = to_last * inverse;
      last_column_[j] = from_last * inverse;
      kept_last += from_last * fraction;
      if (neighbour_is_last) break;
      const double left = m.left[j + 1];
      up_[j] = left * inverse;
      kept = m.keep[j + 1] + left * fraction;
      to_last = left * last_row_[j];
      from_last = from_last * down_[j];
    }
    inverse_[last] = 1 / kept_last;
  }

  void solve(std::span<const double> b, std::span<double> x) const override {
    const Index n = static_cast<Index>(inverse_.size()), last = n - 1;
    double carry = 0, end = b[last];
    for (Index j = 0; j < last; ++j) {
      const double y = b[j] + carry;
      carry = down_[j] * y;
      end += last_row_[j] * y;
      x[j] = y * inverse_[j];
    }
    end *= inverse_[last];
    x[last] = end;
    double next = 0;
    for (Index j = last; j-- > 0;) {
      next = x[j] + last_column_[j] * end + up_[j] * next;
      x[j] = next;
    }
    outflows_.solve(n, b, x);
  }
  [[nodiscard]] const char* name() const override { return "cyclic tridiagonal"; }

 private:
  std::vector<double> down_, up_, inverse_, last_row_, last_column_;
  OutflowRows outflows_;
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
    for (Index k = start[j]; k < start[j + 1]; ++k) y[row[k]] -= value[k] * factor;
  }
};

/// P_r (I - gamma A) P_c^T = L U. Eigen factors; its own solve allocates, so L and U are copied out. For a generator
/// every column is dominated by its diagonal, which partial pivoting therefore keeps, and L and U are <= 0 off it.
class SparseLuSolver final : public ShiftedSolver {
 public:
  SparseLuSolver(const Matrix& shifted, OutflowRows outflows, double t) : outflows_(std::move(outflows)) {
    const Eigen::Index n = shifted.rows();
    Eigen::SparseLU<Matrix, Eigen::COLAMDOrdering<int>> lu;
    lu.compute(shifted);
    if (lu.info() != Eigen::Success) throw NumericalError("I - gamma A is singular: " + lu.lastErrorMessage(), t);
    copy_factors(lu);
    const auto& rows = lu.rowsPermutation().indices();
    const auto& columns = lu.colsPermutation().indices();
    row_position_.assign(rows.data(), rows.data() + n);
    column_position_.assign(columns.data(), columns.data() + n);
    y_.resize(n);
  }

  void solve(std::span<const double> b, std::span<double> x) const override {
    const Index n = static_cast<Index>(y_.size());
    for (Index i = 0; i < n; ++i) y_[row_position_[i]] = b[i];
    for (Index j = 0; j < n; ++j) {
      if (y_[j] != 0) lower_.subtract(j, y_[j], y_.data());
    }
    for (Index j = n; j-- > 0;) {
      y_[j] *= inverse_[j];
      if (y_[j] != 0) upper_.subtract(j, y_[j], y_.data());
    }
    for (Index i = 0; i < n; ++i) x[i] = y_[column_position_[i]];
    outflows_.solve(n, b, x);
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
  std::vector<int> row_position_, column_position_;
  OutflowRows outflows_;
  mutable std::vector<double> y_;
};

}  // namespace

std::unique_ptr<ShiftedSolver> factor_shifted(const LinearOperator& op, double t, double gamma, Accuracy accuracy) {
  if (accuracy == Accuracy::of_the_whole)
    if (auto solver = make_shifted_multigrid(op, t, gamma)) return solver;
  Assembled a = assemble(op, t, gamma);
  if (a.others.empty()) {
    const Bands bands = close(a.bands, a.outflow);
    if (diagonally_dominant(bands)) {
      if (bands.cyclic()) return std::make_unique<CyclicSolver>(bands, std::move(a.outflows));
      return std::make_unique<TridiagonalSolver>(bands, std::move(a.outflows));
    }
  }
  const Matrix shifted = full_matrix(a);
  return std::make_unique<SparseLuSolver>(shifted, std::move(a.outflows), t);
}

}  // namespace fokker
