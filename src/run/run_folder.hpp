#pragma once
#include <filesystem>
#include <optional>

#include "fokker/io/case.hpp"
#include "fokker/run/verbs.hpp"

namespace fokker {

/// `--out`, or runs/<case file name without .toml> under the working directory.
[[nodiscard]] std::filesystem::path folder_of(const Command& command, const std::filesystem::path& case_file);

/// Creates the folder and puts case.toml and resolved.toml into it. A folder that is not empty is a UsageError without
/// `force`; with it, only files that fokker writes are removed, and a folder that holds anything else is refused even
/// then. Throws FileError when it cannot be made.
void open_folder(const std::filesystem::path& folder, bool force, const Case& config);

}  // namespace fokker
