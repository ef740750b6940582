#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

namespace fokker {

/// STEM_NNNNNN.vti of a run folder (or another ending), in the order of their numbers.
[[nodiscard]] std::vector<std::filesystem::path> frame_files(const std::filesystem::path& folder,
                                                             std::string_view stem = "density",
                                                             std::string_view ending = ".vti");

}  // namespace fokker
