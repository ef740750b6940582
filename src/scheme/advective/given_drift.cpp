#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "../edge_source.hpp"
#include "advection.hpp"
#include "face_value.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/instruction_set.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/scheme/effective_drift.hpp"

namespace fokker {
namespace {

/// Three Gauss points on a face, as fractions of its length from the middle: fifth order.
constexpr std::array<double, 3> gauss_node{-0.38729833462074169, 0, 0.38729833462074169};
constexpr std::array<double, 3> gauss_weight{5.0 / 18, 8.0 / 18, 5.0 / 18};

/// c[k] of the averages of five cells in line, k = -2 .. 2, whose sum is the value of the quartic with these averages
/// at the fraction x from the middle of the third: derivative of the interpolated primitive.
constexpr std::array<double, 5> quartic(double x) {
  const double x2 = x * x, x3 = x2 * x, x4 = x2 * x2;
  return {3.0 / 640 + 5 * x / 48 - x2 / 16 - x3 / 12 + x4 / 24,
          -29.0 / 480 - 17 * x / 24 + 3 * x2 / 4 + x3 / 6 - x4 / 6, 1067.0 / 960 - 11 * x2 / 8 + x4 / 4,
          -29.0 / 480 + 17 * x / 24 + 3 * x2 / 4 - x3 / 6 - x4 / 6,
          3.0 / 640 - 5 * x / 48 - x2 / 16 + x3 / 12 + x4 / 24};
}
constexpr std::array<std::array<double, 5>, 3> quartics{quartic(gauss_node[0]), quartic(gauss_node[1]),
                                                        quartic(gauss_node[2])};

/// Whether what comes out is finite.
FOKKER_KERNEL(bool, divide, (double* out, Index count, double h), (out, count, h)) {
  constexpr double largest = std::numeric_limits<double>::max();
  std::int64_t beyond = 0;  // as wide as a double: the loop keeps to whole vectors
#pragma omp simd reduction(| : beyond)
  for (Index i = 0; i < count; ++i) {
    out[i] /= h;
    beyond |= (out[i] <= largest) & (out[i] >= -largest) ? 0 : 1;
  }
  return beyond == 0;
}

/// What the faces hold of velocities at their three Gauss points.
FOKKER_KERNEL(void, integrate,
              (const double (&v)[3][EdgeSource::block], Index count, double* velocity,
               const Advection::Transverse& faces),
              (v, count, velocity, faces)) {
#pragma omp simd
  for (Index i = 0; i < count; ++i) {
    const double a = gauss_weight[0] * v[0][i], b = gauss_weight[1] * v[1][i], c = gauss_weight[2] * v[2][i];
    velocity[i] = a + b + c;
    faces.up[i] = most(a, 0) + most(b, 0) + most(c, 0);
    faces.down[i] = most(-a, 0) + most(-b, 0) + most(-c, 0);
    for (std::size_t m = 0; m < 5; ++m)
      faces.weight[m][i] = a * quartics[0][m] + b * quartics[1][m] + c * quartics[2][m];
  }
}

class GivenDrift final : public Form, public Operator {
 public:
  GivenDrift(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, Reconstruction reconstruction,
             std::shared_ptr<ScoreSource> source, TimeRange times)
      : Operator({grid->cells(), grid->outflows(), grid->volume(), sde->traits().autonomous && !source, true}),
        grid_(std::move(grid)),
        sde_(std::move(sde)),
        source_(std::move(source)),
        advection_(*grid_, reconstruction),
        transverse_(grid_->dimension() == 2 && reconstruction->transverse) {
    check_coefficients(*grid_, *sde_, DriftAs::velocity, times.from);
    for (int k = 0; k < grid_->dimension(); ++k)
      for (Index i = 0; i < grid_->axis(k).cells; ++i) {
        centers_[k].push_back(grid_->axis(k).center(i));
        faces_[k].push_back(grid_->axis(k).face(i + 1));
      }
    build(times.from);
  }

  // --- Form
  [[nodiscard]] const Operator& op() const override { return *this; }
  [[nodiscard]] SchemeReport report(double t) const override {
    SchemeReport report;
    const DiffusionSurvey survey = survey_diffusion(*grid_, *sde_, t);
    report.smallest_eigenvalue = survey.smallest_eigenvalue;
    report.largest_anisotropy = survey.largest_anisotropy;
    move_to(t);
    report.exit_rate_max = exit_rate();
    report.offsets = grid_->dimension();
    report.limited_faces = advection_.faces();
    report.bytes = advection_.bytes();
    return report;
  }
  void current(double t, std::span<const double> p, double* Jx, double* Jy) const override {
    move_to(t);
    std::fill_n(Jx, cells(), 0.0);
    if (Jy != nullptr) std::fill_n(Jy, cells(), 0.0);
    advection_.add_current(1, p.data(), Jx, Jy);
    for (const Outlet& outlet : outlets_) {
      double* const J = outlet.axis == 0 ? Jx : Jy;
      J[outlet.cell] += 0.5 * outlet.sign * grid_->axis(outlet.axis).width() * outlet.rate * p[outlet.cell];
    }
  }

  // --- Operator
  [[nodiscard]] Freezing freezing() const override {
    return {nullptr, source_ ? "carries p by a score that is prescribed" : "carries p by a drift without diffusion"};
  }
  [[nodiscard]] double stable_step(double t) const override {
    move_to(t);
    return 1 / exit_rate();
  }
  void apply(double t, std::span<const double> state, std::span<double> rate) const override {
    move_to(t);
    std::fill(rate.begin(), rate.end(), 0.0);
    advection_.apply(1, state.data(), rate.data());
    for (const Outlet& outlet : outlets_) {
      const double lost = outlet.rate * state[outlet.cell];
      rate[outlet.cell] -= lost;
      rate[cells() + outlet.outflow] += grid_->volume() * lost;
    }
  }

 private:
  /// What leaves a cell through an absorbing wall: the upwind flux.
  struct Outlet {
    Index cell = 0;
    int outflow = 0, axis = 0;
    double sign = 1, rate = 0;  // outwards; [1/t]
  };

  void move_to(double t) const {
    if (!autonomous() && t != built_at_) build(t);
  }

  void build(double t) const {
    if (source_) source_->prepare(t, {});
    for (int k = 0; k < grid_->dimension(); ++k) {
      const Index rows = k == 1 && !grid_->axis(1).periodic() ? grid_->ny() - 1 : grid_->ny();
      const Index columns = k == 0 && !grid_->axis(0).periodic() ? grid_->nx() - 1 : grid_->nx();
      double* const velocity = advection_.velocity(k);
      const Advection::Transverse* const faces = transverse_ ? &advection_.transverse(k) : nullptr;
      parallel_for(0, rows, std::max<Index>(1, 4096 / columns), [&](Index first, Index last) {
        for (Index row = first; row < last; ++row)
          for (Index column = 0; column < columns; column += block)
            set_faces(k, t, column, row, std::min(block, columns - column), velocity, faces);
      });
    }
    advection_.finish();
    build_outlets(t);
    built_at_ = t;
    exit_rate_ = -1;
  }

  /// F . n / h at the points that `sample` holds, on faces normal to axis k.
  void velocities(int k, double t, Index count, Sample& sample, double* out) const {
    if (source_) {
      subtract_score(k, t, count, sample, out);
    } else {
      sde_->flux_velocity_along(k, sample.points(count, grid_->dimension()), t, out);
    }
    if (!divide(out, count, grid_->axis(k).width())) throw NumericalError("the effective drift is not finite", t);
  }

  /// out = (a - D s) . n
  void subtract_score(int k, double t, Index count, Sample& sample, double* out) const {
    sample.evaluate(*sde_, t, count);
    const bool plane = grid_->dimension() == 2;
    double s[2][block];
    source_->score(sample.points(count, grid_->dimension()), {{s[0], plane ? s[1] : nullptr}});
    for (Index i = 0; i < count; ++i) out[i] = sample.a[k][i] - sample.D[2 * k][i] * s[k][i];
    if (plane)
      for (Index i = 0; i < count; ++i) out[i] -= sample.D[1][i] * s[1 - k][i];
  }

  /// Points on the upper faces along axis k of cells column, column + 1, .. of a row, `shift` of the face's length away
  /// from its middle. A periodic axis closes on the mean of both ends.
  void face_velocities(int k, double t, Index column, Index row, Index count, double shift, double* out) const {
    Sample sample;
    const bool plane = grid_->dimension() == 2;
    if (k == 0) {
      std::copy_n(faces_[0].data() + column, count, sample.x);
      if (plane) std::fill_n(sample.y, count, centers_[1][row] + shift * grid_->axis(1).width());
    } else {
      const double aside = shift * grid_->axis(0).width();
      for (Index i = 0; i < count; ++i) sample.x[i] = centers_[0][column + i] + aside;
      std::fill_n(sample.y, count, faces_[1][row]);
    }
    velocities(k, t, count, sample, out);
    const bool closes = k == 0 ? column + count == grid_->nx() : row + 1 == grid_->ny();
    if (!closes) return;
    Sample lower;
    std::copy_n(sample.x, count, lower.x);
    if (plane) std::copy_n(sample.y, count, lower.y);
    const Index first = k == 0 ? count - 1 : 0;
    std::fill(k == 0 ? lower.x + first : lower.y, (k == 0 ? lower.x : lower.y) + count, grid_->axis(k).lower);
    double other[block];
    velocities(k, t, count, lower, other);
    for (Index i = first; i < count; ++i) out[i] = 0.5 * (out[i] + other[i]);
  }

  void set_faces(int k, double t, Index column, Index row, Index count, double* velocity,
                 const Advection::Transverse* faces) const {
    const Index first = row * grid_->nx() + column;
    double* const out = velocity + first;
    if (faces == nullptr) return face_velocities(k, t, column, row, count, 0, out);
    double v[3][block];
    for (std::size_t g = 0; g < 3; ++g) face_velocities(k, t, column, row, count, gauss_node[g], v[g]);
    integrate(v, count, out, faces->from(first));
  }

  void build_outlets(double t) const {
    outlets_.clear();
    for (int k = 0; k < grid_->dimension(); ++k)
      for (int side = 0; side < 2; ++side)
        if (grid_->outflow(k, side) >= 0) add_outlets(k, side, t);
  }

  void add_outlets(int k, int side, double t) const {
    const Axis& axis = grid_->axis(k);
    const Index count = k == 0 ? grid_->ny() : grid_->nx(), wall_cell = side == 0 ? 0 : axis.cells - 1;
    const double sign = side == 0 ? -1 : 1;
    Sample sample;
    double v[block];
    for (Index first = 0; first < count; first += block) {
      const Index n = std::min(block, count - first);
      std::fill_n(k == 0 ? sample.x : sample.y, n, side == 0 ? axis.lower : axis.upper);
      if (grid_->dimension() == 2)
        for (Index i = 0; i < n; ++i) (k == 0 ? sample.y : sample.x)[i] = grid_->axis(1 - k).center(first + i);
      velocities(k, t, n, sample, v);
      for (Index i = 0; i < n; ++i) {
        const Index cell = k == 0 ? wall_cell + grid_->nx() * (first + i) : first + i + grid_->nx() * wall_cell;
        if (sign * v[i] > 0) outlets_.push_back({cell, grid_->outflow(k, side), k, sign, sign * v[i]});
      }
    }
  }

  double exit_rate() const {
    if (exit_rate_ >= 0) return exit_rate_;
    diagonal_.assign(static_cast<std::size_t>(cells()), 0.0);
    advection_.add_exit_rates(diagonal_);
    for (const Outlet& outlet : outlets_) diagonal_[outlet.cell] += outlet.rate;
    return exit_rate_ = *std::max_element(diagonal_.begin(), diagonal_.end());
  }

  static constexpr Index block = EdgeSource::block;

  std::shared_ptr<const Grid> grid_;
  std::shared_ptr<const Sde> sde_;
  std::shared_ptr<ScoreSource> source_;
  // Velocities are a cache of those of one time.
  mutable Advection advection_;
  mutable std::vector<Outlet> outlets_;
  mutable std::vector<double> diagonal_;
  mutable double built_at_ = std::numeric_limits<double>::quiet_NaN(), exit_rate_ = -1;
  std::array<std::vector<double>, 2> centers_, faces_;  // of the cells along each axis; the upper faces
  bool transverse_;
};

}  // namespace

std::unique_ptr<Form> make_given_drift(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                       Reconstruction reconstruction, std::shared_ptr<ScoreSource> source,
                                       TimeRange times) {
  if (grid->dimension() != sde->dimension()) throw std::invalid_argument("grid and sde differ in dimension");
  if (source && source->follows_p()) throw std::invalid_argument("a given drift does not follow p");
  return std::make_unique<GivenDrift>(std::move(grid), std::move(sde), reconstruction, std::move(source), times);
}

}  // namespace fokker
