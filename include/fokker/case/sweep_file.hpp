#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "fokker/case/case.hpp"

namespace fokker {

/// A key of the case that a sweep varies.
struct SweptKey {
  std::string name;   ///< as --set names it
  std::string where;  ///< file:line:column
  bool log = false;   ///< spaced or drawn evenly in the logarithm
};

/// A sweep file, worked out: every member is the case with a value for each of `keys`.
struct Sweep {
  std::filesystem::path file;
  std::filesystem::path case_file;  ///< absolute
  CaseFor use = CaseFor::run;       ///< what is done with each member
  int threads = 1;                  ///< of each
  std::vector<SweptKey> keys;
  std::vector<std::vector<std::string>> members;  ///< one TOML value for each of `keys`
  std::vector<std::string> quantities;            ///< dotted names of summary.json; empty: answers and moments

  /// KEY=VALUE of a member, as --set takes them.
  [[nodiscard]] std::vector<std::string> overrides(std::size_t member) const;
};

/// Reads a sweep file: [grid], [zip] and [sample] name keys of the case with their values; members are all combinations
/// of the grid (its first key slowest) with the rows of the zip and the points of the sample. Throws CaseError with
/// every problem, FileError where it cannot be read. Draws are those of std::mt19937_64, seeded by seed and key.
[[nodiscard]] Sweep load_sweep(const std::filesystem::path& file);

}  // namespace fokker
