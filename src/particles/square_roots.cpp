#include "square_roots.hpp"

#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // inside g++ 12's own header
#endif

namespace fokker {
namespace {

FOKKER_KERNEL(void, roots_of_processor, (Index n, double scale, const double* a, double* out), (n, scale, a, out)) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) out[i] = std::sqrt(scale * a[i]);
}

#if defined(__x86_64__) && defined(__GNUC__)
// The processor takes 18 cycles for eight roots and nothing else meanwhile on the same unit; multiply-adds from its
// estimate of 1/sqrt(x) (14 bits, doubled twice) take 10. With d = x - g^2, which is exact, g is sqrt(x) rounded to
// nearest if |d| < g ulp(g), but for powers of two, below which numbers stand closer. Where one of eight is not proved
// so (those, 0, what is negative, infinite or so small that d underflows) the processor's root is taken.
__attribute__((target("avx512f,avx512dq"))) void roots_avx512(Index n, double scale, const double* a, double* out) {
  const __m512d half = _mm512_set1_pd(0.5), smallest = _mm512_set1_pd(0x1p-900), epsilon = _mm512_set1_pd(0x1p-52);
  const __m512d exponent = _mm512_castsi512_pd(_mm512_set1_epi64(0x7FF0000000000000));
  for (Index i = 0; i < n; i += 8) {
    const __m512d x = _mm512_mul_pd(_mm512_set1_pd(scale), _mm512_loadu_pd(a + i));
    const __m512d y = _mm512_rsqrt14_pd(x);
    __m512d g = _mm512_mul_pd(x, y), h = _mm512_mul_pd(y, half);
    for (int k = 0; k < 2; ++k) {  // g to sqrt(x), h to 1/(2 sqrt(x))
      const __m512d short_of = _mm512_fnmadd_pd(g, h, half);
      g = _mm512_fmadd_pd(g, short_of, g);
      h = _mm512_fmadd_pd(h, short_of, h);
    }
    g = _mm512_fmadd_pd(_mm512_fnmadd_pd(g, g, x), h, g);
    const __m512d d = _mm512_abs_pd(_mm512_fnmadd_pd(g, g, x)), power = _mm512_and_pd(g, exponent);
    const __m512d allowed = _mm512_mul_pd(_mm512_mul_pd(g, epsilon), power);
    const __mmask8 proved = _mm512_mask_cmp_pd_mask(
        _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(x, smallest, _CMP_GT_OQ), g, power, _CMP_NEQ_OQ), d, allowed,
        _CMP_LT_OQ);
    _mm512_storeu_pd(out + i, proved == 0xFF ? g : _mm512_sqrt_pd(x));
  }
}
#endif

}  // namespace

void square_roots(Index n, double scale, const double* a, double* out, InstructionSet set) {
  Index whole = 0;
#if defined(__x86_64__) && defined(__GNUC__)
  if (set == InstructionSet::avx512) roots_avx512(whole = n / 8 * 8, scale, a, out);
#endif
  static_cast<void>(set);
  roots_of_processor(n - whole, scale, a + whole, out + whole);
}

}  // namespace fokker
