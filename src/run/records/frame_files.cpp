#include "frame_files.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace fokker {

namespace fs = std::filesystem;

std::vector<fs::path> frame_files(const fs::path& folder, std::string_view stem, std::string_view ending) {
  const std::string start = std::string(stem) + "_";
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.starts_with(start) && name.ends_with(ending)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    const std::string x = a.filename().string(), y = b.filename().string();
    return std::pair(x.size(), x) < std::pair(y.size(), y);
  });
  return files;
}

}  // namespace fokker
