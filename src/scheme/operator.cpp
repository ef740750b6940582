#include "fokker/scheme/operator.hpp"

#include <cmath>

#include "fokker/base/parallel.hpp"

namespace fokker {

void Operator::apply_stage(double t, double scale, std::span<const double> state, std::span<const Term> terms,
                           std::span<double> out) const {
  rate_.resize(state.size());
  apply(t, state, rate_);
  parallel_for(0, static_cast<Index>(state.size()), 4096, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      double sum = scale * rate_[static_cast<std::size_t>(i)];
      for (const Term& term : terms) sum += term.factor * term.values[i];
      out[static_cast<std::size_t>(i)] = sum;
    }
  });
}

SpectralBound Operator::spectral_bound(double t) const {
  const double rate = 1 / stable_step(t);
  return {2 * rate, rate};
}

double Operator::norm_l1(std::span<const double> v) const {
  const auto sum_of_moduli = [&](Index first, Index last) {
    double sum = 0;
    for (Index i = first; i < last; ++i) sum += std::abs(v[static_cast<std::size_t>(i)]);
    return sum;
  };
  return cell_volume() * ordered_sum(0, cells(), 4096, sum_of_moduli) + sum_of_moduli(cells(), cells() + ledgers());
}

}  // namespace fokker
