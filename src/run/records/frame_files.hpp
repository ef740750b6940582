#pragma once
#include <filesystem>
#include <vector>

namespace fokker {

/// density_NNNNNN.vti of a run folder, in the order of their numbers.
[[nodiscard]] std::vector<std::filesystem::path> frame_files(const std::filesystem::path& folder);

}  // namespace fokker
