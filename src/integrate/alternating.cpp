#include <fmt/format.h>

#include <numbers>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/solve/line_solver.hpp"
#include "method.hpp"

/// Alternating directions: A = A_x + A_y + the rest, implicit along one axis at a time. Every sweep and every stage is
/// in flux form (line_solver.hpp), so mass and outflow balance to rounding without a closing update.
namespace fokker {
namespace {

class AlternatingMethod : public Method {
 protected:
  explicit AlternatingMethod(const LinearOperator& op) : op_(op) {}

  /// Makes `lines` solve for gamma with the parts of the operator at time t, and hands them out.
  Split prepare(double t, double gamma) {
    const Split split = op_.on_edges()->split(t);
    lines_.prepare(*split.parts, gamma * split.factor, t);
    factorisations_ = lines_.factorisations();
    return split;
  }
  [[nodiscard]] std::vector<double> scratch() const { return std::vector<double>(op_.size()); }

  const LinearOperator& op_;
  LineSolver lines_;
};

/// With A taken in the middle of the step, g = h/2:
///
///     (I - g A_x) u     = (I + g A_y) p
///     (I - g A_y) p_new = (I + g A_x) u
///
/// The explicit half along y is done while the rows are loaded, the one along x is 2 u - (I + g A_y) p: two sweeps over
/// memory and no more.
class PeacemanRachford final : public AlternatingMethod {
 public:
  explicit PeacemanRachford(const LinearOperator& op) : AlternatingMethod(op) {}

  void advance(const Advance& step) override {
    const double middle = step.t + step.h / 2;
    refuse_cross_terms(prepare(middle, step.h / 2), middle, "peaceman_rachford", "hundsdorfer_verwer");
    lines_.alternate(step.p, step.next);
    evaluations_ += 2;
  }
};

/// Two predictor-corrector rounds with W = (I - theta h A_y)^-1 (I - theta h A_x)^-1:
///
///     y     = p + W h A p                              (Douglas)
///     p_new = y + W (p - y + h/2 (A p + A y))
///
/// The second bracket is O(h^2) and W - I is O(h): order 2 whatever A_x and A_y are, so the parts may be taken at the
/// end of the step, and the cross terms count in A alone. theta = 1/2 + sqrt(3)/6 makes the stability function of
/// commuting parts agree with exp to order 3 and is stable with cross terms and drift ('t Hout and Mishra 2013, Appl.
/// Numer. Math. 74, 83); measured here, 1 - sqrt(2)/2, enough for diffusion alone, grows where drift or a wall meets
/// cross terms, with errors 1.6 times as large. Stiff modes die by -0.73 a step.
class HundsdorferVerwer final : public AlternatingMethod {
 public:
  explicit HundsdorferVerwer(const LinearOperator& op) : AlternatingMethod(op), y_(scratch()), rate_(scratch()) {}

  void advance(const Advance& step) override {
    op_.apply_stage(step.t, step.h, step.p, {}, rate_);
    prepare(step.end, theta * step.h);
    lines_.solve(rate_, step.p, y_);
    const Term terms[] = {{1, step.p.data()}, {-1, y_.data()}, {0.5, rate_.data()}};
    op_.apply_stage(step.end, step.h / 2, y_, terms, rate_);
    lines_.solve(rate_, y_, step.next);
    evaluations_ += 6;
  }

 private:
  static constexpr double theta = 0.5 + std::numbers::sqrt3 / 6;

  std::vector<double> y_, rate_;
};

}  // namespace

void refuse_cross_terms(const Split& split, double t, std::string_view row, std::string_view remedy) {
  if (split.parts->exact) return;
  throw NumericalError(
      fmt::format("the diffusion tensor has got cross terms by now, for which {} has no place: take {}", row, remedy),
      t);
}

std::unique_ptr<Method> make_peaceman_rachford(const Operator& op) {
  return std::make_unique<PeacemanRachford>(*op.linear());
}
std::unique_ptr<Method> make_hundsdorfer_verwer(const Operator& op) {
  return std::make_unique<HundsdorferVerwer>(*op.linear());
}

}  // namespace fokker
