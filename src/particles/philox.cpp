#include "fokker/particles/philox.hpp"

#include <bit>
#include <cmath>
#include <numbers>

#include "fokker/base/vector_math.hpp"
#include "normal_columns.hpp"

namespace fokker {

using namespace normal;

namespace {

PhiloxWords words(const Stream& stream, std::uint64_t number) {
  const auto high = static_cast<std::uint32_t>(stream.step >> 32) | static_cast<std::uint32_t>(stream.purpose) << 28;
  return philox4x32({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32),
                     static_cast<std::uint32_t>(stream.step), high},
                    {static_cast<std::uint32_t>(stream.seed), static_cast<std::uint32_t>(stream.seed >> 32)});
}

std::uint64_t join(std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; }

// 52 random bits become the mantissa of a number in [1, 2); less 1 - 2^-53 that is an odd multiple of 2^-53, exactly.
inline double uniform(std::uint64_t bits) {
  return std::bit_cast<double>(bits >> 12 | 0x3FF0000000000000u) - (1 - 0x1p-53);
}

// Of 64 bits the upper 40 are the radius, the lower 24 the angle: a quarter turn (2) and the position in it (22). Both
// are middles of equal parts, so the moments are those of the normal distribution to 2^-40, up to the order 2^24.
inline double radius_uniform(std::uint64_t bits) {
  return std::bit_cast<double>((bits >> 12 & ~std::uint64_t{0xFFF}) | 0x3FF0000000000800u) - 1;
}
// In (-1/2, 1/2), of a quarter turn.
inline double position_in_quarter(std::uint64_t bits) {
  return std::bit_cast<double>((bits & 0x3FFFFF) << 30 | 0x3FF0000020000000u) - 1.5;
}

void random_bits(const Stream& stream, std::uint64_t first, std::uint64_t* low, std::uint64_t* high) {
  for (Index i = 0; i < group; ++i) {
    const PhiloxWords w = words(stream, first + static_cast<std::uint64_t>(i));
    low[i] = join(w[0], w[1]);
    high[i] = join(w[2], w[3]);
  }
}

// Box-Muller for eight pairs.
void box_muller(const std::uint64_t* bits, double* a, double* b) {
  double radius[group];
  for (Index i = 0; i < group; ++i) radius[i] = std::sqrt(-2 * log(radius_uniform(bits[i])));
  for (Index i = 0; i < group; ++i) {
    const double x = position_in_quarter(bits[i]) * (std::numbers::pi / 2), z = x * x;
    double sine = sine_terms[5], cosine = cosine_terms[5];
    for (int k = 4; k >= 0; --k) {
      sine = sine_terms[k] + z * sine;
      cosine = cosine_terms[k] + z * cosine;
    }
    sine = x + x * z * sine;
    cosine = 1 - 0.5 * z + z * z * cosine;
    const std::uint64_t quarter = bits[i] >> 22 & 3;
    const bool swapped = (quarter & 1) != 0;
    const std::uint64_t minus_cosine = ((quarter + 1) & 2) << 62, minus_sine = (quarter & 2) << 62;
    a[i] = radius[i] * std::bit_cast<double>(std::bit_cast<std::uint64_t>(swapped ? sine : cosine) ^ minus_cosine);
    b[i] = radius[i] * std::bit_cast<double>(std::bit_cast<std::uint64_t>(swapped ? cosine : sine) ^ minus_sine);
  }
}

/// Any machine.
void normal_groups(const Stream& stream, std::uint64_t first, Index n, double* a, double* b) {
  alignas(64) std::uint64_t half[2][group];
  const std::uint64_t begin = first / 16 * 16, end = first + static_cast<std::uint64_t>(n);
  for (std::uint64_t number = begin; number - begin < end - begin; number += 16) {
    random_bits(stream, number / 2, half[0], half[1]);
    for (std::uint64_t side = 0; side < 2; ++side)
      if (const std::uint64_t position = number + 8 * side - first; position < static_cast<std::uint64_t>(n))
        box_muller(half[side], a + position, b + position);
  }
}

}  // namespace

std::array<double, 2> uniform_pair(const Stream& stream, std::uint64_t number) {
  const PhiloxWords w = words(stream, number);
  return {uniform(join(w[0], w[1])), uniform(join(w[2], w[3]))};
}

std::array<double, 2> normal_pair(const Stream& stream, std::uint64_t number) {
  const PhiloxWords w = words(stream, number / 16 * 8 + number % 8);
  const std::uint64_t bits = number / 8 % 2 == 0 ? join(w[0], w[1]) : join(w[2], w[3]);
  const double turns = 0.25 * (static_cast<double>(bits >> 22 & 3) + position_in_quarter(bits));
  const double radius = std::sqrt(-2 * std::log(radius_uniform(bits))), angle = 2 * std::numbers::pi * turns;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

void normal_columns(const Stream& stream, std::uint64_t first, Index n, double* a, double* b, InstructionSet set) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (set == InstructionSet::avx512) return columns_avx512(stream, first, n, a, b);
  if (set == InstructionSet::avx2) return columns_avx2(stream, first, n, a, b);
#endif
  normal_groups(stream, first, n, a, b);
}

}  // namespace fokker
