#pragma once
#include <memory>
#include <type_traits>

#include "fokker/base/points.hpp"

/// Threads (TBB, which yields to other load where OpenMP spins). Results never depend on the thread count: work is
/// cut into pieces by size alone, and every global number goes through `ordered_sum`.
namespace fokker {

/// Limits the whole process to n threads for as long as it lives (0: all the machine has).
class ThreadLimit {
 public:
  explicit ThreadLimit(int n);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  struct Control;
  std::unique_ptr<Control> control_;
};

[[nodiscard]] int thread_count();

namespace detail {
using RangeBody = void (*)(const void* context, Index begin, Index end);
void parallel_ranges(Index begin, Index end, Index grain, RangeBody body, const void* context);
}  // namespace detail

/// Calls body(first, last) on pieces of [begin, end) of about `grain` items, concurrently; allocates nothing of its
/// own. Runs in the calling thread when there is one piece only.
template <class Body>
void parallel_for(Index begin, Index end, Index grain, const Body& body) {
  detail::parallel_ranges(
      begin, end, grain,
      [](const void* context, Index first, Index last) { (*static_cast<const Body*>(context))(first, last); }, &body);
}

/// Sum of piece(first, last), called concurrently, over pieces of exactly `grain` items, added in order: the same bits
/// for any thread count.
template <class Piece>
[[nodiscard]] double ordered_sum(Index begin, Index end, Index grain, const Piece& piece) {
  constexpr Index batch = 512, together = 8;  // pieces whose sums wait on the stack; pieces that one task takes
  double sums[batch], total = 0;
  for (Index first = begin; first < end; first += batch * grain) {
    const Index rest = (end - first + grain - 1) / grain, pieces = rest < batch ? rest : batch;
    parallel_for(0, pieces, together, [&](Index from, Index to) {
      for (Index k = from; k < to; ++k) {
        const Index start = first + k * grain;
        sums[k] = piece(start, start + grain < end ? start + grain : end);
      }
    });
    for (Index k = 0; k < pieces; ++k) total += sums[k];
  }
  return total;
}

}  // namespace fokker
