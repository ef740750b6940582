#include "fokker/base/instruction_set.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "fokker/base/errors.hpp"

namespace fokker {
namespace {

constexpr struct {
  const char* name;
  InstructionSet set;
} sets[] = {{"plain", InstructionSet::plain}, {"avx2", InstructionSet::avx2}, {"avx512", InstructionSet::avx512}};

/// "plain, avx2": those up to `widest`.
std::string names_up_to(InstructionSet widest) {
  std::string names;
  for (const auto& row : sets)
    if (row.set <= widest) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

}  // namespace

InstructionSet widest_instruction_set() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)  // the versions are made by g++ (FOKKER_KERNEL)
  if (__builtin_cpu_supports("x86-64-v4")) return InstructionSet::avx512;
  if (__builtin_cpu_supports("x86-64-v3")) return InstructionSet::avx2;
#endif
  return InstructionSet::plain;
}

std::string_view name_of(InstructionSet set) { return sets[static_cast<std::size_t>(set)].name; }

InstructionSet instruction_set_named(std::string_view name, InstructionSet widest) {
  if (name.empty()) return widest;
  for (const auto& row : sets) {
    if (row.name != name) continue;
    if (row.set <= widest) return row.set;
    throw UsageError(
        fmt::format("FOKKER_ISA asks for {}, which this machine or this build does not have; there is: {} "
                    "(not set: the last of these)",
                    name, names_up_to(widest)));
  }
  throw UsageError(
      fmt::format("FOKKER_ISA is '{}', which is no instruction set; allowed here: {} (not set: the last of "
                  "these)",
                  name, names_up_to(widest)));
}

InstructionSet instruction_set() {
  static const InstructionSet set = [] {
    const char* const wanted = std::getenv("FOKKER_ISA");
    return instruction_set_named(wanted != nullptr ? wanted : "", widest_instruction_set());
  }();
  return set;
}

}  // namespace fokker
