#include "problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "fokker/base/printable.hpp"
#include "overrides.hpp"

namespace fokker::input {
namespace {

// A message is for a person: a hostile file does not get megabytes of itself back, nor lines of its own.
std::string shown(std::string text, std::size_t most) {
  if (text.size() <= most) return printable_line(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return printable_line(text.substr(0, most)) + "...";
}

}  // namespace

Problems::Problems(std::string name, std::span<const std::string> overrides) : name_(std::move(name)) {
  for (const std::string& setting : overrides) override_paths_.push_back(override_path(setting));
}

std::string Problems::where(const Position& position) const {
  if (position.override_index >= 0) return "--set " + override_paths_[position.override_index];
  return fmt::format("{}:{}:{}", name_, position.line, position.column);
}

void Problems::add(const Position& position, std::string key, std::string text) {
  if (found_.size() < most_problems)
    found_.emplace_back(position, Problem{where(position), shown(std::move(key), 200), shown(std::move(text), 1000)});
  else
    ++omitted_;
}

void Problems::raise() const {
  if (found_.empty()) return;
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    const Position &p = a.first, &q = b.first;
    return std::tuple(p.override_index, p.line, p.column) < std::tuple(q.override_index, q.line, q.column);
  });
  std::vector<Problem> problems;
  for (auto& [position, problem] : sorted) problems.push_back(std::move(problem));
  if (omitted_ > 0) problems.push_back({name_, "", fmt::format("and {} more problems", omitted_)});
  throw CaseError(std::move(problems));
}

}  // namespace fokker::input
