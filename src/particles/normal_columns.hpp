#pragma once
#include <array>
#include <cstdint>

#include "fokker/particles/philox.hpp"

// What the versions of `normal_columns` share. Normal pairs take 64 bits each, two to a counter: numbers 16 g + i and
// 16 g + 8 + i, i < 8, are the halves of counter 8 g + i, so that eight counters give sixteen pairs in order.
namespace fokker::normal {

constexpr Index group = 8, most = 256;  // counters at a time, numbers in a call

// sin and cos within an eighth of a turn (fdlibm's kernels, 2^-58) take a third of the time of the library's functions,
// which must serve every argument. Coefficients of x^3, x^5, ... and of x^4, x^6, ...
constexpr double sine_terms[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,  -1.98412698298579493134e-04,
                                 2.75573137070700676789e-06,  -2.50507602534068634195e-08, 1.58969099521155010221e-10};
constexpr double cosine_terms[] = {4.16666666666666019037e-02, -1.38888888888741095749e-03,
                                   2.48015872894767294178e-05, -2.75573143513906633035e-07,
                                   2.08757232129817482790e-09, -1.13596475577881948265e-11};

/// -2 log u for u in (0, 1): u = m 2^e with m in [3/4, 3/2), m c = 1 + r for one of sixteen c, |r| <= 1/16, and
/// log(1 + r) by its series to r^12. c = 1 around u = 1, so that the result has a small relative error there too.
/// The four highest bits of the mantissa say which c.
constexpr double center_inverse(std::size_t i) {
  return i == 0 || i == 15 ? 1 : (i < 8 ? 32 : 64) / (33 + 2 * static_cast<double>(i));
}
// 2 log of the inverses.
constexpr std::array<double, 16> twice_log_inverse{0,
                                                   -0.17922431737937433,
                                                   -0.29036401968899567,
                                                   -0.39565148665983985,
                                                   -0.4956723278091624,
                                                   -0.5909284257876718,
                                                   -0.6818531739411864,
                                                   -0.7688233978206641,
                                                   0.5341255704980903,
                                                   0.45411490127069215,
                                                   0.37718233961509995,
                                                   0.30309979625440175,
                                                   0.2316636310502433,
                                                   0.1626912789079048,
                                                   0.09601843837272132,
                                                   0};

/// The same operations in the same order as each other, fused multiply-adds among them: the same bits.
void columns_avx2(const Stream& stream, std::uint64_t first, Index n, double* a, double* b);
void columns_avx512(const Stream& stream, std::uint64_t first, Index n, double* a, double* b);

}  // namespace fokker::normal
