#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "edge_source.hpp"
#include "fokker/base/errors.hpp"

namespace fokker {
namespace {

struct Eigenvalues {
  double smallest, largest;
};

Eigenvalues eigenvalues(double xx, double xy, double yy) {
  const double middle = 0.5 * (xx + yy), radius = std::hypot(0.5 * (xx - yy), xy);
  return {middle - radius, middle + radius};
}

// The first offender of one kind, the formula it comes from, and how many followed.
struct Complaint {
  std::string first, key;
  Index count = 0;
};

enum Kind { bad_drift, bad_velocity, bad_diffusion, negative_diffusion, kinds };

class Inspection {
 public:
  Inspection(const Grid& grid, const Sde& sde, DriftAs drift, double t)
      : grid_(grid), sde_(sde), drift_(drift), t_(t) {}

  /// Looks at n points of `sample`; point(i) names point i.
  void look(Sample& sample, Index n, const std::function<std::string(Index)>& point) {
    sample.evaluate(sde_, t_, n);
    double f[2][EdgeSource::block];
    const int d = grid_.dimension();
    const DriftAs own = drift_ == DriftAs::velocity ? DriftAs::ito : drift_;
    drift_as(own, sde_, sample.points(n, d), t_, {{f[0], d > 1 ? f[1] : nullptr}});
    for (Index i = 0; i < n; ++i) {
      for (int k = 0; k < d; ++k) {
        const auto axis = [&] { return d > 1 ? grid_.axis(k).name + " component of the " : std::string(); };
        if (!std::isfinite(f[k][i]))
          add(bad_drift, sample, i,
              [&] { return fmt::format("{}drift is not finite ({}) {}", axis(), f[k][i], point(i)); });
        else if (drift_ == DriftAs::velocity && !std::isfinite(sample.a[k][i]))
          add(bad_velocity, sample, i, [&] {
            return fmt::format("{}flux velocity f - div D is not finite ({}) {}", axis(), sample.a[k][i], point(i));
          });
      }
      look_at_diffusion(sample, i, point);
    }
  }

  void report() const {
    std::vector<Problem> problems;
    for (const Complaint& complaint : complaints_) {
      if (complaint.count == 0) continue;
      const std::string more = complaint.count > 1 ? fmt::format(" (and at {} more points)", complaint.count - 1) : "";
      problems.push_back({"case", complaint.key, complaint.first + more});
    }
    if (!problems.empty()) throw CaseError(std::move(problems));
  }

 private:
  template <class Text>
  void add(Kind kind, const Sample& sample, Index i, const Text& text) {
    Complaint& complaint = complaints_[kind];
    if (complaint.count++ > 0) return;
    complaint.first = text() + fmt::format(", t = {:.6g}", t_);
    const double point[2] = {sample.x[i], sample.y[i]};
    complaint.key = sde_.fault_key({point, static_cast<std::size_t>(grid_.dimension())}, t_);
  }

  void look_at_diffusion(const Sample& sample, Index i, const std::function<std::string(Index)>& point) {
    const bool plane = grid_.dimension() > 1;
    const double xx = sample.D[0][i], xy = plane ? sample.D[1][i] : 0, yy = plane ? sample.D[2][i] : 0;
    if (const double sum = xx + xy + yy; !std::isfinite(sum)) {
      add(bad_diffusion, sample, i, [&] { return fmt::format("diffusion D is not finite ({}) {}", sum, point(i)); });
      return;
    }
    if (plane ? semidefinite(xx, xy, yy) : xx >= 0) return;
    add(negative_diffusion, sample, i, [&] {
      if (!plane) return fmt::format("diffusion D is negative ({:.6g}) {}", xx, point(i));
      const std::string axes[2] = {grid_.axis(0).name, grid_.axis(1).name};
      const auto entry = [&](int k) { return fmt::format("D_{}{}", axes[k], axes[k]); };
      std::string what = fmt::format("D_{}{} = {:.6g} is beyond sqrt({} {}) = {:.6g}", axes[0], axes[1], xy, entry(0),
                                     entry(1), std::sqrt(xx) * std::sqrt(yy));
      if (xx < 0 || yy < 0) what = fmt::format("{} = {:.6g}", entry(xx < 0 ? 0 : 1), xx < 0 ? xx : yy);
      return fmt::format("diffusion D is not positive semidefinite ({}) {}", what, point(i));
    });
  }

  const Grid& grid_;
  const Sde& sde_;
  DriftAs drift_;
  double t_;
  Complaint complaints_[kinds];
};

// Calls visit(first, n) for stretches of [0, count).
template <class Visit>
void in_blocks(Index count, const Visit& visit) {
  for (Index first = 0; first < count; first += EdgeSource::block)
    visit(first, std::min(EdgeSource::block, count - first));
}

// The centres of cells 0, stride, 2 stride, ...
void look_at_centers(const Grid& grid, Index stride, Inspection& inspection) {
  const PointsIn centers = grid.centers();
  Sample sample;
  in_blocks((grid.cells() + stride - 1) / stride, [&](Index first, Index n) {
    for (Index i = 0; i < n; ++i) {
      sample.x[i] = centers.axis[0][stride * (first + i)];
      sample.y[i] = grid.dimension() > 1 ? centers.axis[1][stride * (first + i)] : 0;
    }
    inspection.look(sample, n, [&](Index i) { return "in " + grid.describe(stride * (first + i)); });
  });
}

// Faces of axis k with the number `face`: 1..cells-1 are inner ones, 0 and `cells` the walls.
void look_at_faces(const Grid& grid, int k, Index face, Inspection& inspection) {
  const Axis& axis = grid.axis(k);
  Sample sample;
  in_blocks(grid.dimension() > 1 ? grid.axis(1 - k).cells : 1, [&](Index first, Index n) {
    std::fill_n(k == 0 ? sample.x : sample.y, n, axis.face(face));
    if (grid.dimension() > 1)
      for (Index i = 0; i < n; ++i) (k == 0 ? sample.y : sample.x)[i] = grid.axis(1 - k).center(first + i);
    inspection.look(sample, n, [&](Index i) {
      const Index along = std::min(face, axis.cells - 1), across = first + i;
      const Index cell = k == 0 ? along + grid.nx() * across : across + grid.nx() * along;
      const char* side = face == axis.cells ? "upper" : "lower";
      return fmt::format("on the face {} = {:.6g}, the {} one of {}", axis.name, axis.face(face), side,
                         grid.describe(cell));
    });
  });
}

}  // namespace

// The nearest tensor that is none: entries move by what rounding may have done to each of them, no further.
void Sample::forgive_rounding(const Sde& sde, double t, Index i) {
  const bool plane = sde.dimension() > 1;
  double error[3] = {};
  sde.diffusion_rounding({1, sde.dimension(), {x + i, plane ? y + i : nullptr}}, t,
                         {error, plane ? error + 1 : nullptr, plane ? error + 2 : nullptr});
  const auto raised = [](double value, double by) { return value < 0 && value + by >= 0 ? 0 : value; };
  D[0][i] = raised(D[0][i], error[0]);
  if (!plane) return;
  D[2][i] = raised(D[2][i], error[2]);
  const double furthest = std::sqrt(D[0][i] + error[0]) * std::sqrt(D[2][i] + error[2]);
  if (std::abs(D[1][i]) - error[1] <= furthest)
    D[1][i] = std::copysign(std::min(std::abs(D[1][i]), std::sqrt(D[0][i]) * std::sqrt(D[2][i])), D[1][i]);
}

void check_coefficients(const Grid& grid, const Sde& sde, DriftAs drift, double t) {
  Inspection inspection(grid, sde, drift, t);
  look_at_centers(grid, 1, inspection);
  for (int k = 0; k < grid.dimension(); ++k) {
    const Axis& axis = grid.axis(k);
    for (Index face = 1; face < axis.cells; ++face) look_at_faces(grid, k, face, inspection);
    if (axis.at_lower == Boundary::absorbing) look_at_faces(grid, k, 0, inspection);
    if (axis.at_upper == Boundary::absorbing) look_at_faces(grid, k, axis.cells, inspection);
  }
  inspection.report();
}

void check_coefficients(const Grid& grid, const Sde& sde, double t) {
  check_coefficients(grid, sde, DriftAs::written, t);
}

void check_coefficients(const Grid& grid, const Sde& sde, const TimeRange& times, const Timeline& timeline) {
  if (sde.traits().autonomous) return;
  constexpr int instants = 32;
  constexpr std::size_t most_breaks = 256;
  constexpr Index most_cells = 4096;
  std::vector<double> looked;
  for (int k = 1; k <= instants; ++k) looked.push_back(times.at(static_cast<double>(k) / instants));
  const std::size_t stride = 1 + timeline.breaks().size() / most_breaks;
  for (std::size_t k = 0; k < timeline.breaks().size(); k += stride) {
    const auto [before, after] = timeline.breaks()[k];
    for (const double t : {before, std::nextafter(before, after), after}) looked.push_back(t);  // a pole is between
  }
  std::sort(looked.begin(), looked.end());
  // Without a common factor with the length of a row, so that all columns are seen.
  Index apart = std::max<Index>(1, grid.cells() / most_cells);
  while (std::gcd(apart, grid.nx()) > 1 && grid.nx() < grid.cells()) ++apart;
  for (const double t : looked) {
    Inspection inspection(grid, sde, DriftAs::written, t);
    look_at_centers(grid, apart, inspection);
    inspection.report();
  }
}

Box box_of(const Grid& grid) {
  Box box{.dimension = grid.dimension()};
  for (int k = 0; k < grid.dimension(); ++k) {
    const std::size_t slot = k;
    box.lower[slot] = grid.axis(k).lower;
    box.upper[slot] = grid.axis(k).upper;
    box.cell[slot] = grid.axis(k).width();
  }
  return box;
}

DiffusionSurvey survey_diffusion(const Grid& grid, const Sde& sde, double t) {
  DiffusionSurvey survey{std::numeric_limits<double>::infinity(), 1};
  const PointsIn centers = grid.centers();
  const bool plane = grid.dimension() > 1;
  const double hx = grid.axis(0).width(), hy = plane ? grid.axis(1).width() : 1;
  Sample sample;
  in_blocks(grid.cells(), [&](Index first, Index n) {
    sample.stand_on(centers, first, n);
    sample.evaluate(sde, t, n);
    for (Index i = 0; i < n; ++i) {
      const double xx = sample.D[0][i], xy = plane ? sample.D[1][i] : 0, yy = plane ? sample.D[2][i] : 0;
      survey.smallest_eigenvalue = std::min(survey.smallest_eigenvalue, plane ? eigenvalues(xx, xy, yy).smallest : xx);
      if (!plane || (xx == 0 && yy == 0)) continue;
      const Eigenvalues index = eigenvalues(xx / (hx * hx), xy / (hx * hy), yy / (hy * hy));
      const double ratio = index.smallest > 1e-15 * index.largest ? index.largest / index.smallest
                                                                  : std::numeric_limits<double>::infinity();
      survey.largest_anisotropy = std::max(survey.largest_anisotropy, ratio);
    }
  });
  return survey;
}

}  // namespace fokker
