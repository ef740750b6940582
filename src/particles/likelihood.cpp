#include "fokker/particles/likelihood.hpp"

#include <algorithm>

#include "flow_integrator.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/tape.hpp"

namespace fokker {

namespace {
constexpr double most_steps = 2e9;  // of all points together
}

struct CarriedPoints::State {
  FlowRates rates;
  std::size_t dimension, count;
  std::vector<double> z;  ///< a column per axis, then log p
  FlowIntegrator integrator;
  double time;

  template <class Columns>
  [[nodiscard]] auto column(Columns& columns, std::size_t k) const {
    return columns.data() + k * count;
  }
  State(FlowRates r, const std::vector<std::vector<double>>& positions, const std::vector<double>& log_p,
        std::vector<double> scales, double tolerance, double t0, Timeline timeline)
      : rates(std::move(r)),
        dimension(positions.size()),
        count(log_p.size()),
        z(count * (dimension + 1)),
        integrator(
            z.size(), std::move(scales),
            {.tolerance = tolerance, .most = most_steps / static_cast<double>(count), .timeline = std::move(timeline)},
            [this](double t, const std::vector<double>& at, std::vector<double>& rate) { go(t, at, rate); }),
        time(t0) {
    for (std::size_t k = 0; k < dimension; ++k) std::copy_n(positions[k].begin(), count, column(z, k));
    std::copy_n(log_p.begin(), count, column(z, dimension));
  }

  void go(double t, const std::vector<double>& at, std::vector<double>& rate) const;
};

void CarriedPoints::State::go(double t, const std::vector<double>& at, std::vector<double>& rate) const {
  rates.prepare(t);
  parallel_for(0, static_cast<Index>(count), Tape::block, [&](Index first, Index last) {
    PointsIn x{last - first, static_cast<int>(dimension), {}};
    PointsOut velocity;
    for (std::size_t k = 0; k < dimension; ++k) {
      x.axis[k] = column(at, k) + first;
      velocity.axis[k] = column(rate, k) + first;
    }
    double* const change = column(rate, dimension);
    rates.evaluate(x, t, velocity, change + first);
    for (Index i = first; i < last; ++i) change[i] = -change[i];
  });
}

CarriedPoints::CarriedPoints(FlowRates rates, const std::vector<std::vector<double>>& positions,
                             const std::vector<double>& log_p, std::vector<double> lengths, double tolerance, double t0,
                             Timeline timeline) {
  lengths.push_back(1);  // of log p
  state_ = std::make_unique<State>(std::move(rates), positions, log_p, std::move(lengths), tolerance, t0,
                                   std::move(timeline));
}
CarriedPoints::~CarriedPoints() = default;
CarriedPoints::CarriedPoints(CarriedPoints&&) noexcept = default;

void CarriedPoints::advance(double t) {
  if (t == state_->time) return;
  state_->integrator.advance(state_->time, t, state_->z);
  state_->time = t;
}

void CarriedPoints::keep(Archive& archive) {
  const std::size_t size = state_->z.size();
  archive(state_->time, state_->z, state_->integrator);
  if (state_->z.size() != size) throw ArchiveError("it holds another number of points");
}

Index CarriedPoints::size() const { return static_cast<Index>(state_->count); }
double CarriedPoints::time() const { return state_->time; }
long CarriedPoints::steps() const { return state_->integrator.steps(); }
const double* CarriedPoints::log_p() const { return state_->column(state_->z, state_->dimension); }

PointsIn CarriedPoints::positions() const {
  PointsIn x{size(), static_cast<int>(state_->dimension), {}};
  for (std::size_t k = 0; k < state_->dimension; ++k) x.axis[k] = state_->column(state_->z, k);
  return x;
}

}  // namespace fokker
