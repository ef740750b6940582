#include "contour.hpp"

#include <cmath>
#include <cstring>
#include <numbers>

#include "fokker/base/instruction_set.hpp"

// The vector types never cross a real call, so their calling convention does not matter.
#define FOKKER_INLINE inline __attribute__((always_inline))
#pragma GCC diagnostic ignored "-Wpsabi"

namespace fokker {

Poles::Poles() {
  using Complex = std::complex<double>;
  std::size_t lane = 0;
  for (const double n : {double{fine}, double{coarse}}) {
    for (int k = 0; 2 * k < n; ++k, ++lane) {
      const double theta = std::numbers::pi * (2 * k + 1) / n, a = 0.6407 * theta, cotangent = 1 / std::tan(a);
      const Complex z = n * Complex(0.5017 * theta * cotangent - 0.6122, 0.2645 * theta);
      const Complex slope = n * Complex(0.5017 * (cotangent - a / (std::sin(a) * std::sin(a))), 0.2645);  // dz/dtheta
      const Complex weight = Complex(0, -2.0 / n) * std::exp(z) * slope, at_origin = weight / z;
      re[lane] = z.real();
      im[lane] = z.imag();
      weight_re[lane] = weight.real();
      weight_im[lane] = weight.imag();
      if (n == coarse) continue;
      mean[lane] = at_origin;
      at_zero += at_origin.real();
    }
  }
}

namespace {

using Lanes = double __attribute__((vector_size(64)));

/// One complex number per lane.
struct Numbers {
  Lanes re{}, im{};
};

FOKKER_INLINE void load(const double* from, Numbers& to) {
  std::memcpy(&to.re, from, sizeof to.re);
  std::memcpy(&to.im, from + Poles::group, sizeof to.im);
}
FOKKER_INLINE void store(const Numbers& from, double* to) {
  std::memcpy(to, &from.re, sizeof from.re);
  std::memcpy(to + Poles::group, &from.im, sizeof from.im);
}

FOKKER_INLINE void load(const std::array<double, Poles::lanes>& re, const std::array<double, Poles::lanes>& im,
                        std::size_t first, Numbers& to) {
  std::memcpy(&to.re, re.data() + first, sizeof to.re);
  std::memcpy(&to.im, im.data() + first, sizeof to.im);
}

/// out = a * b
FOKKER_INLINE void multiply(const Numbers& a, const Numbers& b, Numbers& out) {
  const Lanes re = a.re * b.re - a.im * b.im;
  out.im = a.re * b.im + a.im * b.re;
  out.re = re;
}

/// out += factor * a
FOKKER_INLINE void add(double factor, const Numbers& a, Numbers& out) {
  out.re += factor * a.re;
  out.im += factor * a.im;
}

FOKKER_INLINE void add(double value, Numbers& out) { out.re += value; }

/// 1 / a
FOKKER_INLINE void invert(const Numbers& a, Numbers& out) {
  const Lanes scale = 1 / (a.re * a.re + a.im * a.im);
  out.re = a.re * scale;
  out.im = -a.im * scale;
}

/// Where the lanes of a group belong: all to the fine sum, or the upper half to the coarse one.
struct Weights {
  Numbers lanes;
  double upper_fine, upper_coarse;
};

/// out += Re(weight x), lanes summed.
FOKKER_INLINE void sum(const Weights& weights, const Numbers& x, ContourSums& out) {
  using Half = double __attribute__((vector_size(32)));
  const Lanes all = weights.lanes.re * x.re - weights.lanes.im * x.im;
  const Half lower = __builtin_shufflevector(all, all, 0, 1, 2, 3),
             upper = __builtin_shufflevector(all, all, 4, 5, 6, 7);
  const Half pairs =
      __builtin_shufflevector(lower, upper, 0, 4, 2, 6) + __builtin_shufflevector(lower, upper, 1, 5, 3, 7);
  const double of_upper = pairs[1] + pairs[3];
  out.fine += pairs[0] + pairs[2] + weights.upper_fine * of_upper;
  out.coarse += weights.upper_coarse * of_upper;
}

/// The poles of a group and what their solutions weigh. The first group is all of the fine sum.
FOKKER_INLINE void load_group(const Poles& poles, std::size_t group, Numbers& z, Weights& weight) {
  load(poles.re, poles.im, group * Poles::group, z);
  load(poles.weight_re, poles.weight_im, group * Poles::group, weight.lanes);
  weight.upper_fine = group > 0 ? 0.0 : 1.0;
  weight.upper_coarse = group > 0 ? 1.0 : 0.0;
}

constexpr std::size_t row = 2 * Poles::group;  // doubles of one Numbers

/// Elimination of a cell: of what it holds, `kept` does not go back to where the elimination came from, `given` is what
/// the cells before handed on. `ahead` [1] is h times the rate to the cell that is next.
struct Front {
  Numbers kept, given;
};

/// Leaves 1/pivot and (p + given)/pivot in the work of the cell; `back` and `out` belong to the next cell: h times its
/// rates back to this one and out of the box.
FOKKER_INLINE void eliminate(double p, double ahead, double back, double out, const Numbers& z, Front& front,
                             double* work) {
  Numbers inverse, y, fraction;
  Numbers pivot = front.kept;
  add(ahead, pivot);
  invert(pivot, inverse);
  add(p, front.given);
  multiply(front.given, inverse, y);
  multiply(front.kept, inverse, fraction);
  store(y, work);
  store(inverse, work + row);
  front.given = Numbers{};
  add(ahead, y, front.given);
  front.kept = z;
  add(out, front.kept);
  add(back, fraction, front.kept);
}

/// x of a cell from that of the cell its elimination went to, of which `back` is h times the rate to this one.
FOKKER_INLINE void substitute(double back, const Weights& weight, Numbers& x, double* work, ContourSums& sums) {
  Numbers y, inverse, step;
  load(work, y);
  load(work + row, inverse);
  multiply(inverse, x, step);
  add(back, step, y);
  x = y;
  store(x, work);
  sum(weight, x, sums);
}

/// The same on a ring, where the last cell, `end`, gives to every other one.
FOKKER_INLINE void substitute(double back, const Numbers& end, const Weights& weight, Numbers& x, double* work,
                              ContourSums& sums) {
  Numbers column, from_end, y, inverse, step;
  load(work + 2 * row, column);
  multiply(column, end, from_end);
  load(work, y);
  load(work + row, inverse);
  multiply(inverse, x, step);
  add(back, step, y);
  add(1, from_end, y);
  x = y;
  store(x, work);
  sum(weight, x, sums);
}

}  // namespace

/// From both ends to the cell in the middle and back:
///
///     0 -> 1 -> ... -> m <- ... <- n-2 <- n-1
FOKKER_KERNEL(void, contour_line,
              (const Poles& poles, std::size_t group, double h, const TridiagonalRates& rates,
               std::span<const double> p, double* work, ContourSums* sums),
              (poles, group, h, rates, p, work, sums)) {
  const Index n = static_cast<Index>(rates.left.size()), middle = n / 2, last = n - 1;
  const double *const left = rates.left.data(), *const right = rates.right.data(), *const out = rates.out.data();
  const auto kept_at = [work](Index j) { return work + static_cast<std::size_t>(j) * contour_work(false); };
  Numbers z;
  Weights weight;
  load_group(poles, group, z, weight);

  Front up{z, {}}, down{z, {}};
  if (middle > 0) add(h * out[0], up.kept);
  if (middle < last) add(h * out[last], down.kept);
  for (Index j = 0; j < middle; ++j) {
    const Index k = last - j;
    const double outside = j + 1 == middle ? 0 : out[j + 1];  // that of the middle cell is added once, below
    eliminate(p[j], h * right[j], h * left[j + 1], h * outside, z, up, kept_at(j));
    if (k == middle) continue;
    eliminate(p[k], h * left[k], h * right[k - 1], k - 1 == middle ? 0 : h * out[k - 1], z, down, kept_at(k));
  }
  // Both fronts brought z along, and one of two is enough.
  Numbers pivot = up.kept, inverse, x, both = up.given;
  if (middle < last) {
    add(1, down.kept, pivot);
    add(-1, z, pivot);
  }
  add(h * out[middle], pivot);
  invert(pivot, inverse);
  if (middle < last) add(1, down.given, both);
  add(p[middle], both);
  multiply(both, inverse, x);
  store(x, kept_at(middle));
  sum(weight, x, sums[middle]);

  Numbers x_up = x, x_down = x;
  for (Index j = middle - 1; j >= 0; --j) {
    substitute(h * left[j + 1], weight, x_up, kept_at(j), sums[j]);
    const Index k = last - j;
    if (k != middle) substitute(h * right[k - 1], weight, x_down, kept_at(k), sums[k]);
  }
}

/// Cells 0 .. n-2 in order; each also hands to the last cell and is given from it, directly at the ends of the chain
/// and through the cells eliminated before elsewhere (the picture is beside CyclicSolver in shifted_solver.cpp).
FOKKER_KERNEL(void, contour_ring,
              (const Poles& poles, std::size_t group, double h, const TridiagonalRates& rates,
               std::span<const double> p, double* work, ContourSums* sums),
              (poles, group, h, rates, p, work, sums)) {
  const Index last = static_cast<Index>(rates.left.size()) - 1;
  const double *const left = rates.left.data(), *const right = rates.right.data(), *const out = rates.out.data();
  const auto kept_at = [work](Index j) { return work + static_cast<std::size_t>(j) * contour_work(true); };
  Numbers z;
  Weights weight;
  load_group(poles, group, z, weight);

  Numbers kept = z, kept_last = z, given{}, end{}, to_last{}, from_last{};
  add(h * out[0], kept);
  add(h * out[last], kept_last);
  add(h * left[0], to_last);
  add(h * right[last], from_last);
  add(p[last], end);
  for (Index j = 0; j < last; ++j) {
    const bool before_last = j + 1 == last;
    const double ahead = before_last ? 0 : h * right[j];
    if (before_last) {
      add(h * right[j], to_last);
      add(h * left[last], from_last);
    }
    Numbers pivot = kept, inverse, y, fraction, column, product;
    add(ahead, pivot);
    add(1, to_last, pivot);
    invert(pivot, inverse);
    add(p[j], given);
    multiply(given, inverse, y);
    multiply(kept, inverse, fraction);
    multiply(from_last, inverse, column);
    store(y, kept_at(j));
    store(inverse, kept_at(j) + row);
    store(column, kept_at(j) + 2 * row);
    multiply(to_last, y, product);
    add(1, product, end);
    multiply(from_last, fraction, product);
    add(1, product, kept_last);

    given = Numbers{};
    add(ahead, y, given);
    kept = z;
    add(h * out[j + 1], kept);
    add(h * left[j + 1], fraction, kept);
    multiply(to_last, inverse, product);
    to_last = Numbers{};
    add(h * left[j + 1], product, to_last);
    from_last = Numbers{};
    add(ahead, column, from_last);
  }
  Numbers inverse;
  invert(kept_last, inverse);
  multiply(end, inverse, end);
  store(end, kept_at(last));
  sum(weight, end, sums[last]);

  Numbers x{};
  for (Index j = last - 1; j >= 0; --j)
    substitute(j + 1 == last ? 0 : h * left[j + 1], end, weight, x, kept_at(j), sums[j]);
}

}  // namespace fokker
