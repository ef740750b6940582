#include "fokker/base/large_array.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace fokker {
namespace {

constexpr std::size_t cache_line = 64, huge_page = std::size_t{1} << 21;

// Arrays begin at different offsets in a page. A load whose last 12 bits are those of a store on its way is taken for
// a load of what is stored, and waits: with every array at the start of a page each neighbour of a cell would be.
constexpr std::size_t offsets = 7, apart = 9 * cache_line, farthest = cache_line + (offsets - 1) * apart;
std::size_t offset_of(const void* memory, std::size_t alignment) {
  return cache_line + reinterpret_cast<std::uintptr_t>(memory) / alignment % offsets * apart;
}

}  // namespace

void* detail::allocate_large(std::size_t bytes) {
  const std::size_t alignment = bytes < 2 * huge_page ? cache_line : huge_page;
  if (bytes > std::numeric_limits<std::size_t>::max() - alignment - farthest) throw std::bad_alloc{};
  const std::size_t rounded = (farthest + bytes + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc{};
#ifdef MADV_HUGEPAGE
  // A wish: where it is not granted, ordinary pages do.
  if (alignment == huge_page) static_cast<void>(madvise(memory, rounded, MADV_HUGEPAGE));
#endif
  char* const array = static_cast<char*>(memory) + offset_of(memory, alignment);
  std::memcpy(array - sizeof memory, &memory, sizeof memory);  // for free_large
  return array;
}

void detail::free_large(void* array) noexcept {
  if (array == nullptr) return;
  void* memory = nullptr;
  std::memcpy(&memory, static_cast<char*>(array) - sizeof memory, sizeof memory);
  std::free(memory);
}

}  // namespace fokker
