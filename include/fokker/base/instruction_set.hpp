#pragma once
#include <string_view>

/// One binary for all machines: vector kernels exist once for each instruction set below, and the best that the machine
/// has is taken, or the one that the environment variable FOKKER_ISA names.
namespace fokker {

enum class InstructionSet {
  plain,   ///< what every machine of the architecture has
  avx2,    ///< x86-64-v3: 256 bits, fused multiply-adds
  avx512,  ///< x86-64-v4: 512 bits
};

/// Of this process; found at the first call. Throws as `instruction_set_named`.
[[nodiscard]] InstructionSet instruction_set();

/// The widest that this machine has.
[[nodiscard]] InstructionSet widest_instruction_set();

/// As FOKKER_ISA calls it.
[[nodiscard]] std::string_view name_of(InstructionSet set);

/// What FOKKER_ISA = `name` means where `widest` is the most there is; an empty name is `widest`. Throws UsageError for
/// a name that is none, or one that the machine does not have.
[[nodiscard]] InstructionSet instruction_set_named(std::string_view name, InstructionSet widest);

}  // namespace fokker

/// FOKKER_KERNEL(double, sum, (Index n, const double* v), (n, v)) { ... } is the function `sum`, compiled for each
/// instruction set; a call takes the version of instruction_set(). Multiply-adds are not contracted, so that all
/// versions give the same bits, but for what libmvec computes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOKKER_KERNEL(result, name, parameters, arguments)                                                     \
  [[gnu::always_inline]] inline result name##_of parameters;                                                   \
  __attribute__((target("arch=x86-64-v4"))) static result name##_v4 parameters { return name##_of arguments; } \
  __attribute__((target("arch=x86-64-v3"))) static result name##_v3 parameters { return name##_of arguments; } \
  result name parameters {                                                                                     \
    const ::fokker::InstructionSet chosen_set = ::fokker::instruction_set();                                   \
    if (chosen_set == ::fokker::InstructionSet::avx512) return name##_v4 arguments;                            \
    if (chosen_set == ::fokker::InstructionSet::avx2) return name##_v3 arguments;                              \
    return name##_of arguments;                                                                                \
  }                                                                                                            \
  [[gnu::always_inline]] inline result name##_of parameters
#else
#define FOKKER_KERNEL(result, name, parameters, arguments) result name parameters
#endif
