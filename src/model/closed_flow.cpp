#include "fokker/model/closed_flow.hpp"

#include <algorithm>
#include <array>

#include "fokker/base/tape.hpp"

namespace fokker {

ClosedFlow::ClosedFlow(std::shared_ptr<const Sde> sde, ClosedForm distribution)
    : sde_(std::move(sde)), score_(std::make_shared<ClosedScore>(std::move(distribution))), family_(sde_, score_, 0) {}

void ClosedFlow::evaluate(const PointsIn& x, double t, PointsOut velocity, double* divergence) const {
  family_.drift(x, t, velocity);
  const double trace = score_->distribution().divergence(t);
  std::array<double, 3> D{};
  sde_->diffusion({1, x.dimension, x.axis}, t, {&D[0], &D[1], &D[2]});
  std::array<std::array<double, Tape::block>, 3> H{};
  for (Index first = 0; first < x.size; first += Tape::block) {
    PointsIn part{std::min(Tape::block, x.size - first), x.dimension, x.axis};
    for (auto& column : part.axis)
      if (column != nullptr) column += first;
    score_->now().jacobian(part, {H[0].data(), H[1].data(), H[2].data()});
    for (std::size_t i = 0; i < static_cast<std::size_t>(part.size); ++i)
      divergence[static_cast<std::size_t>(first) + i] = trace - D[0] * H[0][i] - 2 * D[1] * H[1][i] - D[2] * H[2][i];
  }
}

}  // namespace fokker
