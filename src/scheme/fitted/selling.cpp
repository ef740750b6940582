#include "fokker/scheme/selling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

// Selling's reduction of the superbase (u', v', -u'-v') (a prime turns by 90 degrees), written in the offsets
// themselves. With two offsets of determinant 1 every tensor is
//
//     D = alpha u u^T + beta v v^T + gamma (u v^T + v u^T)
//       = (alpha - gamma) u u^T + (beta - gamma) v v^T + gamma w w^T,        w = u + v,
//
// so the three rates are nonnegative once 0 <= gamma <= min(alpha, beta): the superbase is obtuse. Otherwise the vector
// with the negative rate is replaced by w, which is Euclid's algorithm on the direction of D in the tree of fractions:
//
//            v  (0,1)        w lies between u and v; each step moves to the half, between u and w or
//           /                between w and v, that D leans to. Offsets only grow, and two neighbours
//          / . w  (1,1)      whose sum is beyond the cap span a face of the cone of all tensors that
//         /________ u (1,0)  offsets within the cap can make.
//
// gamma > 0 there means that D lies outside of that face. The tensor on the face with the same diagonal is
// alpha + 2 gamma v_x v_y / s and beta + 2 gamma u_x u_y / s, s = u_x v_y + u_y v_x, and has D_xy smaller by gamma / s:
// it solves the two diagonal equations, is nonnegative, and is the largest D_xy of that diagonal within the cap.
namespace fokker {
namespace {

struct Offset {
  int x = 0, y = 0;
};

// Rounding of an early step is multiplied by the squared offsets of the last one (7 eps of the trace in double), so the
// reduction runs in the wider type and rounds once, at the end.
using Wide = long double;
double round(Wide value) { return static_cast<double>(value); }

/// For 0 <= xy <= sqrt(xx yy); offsets in the first quadrant, in the order u, v, w.
SellingDecomposition decompose(double xx, double xy, double yy, Offset cap) {
  Offset u{1, 0}, v{0, 1};
  Wide alpha = xx, beta = yy, gamma = xy;
  const double rounding = xy * std::numeric_limits<double>::epsilon();
  for (;;) {
    const Offset w{u.x + v.x, u.y + v.y};
    const Wide s = u.x * v.y + u.y * v.x;
    const bool beyond = w.x > cap.x || w.y > cap.y, on_face = gamma <= s * rounding;
    if (beyond || on_face) {
      const bool capped = beyond && !on_face;
      const Wide rate_u = alpha + 2 * gamma * (v.x * v.y) / s, rate_v = beta + 2 * gamma * (u.x * u.y) / s;
      return {
          {u.x, v.x, 0}, {u.y, v.y, 0}, {round(rate_u), round(rate_v), 0}, capped ? round(xy - gamma / s) : xy, capped};
    }
    if (gamma <= std::min(alpha, beta))
      return {{u.x, v.x, w.x}, {u.y, v.y, w.y}, {round(alpha - gamma), round(beta - gamma), round(gamma)}, xy, false};
    if (beta <= alpha) {
      alpha = std::max<Wide>(0, (alpha - gamma) - (gamma - beta));
      gamma -= beta;
      v = w;
    } else {
      beta = std::max<Wide>(0, (beta - gamma) - (gamma - alpha));
      gamma -= alpha;
      u = w;
    }
  }
}

}  // namespace

SellingDecomposition selling(double xx, double xy, double yy, int cap) { return selling(xx, xy, yy, cap, cap); }

SellingDecomposition selling(double xx, double xy, double yy, int cap_x, int cap_y) {
  const double largest = std::sqrt(xx) * std::sqrt(yy);
  const bool swapped = yy > xx, reflected = xy < 0;
  const double size = std::min(std::abs(xy), largest);
  SellingDecomposition result =
      swapped ? decompose(yy, size, xx, {cap_y, cap_x}) : decompose(xx, size, yy, {cap_x, cap_y});
  if (swapped) std::swap(result.x, result.y);
  if (reflected) result.xy = -result.xy;
  for (std::size_t k = 0; k < 3; ++k) {
    if (result.rate[k] == 0) result.x[k] = result.y[k] = 0;
    if (reflected && result.x[k] > 0) result.y[k] = -result.y[k];
  }
  return result;
}

}  // namespace fokker
