#include "memory_needed.hpp"

#include <fmt/format.h>

#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/base/memory.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/scheme/flux.hpp"
#include "scores.hpp"

namespace fokker {
namespace {

/// What a run takes per cell [bytes], measured at 2^20 cells and rounded down: who is refused would not have fitted.
double bytes_per_cell(const Case& c, double cells) {
  double bytes = 200;  // grid, coefficients, edges, stages, a frame on its way to the file
  if (const FluxScheme* const row = find_flux(c.scheme.flux); row != nullptr && row->wide) bytes += 150;
  if (const ScoreRow* const score = score_of(c.scheme)) bytes += score->bytes_per_cell;
  if (c.compare.spectral) bytes += 200;
  if (c.compare.twin) bytes += 250;
  if (c.time.stepper == "talbot") bytes += 200;
  for (const CaseQuestion& asked : c.output.questions) bytes += asked.condition ? 0 : 8;  // weights
  const StepperRow* const row = find_stepper(c.time.stepper);
  const bool along_lines = row != nullptr && (row->splits || row->freezes);
  if (row != nullptr && row->implicit && !along_lines && c.axes.size() > 1 && c.scheme.positive.value_or(true))
    bytes += 50 * std::log2(cells);  // factors of nested dissection
  return bytes;
}

std::string gigabytes(double bytes) { return fmt::format("{:.3g} GB", bytes / 1e9); }

}  // namespace

void require_memory(const Case& c) {
  double cells = 1;
  for (const Axis& axis : c.axes) cells *= static_cast<double>(axis.cells);
  const double grid = cells * bytes_per_cell(c, cells);
  // A line keeps its frames for the picture of space and time, and gives them to the file as a copy.
  const double frames = c.axes.size() == 1 ? 16 * cells * static_cast<double>(c.output.times.size()) : 0;
  const auto& particles = c.compare.monte_carlo;
  const double cloud =
      particles ? static_cast<double>(particles->particles) * (8 * static_cast<double>(c.axes.size()) + 1) : 0;
  const MemoryThere there = memory_there();
  if (grid + frames + cloud <= there.bytes) return;
  std::string parts = fmt::format("{} for {:.15g} cells", gigabytes(grid), cells);
  if (frames > 0) parts += fmt::format(", {} for {} frames", gigabytes(frames), c.output.times.size());
  if (cloud > 0) parts += fmt::format(", {} for {} particles", gigabytes(cloud), particles->particles);
  const char* const key = frames > grid && frames > cloud ? "output" : cloud > grid ? "compare.monte_carlo" : "axis";
  refuse(c, key,
         fmt::format("the run needs about {} of memory ({}), and {} has {} left", gigabytes(grid + frames + cloud),
                     parts, there.limit, gigabytes(there.bytes)));
}

}  // namespace fokker
