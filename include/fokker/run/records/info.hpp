#pragma once
#include <filesystem>

#include "fokker/output/document.hpp"

namespace fokker {

/// What a file holds and who made it: a case, a run folder, a .vti, .pvd, .csv, .mtx or .json of a run; of any other
/// file its size and hash. Throws FileError where it cannot be read, or is damaged.
[[nodiscard]] Document info(const std::filesystem::path& path);

}  // namespace fokker
