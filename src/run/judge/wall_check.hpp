#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fokker/model/score.hpp"
#include "fokker/run/judgement.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// How much of the distribution would lie beyond each reflecting wall if the wall were not there: the size in l1 of
/// what a box too narrow does to a density that knows of no walls.
///
/// Where drift is linear, noise additive and the start a Gaussian, a mixture or a point, the distribution without walls
/// is known, and its mass beyond the wall is exact. Elsewhere it is estimated from the density p_w at the wall, as that
/// of a tail of the length l that drift and diffusion would give it:
///
///     beyond = p_w l,    1/l = |f_n| / D_nn + 1 / (0.33 s),   s^2 = int 2 D_nn dt at the wall,
///
/// (0.33: a Gaussian whose mean is one to two widths from the wall), at least the mass of the wall's own cells where
/// drift runs into the wall.
///
/// A wall may be meant: reflecting Brownian motion, a density that sits on its floor, a noise that vanishes at the
/// wall. So a wall is judged only where
///   - the case compares with the closed form, names a model, or starts from a Gaussian or a mixture: distributions of
///   the whole
///     line; or drift at the wall points inwards, so that there is a tail to cut; and
///   - noise does not vanish at the wall, or drift runs into it; and
///   - the case gives no formula for the distribution it means (compare.exact), and no potential whose drift at the
///   wall is 0 or
///     outwards: a Gibbs distribution of the box.
/// Of a stationary density whose distribution on the whole line is a Gaussian a wall is judged by that distribution
/// alone, where it stands farther from the mean than one width: nearer it is meant. Where the start itself belongs to
/// the box (uniform, a density, a point) only the end is looked at.
class WallCheck {
 public:
  /// `stationary`: a distribution that no start belongs to; the only look is the last.
  explicit WallCheck(const Setup& setup, bool stationary = false);
  /// p at t, not before the last look.
  void look(double t, std::span<const double> p, bool last);
  [[nodiscard]] const std::vector<WallFinding>& found() const { return found_; }
  void keep(Archive& archive);

 private:
  struct Side {
    int axis = 0, side = 0;
    std::vector<Index> cells;  ///< along the wall
    double spread = 0;         ///< int 2 D_nn dt [x^2]
  };
  struct AtWall {
    double mass = 0, density = 0;  ///< in the cells of the wall; at the wall, integrated along it [1/x]
    double outwards = 0, D = 0;    ///< f_n towards the wall [x/t] and D_nn [x^2/t], means over the mass there
    double vanishing = 0;          ///< fraction of the mass there where noise vanishes at the wall
  };
  [[nodiscard]] AtWall at_wall(const Side& side, double t, std::span<const double> p) const;
  [[nodiscard]] double beyond(const Side& side, const AtWall& now) const;
  /// The closed form at t, or at rest; from where its moments cannot be integrated p at the wall judges in its place.
  [[nodiscard]] std::optional<GaussianMixture> distribution_at(double t);
  [[nodiscard]] bool judged(const Side& side, const AtWall& now) const;

  const Setup& setup_;
  bool of_the_line_, has_formula_, from_potential_, starts_in_box_;
  std::optional<ClosedForm> distribution_;
  std::optional<GaussianMixture> at_rest_;  ///< the distribution of a stationary density
  double t_ = 0;                            // of the last look
  std::vector<Side> sides_;
  std::vector<WallFinding> found_;
};

}  // namespace fokker
