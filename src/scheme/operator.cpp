#include "fokker/scheme/operator.hpp"

#include <cmath>

#include "fokker/base/parallel.hpp"

namespace fokker {

double Operator::norm_l1(std::span<const double> v) const {
  const auto sum_of_moduli = [&](Index first, Index last) {
    double sum = 0;
    for (Index i = first; i < last; ++i) sum += std::abs(v[static_cast<std::size_t>(i)]);
    return sum;
  };
  return cell_volume() * ordered_sum(0, cells(), 4096, sum_of_moduli) + sum_of_moduli(cells(), size());
}

}  // namespace fokker
