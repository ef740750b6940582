#include "fokker/particles/philox.hpp"

#include <bit>
#include <cmath>
#include <limits>
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

// Normal pairs take 64 bits each, two to a counter: numbers 16 g + i and 16 g + 8 + i, i < 8, are the halves of counter
// 8 g + i, so that eight counters give sixteen pairs in order.
constexpr Index group = 8, most = 256;  // counters at a time, numbers in a call

// Of 64 bits the upper 40 are the radius, the lower 24 the angle: a quarter turn (2) and the position in it (22). Both
// are middles of equal parts, so the moments are those of the normal distribution to 2^-40, up to the order 2^24.
inline double radius_uniform(std::uint64_t bits) {
  return std::bit_cast<double>((bits >> 12 & ~std::uint64_t{0xFFF}) | 0x3FF0000000000800u) - 1;
}
// In (-1/2, 1/2), of a quarter turn.
inline double position_in_quarter(std::uint64_t bits) {
  return std::bit_cast<double>((bits & 0x3FFFFF) << 30 | 0x3FF0000020000000u) - 1.5;
}

// sin and cos within an eighth of a turn (fdlibm's kernels, 2^-58) take a third of the time of the library's functions,
// which must serve every argument. Coefficients of x^3, x^5, ... and of x^4, x^6, ...
constexpr double sine_terms[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,  -1.98412698298579493134e-04,
                                 2.75573137070700676789e-06,  -2.50507602534068634195e-08, 1.58969099521155010221e-10};
constexpr double cosine_terms[] = {4.16666666666666019037e-02, -1.38888888888741095749e-03,
                                   2.48015872894767294178e-05, -2.75573143513906633035e-07,
                                   2.08757232129817482790e-09, -1.13596475577881948265e-11};

FOKKER_VECTOR_KERNEL
void random_bits(const Stream& stream, std::uint64_t first, std::uint64_t* low, std::uint64_t* high) {
  for (Index i = 0; i < group; ++i) {
    const PhiloxWords w = words(stream, first + static_cast<std::uint64_t>(i));
    low[i] = join(w[0], w[1]);
    high[i] = join(w[2], w[3]);
  }
}

// Box-Muller for eight pairs.
FOKKER_VECTOR_KERNEL
void box_muller(const std::uint64_t* bits, double* a, double* b) {
  double radius[group];
  for (Index i = 0; i < group; ++i) radius[i] = std::sqrt(-2 * log(radius_uniform(bits[i])));
  for (Index i = 0; i < group; ++i) {
    const double x = position_in_quarter(bits[i]) * (std::numbers::pi / 2), z = x * x;
    double sine = sine_terms[5], cosine = cosine_terms[5];
    for (int k = 4; k >= 0; --k) {
      sine = sine_terms[k] + z * sine;
      cosine = cosine_terms[k] + z * cosine;
    }
    sine = x + x * z * sine;
    cosine = 1 - 0.5 * z + z * z * cosine;
    const std::uint64_t quarter = bits[i] >> 22 & 3;
    const bool swapped = (quarter & 1) != 0;
    const std::uint64_t minus_cosine = ((quarter + 1) & 2) << 62, minus_sine = (quarter & 2) << 62;
    a[i] = radius[i] * std::bit_cast<double>(std::bit_cast<std::uint64_t>(swapped ? sine : cosine) ^ minus_cosine);
    b[i] = radius[i] * std::bit_cast<double>(std::bit_cast<std::uint64_t>(swapped ? cosine : sine) ^ minus_sine);
  }
}

/// Any machine.
void normal_groups(const Stream& stream, std::uint64_t first, Index n, double* a, double* b) {
  alignas(64) std::uint64_t half[2][group];
  const std::uint64_t begin = first / 16 * 16, end = first + static_cast<std::uint64_t>(n);
  for (std::uint64_t number = begin; number - begin < end - begin; number += 16) {
    random_bits(stream, number / 2, half[0], half[1]);
    for (std::uint64_t side = 0; side < 2; ++side)
      if (const std::uint64_t position = number + 8 * side - first; position < static_cast<std::uint64_t>(n))
        box_muller(half[side], a + position, b + position);
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
// The same on eight counters at a time. Written out because the compiler does not find the 32 x 32 -> 64 bit product
// (vpmuludq), because the library's logarithm is a call that spills all registers, and because multiply-adds are off
// elsewhere. All bits first, then all numbers: two short loops overlap their chains better than a long one (1.3 times).
// Bound by the two ports that take 512 bits: 64 operations of Philox and 120 of Box-Muller for sixteen pairs, 3 cycles
// a number.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // inside g++ 12's own header
#define FOKKER_AVX512 __attribute__((target("avx512f,avx512dq"), always_inline)) inline

/// -2 log u for u in (0, 1): u = m 2^e with m in [3/4, 3/2), m c = 1 + r for one of sixteen c, |r| <= 1/16, and
/// log(1 + r) by its series to r^12. c = 1 around u = 1, so that the result has a small relative error there too.
struct LogTable {
  alignas(64) double inverse[16], twice_log[16];
  constexpr LogTable(std::array<double, 16> logs) : inverse{}, twice_log{} {
    for (std::size_t i = 0; i < 16; ++i) {
      inverse[i] = center_inverse(i);
      twice_log[i] = logs[i];
    }
  }
  static constexpr double center_inverse(std::size_t i) {
    return i == 0 || i == 15 ? 1 : (i < 8 ? 32 : 64) / (33 + 2 * static_cast<double>(i));
  }
};
// 2 log of the inverses.
constexpr LogTable log_table({0, -0.17922431737937433, -0.29036401968899567, -0.39565148665983985, -0.4956723278091624,
                              -0.5909284257876718, -0.6818531739411864, -0.7688233978206641, 0.5341255704980903,
                              0.45411490127069215, 0.37718233961509995, 0.30309979625440175, 0.2316636310502433,
                              0.1626912789079048, 0.09601843837272132, 0});

FOKKER_AVX512 __m512d minus_twice_log(__m512d u) {
  const __m512i bits = _mm512_castpd_si512(u);
  const __m512i e = _mm512_srai_epi64(_mm512_sub_epi64(bits, _mm512_set1_epi64(0x3FE8000000000000)), 52);
  const __m512i m = _mm512_sub_epi64(bits, _mm512_slli_epi64(e, 52)), index = _mm512_srli_epi64(m, 48);
  const __m512d c =
      _mm512_permutex2var_pd(_mm512_load_pd(log_table.inverse), index, _mm512_load_pd(log_table.inverse + 8));
  const __m512d twice_log_c =
      _mm512_permutex2var_pd(_mm512_load_pd(log_table.twice_log), index, _mm512_load_pd(log_table.twice_log + 8));
  const __m512d r = _mm512_fmsub_pd(_mm512_castsi512_pd(m), c, _mm512_set1_pd(1));
  __m512d series = _mm512_set1_pd(2.0 / 12);
#pragma GCC unroll 11
  for (int k = 11; k >= 1; --k) series = _mm512_fmadd_pd(series, r, _mm512_set1_pd((k % 2 == 1 ? -2.0 : 2.0) / k));
  const __m512d whole = _mm512_fmadd_pd(_mm512_cvtepi64_pd(e), _mm512_set1_pd(-2 * std::numbers::ln2), twice_log_c);
  return _mm512_fmadd_pd(series, r, whole);
}

FOKKER_AVX512 void box_muller_avx512(__m512i bits, double* a, double* b) {
  const __m512i radius_bits =
      _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi64(bits, 12), _mm512_set1_epi64(~0xFFFll)),
                      _mm512_set1_epi64(0x3FF0000000000800));
  const __m512d u = _mm512_sub_pd(_mm512_castsi512_pd(radius_bits), _mm512_set1_pd(1));
  const __m512d radius = _mm512_sqrt_pd(minus_twice_log(u));
  const __m512i position = _mm512_or_si512(_mm512_slli_epi64(_mm512_and_si512(bits, _mm512_set1_epi64(0x3FFFFF)), 30),
                                           _mm512_set1_epi64(0x3FF0000020000000));
  const __m512d x = _mm512_mul_pd(_mm512_sub_pd(_mm512_castsi512_pd(position), _mm512_set1_pd(1.5)),
                                  _mm512_set1_pd(std::numbers::pi / 2));
  const __m512d z = _mm512_mul_pd(x, x), one = _mm512_set1_pd(1);
  __m512d sine = _mm512_set1_pd(sine_terms[5]), cosine = _mm512_set1_pd(cosine_terms[5]);
#pragma GCC unroll 5
  for (int k = 4; k >= 0; --k) {
    sine = _mm512_fmadd_pd(sine, z, _mm512_set1_pd(sine_terms[k]));
    cosine = _mm512_fmadd_pd(cosine, z, _mm512_set1_pd(cosine_terms[k]));
  }
  sine = _mm512_fmadd_pd(_mm512_mul_pd(x, z), sine, x);
  cosine = _mm512_fmadd_pd(z, _mm512_fmadd_pd(z, cosine, _mm512_set1_pd(-0.5)), one);
  // Quarter 0: (c, s), 1: (-s, c), 2: (-c, -s), 3: (s, -c).
  const __mmask8 swapped = _mm512_test_epi64_mask(bits, _mm512_set1_epi64(1 << 22));
  const __m512i sign = _mm512_set1_epi64(std::numeric_limits<std::int64_t>::min());
  const __m512i second = _mm512_slli_epi64(bits, 40), first = _mm512_xor_si512(second, _mm512_slli_epi64(bits, 41));
  const __m512d signed_a = _mm512_xor_pd(radius, _mm512_castsi512_pd(_mm512_and_si512(first, sign)));
  const __m512d signed_b = _mm512_xor_pd(radius, _mm512_castsi512_pd(_mm512_and_si512(second, sign)));
  _mm512_storeu_pd(a, _mm512_mul_pd(signed_a, _mm512_mask_blend_pd(swapped, cosine, sine)));
  _mm512_storeu_pd(b, _mm512_mul_pd(signed_b, _mm512_mask_blend_pd(swapped, sine, cosine)));
}

__attribute__((target("avx512f,avx512dq"))) void normal_groups_avx512(const Stream& stream, std::uint64_t first,
                                                                      Index n, double* a, double* b) {
  const __m512i even_factor = _mm512_set1_epi64(0xD2511F53), odd_factor = _mm512_set1_epi64(0xCD9E8D57);
  const __m512i step = _mm512_set1_epi64(static_cast<std::int64_t>(stream.step));
  const __m512i purpose = _mm512_set1_epi64(
      static_cast<std::int64_t>(stream.step >> 32 | static_cast<std::uint64_t>(stream.purpose) << 28));
  __m512i keys[20], bits[most / 8 + 2];
  for (std::uint32_t round = 0; round < 10; ++round) {
    keys[2 * round] = _mm512_set1_epi64(static_cast<std::uint32_t>(stream.seed) + round * 0x9E3779B9u);
    keys[2 * round + 1] = _mm512_set1_epi64(static_cast<std::uint32_t>(stream.seed >> 32) + round * 0xBB67AE85u);
  }
  const std::uint64_t begin = first / 16 * 16, end = first + static_cast<std::uint64_t>(n);
  for (std::uint64_t number = begin; number - begin < end - begin; number += 16) {
    // Each 32-bit word lives in the low half of a 64-bit lane; the high halves are rubbish that the product ignores.
    __m512i c0 = _mm512_add_epi64(_mm512_set1_epi64(static_cast<std::int64_t>(number / 2)),
                                  _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
    __m512i c1 = _mm512_srli_epi64(c0, 32), c2 = step, c3 = purpose;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const __m512i even = _mm512_mul_epu32(c0, even_factor), odd = _mm512_mul_epu32(c2, odd_factor);
      // 0x96: the exclusive or of three.
      c0 = _mm512_ternarylogic_epi64(_mm512_shuffle_epi32(odd, _MM_PERM_CDAB), c1, keys[2 * round], 0x96);
      c2 = _mm512_ternarylogic_epi64(_mm512_shuffle_epi32(even, _MM_PERM_CDAB), c3, keys[2 * round + 1], 0x96);
      c1 = odd;
      c3 = even;
    }
    const __m512i low = _mm512_mask_blend_epi32(0xAAAA, c0, _mm512_slli_epi64(c1, 32));
    const __m512i high = _mm512_mask_blend_epi32(0xAAAA, c2, _mm512_slli_epi64(c3, 32));
    _mm512_store_si512(bits + (number - begin) / 8, low);
    _mm512_store_si512(bits + (number - begin) / 8 + 1, high);
  }
  const __m512i* const from = bits + (first - begin) / 8;
  for (Index i = 0; i < n; i += 8) box_muller_avx512(from[i / 8], a + i, b + i);
}
#undef FOKKER_AVX512
#pragma GCC diagnostic pop
#endif

}  // namespace

std::array<double, 2> uniform_pair(const Stream& stream, std::uint64_t number) {
  const PhiloxWords w = words(stream, number);
  return {uniform(join(w[0], w[1])), uniform(join(w[2], w[3]))};
}

std::array<double, 2> normal_pair(const Stream& stream, std::uint64_t number) {
  const PhiloxWords w = words(stream, number / 16 * 8 + number % 8);
  const std::uint64_t bits = number / 8 % 2 == 0 ? join(w[0], w[1]) : join(w[2], w[3]);
  const double turns = 0.25 * (static_cast<double>(bits >> 22 & 3) + position_in_quarter(bits));
  const double radius = std::sqrt(-2 * std::log(radius_uniform(bits))), angle = 2 * std::numbers::pi * turns;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

void normal_columns(const Stream& stream, std::uint64_t first, Index n, double* a, double* b) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    return normal_groups_avx512(stream, first, n, a, b);
#endif
  normal_groups(stream, first, n, a, b);
}

}  // namespace fokker
