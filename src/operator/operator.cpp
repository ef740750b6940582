#include "fokker/operator/operator.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/base/parallel.hpp"

namespace fokker {

void Operator::apply_stages(double t, std::span<const double> state, std::span<const Stage> stages) const {
  rate_.resize(state.size());
  apply(t, state, rate_);
  parallel_for(0, static_cast<Index>(state.size()), 4096, [&](Index first, Index last) {
    for (const Stage& stage : stages)
      for (Index i = first; i < last; ++i) {
        double sum = stage.scale * rate_[i];
        for (const Term& term : stage.terms) sum += term.factor * term.values[i];
        stage.out[i] = sum;
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
    for (Index i = first; i < last; ++i) sum += std::abs(v[i]);
    return sum;
  };
  return cell_volume() * ordered_sum(0, cells(), 4096, sum_of_moduli) + sum_of_moduli(cells(), cells() + outflows());
}

void LinearOperator::transpose(const std::function<void(const InsertEntry&)>& entries, std::span<const double> u,
                               std::span<double> out) {
  std::fill(out.begin(), out.end(), 0.0);
  entries([&](Index row, Index column, double value) { out[column] += value * u[row]; });
}

void LinearOperator::apply_transposed(double t, std::span<const double> u, std::span<double> out) const {
  transpose([&](const InsertEntry& insert) { assemble(t, insert); }, u, out);
}

}  // namespace fokker
