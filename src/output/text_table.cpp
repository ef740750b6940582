#include "fokker/output/text_table.hpp"

#include <algorithm>

namespace fokker {

std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string TextTable::text(std::size_t indent, std::size_t left) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_)
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (widths.size() <= k) widths.push_back(0);
      widths[k] = std::max(widths[k], display_width(row[k]));
    }
  std::string all;
  for (const auto& row : rows_) {
    std::string line(indent, ' ');
    for (std::size_t k = 0; k < row.size(); ++k) {
      const std::string padding(widths[k] - display_width(row[k]), ' ');
      line += (k < left ? row[k] + padding : padding + row[k]) + (k + 1 < row.size() ? "  " : "");
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + "\n";
  }
  return all;
}

}  // namespace fokker
