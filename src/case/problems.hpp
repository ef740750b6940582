#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fokker/base/errors.hpp"
#include "tree.hpp"

namespace fokker::input {

// More are counted and not kept; formulas are no longer looked at then.
inline constexpr std::size_t most_problems = 200;

// Everything wrong with a case, in the order of the file when thrown.
class Problems {
 public:
  Problems(std::string name, std::span<const std::string> overrides);
  void add(const Position& position, std::string key, std::string text);
  [[nodiscard]] std::string where(const Position& position) const;
  [[nodiscard]] std::size_t count() const { return found_.size() + omitted_; }
  // Throws CaseError when there is any.
  void raise() const;

 private:
  std::string name_;
  std::vector<std::string> override_paths_;
  std::vector<std::pair<Position, Problem>> found_;
  std::size_t omitted_ = 0;
};

}  // namespace fokker::input
