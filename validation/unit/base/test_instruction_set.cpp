// FOKKER_ISA: what it chooses, and what is said where it cannot be done.
#include <doctest/doctest.h>

#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/base/instruction_set.hpp"

using namespace fokker;

TEST_CASE("an instruction set is chosen by name and nothing means the widest") {
  const InstructionSet all[] = {InstructionSet::plain, InstructionSet::avx2, InstructionSet::avx512};
  const char* const names[] = {"plain", "avx2", "avx512"};
  for (int widest = 0; widest < 3; ++widest) {
    CHECK(instruction_set_named("", all[widest]) == all[widest]);
    for (int wanted = 0; wanted <= widest; ++wanted)
      CHECK(instruction_set_named(names[wanted], all[widest]) == all[wanted]);
    for (int wanted = widest + 1; wanted < 3; ++wanted)
      CHECK_THROWS_AS(static_cast<void>(instruction_set_named(names[wanted], all[widest])), UsageError);
  }
}

TEST_CASE("an instruction set that is not there or none is refused with what there is") {
  CHECK_THROWS_WITH_AS(static_cast<void>(instruction_set_named("avx512", InstructionSet::avx2)),
                       "FOKKER_ISA asks for avx512, which this machine or this build does not have; there is: plain, "
                       "avx2 (not set: the last of these)",
                       UsageError);
  for (const std::string name : {"AVX2", "avx", "avx2 ", "0"})
    CHECK_THROWS_WITH_AS(static_cast<void>(instruction_set_named(name, InstructionSet::avx512)),
                         ("FOKKER_ISA is '" + name +
                          "', which is no instruction set; allowed here: plain, avx2, avx512 (not set: the last of "
                          "these)")
                             .c_str(),
                         UsageError);
}
