#pragma once
#include <array>
#include <cstdint>

#include "fokker/base/instruction_set.hpp"
#include "fokker/base/points.hpp"

/// Random numbers without a state: a number is a function of what it is for. The generator is Philox4x32-10 (Salmon,
/// Moraes, Dror, Shaw, SC 2011), which turns a 128-bit counter and a 64-bit key into 128 random bits; two neighbouring
/// counters are as unrelated as any two.
///
///     key     = seed
///     counter = | number (64 bits) | step (60 bits) | purpose (4 bits) |
namespace fokker {

/// What a number is for; streams of different purposes never share a counter.
enum class Purpose : std::uint32_t { noise, bridge, initial_choice, initial_position, initial_acceptance };

struct Stream {
  std::uint64_t seed = 1;
  Purpose purpose = Purpose::noise;
  std::uint64_t step = 0;  ///< time step, or attempt; below 2^60
};

using PhiloxWords = std::array<std::uint32_t, 4>;

/// Ten rounds of Philox4x32 (paper, section 4): each multiplies two words by constants and mixes the halves.
[[nodiscard]] constexpr PhiloxWords philox4x32(PhiloxWords counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t even = std::uint64_t{0xD2511F53u} * counter[0], odd = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(odd >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(odd),
               static_cast<std::uint32_t>(even >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(even)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// Two independent uniform numbers, odd multiples of 2^-53: never 0 or 1.
[[nodiscard]] std::array<double, 2> uniform_pair(const Stream& stream, std::uint64_t number);

/// Two independent standard normal numbers from 64 bits (Box-Muller: a radius of 40 bits, which reaches out to 7.54
/// standard deviations, one number in 2e13, and an angle of 24). Numbers n and n + 8 share a counter where n % 16 < 8.
[[nodiscard]] std::array<double, 2> normal_pair(const Stream& stream, std::uint64_t number);

/// a[i], b[i] = the normal pair of `first + i`, i < n; n is a multiple of 8, at most 256; caller-owned columns.
/// Vectorised; the bits are the same with AVX2 and AVX-512, and do not depend on where the block starts. Without fused
/// multiply-adds (`plain`), and in normal_pair, the last bits differ.
void normal_columns(const Stream& stream, std::uint64_t first, Index n, double* a, double* b,
                    InstructionSet set = instruction_set());

}  // namespace fokker
