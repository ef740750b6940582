#include "fokker/particles/philox.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// One binary for all machines: each kernel below is compiled for three instruction sets, chosen when the program
// starts. The sanitizers' start-up code runs after such choices are made, so their builds take the plain version.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define FOKKER_VECTOR_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
// Tells the compiler that the C library has a vector log (libmvec).
extern "C" __attribute__((simd("notinbranch"))) double log(double) noexcept;
#else
#define FOKKER_VECTOR_KERNEL
#endif

namespace fokker {
namespace {

constexpr Index block = 256;
constexpr std::uint64_t low_half = 0xFFFFFFFFu;

PhiloxWords words(const Stream& stream, std::uint64_t number) {
  const auto high = static_cast<std::uint32_t>(stream.step >> 32) | static_cast<std::uint32_t>(stream.purpose) << 28;
  return philox4x32({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32),
                     static_cast<std::uint32_t>(stream.step), high},
                    {static_cast<std::uint32_t>(stream.seed), static_cast<std::uint32_t>(stream.seed >> 32)});
}

std::uint64_t join(std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; }

// 52 random bits become the mantissa of a number in [1, 2); less 1 - 2^-53 that is an odd multiple of 2^-53, exactly.
inline double uniform(std::uint64_t bits) {
  return std::bit_cast<double>(bits >> 12 | 0x3FF0000000000000u) - (1 - 0x1p-53);
}

FOKKER_VECTOR_KERNEL
void random_bits(const Stream& stream, std::uint64_t first, Index n, std::uint64_t* a, std::uint64_t* b) {
  for (Index i = 0; i < n; ++i) {
    const PhiloxWords w = words(stream, first + static_cast<std::uint64_t>(i));
    a[i] = join(w[0], w[1]);
    b[i] = join(w[2], w[3]);
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
// The same rounds on eight counters at a time. Written out because the compiler does not find the 32 x 32 -> 64 bit
// product (vpmuludq) in the loop above and multiplies 64-bit numbers instead, at half the speed. Each 32-bit word lives
// in the low half of a 64-bit lane; the high halves are rubbish that the product ignores.
using Lanes = std::uint64_t __attribute__((vector_size(64)));

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // inside g++ 12's own header
__attribute__((target("avx512f"))) void random_bits_avx512(const Stream& stream, std::uint64_t first, Index n,
                                                           std::uint64_t* a, std::uint64_t* b) {
  const Lanes even_factor = Lanes{} + 0xD2511F53u, odd_factor = Lanes{} + 0xCD9E8D57u;
  for (Index i = 0; i < n; i += 8) {
    const Lanes number = Lanes{0, 1, 2, 3, 4, 5, 6, 7} + (first + static_cast<std::uint64_t>(i));
    Lanes c0 = number, c1 = number >> 32, c2 = Lanes{} + stream.step;
    Lanes c3 = Lanes{} + (stream.step >> 32 | static_cast<std::uint64_t>(stream.purpose) << 28);
    auto k0 = static_cast<std::uint32_t>(stream.seed), k1 = static_cast<std::uint32_t>(stream.seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const Lanes even = (Lanes)_mm512_mul_epu32((__m512i)c0, (__m512i)even_factor);
      const Lanes odd = (Lanes)_mm512_mul_epu32((__m512i)c2, (__m512i)odd_factor);
      c0 = odd >> 32 ^ c1 ^ k0;
      c2 = even >> 32 ^ c3 ^ k1;
      c1 = odd;
      c3 = even;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const Lanes joined_a = c1 << 32 | (c0 & low_half), joined_b = c3 << 32 | (c2 & low_half);
    std::memcpy(a + i, &joined_a, sizeof joined_a);
    std::memcpy(b + i, &joined_b, sizeof joined_b);
  }
}
#pragma GCC diagnostic pop
#endif

// Box-Muller: radius sqrt(-2 log u), angle v turns. The angle is cut into quarter turns and a rest of at most an
// eighth, where sin and cos are short polynomials (fdlibm's kernels, 2^-58): a third of the time of the library's
// functions, which must serve every argument.
FOKKER_VECTOR_KERNEL
void box_muller(Index n, const std::uint64_t* u, const std::uint64_t* v, double* a, double* b) {
  constexpr double round_to_integer = 0x1.8p52;
  double radius[block];
  for (Index i = 0; i < n; ++i) radius[i] = std::sqrt(-2 * log(uniform(u[i])));
  for (Index i = 0; i < n; ++i) {
    const double quarters = 4 * uniform(v[i]), shifted = quarters + round_to_integer;
    const std::uint64_t quarter = std::bit_cast<std::uint64_t>(shifted);  // its low bits count the quarters
    const double x = (quarters - (shifted - round_to_integer)) * (std::numbers::pi / 2), z = x * x;
    const double sine = x + x * z *
                                (-1.66666666666666324348e-01 +
                                 z * (8.33333333332248946124e-03 +
                                      z * (-1.98412698298579493134e-04 +
                                           z * (2.75573137070700676789e-06 +
                                                z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))));
    const double cosine = 1 - 0.5 * z +
                          z * z *
                              (4.16666666666666019037e-02 +
                               z * (-1.38888888888741095749e-03 +
                                    z * (2.48015872894767294178e-05 +
                                         z * (-2.75573143513906633035e-07 +
                                              z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
    const bool swapped = (quarter & 1) != 0;
    const std::uint64_t minus_cosine = ((quarter + 1) & 2) << 62, minus_sine = (quarter & 2) << 62;
    a[i] = radius[i] * std::bit_cast<double>(std::bit_cast<std::uint64_t>(swapped ? sine : cosine) ^ minus_cosine);
    b[i] = radius[i] * std::bit_cast<double>(std::bit_cast<std::uint64_t>(swapped ? cosine : sine) ^ minus_sine);
  }
}

}  // namespace

std::array<double, 2> uniform_pair(const Stream& stream, std::uint64_t number) {
  const PhiloxWords w = words(stream, number);
  return {uniform(join(w[0], w[1])), uniform(join(w[2], w[3]))};
}

std::array<double, 2> normal_pair(const Stream& stream, std::uint64_t number) {
  const auto [u, v] = uniform_pair(stream, number);
  const double radius = std::sqrt(-2 * std::log(u)), angle = 2 * std::numbers::pi * v;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

void normal_columns(const Stream& stream, std::uint64_t first, Index n, double* a, double* b) {
  alignas(64) std::uint64_t u[block], v[block];
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx512f"))
    random_bits_avx512(stream, first, n, u, v);
  else
#endif
    random_bits(stream, first, n, u, v);
  box_muller(n, u, v, a, b);
}

}  // namespace fokker
