#pragma once
#include <filesystem>
#include <string>

namespace fokker {

/// How much memory the process may still take, and what sets the limit.
struct MemoryThere {
  double bytes = 0;
  std::string limit;  ///< "this machine", "the control group" or "ulimit -v"
};

/// The least of: what the machine has left (MemAvailable and free swap), what its control groups leave (version 1 and
/// 2, all the way up), and the limit of its address space. What cannot be read does not limit. `root` stands for / in
/// tests.
[[nodiscard]] MemoryThere memory_there(const std::filesystem::path& root = "/");

/// What the process takes of it now, and took at most so far [bytes]; 0 where that cannot be read.
struct MemoryTaken {
  double now = 0, most = 0;
};
[[nodiscard]] MemoryTaken memory_taken();

}  // namespace fokker
