#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fokker/base/points.hpp"

namespace fokker {

class AxisSplitting;
class EdgeMatrix;
class FluxCorrection;
class FrozenForm;
class LinearOperator;
class Grid;

/// One term of a linear combination of states: factor * values, as long as the state.
struct Term {
  double factor = 0;
  const double* values = nullptr;
};

/// One result of a stage: out = scale * d(state)/dt + the sum of the terms.
struct Stage {
  double scale = 0;
  std::span<const Term> terms;
  double* out = nullptr;
};

/// One link of a chain: the stages of one product with d(state)/dt, as in `Operator::apply_stages`.
struct Product {
  std::span<const double> state;
  std::span<const Stage> stages;
};

/// A region that holds the eigenvalues of A: real parts in [-real, 0], imaginary parts in [-imaginary, imaginary]
/// [1/t].
struct SpectralBound {
  double real = 0, imaginary = 0;
};

/// The operator as a generator at a density that is held (frozen_form.hpp), or why it is none: words that go on from
/// "this flux".
struct Freezing {
  const FrozenForm* form = nullptr;
  std::string_view why_not;
};

/// What an operator is made with and keeps.
struct Shape {
  Index cells = 0, outflows = 0;
  double cell_volume = 1;   ///< [x^d]; weighs cell errors against outflow errors
  bool autonomous = false;  ///< the rates do not depend on t
  bool positive = false;    ///< every off-diagonal rate is nonnegative, or the limiter keeps p >= 0 under stable_step
  Index records = 0;        ///< unknowns behind the outflows on which nothing depends and no error is measured
};

/// dp/dt on a grid. The state is the cell averages [1/x^d] followed by one outflow per absorbing side: the mass that
/// has left through it so far [1], and, of operators made for that (flux_correction.hpp), by records. One caller at a
/// time (scratch inside, preallocated).
class Operator {
 public:
  virtual ~Operator() = default;
  [[nodiscard]] Index cells() const { return shape_.cells; }
  [[nodiscard]] Index outflows() const { return shape_.outflows; }
  [[nodiscard]] Index records() const { return shape_.records; }
  [[nodiscard]] Index size() const { return cells() + outflows() + records(); }
  [[nodiscard]] double cell_volume() const { return shape_.cell_volume; }
  [[nodiscard]] bool autonomous() const { return shape_.autonomous; }
  /// p >= 0 is kept: by the rates themselves under stable_step, or by `correction` in any step.
  [[nodiscard]] bool positive() const { return shape_.positive || correction() != nullptr; }

  /// rate = d(state)/dt; both size() long, not overlapping. Mass: volume * sum(cell rates) + sum(outflow rates) = 0 to
  /// rounding, by the form.
  virtual void apply(double t, std::span<const double> state, std::span<double> rate) const = 0;
  /// Several linear combinations with one and the same d(state)/dt, in one pass over memory where an operator can: the
  /// stages are evaluated in order, cell by cell, so a later one may take the `out` of an earlier one as a term. `out`
  /// may be the memory of any term, not that of `state`.
  virtual void apply_stages(double t, std::span<const double> state, std::span<const Stage> stages) const;
  /// apply_stages one after the other, at one time: the same bits, in fewer passes over memory where an operator can. A
  /// product may take up and overwrite whatever the ones before it have left, also their states.
  virtual void apply_chain(double t, std::span<const Product> chain) const {
    for (const Product& product : chain) apply_stages(t, product.state, product.stages);
  }
  /// out = scale * d(state)/dt + the sum of the terms: one stage of a method.
  void apply_stage(double t, double scale, std::span<const double> state, std::span<const Term> terms,
                   std::span<double> out) const {
    const Stage stage{scale, terms, out.data()};
    apply_stages(t, state, {&stage, 1});
  }
  /// 1 / max|A_ii| at time t [t]: the largest forward Euler step that keeps p >= 0 for a positive flux, and the largest
  /// stable one for the others.
  [[nodiscard]] virtual double stable_step(double t) const = 0;
  /// Not sharp: Gershgorin's discs unless an operator knows better, [-2/h, 0] and |Im| <= 1/h for h = stable_step(t).
  [[nodiscard]] virtual SpectralBound spectral_bound(double t) const;
  /// What keeps p >= 0 where the fluxes alone do not; nullptr: nothing does, or nothing needs to.
  [[nodiscard]] virtual FluxCorrection* correction() const { return nullptr; }

  /// The operator as a matrix product, nullptr where it is not linear in p (a limiter is at work).
  [[nodiscard]] virtual const LinearOperator* linear() const { return nullptr; }
  /// Of operators that are not linear in p.
  [[nodiscard]] virtual Freezing freezing() const { return {nullptr, "is none"}; }

  /// Integral l1 norm of a state-sized vector: volume * sum |cells| + sum |outflows|; fixed order of summation. Records
  /// do not count.
  [[nodiscard]] double norm_l1(std::span<const double> v) const;

 protected:
  explicit Operator(const Shape& shape) : shape_(shape) {}
  [[nodiscard]] const Shape& shape() const { return shape_; }

 private:
  Shape shape_;
  mutable std::vector<double> rate_;  // scratch of apply_stages
};

/// The edges (and sinks) of an operator at one time, for solvers that look at more than products: A = scale * what they
/// say. Borrowed until the operator moves to another time.
struct EdgeView {
  const Grid* grid = nullptr;
  const EdgeMatrix* edges = nullptr;
  double scale = 1;
};

/// The parts of an operator along its axes (axis_splitting.hpp) at some time, all times `factor`.
struct Split {
  const AxisSplitting* parts = nullptr;
  double factor = 1;
};

/// An operator whose whole matrix is made of edges.
class OnEdges {
 public:
  virtual ~OnEdges() = default;
  /// Some edges join cells that are not neighbours along an axis.
  [[nodiscard]] virtual bool skew() const = 0;
  [[nodiscard]] virtual EdgeView edges_at(double t) const = 0;
  /// For splitting methods: tridiagonal parts whose sum is the operator, or near it (`AxisSplitting::exact`). Good
  /// until the next call with another t.
  [[nodiscard]] virtual Split split(double t) const = 0;
};

using InsertEntry = std::function<void(Index row, Index column, double value)>;

/// An operator whose apply is a matrix product; the matrix is never formed except by `assemble`.
class LinearOperator : public Operator {
 public:
  [[nodiscard]] const LinearOperator* linear() const final { return this; }
  /// Hands out the entries of the matrix at time t (repeated ones add up), outflow rows included.
  virtual void assemble(double t, const InsertEntry& insert) const = 0;
  /// out = A(t)^T u, both size() long, not overlapping: d/dt of expectations of u, backwards (the backward Kolmogorov
  /// equation), u on the outflows being what an exit is worth. By `assemble`, where an operator knows nothing better.
  virtual void apply_transposed(double t, std::span<const double> u, std::span<double> out) const;
  /// A_0 where A(t) = g(t) A_0 with one autonomous A_0 for all times: itself where autonomous, the rates without their
  /// common time factor where there is one, else nullptr. Lives as long as this operator.
  [[nodiscard]] virtual const LinearOperator* base() const { return autonomous() ? this : nullptr; }
  /// How far A_0 carries a state on the way from t0 to t1: the integral of g [t], t1 - t0 where autonomous, so that
  /// exp(elapsed * A_0) is the exact propagator; nullopt where there is no base().
  [[nodiscard]] virtual std::optional<double> elapsed(double t0, double t1) const {
    return autonomous() ? std::optional(t1 - t0) : std::nullopt;
  }
  /// nullptr where the matrix is not made of edges.
  [[nodiscard]] virtual const OnEdges* on_edges() const { return nullptr; }

 protected:
  using Operator::Operator;
  /// out = A^T u from the entries of A.
  static void transpose(const std::function<void(const InsertEntry&)>& entries, std::span<const double> u,
                        std::span<double> out);
};

}  // namespace fokker
