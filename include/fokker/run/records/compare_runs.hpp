#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fokker/analysis/agreement.hpp"
#include "fokker/output/document.hpp"
#include "fokker/run/witness.hpp"

namespace fokker {

/// Two densities at one time.
struct ComparedFrame {
  double t = 0;
  Verdict verdict;
  double outside_a = 0, outside_b = 0;  ///< mass that lies outside of the box that both have
};

/// What `compare` found.
struct RunComparison {
  std::string a, b, with;    ///< with: "run", "samples" or "values"
  std::vector<Index> cells;  ///< of the grid that the comparison is made on
  bool averaged = false;     ///< the grids differ: both were averaged over those cells
  std::vector<ComparedFrame> frames;
  std::size_t only_a = 0, only_b = 0;       ///< frames without a partner
  std::optional<Agreement> agreement = {};  ///< of samples
};

/// A run folder against another one, frame by frame at the times that both have, or against a CSV file at its last
/// frame: columns of the axes are samples, with p values of a density. p is that of `a`, the reference that of `b`.
/// Where grids differ, densities are averaged over the cells of the coarser one in the box that both have. Throws
/// UsageError where there is nothing to compare, FileError where a file cannot be read.
[[nodiscard]] RunComparison compare_runs(const std::filesystem::path& a, const std::filesystem::path& b);
[[nodiscard]] Document document(const RunComparison& found);

}  // namespace fokker
