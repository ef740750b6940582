#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fokker {

/// Writes via a temporary file in the same folder and rename, so that a kill leaves the old file or the new one.
/// Throws FileError.
void write_atomically(const std::filesystem::path& path, std::string_view bytes);
/// Throws FileError; refuses more than `limit` bytes.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 30);

/// A numeric CSV with a header line; columns by name.
struct Csv {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;
  [[nodiscard]] const std::vector<double>* column(std::string_view name) const;
};
[[nodiscard]] Csv read_csv(const std::filesystem::path& path);

}  // namespace fokker
