#pragma once
#include <filesystem>

#include "fokker/output/document.hpp"

namespace fokker {

/// Brings a file of an earlier version to today's: members of a summary.json (or that of a run folder) that have
/// another name now are renamed, in place. A case is read: no key has been renamed so far, so there is nothing to
/// change, or a CaseError says what is wrong with it. Throws FileError for any other file.
[[nodiscard]] Document upgrade(const std::filesystem::path& path);

}  // namespace fokker
