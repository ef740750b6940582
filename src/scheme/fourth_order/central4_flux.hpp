#pragma once
#include <array>
#include <span>
#include <vector>

#include "central4_faces.hpp"
#include "central4_rows.hpp"
#include "fokker/operator/operator.hpp"

namespace fokker {

/// Value and slope (12 <p>, 12 h <p_n>) of a face by four cells in line, or zero on a reflecting wall.
struct FaceStencil {
  std::array<Index, 4> cell{};  ///< along the axis
  FaceWeights weights{};
};

/// A face with the cells on either side (-1: a wall).
struct WideFace {
  Index number, lower, upper;
  int outflow;
  bool repeated;  ///< the upper end of a periodic axis: face 0 once more
};

/// By which cells drift carries p through a face: two on either side, or three upwind and two downwind of it.
enum class FaceAverage { central, upwind };

/// The fourth-order face fluxes J/h [p/t] of a grid and what they do to its cells (theory section 10). Cells beyond a
/// wall, where a line needs them, are cubic extrapolations, whose fourth differences are 0: the first two faces off a
/// wall are central always. p = 0 on absorbing walls is built into those.
class Central4Flux {
 public:
  Central4Flux(const Grid& grid, FaceAverage average);

  Central4Coefficients coefficients;

  /// The stages (operator.hpp) over the cells, rates times `factor`, and over the outflows behind them.
  void stages(double factor, const double* p, std::span<const Stage> stages) const;
  /// All fluxes J/h: nx + 1 to a row of x faces, nx to a row of y faces (ny + 1 rows; Jy null in 1D).
  void fluxes(double factor, const double* p, double* Jx, double* Jy) const;
  void assemble(double factor, const InsertEntry& insert) const;
  /// The fluxes themselves as rows of a matrix, in the order of Jx and then Jy.
  void assemble_fluxes(double factor, Index first_row, const InsertEntry& insert) const;

  /// A bound of |Re| of the spectrum, of |Im|, and 1 / (largest stable Euler step) [1/t].
  struct Bounds {
    double real = 0, imaginary = 0, euler = 0, peclet_min = 0, peclet_max = 0;
  };
  [[nodiscard]] Bounds bounds(bool diagonal) const;
  [[nodiscard]] Index x_faces() const { return (grid_.nx() + 1) * grid_.ny(); }
  [[nodiscard]] Index y_faces() const { return grid_.dimension() > 1 ? grid_.nx() * (grid_.ny() + 1) : 0; }
  [[nodiscard]] const Grid& grid() const { return grid_; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Lines;
  template <class Visit>
  void each_weight(double factor, const Visit& visit) const;
  template <class Use>
  void sweep(const double* p, const Use& use) const;
  template <class Use>
  void band(const double* p, Index first, Index last, Index begin, Index end, const Use& use) const;
  void extend(const double* p) const;
  [[nodiscard]] const double* row(const double* p, Index j) const;
  [[nodiscard]] FaceStencil stencil(int axis, Index face) const;
  [[nodiscard]] Index upwind_cell(int axis, Index face, double value) const;
  [[nodiscard]] const FaceStencil& end(int axis, Index face) const;
  void load(const double* p, Index r, Index begin, Index end, const Lines& lines) const;
  void load_columns(const double* p, Index r, Index from, Index to, const Lines& lines, Index column) const;
  void fluxes_along_x(Index r, Index begin, Index end, const Lines& lines, double* J) const;
  void fluxes_along_y(const double* p, Index face, Index begin, Index end, const Lines& lines, double* J) const;
  [[nodiscard]] bool carries(Index y_face) const;
  [[nodiscard]] bool upwind_at(int axis, Index face) const;

  const Grid& grid_;
  FaceAverage average_;
  std::array<std::array<FaceStencil, 4>, 2> ends_;    ///< of the faces 0, 1, n - 1, n of each axis
  mutable std::vector<double> beyond_;                ///< rows -1, -2, ny, ny + 1
  mutable std::array<std::vector<double>, 4> walls_;  ///< outward fluxes of the absorbing sides
};

}  // namespace fokker
