#pragma once
#include <concepts>
#include <cstddef>

namespace fokker {

/// The subscript of a standard container for an Index or an int that is not negative: values[at(i)].
template <std::signed_integral Number>
[[nodiscard]] constexpr std::size_t at(Number i) {
  return static_cast<std::size_t>(i);
}

}  // namespace fokker
