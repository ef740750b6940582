#pragma once

namespace fokker {

/// The length a step takes. Steps are dyadic: powers of two below a length that divides the way to `limit`:
///
///     limit - t = m dt, m whole       keep the bits of dt: its factorisation exists
///     otherwise dt/2, dt/4 ..         the first that divides the way, when the way is shorter than dt one more
///     otherwise                       (limit - t) / 2^k, the largest not above dt: new lengths
///
/// "Whole" means within 1e-9, or within the rounding of t where dt is smaller than that. A function of its arguments
/// alone: a resumed run takes the same steps.
[[nodiscard]] double fit_to_dyadic(double t, double dt, double limit);

/// The length of a step that need not be a power of two of another: dt where it divides the way, else equal parts of
/// the way, none above dt. Rounded to 44 bits, so that ways of one length, which differ by the rounding of t, have
/// parts of one length.
[[nodiscard]] double fit_to_parts(double t, double dt, double limit);

/// Where a dyadic step ends: limit - (m - 1) dt, so that rounding does not add up; `limit` itself for the last.
[[nodiscard]] double end_of_dyadic(double t, double dt, double limit);

/// The largest dt * 2^k that is not above `most`.
[[nodiscard]] double largest_dyadic(double dt, double most);

}  // namespace fokker
