#pragma once
#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "fokker/model/sde.hpp"

namespace fokker {

/// An Sde that knows the times and the box it may be asked for, and counts the questions that lie outside.
class WatchedSde final : public Sde {
 public:
  WatchedSde(std::shared_ptr<const Sde> inner, Box box) : inner_(std::move(inner)), box_(box) {}

  void allow(double from, double to) const { window_->from = from, window_->to = to; }
  [[nodiscard]] long outside() const { return window_->outside; }

  [[nodiscard]] int dimension() const override { return inner_->dimension(); }
  void drift(const PointsIn& x, double t, PointsOut f) const override { look(x, t), inner_->drift(x, t, f); }
  void flux_velocity(const PointsIn& x, double t, PointsOut a) const override {
    look(x, t), inner_->flux_velocity(x, t, a);
  }
  void written_drift(const PointsIn& x, double t, PointsOut f) const override {
    look(x, t), inner_->written_drift(x, t, f);
  }
  [[nodiscard]] double reading() const override { return inner_->reading(); }
  void breakpoints(const AxisLine& line, double t, std::vector<double>& points) const override {
    inner_->breakpoints(line, t, points);
  }
  [[nodiscard]] bool breakpoints_move() const override { return inner_->breakpoints_move(); }
  [[nodiscard]] std::optional<AxisSeparated> along(int axis) const override { return inner_->along(axis); }
  void diffusion(const PointsIn& x, double t, TensorOut D) const override { look(x, t), inner_->diffusion(x, t, D); }
  void diffusion_rounding(const PointsIn& x, double t, TensorOut error) const override {
    look(x, t), inner_->diffusion_rounding(x, t, error);
  }
  [[nodiscard]] int noise_count() const override { return inner_->noise_count(); }
  void noise(const PointsIn& x, double t, double* const* columns) const override {
    look(x, t), inner_->noise(x, t, columns);
  }
  [[nodiscard]] Traits traits() const override { return inner_->traits(); }
  [[nodiscard]] bool has_gibbs() const override { return inner_->has_gibbs(); }
  void log_gibbs(const PointsIn& x, double* out) const override { inner_->log_gibbs(x, out); }
  [[nodiscard]] Timeline timeline(const TimeRange& times, const Box& box) const override {
    return inner_->timeline(times, box);
  }
  [[nodiscard]] std::optional<TimeSeparated> separated(const PointsIn& some) const override {
    auto separated = inner_->separated(some);
    if (separated)
      separated->factor = [window = window_, factor = separated->factor](double t) {
        window->look(t);
        return factor(t);
      };
    return separated;
  }

 private:
  struct Window {
    double from = 0, to = 0;
    std::atomic<long> outside{0};
    void look(double t) {
      if (!(t >= from && t <= to)) ++outside;
    }
  };

  void look(const PointsIn& x, double t) const {
    if (!inner_->traits().autonomous) window_->look(t);
    for (std::size_t k = 0; k < static_cast<std::size_t>(x.dimension); ++k) {
      const auto [low, high] = std::minmax_element(x.axis[k], x.axis[k] + x.size);
      if (x.size > 0 && !(*low >= box_.lower[k] && *high <= box_.upper[k])) ++window_->outside;
    }
  }

  std::shared_ptr<const Sde> inner_;
  Box box_;
  std::shared_ptr<Window> window_ = std::make_shared<Window>();
};

}  // namespace fokker
