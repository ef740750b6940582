#pragma once
#include <array>

#include "fokker/base/points.hpp"
#include "fokker/scheme/reconstruction.hpp"

namespace fokker {

/// Logarithm that stands in for that of 0: below that of any double, so that differences stay finite.
inline constexpr double log_of_zero = -800;

/// logs[i] = log p[i], log_of_zero where p[i] <= 0.
void take_logs(const double* p, Index n, double* logs);

/// What a stretch of edges needs: columns of `count` numbers.
struct LogEdges {
  std::array<const double*, 6> log;          ///< of cells a b [L]|R e f in line; what p on the edge is made of
  const double *left, *right;                ///< p of the two cells
  const double* drift;                       ///< the effective drift along the edge [1/t]
  const double *weight_left, *weight_right;  ///< of the fitted flux
};

/// J = drift exp(value on the edge - flattening (log p_R - log p_L)^2), kept between 0 and 2 (weight_left left +
/// weight_right right), which it equals once where either p is 0.
///
/// Per edge: one exp, about 40 flops (van_leer) to 100 (weno5), 8 columns read and 1 written.
/// `flattening`: 1/24 where logs are of cell averages and the value is wanted to fourth order (the average of log p is
/// log of the average less (h d log p/dx)^2/24), else 0.
void log_fluxes(Reconstruction kind, const LogEdges& edges, double flattening, Index count, double* J);

}  // namespace fokker
