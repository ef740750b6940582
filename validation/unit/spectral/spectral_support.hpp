#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/density.hpp"
#include "fokker/model/formula_sde.hpp"
#include "fokker/model/linear_gaussian.hpp"
#include "fokker/model/score.hpp"

// Grids, equations from formulas, and cell averages, as short as a test wants them.
namespace spectral_support {

using namespace fokker;

inline constexpr Boundary R = Boundary::reflecting, A = Boundary::absorbing, P = Boundary::periodic;

inline std::shared_ptr<const Grid> line(double lower, double upper, Index cells, Boundary ends = R) {
  return std::make_shared<const Grid>(std::vector<Axis>{{"x", lower, upper, cells, ends, ends}});
}

inline std::shared_ptr<const Grid> plane(double half, Index cells, Boundary ends = R) {
  return std::make_shared<const Grid>(
      std::vector<Axis>{{"x", -half, half, cells, ends, ends}, {"y", -half, half, cells, ends, ends}});
}

/// drift: d formulas of x, y, t; diffusion: d * d, row by row.
inline std::shared_ptr<const FormulaSde> sde(const std::vector<std::string>& drift,
                                             const std::vector<std::string>& diffusion) {
  SdeFormulas formulas;
  formulas.variables = {"x", "y"};
  formulas.variables.resize(drift.size());
  std::vector<std::string> names = formulas.variables;
  names.emplace_back("t");
  for (const std::string& text : drift) formulas.drift.push_back(parse_expression(text, names));
  for (std::size_t i = 0; i < drift.size(); ++i) {
    formulas.diffusion.emplace_back();
    for (std::size_t j = 0; j < drift.size(); ++j)
      formulas.diffusion.back().push_back(parse_expression(diffusion[i * drift.size() + j], names));
  }
  return std::make_shared<const FormulaSde>(formulas);
}

/// Cell averages, scaled to mass 1.
inline Field averages(const std::shared_ptr<const Grid>& grid, const Density& density) {
  std::array<std::vector<double>, 2> faces;
  CellFaces cells{grid->dimension(), {}, {}};
  for (int k = 0; k < grid->dimension(); ++k) {
    const std::size_t slot = k;
    for (Index i = 0; i <= grid->axis(k).cells; ++i) faces[slot].push_back(grid->axis(k).face(i));
    cells.axis[slot] = faces[slot];
    cells.periodic[slot] = grid->axis(k).periodic();
  }
  Field field(grid);
  density.cell_averages(cells, field.view());
  field.values /= field.mass();
  return field;
}

inline Field averages(const std::shared_ptr<const Grid>& grid, const std::string& formula, double t = 0) {
  std::vector<std::string> names{"x", "y"};
  names.resize(grid->dimension());
  std::vector<std::string> known = names;
  known.emplace_back("t");
  return averages(grid, FormulaDensity(parse_expression(formula, known), names, t));
}

inline GaussianMixture gaussian(double mean, double variance) {
  return GaussianMixture({{1, Eigen::VectorXd::Constant(1, mean), Eigen::MatrixXd::Constant(1, 1, variance)}});
}

inline GaussianMixture gaussian(double mx, double my, double xx, double xy, double yy) {
  Eigen::MatrixXd covariance(2, 2);
  covariance << xx, xy, xy, yy;
  return GaussianMixture({{1, Eigen::Vector2d(mx, my), covariance}});
}

inline double l1(const Field& p, const Field& q) { return (p.values - q.values).cwiseAbs().sum() * p.grid->volume(); }

}  // namespace spectral_support
