#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include <limits>
#include <numbers>

#include "normal_columns.hpp"

// Four lanes: the operations of normal_columns_avx512.cpp, in its order, with what AVX2 lacks put together from what it
// has. Sixteen pairs take 204 operations of Philox and 4 x 65 of Box-Muller, 14.5 a number; three ports
// take 256 bits: at least 4.8 cycles a number, against 3 with AVX-512. The table is read by four loads of 128 bits and
// not gathered: gathers are slow on Zen, and on Intel's processors with the cure of "Downfall".
#define FOKKER_AVX2 __attribute__((target("avx2,fma"), always_inline)) inline

namespace fokker::normal {
namespace {

/// Inverse and twice its logarithm side by side: one load.
struct LogTable {
  alignas(16) double entry[16][2];
  constexpr LogTable() : entry{} {
    for (std::size_t i = 0; i < 16; ++i) {
      entry[i][0] = center_inverse(i);
      entry[i][1] = twice_log_inverse[i];
    }
  }
};
constexpr LogTable log_table;

FOKKER_AVX2 __m256d pair_of(const std::uint64_t* row) {
  const char* const table = reinterpret_cast<const char*>(log_table.entry);
  const auto entry = [&](std::uint64_t at) __attribute__((target("avx2,fma"), always_inline)) {
    return _mm_load_pd(reinterpret_cast<const double*>(table + at));
  };
  return _mm256_insertf128_pd(_mm256_castpd128_pd256(entry(row[0])), entry(row[2]), 1);
}

/// `row`: where in the table each lane's entry stands, in bytes.
FOKKER_AVX2 __m256d minus_twice_log(__m256d u, const std::uint64_t* row) {
  const __m256d even = pair_of(row), odd = pair_of(row + 1);
  const __m256d c = _mm256_unpacklo_pd(even, odd), twice_log_c = _mm256_unpackhi_pd(even, odd);
  // e + 1024 above, the bits of m below; there is no arithmetic shift, and no conversion but by the sum with 2^52.
  const __m256i shifted =
      _mm256_sub_epi64(_mm256_castpd_si256(u), _mm256_set1_epi64x(0x3FE8000000000000 - 0x4000000000000000));
  const __m256i m = _mm256_add_epi64(_mm256_and_si256(shifted, _mm256_set1_epi64x(0x000FFFFFFFFFFFFF)),
                                     _mm256_set1_epi64x(0x3FE8000000000000));
  const __m256i above = _mm256_or_si256(_mm256_srli_epi64(shifted, 52), _mm256_set1_epi64x(0x4330000000000000));
  const __m256d e = _mm256_sub_pd(_mm256_castsi256_pd(above), _mm256_set1_pd(0x1p52 + 1024));
  const __m256d r = _mm256_fmsub_pd(_mm256_castsi256_pd(m), c, _mm256_set1_pd(1));
  __m256d series = _mm256_set1_pd(2.0 / 12);
#pragma GCC unroll 11
  for (int k = 11; k >= 1; --k) series = _mm256_fmadd_pd(series, r, _mm256_set1_pd((k % 2 == 1 ? -2.0 : 2.0) / k));
  return _mm256_fmadd_pd(series, r, _mm256_fmadd_pd(e, _mm256_set1_pd(-2 * std::numbers::ln2), twice_log_c));
}

FOKKER_AVX2 void box_muller(__m256i bits, __m256d u, const std::uint64_t* row, double* a, double* b) {
  const __m256d radius = _mm256_sqrt_pd(minus_twice_log(u, row));
  const __m256i position = _mm256_or_si256(_mm256_slli_epi64(_mm256_and_si256(bits, _mm256_set1_epi64x(0x3FFFFF)), 30),
                                           _mm256_set1_epi64x(0x3FF0000020000000));
  const __m256d x = _mm256_mul_pd(_mm256_sub_pd(_mm256_castsi256_pd(position), _mm256_set1_pd(1.5)),
                                  _mm256_set1_pd(std::numbers::pi / 2));
  const __m256d z = _mm256_mul_pd(x, x), one = _mm256_set1_pd(1);
  __m256d sine = _mm256_set1_pd(sine_terms[5]), cosine = _mm256_set1_pd(cosine_terms[5]);
#pragma GCC unroll 5
  for (int k = 4; k >= 0; --k) {
    sine = _mm256_fmadd_pd(sine, z, _mm256_set1_pd(sine_terms[k]));
    cosine = _mm256_fmadd_pd(cosine, z, _mm256_set1_pd(cosine_terms[k]));
  }
  sine = _mm256_fmadd_pd(_mm256_mul_pd(x, z), sine, x);
  cosine = _mm256_fmadd_pd(z, _mm256_fmadd_pd(z, cosine, _mm256_set1_pd(-0.5)), one);
  // Quarter 0: (c, s), 1: (-s, c), 2: (-c, -s), 3: (s, -c); a blend looks at the highest bit only.
  const __m256d sign = _mm256_set1_pd(-0.0);
  const __m256i odd = _mm256_slli_epi64(bits, 41), second = _mm256_slli_epi64(bits, 40);
  const __m256d swapped = _mm256_castsi256_pd(odd), first = _mm256_castsi256_pd(_mm256_xor_si256(second, odd));
  const __m256d signed_a = _mm256_xor_pd(radius, _mm256_and_pd(first, sign));
  const __m256d signed_b = _mm256_xor_pd(radius, _mm256_and_pd(_mm256_castsi256_pd(second), sign));
  _mm256_storeu_pd(a, _mm256_mul_pd(signed_a, _mm256_blendv_pd(cosine, sine, swapped)));
  _mm256_storeu_pd(b, _mm256_mul_pd(signed_b, _mm256_blendv_pd(sine, cosine, swapped)));
}

/// Of each number: its random bits, the uniform number of its radius and the row of the logarithm's table.
struct Drawn {
  alignas(32) std::uint64_t bits[most + 16];
  alignas(32) double u[most + 16];
  alignas(32) std::uint64_t row[most + 16];
};

FOKKER_AVX2 void keep(__m256i bits, Drawn& drawn, std::uint64_t at) {
  const __m256i radius_bits =
      _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi64(bits, 12), _mm256_set1_epi64x(~0xFFFll)),
                      _mm256_set1_epi64x(0x3FF0000000000800));
  const __m256d u = _mm256_sub_pd(_mm256_castsi256_pd(radius_bits), _mm256_set1_pd(1));
  const __m256i row = _mm256_and_si256(_mm256_srli_epi64(_mm256_castpd_si256(u), 44), _mm256_set1_epi64x(0xF0));
  _mm256_store_si256(reinterpret_cast<__m256i*>(drawn.bits + at), bits);
  _mm256_store_pd(drawn.u + at, u);
  _mm256_store_si256(reinterpret_cast<__m256i*>(drawn.row + at), row);
}

struct Keys {
  __m256i low[10], high[10], step, purpose;
};

/// Four counters from `first` on; each 32-bit word lives in the low half of a lane, the high halves are rubbish.
FOKKER_AVX2 void draw_four(const Keys& keys, std::uint64_t first, Drawn& drawn, std::uint64_t at) {
  const __m256i even_factor = _mm256_set1_epi64x(0xD2511F53), odd_factor = _mm256_set1_epi64x(0xCD9E8D57);
  constexpr int high_half_down = 0xB1;
  __m256i c0 = _mm256_add_epi64(_mm256_set1_epi64x(static_cast<std::int64_t>(first)), _mm256_setr_epi64x(0, 1, 2, 3));
  __m256i c1 = _mm256_srli_epi64(c0, 32), c2 = keys.step, c3 = keys.purpose;
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const __m256i even = _mm256_mul_epu32(c0, even_factor), odd = _mm256_mul_epu32(c2, odd_factor);
    c0 = _mm256_xor_si256(_mm256_shuffle_epi32(odd, high_half_down), _mm256_xor_si256(c1, keys.low[round]));
    c2 = _mm256_xor_si256(_mm256_shuffle_epi32(even, high_half_down), _mm256_xor_si256(c3, keys.high[round]));
    c1 = odd;
    c3 = even;
  }
  keep(_mm256_blend_epi32(c0, _mm256_slli_epi64(c1, 32), 0xAA), drawn, at);
  keep(_mm256_blend_epi32(c2, _mm256_slli_epi64(c3, 32), 0xAA), drawn, at + 8);
}

}  // namespace

__attribute__((target("avx2,fma"))) void columns_avx2(const Stream& stream, std::uint64_t first, Index n, double* a,
                                                      double* b) {
  Keys keys;
  for (std::uint32_t round = 0; round < 10; ++round) {
    keys.low[round] = _mm256_set1_epi64x(static_cast<std::uint32_t>(stream.seed) + round * 0x9E3779B9u);
    keys.high[round] = _mm256_set1_epi64x(static_cast<std::uint32_t>(stream.seed >> 32) + round * 0xBB67AE85u);
  }
  keys.step = _mm256_set1_epi64x(static_cast<std::int64_t>(stream.step));
  keys.purpose = _mm256_set1_epi64x(
      static_cast<std::int64_t>(stream.step >> 32 | static_cast<std::uint64_t>(stream.purpose) << 28));
  Drawn drawn;
  const std::uint64_t begin = first / 16 * 16, end = first + static_cast<std::uint64_t>(n);
  for (std::uint64_t number = begin; number - begin < end - begin; number += 16) {
    draw_four(keys, number / 2, drawn, number - begin);
    draw_four(keys, number / 2 + 4, drawn, number - begin + 4);
  }
  for (Index i = 0; i < n; i += 4) {
    const auto at = first - begin + static_cast<std::uint64_t>(i);
    box_muller(_mm256_load_si256(reinterpret_cast<const __m256i*>(drawn.bits + at)), _mm256_load_pd(drawn.u + at),
               drawn.row + at, a + i, b + i);
  }
}

}  // namespace fokker::normal
#endif
