#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace fokker {

/// A case and the files it reads, in one folder.
struct CopiedCase {
  std::filesystem::path file;
  std::vector<std::string> inputs;  ///< relative to it
};

/// Copies a case to `folder`/NAME.toml and the files it reads to `folder`/inputs, and has the copy read them there; the
/// rest of it stays as it is written. Throws UsageError where something stands there already (unless `force`),
/// CaseError and FileError as reading the case does.
[[nodiscard]] CopiedCase copy_case(const std::filesystem::path& file, const std::filesystem::path& folder, bool force);

}  // namespace fokker
