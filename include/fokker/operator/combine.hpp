#pragma once
#include "fokker/operator/operator.hpp"

/// The sum that ends a stage, to be inlined into kernels that are built for several instruction sets.
namespace fokker {

/// With `Rated` the rates count, times `scale`; without, they are not looked at.
template <int N, bool Rated>
__attribute__((always_inline)) inline void combine_terms(double scale, const double* rate, const Term* terms,
                                                         Index first, Index n, double* out) {
  double factor[N + 1];
  const double* values[N + 1];
  for (int k = 0; k < N; ++k) {
    factor[k] = terms[k].factor;
    values[k] = terms[k].values + first;
  }
#pragma GCC ivdep  // `out` is either apart from a term or the very same memory
  for (Index i = 0; i < n; ++i) {
    double sum = Rated ? scale * rate[i] : N > 0 ? factor[0] * values[0][i] : 0;
    for (int k = Rated ? 0 : 1; k < N; ++k) sum += factor[k] * values[k][i];
    out[i] = sum;
  }
}

template <int N>
__attribute__((always_inline)) inline void combine_terms(double scale, const double* rate, const Term* terms,
                                                         Index first, Index n, double* out) {
  if (scale == 0)
    combine_terms<N, false>(scale, rate, terms, first, n, out);
  else
    combine_terms<N, true>(scale, rate, terms, first, n, out);
}

/// stage.out[first + i] = stage.scale * rate[i] + the sum of the terms at first + i, for i < n. Up to six terms have a
/// loop of their own. Without a scale the rates are not looked at.
__attribute__((always_inline)) inline void combine_stage(const Stage& stage, const double* rate, Index first, Index n) {
  const Term* const terms = stage.terms.data();
  double* const out = stage.out + first;
  switch (stage.terms.size()) {
    case 0:
      return combine_terms<0>(stage.scale, rate, terms, first, n, out);
    case 1:
      return combine_terms<1>(stage.scale, rate, terms, first, n, out);
    case 2:
      return combine_terms<2>(stage.scale, rate, terms, first, n, out);
    case 3:
      return combine_terms<3>(stage.scale, rate, terms, first, n, out);
    case 4:
      return combine_terms<4>(stage.scale, rate, terms, first, n, out);
    case 5:
      return combine_terms<5>(stage.scale, rate, terms, first, n, out);
    case 6:
      return combine_terms<6>(stage.scale, rate, terms, first, n, out);
    default:
      break;
  }
  for (Index i = 0; i < n; ++i) {
    double sum = stage.scale == 0 ? 0 : stage.scale * rate[i];
    for (const Term& term : stage.terms) sum += term.factor * term.values[first + i];
    out[i] = sum;
  }
}

}  // namespace fokker
