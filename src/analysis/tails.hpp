#pragma once

/// Upper tails of the distributions that the statistics of agreement are held against.
namespace fokker {

/// P(sqrt(N) D > x) of the Kolmogorov-Smirnov distance for large N.
[[nodiscard]] double kolmogorov_tail(double x);

/// P(sqrt(N) V > x) of Kuiper's distance, the range of the difference of two cdfs, for large N.
[[nodiscard]] double kuiper_tail(double x);

/// Twice the smaller tail at z of a gamma distribution shifted and scaled to mean 0, variance 1 and the given skewness
/// (Pearson's type III; the normal distribution for skewness 0).
[[nodiscard]] double skewed_tails(double z, double skewness);

}  // namespace fokker
