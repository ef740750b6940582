#pragma once
#include <array>
#include <cstdint>

#include "fokker/grid/grid.hpp"
#include "fokker/particles/philox.hpp"

namespace fokker {

using Position = std::array<double, 2>;  ///< one point; the second number is unused in 1D

/// D at one point [x^2/t].
struct Tensor {
  double xx = 0, xy = 0, yy = 0;
};

/// The box seen by a particle: where a step from `start` to `end` really ends. Sides behave as the grid's.
///
///   periodic     the end is wrapped.
///   reflecting   an end at distance b beyond the wall is carried back along D n:  x -= 2 b (D n)/(n . D n), the mirror
///                image in the metric of D. That is what zero total flux means; mirroring along n would let tilted
///                noise pump mass into corners. Where n . D n = 0 nothing diffuses through the wall and the mirror is
///                plain.
///   absorbing    the particle leaves when it ends beyond, or, on its way from distance a to distance b, with the
///                probability exp(-a b/(D_nn dt)) that a Brownian bridge touches the wall (variance 2 D_nn dt, so
///                exp(-2 a b/(2 D_nn dt))). One uniform number per axis decides for both of its sides, whose chances
///                are added: that both matter in one step means a step as long as the box.
///
/// A step that crosses several walls meets them in the order in which its straight line does.
class Walls {
 public:
  explicit Walls(const Grid& grid);

  /// Beyond this many D_nn dt the product a b of a step along an axis is safe from every absorbing wall (e^-37 is below
  /// the smallest uniform number); 0 where a side does not absorb.
  [[nodiscard]] double bridge_reach(int axis, int side) const { return box_[axis].absorbing[side] ? 37.0 : 0.0; }
  [[nodiscard]] double lower(int axis) const { return box_[axis].lower; }
  [[nodiscard]] double upper(int axis) const { return box_[axis].upper; }

  /// Moves `end` to where the step ends, in the box. Returns the side through which the particle left, 2 axis + side,
  /// or -1 when it is still here. `start` lies in the box, D belongs to `start`; the bridge draws uniform pair `number`
  /// of `stream`. Ends must be finite.
  [[nodiscard]] int settle(const Position& start, const Tensor& D, double dt, const Stream& stream,
                           std::uint64_t number, Position& end) const;

 private:
  struct Side {
    double lower = 0, upper = 1, margin = 0;
    bool periodic = false;
    bool absorbing[2] = {false, false};
  };
  [[nodiscard]] int first_crossed(const Position& start, const Position& end) const;
  void reflect(int crossed, const Tensor& D, Position& end) const;
  [[nodiscard]] int bridged(const Position& start, const Tensor& D, double dt, const Stream& stream,
                            std::uint64_t number, const Position& end) const;

  std::size_t dimension_;
  std::array<Side, 2> box_;
};

}  // namespace fokker
