#pragma once
#include <string>
#include <vector>

namespace fokker {

/// Rows of text in columns padded to their widest entry; the first row is the heading.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> heading) : rows_{std::move(heading)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.size() < 2; }
  /// Each line starts with `indent` spaces; columns after the first `left` ones are right-aligned.
  [[nodiscard]] std::string text(std::size_t indent = 2, std::size_t left = 1) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Screen columns of UTF-8 text (code points; none of ours is wide).
[[nodiscard]] std::size_t display_width(const std::string& text);

}  // namespace fokker
