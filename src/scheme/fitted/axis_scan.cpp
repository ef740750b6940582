#include <algorithm>
#include <cmath>

#include "axis_edges.hpp"
#include "fokker/base/parallel.hpp"
#include "smooth_edges.hpp"

namespace fokker {
namespace {

using namespace axis_edges;

constexpr double face_ratio = 1.1331484530668263;  // e^(1/8): as smooth_ratio, where the way over the face counts

}  // namespace

// --- what a time has to say

bool AxisFluxes::prepare(double t) {
  t_ = t;
  if (exact_) return false;
  find_breaks();
  D_ = oblique_ = {};
  special_.clear();
  return !uniform_ || !breaks_.empty();
}

void AxisFluxes::look(std::span<const double> D, std::span<const double> oblique) {
  D_ = D;
  oblique_ = oblique;
  find_special();
  find_wall_shapes();
}

void AxisFluxes::find_breaks() {
  if (breaks_known_ && !sde_.breakpoints_move()) return;
  if (sde_.has_gibbs() && fitted_) return;  // its own averages hold every jump of U
  breaks_known_ = true;
  breaks_.resize(lines());
  parallel_for(0, lines(), 4, [&](Index first, Index last) {
    for (Index line = first; line < last; ++line)
      sde_.breakpoints({axis_, across(line), axis().lower, axis().upper, axis().cells}, t_, breaks_[line]);
  });
  if (std::all_of(breaks_.begin(), breaks_.end(), [](const auto& points) { return points.empty(); })) breaks_.clear();
}

void AxisFluxes::find_special() {
  const Index nx = grid_.nx(), ny = grid_.ny();
  const double ratio = way_ == Way::face ? face_ratio : smooth_ratio;
  special_.resize(D_.size());
  parallel_for(0, ny, 4, [&](Index first, Index last) {
    for (Index row = first; row < last; ++row) {
      const double* D = &D_[nx * row];
      if (axis_ == 0)
        mark_unlike(D, nx, ratio, &special_[nx * row]);
      else
        mark_unlike(row > 0 ? D - nx : D, D, row + 1 < ny ? D + nx : D, nx, ratio, &special_[nx * row]);
    }
  });
  for (std::size_t cell = 0; cell < oblique_.size(); ++cell)
    if (std::isfinite(oblique_[cell])) special_[cell] = 1;
  const bool closes = axis().periodic(), absorbs = grid_.outflow(axis_, 0) >= 0 || grid_.outflow(axis_, 1) >= 0;
  if (breaks_.empty() && !closes && !absorbs) return;
  parallel_for(0, lines(), 4, [&](Index first, Index last) {
    for (Index line = first; line < last; ++line) {
      const LineView seen = view(line);
      const auto lower = static_cast<std::size_t>(cell_of(line, 0)),
                 upper = static_cast<std::size_t>(cell_of(line, axis().cells - 1));
      mark_breaks(axis(), breaks(line), [&](Index i) { special_[cell_of(line, i)] = 1; });
      if (closes && (torn_ring(axis(), seen) || !alike(D_[lower], D_[upper]))) special_[lower] = special_[upper] = 1;
      for (int side = 0; side < 2; ++side)
        if (const auto wall = side == 0 ? lower : upper; differs_at_wall(seen, side, D_[wall])) special_[wall] = 1;
    }
  });
}

void AxisFluxes::find_wall_shapes() {
  for (int side = 0; side < 2; ++side) {
    std::vector<WallShape>& shapes = shapes_[side];
    shapes.clear();
    if (special_.empty() || grid_.outflow(axis_, side) < 0) continue;
    const Index i = side == 0 ? 0 : axis().cells - 1;
    shapes.resize(lines());
    bool any = false;
    for (Index line = 0; line < lines(); ++line) {
      if (special_[cell_of(line, i)] == 0) continue;
      const LineView whole = view(line), seen = fitted_ ? whole : whole.without_drift();
      shapes[line] = shape_of(seen, breaks(line), side, std::min(shaped_cells, axis().cells / 2));
      any = any || !shapes[line].lower.empty();
    }
    if (!any) shapes.clear();
  }
}

// Cell by cell from the wall, where s = 0: with the weight m s of a cell and s at its centre, mu = mean(m s) / s and
// the way to a face is that from the centre. Ends where drift rules (|P| > 2) or a formula breaks.
AxisFluxes::WallShape AxisFluxes::shape_of(const LineView& line_view, std::span<const double> points, int side,
                                           Index most) const {
  WallShape shape;
  const Conductance conductance(rule_, line_view);
  const double log_h = std::log(h_);
  double path = 0;  // log s at the face towards the wall, E = 1 there
  for (Index k = 0; k < most; ++k) {
    const Index i = side == 0 ? k : axis().cells - 1 - k;
    const double lower = axis().face(i), upper = axis().face(i + 1);
    if (std::any_of(points.begin(), points.end(), [&](double x) { return x > lower && x < upper; })) break;
    const CellFlux cell = conductance.cell(lower, upper, points);
    if (cell.parted) break;
    const Stretch first = side == 0 ? cell.lower_half : mirrored(cell.upper_half),
                  second = side == 0 ? cell.upper_half : mirrored(cell.lower_half),
                  whole = side == 0 ? cell.whole : mirrored(cell.whole);
    CellEnd towards, away;  // the wall
    if (k == 0) {
      const bool vanishes = side == 0 ? cell.vanishes_lower : cell.vanishes_upper;
      if (!vanishes || !(first.path_upper < inf)) break;
      const double s = first.path_upper + second.rise;
      away = {whole.downward - log_h - s, second.path_upper};
      path = whole.path_upper;
    } else {
      if (std::abs(whole.rise) > fitting) break;
      const double mass = log_add(whole.mass_lower + path, whole.downward) - log_h, s = log_add(path, first.path_lower);
      towards = {mass - s, first.path_lower};
      away = {mass - s - whole.rise, second.path_upper};
      path = log_add(path, whole.path_lower) + whole.rise;
    }
    shape.lower.push_back(side == 0 ? towards : away);
    shape.upper.push_back(side == 0 ? away : towards);
  }
  return shape;
}

// --- exact lines

}  // namespace fokker
