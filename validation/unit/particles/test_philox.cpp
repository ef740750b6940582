// Freezes the random numbers: the published known answers of Philox4x32-10, the keying (a number depends on seed,
// purpose, step and its own number, not on where its block starts), and the normal distribution of the vectorised
// columns.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "fokker/particles/philox.hpp"

using namespace fokker;

namespace {

std::vector<InstructionSet> sets_of_this_machine() {
  std::vector<InstructionSet> sets;
  for (const InstructionSet set : {InstructionSet::plain, InstructionSet::avx2, InstructionSet::avx512})
    if (set <= widest_instruction_set()) sets.push_back(set);
  return sets;
}

}  // namespace

TEST_CASE("philox gives the known answers of Random123") {
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("vectorised normals are those of single numbers wherever the block starts") {
  // the block crosses the carry from the low to the high word of the number; the step has a high word too
  const Stream stream{0x0123456789abcdefu, Purpose::initial_position, 0x0fedcba987654321u};
  const std::uint64_t first = 0xffffff80u;
  for (const InstructionSet set : sets_of_this_machine()) {
    CAPTURE(static_cast<int>(set));
    std::vector<double> a(256), b(256), c(104), e(104);
    normal_columns(stream, first, 256, a.data(), b.data(), set);
    normal_columns(stream, first + 56, 104, c.data(), e.data(), set);
    for (std::size_t i = 0; i < 256; ++i) {
      const auto [x, y] = normal_pair(stream, first + i);
      CHECK(std::abs(a[i] - x) < 1e-13);
      CHECK(std::abs(b[i] - y) < 1e-13);
      if (i >= 56 && i < 160) CHECK((c[i - 56] == a[i] && e[i - 56] == b[i]));
    }
  }
}

TEST_CASE("normals have the same bits with avx2 and with avx512") {
  if (widest_instruction_set() < InstructionSet::avx512) return;
  std::vector<double> a(256), b(256), c(256), e(256);
  long unlike = 0;
  for (std::uint64_t step = 0; step < 4000; ++step) {
    const Stream stream{1 + step % 7, Purpose::noise, step << (step % 5 * 10)};
    normal_columns(stream, 8 * step, 256, a.data(), b.data(), InstructionSet::avx2);
    normal_columns(stream, 8 * step, 256, c.data(), e.data(), InstructionSet::avx512);
    unlike += (a != c) + (b != e);
  }
  CHECK(unlike == 0);
}

TEST_CASE("seed and purpose and step and number each give other numbers") {
  const Stream stream{7, Purpose::noise, 3};
  const double here = uniform_pair(stream, 5)[0];
  CHECK(here != uniform_pair({8, Purpose::noise, 3}, 5)[0]);
  CHECK(here != uniform_pair({7 + (1ull << 32), Purpose::noise, 3}, 5)[0]);
  CHECK(here != uniform_pair({7, Purpose::bridge, 3}, 5)[0]);
  CHECK(here != uniform_pair({7, Purpose::noise, 4}, 5)[0]);
  CHECK(here != uniform_pair({7, Purpose::noise, 3 + (1ull << 32)}, 5)[0]);
  CHECK(here != uniform_pair(stream, 6)[0]);
  CHECK(here != uniform_pair(stream, 5 + (1ull << 32))[0]);
  CHECK(here == uniform_pair(stream, 5)[0]);
}

TEST_CASE("uniform numbers fill the unit square evenly") {
  const int side = 32, draws = 1'000'000;
  std::vector<double> counts(side * side, 0.0);
  double smallest = 1, largest = 0;
  for (int i = 0; i < draws; ++i) {
    const auto [u, v] = uniform_pair({42, Purpose::bridge, 9}, static_cast<std::uint64_t>(i));
    counts[static_cast<std::size_t>(u * side) + side * static_cast<std::size_t>(v * side)] += 1;
    smallest = std::min({smallest, u, v});
    largest = std::max({largest, u, v});
  }
  const double expected = static_cast<double>(draws) / (side * side), dof = side * side - 1;
  double chi2 = 0;
  for (const double count : counts) chi2 += (count - expected) * (count - expected) / expected;
  CHECK(std::abs(chi2 - dof) < 4 * std::sqrt(2 * dof));
  CHECK(smallest > 0);
  CHECK(smallest < 1e-5);
  CHECK(largest < 1);
  CHECK(largest > 1 - 1e-5);
}

TEST_CASE("normal columns have the moments and the tails of the normal distribution") {
  const double draws = 2 * 256 * 2000;
  double power[5] = {0, 0, 0, 0, 0}, beyond_three = 0, product = 0, neighbours = 0;
  std::vector<double> a(256), b(256);
  for (std::uint64_t step = 0; step < 2000; ++step) {
    normal_columns({1, Purpose::noise, step}, 0, 256, a.data(), b.data());
    for (std::size_t i = 0; i < 256; ++i) {
      for (const double x : {a[i], b[i]}) {
        for (int k = 1; k <= 4; ++k) power[k] += std::pow(x, k) / draws;
        beyond_three += (std::abs(x) > 3) / draws;
      }
      product += a[i] * b[i] / (draws / 2);
      neighbours += a[i] * a[(i + 1) % 256] / (draws / 2);
    }
  }
  // standard errors: sqrt of 1, 2, 15, 96 over n for the powers 1 to 4
  CHECK(std::abs(power[1]) < 4 * std::sqrt(1 / draws));
  CHECK(std::abs(power[2] - 1) < 4 * std::sqrt(2 / draws));
  CHECK(std::abs(power[3]) < 4 * std::sqrt(15 / draws));
  CHECK(std::abs(power[4] - 3) < 4 * std::sqrt(96 / draws));
  const double tail = std::erfc(3 / std::sqrt(2.0));
  CHECK(std::abs(beyond_three - tail) < 4 * std::sqrt(tail / draws));
  CHECK(std::abs(product) < 4 * std::sqrt(2 / draws));
  CHECK(std::abs(neighbours) < 4 * std::sqrt(2 / draws));
}
