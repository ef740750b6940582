#pragma once
#include <cstddef>
#include <filesystem>
#include <string>

namespace fokker {

/// The whole file. Throws FileError; refuses more than `limit` bytes without reading on.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 30);

/// The first `limit` bytes, or all when there are fewer. Never waits for a pipe. Throws FileError.
[[nodiscard]] std::string read_at_most(const std::filesystem::path& path, std::size_t limit);

}  // namespace fokker
