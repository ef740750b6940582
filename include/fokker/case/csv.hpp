#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fokker {

/// A numeric CSV with a header line; columns by name.
struct Csv {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;
  std::vector<std::size_t> lines = {};                                           ///< of the file, from 1, one per row
  [[nodiscard]] const std::vector<double>* column(std::string_view name) const;  ///< nullptr when there is none
};

/// Comma-separated numbers (inf and nan are numbers) under a header line; blank lines and lines that start with `#` are
/// skipped. Throws FileError with `path` and the line and column of the first fault.
[[nodiscard]] Csv parse_csv(std::string_view bytes, const std::filesystem::path& path);

}  // namespace fokker
