#include "fokker/spectral/score.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace fokker {

namespace {

bool mirror(const Grid& grid, int axis) { return axis < grid.dimension() && !grid.axis(axis).periodic(); }

/// What multiplies a mode to move by half a cell and to differentiate. The highest mode of an even number of points
/// stands for itself and its conjugate: its shifted value is real, so only the real part is kept.
Complex symbol(double k, double h, bool shifted, bool derivative) {
  const Complex move = shifted ? std::polar(1.0, k * h / 2) : Complex{1, 0};
  const Complex value = derivative ? Complex{0, k} * move : move;
  const bool highest = std::abs(k) * h > std::numbers::pi * (1 - 1e-12);
  return highest ? Complex{value.real(), 0} : value;
}

}  // namespace

SpectralScore::SpectralScore(const std::shared_ptr<const Grid>& grid)
    : torus_(grid, {mirror(*grid, 0), mirror(*grid, 1)}),
      torus_values_(static_cast<std::size_t>(torus_.transform().points())),
      modes_(static_cast<std::size_t>(torus_.transform().modes())),
      work_(modes_.size()) {
  for (Table& table : tables_) {
    for (int i = 0; i < dimension(); ++i) table.s[i].resize(grid->cells());
    table.valid.resize(grid->cells());
  }
  values_.resize(grid->cells());
  log_p_.resize(grid->cells());
}

/// p (derivative -1) or its derivative along an axis, at `nodes`.
void SpectralScore::evaluate(const Complex* modes, Nodes nodes, int derivative, std::vector<double>& out) {
  const Grid& grid = torus_.grid();
  const std::vector<double>&kx = torus_.wave_numbers(0), &ky = torus_.wave_numbers(1);
  const double hx = grid.axis(0).width(), hy = grid.dimension() > 1 ? grid.axis(1).width() : 1;
  std::vector<Complex> along_x;
  for (const double k : kx) along_x.push_back(symbol(k, hx, nodes == Nodes::faces_x, derivative == 0));
  Complex* to = work_.data();
  for (const double k : ky) {
    const Complex row = symbol(k, hy, nodes == Nodes::faces_y, derivative == 1);
    for (const Complex& factor : along_x) *to++ = *modes++ * row * factor;
  }
  torus_.transform().backward(work_.data(), torus_values_.data());
  for (Index j = 0; j < grid.ny(); ++j)
    std::copy_n(torus_values_.data() + torus_.size(0) * j, grid.nx(), out.data() + grid.nx() * j);
}

void SpectralScore::fill(Nodes nodes, const Complex* modes, bool of_log, double most) {
  Table& table = tables_[static_cast<Index>(nodes)];
  if (of_log) {
    std::fill(table.valid.begin(), table.valid.end(), 1);
  } else {
    evaluate(modes, nodes, -1, values_);
    for (std::size_t c = 0; c < values_.size(); ++c) table.valid[c] = values_[c] > mask_limit * most;
  }
  for (int i = 0; i < dimension(); ++i) {
    std::vector<double>& s = table.s[i];
    evaluate(modes, nodes, i, s);
    for (std::size_t c = 0; !of_log && c < s.size(); ++c) s[c] /= values_[c];
  }
}

/// d log p / dx_axis at `nodes` of cell (i, j) from the cells around it: over the face, or centred across.
double SpectralScore::log_difference(std::span<const double> p, Index i, Index j, Nodes nodes, int axis) const {
  const Grid& grid = torus_.grid();
  const int along = nodes == Nodes::faces_x ? 0 : nodes == Nodes::faces_y ? 1 : -1;
  const auto inside = [&](int k, Index n) {
    return k >= grid.dimension()     ? 0
           : grid.axis(k).periodic() ? (n + grid.axis(k).cells) % grid.axis(k).cells
                                     : std::clamp<Index>(n, 0, grid.axis(k).cells - 1);
  };
  const auto log_at = [&](Index cell_i, Index cell_j) {
    return std::log(p[inside(0, cell_i) + grid.nx() * inside(1, cell_j)]);  // not finite where p <= 0
  };
  const Index ex = axis == 0, ey = axis == 1, own = axis == 0 ? i : j;
  const Axis& line = grid.axis(axis);
  const Index up = line.periodic() || own + 1 < line.cells, down = along != axis && (line.periodic() || own > 0);
  const auto slope = [&](Index a, Index b) {
    return (log_at(a + up * ex, b + up * ey) - log_at(a - down * ex, b - down * ey)) /
           (static_cast<double>(std::max<Index>(up + down, 1)) * line.width());
  };
  return along < 0 || along == axis ? slope(i, j) : (slope(i, j) + slope(i + ey, j + ex)) / 2;
}

void SpectralScore::continue_beyond_mask(Nodes nodes, std::span<const double> p) {
  Table& table = tables_[static_cast<Index>(nodes)];
  for (Index cell = 0; cell < std::ssize(table.valid); ++cell) {
    if (table.valid[cell]) continue;
    bool without = false;
    for (int axis = 0; axis < dimension(); ++axis) {
      const Grid& grid = torus_.grid();
      const double s = log_difference(p, cell % grid.nx(), cell / grid.nx(), nodes, axis);
      table.s[axis][cell] = std::isfinite(s) ? s : 0;
      without = without || !std::isfinite(s);
    }
    if (nodes == Nodes::cells) continue;
    ++continued_;
    without_score_ += without;
  }
}

void SpectralScore::prepare(double /*t*/, std::span<const double> p) {
  const Grid& grid = torus_.grid();
  if (std::ssize(p) != grid.cells()) throw std::invalid_argument("SpectralScore: p does not hold one value per cell");
  torus_.to_modes(p, modes_.data());
  evaluate(modes_.data(), Nodes::cells, -1, log_p_);  // point values
  const auto [least, largest] = std::minmax_element(log_p_.begin(), log_p_.end());
  const double low = *least, most = *largest;
  const bool wraps = grid.axis(0).periodic() && (grid.dimension() == 1 || grid.axis(1).periodic());
  const bool of_log = wraps && low > mask_limit * most;
  if (of_log) {
    for (double& value : log_p_) value = std::log(value);
    torus_.transform().forward(log_p_.data(), modes_.data());
  }
  continued_ = without_score_ = 0;
  for (const Nodes nodes : {Nodes::faces_x, Nodes::faces_y, Nodes::cells}) {
    if (nodes == Nodes::faces_y && grid.dimension() == 1) continue;
    fill(nodes, modes_.data(), of_log, most);
    continue_beyond_mask(nodes, p);
  }
}

std::span<const double> SpectralScore::values(Nodes nodes, int i) const {
  return tables_[static_cast<Index>(nodes)].s[i];
}

std::span<const unsigned char> SpectralScore::mask(Nodes nodes) const {
  return tables_[static_cast<Index>(nodes)].valid;
}

void SpectralScore::score(const PointsIn& x, PointsOut s) const {
  const Grid& grid = torus_.grid();
  for (Index n = 0; n < x.size; ++n) {
    Index cell = 0, stride = 1;
    Nodes nodes = Nodes::cells;
    for (int k = 0; k < grid.dimension(); ++k) {
      const Axis& axis = grid.axis(k);
      const double halves = 2 * (x.axis[k][n] - axis.lower) / axis.width(), nearest = std::round(halves);
      const auto half = static_cast<Index>(nearest);
      const bool face = half % 2 == 0;
      if (!(std::abs(halves - nearest) < 2e-6) || half < 0 || half > 2 * axis.cells || (face && nodes != Nodes::cells))
        throw std::invalid_argument(
            fmt::format("SpectralScore: {} = {} is no centre of a cell or a face", axis.name, x.axis[k][n]));
      if (face) nodes = k == 0 ? Nodes::faces_x : Nodes::faces_y;
      // Face 0 is the upper face of the last cell on a circle; at a wall the next one stands in.
      const Index index = face ? half / 2 - 1 : half / 2;
      cell += stride * (index >= 0 ? index : axis.periodic() ? axis.cells - 1 : 0);
      stride *= axis.cells;
    }
    for (int i = 0; i < grid.dimension(); ++i) s.axis[i][n] = values(nodes, i)[cell];
  }
}

}  // namespace fokker
