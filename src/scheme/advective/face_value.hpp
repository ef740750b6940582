#pragma once
#include <cstddef>

#include "fokker/scheme/reconstruction.hpp"

/// Values on the face between cells c and d, seen from c, out of the averages  a b [c]|d e  (in upwind order). Inlined
/// into the vector loops of their callers: selections instead of branches.
namespace fokker {

[[gnu::always_inline]] inline double least(double a, double b) { return a < b ? a : b; }
[[gnu::always_inline]] inline double most(double a, double b) { return a > b ? a : b; }
/// The one nearer to 0 of two numbers of one sign, else 0.
[[gnu::always_inline]] inline double minmod(double a, double b) { return most(0, least(a, b)) + least(0, most(a, b)); }

/// The curvature two neighbours agree on; 0 where one is more than four times the other, as beside a step (Suresh &
/// Huynh 1997, M4): without that steps overshoot by 3 %, with it by 0.05 %.
[[gnu::always_inline]] inline double agreed(double a, double b) {
  return minmod(minmod(4 * a - b, 4 * b - a), minmod(a, b));
}

/// Target: the third-order one, c + (d - c)/3 + (c - b)/6. It may move as far from c as the smaller neighbouring
/// difference (then it lies between its neighbours, van Leer 1979), and at a smooth extremum, where that
/// difference is 0, by 3/4 of the slope that the curvatures on both sides agree on (Harten & Osher 1987; Huynh 1995,
/// SONIC-B): clipping it would cost an order. Measured, sine wave once around, 128 cells, l1: this 1.0e-4, without the
/// curvature term 4.9e-4, van Leer's harmonic mean 2.0e-3.
struct HuynhValue {
  static constexpr ReconstructionRow row{"huynh", "limiter", "keeps order 2 at smooth extrema: the default",
                                         "Harten & Osher 1987; Huynh 1995 (SONIC-B)"};
  [[gnu::always_inline]] double operator()(double a, double b, double c, double d, double e) const {
    const double before = c - b, after = d - c;
    const double bend = after - before, bend_before = before - (b - a), bend_after = (e - d) - after;
    const double plain = minmod(before, after);
    const double slope =
        0.75 * minmod(before + 0.5 * agreed(bend_before, bend), after - 0.5 * agreed(bend, bend_after));
    const double low = least(least(plain, slope), 0), high = most(most(plain, slope), 0);
    return c + most(low, least(high, after / 3 + before / 6));
  }
};

/// The upwind cell's average; order 1.
struct UpwindValue {
  static constexpr ReconstructionRow row{"upwind", "", "the value of the cell upwind", "Courant, Isaacson & Rees 1952"};
  [[gnu::always_inline]] double operator()(double, double, double c, double, double) const { return c; }
};
/// Half of a limited slope; order 2, 1 at extrema (these four: van Leer 1979, Sweby 1984).
struct MinmodValue {
  static constexpr ReconstructionRow row{"minmod", "limiter",
                                         "the smaller of both slopes: the most cautious, and the most smearing",
                                         "Roe 1986; Sweby 1984"};
  [[gnu::always_inline]] double operator()(double, double b, double c, double d, double) const {
    return c + 0.5 * minmod(c - b, d - c);
  }
};
/// Harmonic mean of the slopes, 2 uv / (u + v) where u and v have one sign.
struct VanLeerValue {
  static constexpr ReconstructionRow row{"van_leer", "limiter", "the harmonic mean of both slopes: smooth",
                                         "van Leer 1974, 1979"};
  [[gnu::always_inline]] double operator()(double, double b, double c, double d, double) const {
    const double u = c - b, v = d - c;
    const bool monotone = ((u > 0) & (v > 0)) | ((u < 0) & (v < 0));  // u * v may be no double
    return c + (monotone ? u * (v / (u + v)) : 0);
  }
};
/// Monotonised central slope.
struct McValue {
  static constexpr ReconstructionRow row{"mc", "limiter", "the central slope, at most twice either",
                                         "van Leer 1977, 1979"};
  [[gnu::always_inline]] double operator()(double, double b, double c, double d, double) const {
    const double u = c - b, v = d - c;
    return c + 0.5 * minmod(minmod(2 * u, 2 * v), 0.5 * (u + v));
  }
};
/// The steepest slope that is still TVD: squares smooth waves off.
struct SuperbeeValue {
  static constexpr ReconstructionRow row{"superbee", "limiter",
                                         "the steepest slope that is allowed: sharp fronts, waves squared off",
                                         "Roe 1986; Sweby 1984"};
  [[gnu::always_inline]] double operator()(double, double b, double c, double d, double) const {
    const double u = c - b, v = d - c, once = minmod(2 * u, v), twice = minmod(u, 2 * v);
    return c + 0.5 * (most(0, most(once, twice)) + least(0, least(once, twice)));
  }
};

/// Jiang & Shu 1996, eqs. 2.15-2.17 and 3.1 (cell averages to a point value), and the weights of Borges, Carmona, Costa
/// & Don 2008, eqs. 25-28. Worked out on values scaled to 1, so that neither the weights nor their guard against 0/0
/// depend on the unit of p, down to 1e-300.
template <bool Z>
struct Weno5Value {
  static constexpr ReconstructionRow row{
      Z ? "z" : "js", "weights",
      Z ? "order 5 at smooth extrema too: the default" : "the first ones, order 3 at smooth extrema",
      Z ? "Borges, Carmona, Costa & Don 2008" : "Jiang & Shu 1996", true};
  [[gnu::always_inline]] double operator()(double a, double b, double c, double d, double e) const {
    const auto size = [](double x) { return x < 0 ? -x : x; };
    const auto square = [](double x) { return x * x; };
    const double unit = most(most(most(size(a), size(b)), most(size(d), size(e))), size(c)) + 1e-300, r = 1 / unit;
    a *= r, b *= r, c *= r, d *= r, e *= r;
    const double v0 = (2 * a - 7 * b + 11 * c) / 6, v1 = (-b + 5 * c + 2 * d) / 6, v2 = (2 * c + 5 * d - e) / 6;
    constexpr double guard = 1e-26;
    const double s0 = 13.0 / 12 * square(a - 2 * b + c) + 0.25 * square(a - 4 * b + 3 * c) + guard;
    const double s1 = 13.0 / 12 * square(b - 2 * c + d) + 0.25 * square(b - d) + guard;
    const double s2 = 13.0 / 12 * square(c - 2 * d + e) + 0.25 * square(3 * c - 4 * d + e) + guard;
    double w0 = 0.1, w1 = 0.6, w2 = 0.3;
    if constexpr (Z) {
      const double tau = size(s0 - s2);
      w0 *= 1 + square(tau / s0);
      w1 *= 1 + square(tau / s1);
      w2 *= 1 + square(tau / s2);
    } else {
      w0 /= square(s0);
      w1 /= square(s1);
      w2 /= square(s2);
    }
    return unit * (w0 * v0 + w1 * v1 + w2 * v2) / (w0 + w1 + w2);
  }
};

template <class... Values>
struct FaceValues {};
/// Every reconstruction there is; the first of a key is its default.
using AllFaceValues = FaceValues<HuynhValue, MinmodValue, VanLeerValue, McValue, SuperbeeValue, Weno5Value<true>,
                                 Weno5Value<false>, UpwindValue>;

template <class Body, class... Values>
[[gnu::always_inline]] inline void with_one_of(std::ptrdiff_t number, const Body& body, FaceValues<Values...>) {
  std::ptrdiff_t here = 0;
  static_cast<void>(((number == here++ ? (body(Values{}), true) : false) || ...));
}
/// Calls `body` with the reconstruction as a type, so that a loop is compiled for each.
template <class Body>
[[gnu::always_inline]] inline void with_face_value(Reconstruction kind, const Body& body) {
  with_one_of(kind - reconstructions().data(), body, AllFaceValues{});
}

}  // namespace fokker
