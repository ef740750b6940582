#pragma once
#include <cstddef>
#include <vector>

namespace fokker {

namespace detail {
[[nodiscard]] void* allocate_large(std::size_t bytes);
void free_large(void* memory) noexcept;
}  // namespace detail

/// Memory for arrays that kernels stream: aligned to cache lines, and from 4 MiB on in huge pages where the system has
/// them (a stage reads several arrays at once, and each of them would otherwise need an entry of the TLB per 4 KiB).
template <class T>
struct LargeAllocator {
  using value_type = T;
  LargeAllocator() = default;
  template <class U>
  explicit(false) LargeAllocator(const LargeAllocator<U>&) {}
  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(detail::allocate_large(n * sizeof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { detail::free_large(memory); }
  friend bool operator==(const LargeAllocator&, const LargeAllocator&) { return true; }
};

using LargeArray = std::vector<double, LargeAllocator<double>>;

}  // namespace fokker
