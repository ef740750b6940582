#pragma once
#include <array>
#include <span>
#include <vector>

#include "../method.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/operator/canonical_flow.hpp"
#include "phase_space.hpp"

namespace fokker {

/// One step of canonical Langevin dynamics on values of p at points, palindromic and of order 2 in h,
///
///     H(h/2) OU(h) H(h/2)
///
/// exact for each of the two but for order 4 of H (phase_space.hpp). Where somebody looks at the error the step is
/// taken in two halves, H(h/4) OU(h/2) H(h/2) OU(h/2) H(h/4), and whole; a third of their difference is the estimate.
///
/// Different numbers of shears leave different errors in space, which shorter steps make no smaller. Where a shorter
/// try of a step, or steps that have crept to half of what they were, come out with less than their share of
/// improvement, what does not shrink with h is taken for that, and is no reason for shorter steps from there on. A
/// longer step that is wrong for it is found out by its own retry.
class KineticSplitting final : public Method {
 public:
  KineticSplitting(const Operator& op, const CanonicalFlow& flow, bool keep);
  void aim(const Aim& aim) override;
  void advance(const Advance& step) override;
  double error(const Advance& step) override;
  /// So many tolerances of mass may stand beside a wall; 1 without this.
  void allow_at_walls(double tolerances) { walls_ = tolerances; }
  /// What the estimates to come depend on.
  void keep(Archive& archive) { archive(memory_.unresolved, memory_.length, memory_.difference); }

 private:
  struct Memory {
    double unresolved = 0;              ///< what is taken for the error in space of a step, in l1
    double length = 0, difference = 0;  ///< what estimates are compared with; 0: nothing
  };
  [[nodiscard]] const Grid& grid() const { return flow_.grid(); }
  void whole(double t, double h);
  void refuse_walls(const Advance& step);

  const Operator& op_;
  const CanonicalFlow& flow_;
  kinetic::PhaseSpace space_;
  double tolerance_ = 1e-6, walls_ = 1;
  bool halves_ = false;
  std::vector<double> whole_;
  Memory memory_;
  bool tried_ = false;  // this very step, at another length
};

/// Values at points, of the same mass, whose averages over cells, (1, 22, 1)/24 of them along each axis, are `p`;
/// where p >= 0 they are, limited towards p.
void points_from_averages(const Grid& grid, std::span<double> p);
/// The averages over cells, (1, 22, 1)/24 along each axis: of order 4, >= 0 where the points are, of the same mass.
void averages_from_points(const Grid& grid, std::span<double> p);
/// The standard deviation of a Gaussian along each axis, in cells, whose second differences are as large as those of p
/// in l1: what is narrow counts, however far apart narrow things are.
[[nodiscard]] std::array<double, 2> width_of(const Grid& grid, std::span<const double> p);

}  // namespace fokker
