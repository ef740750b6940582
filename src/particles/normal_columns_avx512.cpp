#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include <limits>
#include <numbers>

#include "normal_columns.hpp"

// Eight counters at a time. Written out because the compiler does not find the 32 x 32 -> 64 bit product
// (vpmuludq), because the library's logarithm is a call that spills all registers, and because multiply-adds are off
// elsewhere. All bits first, then all numbers: two short loops overlap their chains better than a long one (1.3 times).
// Bound by the two ports that take 512 bits: 64 operations of Philox and 120 of Box-Muller for sixteen pairs, 3 cycles
// a number.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // inside g++ 12's own header
#define FOKKER_AVX512 __attribute__((target("avx512f,avx512dq"), always_inline)) inline

namespace fokker::normal {
namespace {

struct LogTable {
  alignas(64) double inverse[16], twice_log[16];
  constexpr LogTable() : inverse{}, twice_log{} {
    for (std::size_t i = 0; i < 16; ++i) {
      inverse[i] = center_inverse(i);
      twice_log[i] = twice_log_inverse[i];
    }
  }
};
constexpr LogTable log_table;

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

}  // namespace

__attribute__((target("avx512f,avx512dq"))) void columns_avx512(const Stream& stream, std::uint64_t first, Index n,
                                                                double* a, double* b) {
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

}  // namespace fokker::normal
#endif
