#include "fokker/run/stop_reason.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fokker {
namespace {

constexpr std::array<std::string_view, 3> kinds{"stationary: ", "when: ", "file: "};

}  // namespace

std::string reason_of(const CaseStop& stop) {
  if (stop.stationary) return fmt::format("{}{}", kinds[0], *stop.stationary);
  return stop.when ? fmt::format("{}{}", kinds[1], stop.when_text) : fmt::format("{}{}", kinds[2], stop.file);
}

bool is_final(std::string_view reason) {
  return reason == "end" ||
         std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) { return reason.starts_with(kind); });
}

}  // namespace fokker
