#include "fokker/base/normal_sums.hpp"

#include <algorithm>
#include <cmath>

namespace fokker {

void NormalSums::set(double mean, double deviation) {
  constexpr double reach = 7;
  off.assign(1, 0.0);
  weight.assign(1, 1.0);
  if (!(deviation > 0) || !std::isfinite(deviation)) return;
  const double spacing = std::exp2(std::floor(std::log2(deviation / 1.5)));
  const double first = std::ceil((mean - reach * deviation) / spacing - 0.5),
               last = std::floor((mean + reach * deviation) / spacing - 0.5);
  constexpr double most = 4503599627370496;                                                 // 2^52: k + 1/2 is a double
  if (!(last - first < 64) || !(last > first) || !(std::max(-first, last) < most)) return;  // too narrow for one
  off.clear();
  weight.clear();
  double sum = 0;
  for (double k = first; k <= last; ++k) {
    off.push_back((k + 0.5) * spacing - mean);
    weight.push_back(std::exp(-0.5 * std::pow(off.back() / deviation, 2)));
    sum += weight.back();
  }
  double middle = 0;
  for (std::size_t i = 0; i < off.size(); ++i) middle += (weight[i] /= sum) * off[i];
  for (double& each : off) each -= middle;  // what the ends of the lattice leave
}

void NormalSums::set_uniform(double length) {
  constexpr int points = 64;
  off.clear();
  for (int k = 0; k < points; ++k) off.push_back(length * ((k + 0.5) / points - 0.5));
  weight.assign(points, 1.0 / points);
}

}  // namespace fokker
