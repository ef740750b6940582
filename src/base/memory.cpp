#include "fokker/base/memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>

namespace fokker {
namespace {

namespace fs = std::filesystem;

/// The number behind a name in a file of `name number` lines, or of `name: number kB` lines.
std::optional<double> entry(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  std::string word;
  double number = 0;
  while (in >> word)
    if (word == name && in >> number) return number;
  return std::nullopt;
}

/// The only number of a file; nothing where it says "max".
std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double number = 0;
  if (in >> number) return number;
  return std::nullopt;
}

/// What one group leaves: its limit less what it uses, of which cached files can be given back.
std::optional<double> left_in(const fs::path& group, const char* limit, const char* usage, const char* cached) {
  const auto most = number_in(group / limit), used = number_in(group / usage);
  if (!most || !used || *most > 1e18) return std::nullopt;  // version 1 says 2^63 for none
  return *most - *used + entry(group / "memory.stat", cached).value_or(0);
}

double left_in_groups(const fs::path& root) {
  double left = std::numeric_limits<double>::infinity();
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {  // NUMBER:CONTROLLERS:PATH; version 2 has no controllers
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool old = controllers == "memory";
    if (!old && !controllers.empty()) continue;
    const fs::path top = root / (old ? "sys/fs/cgroup/memory" : "sys/fs/cgroup");
    // Inside a container the path may be that of the host, and the top is the group itself.
    for (fs::path group = line.substr(second + 1);; group = group.parent_path()) {
      const fs::path folder = top / group.relative_path();
      const auto here = old ? left_in(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                            : left_in(folder, "memory.max", "memory.current", "inactive_file");
      left = std::min(left, here.value_or(left));
      if (!group.has_relative_path()) break;
    }
  }
  return left;
}

double left_in_address_space(const fs::path& root) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::numeric_limits<double>::infinity();
  const double pages = number_in(root / "proc/self/statm").value_or(0);
  return static_cast<double>(limit.rlim_cur) - pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

MemoryThere memory_there(const fs::path& root) {
  constexpr double kB = 1024;
  MemoryThere there{std::numeric_limits<double>::infinity(), "this machine"};
  if (const auto available = entry(root / "proc/meminfo", "MemAvailable:"))
    there.bytes = kB * (*available + entry(root / "proc/meminfo", "SwapFree:").value_or(0));
  if (const double left = left_in_groups(root); left < there.bytes) there = {left, "the control group"};
  if (const double left = left_in_address_space(root); left < there.bytes) there = {left, "ulimit -v"};
  there.bytes = std::max(there.bytes, 0.0);
  return there;
}

MemoryTaken memory_taken() {
  constexpr double kB = 1024;
  const fs::path status = "/proc/self/status";
  return {kB * entry(status, "VmRSS:").value_or(0), kB * entry(status, "VmHWM:").value_or(0)};
}

}  // namespace fokker
