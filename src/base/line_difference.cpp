#include "fokker/base/line_difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace fokker {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string line_difference(std::string_view was, std::string_view is, std::size_t most) {
  const std::vector<std::string> before = lines_of(was), now = lines_of(is);
  std::string text;
  std::size_t count = 0;
  const auto add = [&](const char* sign, const std::vector<std::string>& all, const std::vector<std::string>& others) {
    const std::set<std::string> there(others.begin(), others.end());
    for (const std::string& line : all)
      if (!there.contains(line) && ++count <= most) text += fmt::format("\n  {} {}", sign, line);
  };
  add("-", before, now);
  add("+", now, before);
  if (count > most) text += fmt::format("\n  and {} lines more", count - most);
  return text.empty() ? "\n  the order of its lines" : text;
}

}  // namespace fokker
