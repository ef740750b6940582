#include "fokker/base/large_array.hpp"

#include <cstdlib>
#include <limits>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace fokker {
namespace {

constexpr std::size_t cache_line = 64, huge_page = std::size_t{1} << 21;

}  // namespace

void* detail::allocate_large(std::size_t bytes) {
  const std::size_t alignment = bytes < 2 * huge_page ? cache_line : huge_page;
  if (bytes > std::numeric_limits<std::size_t>::max() - alignment) throw std::bad_alloc{};
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, rounded > 0 ? rounded : alignment);
  if (memory == nullptr) throw std::bad_alloc{};
#ifdef MADV_HUGEPAGE
  // A wish: where it is not granted, ordinary pages do.
  if (alignment == huge_page) static_cast<void>(madvise(memory, rounded, MADV_HUGEPAGE));
#endif
  return memory;
}

void detail::free_large(void* memory) noexcept { std::free(memory); }

}  // namespace fokker
