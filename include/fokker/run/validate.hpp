#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "fokker/output/document.hpp"

namespace fokker {

/// What became of one case.
struct ValidatedCase {
  std::filesystem::path file;
  std::size_t checks = 0, failed = 0;
  std::string worst;               ///< the first check that fell short, or why the case could not run
  std::vector<std::string> lines;  ///< every check with its value and bound, for -v
  double seconds = 0;
  bool ok = false;
  [[nodiscard]] bool empty() const { return ok && !skipped && checks == 0; }
  std::vector<std::string> warnings;
  bool skipped = false;  ///< asks for the spectral witness of a build that has none
};

/// Runs a case and holds it against its checks; what stands in the way becomes `worst`. Throws Stopped.
[[nodiscard]] ValidatedCase validate_case(const std::filesystem::path& file, const std::vector<std::string>& overrides);

/// One line, its warnings, and, where it is `verbose`, every check.
[[nodiscard]] Document document(const ValidatedCase& outcome, bool verbose);

}  // namespace fokker
