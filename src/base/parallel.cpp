#include "fokker/base/parallel.hpp"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>

namespace fokker {

struct ThreadLimit::Control {
  tbb::global_control limit;
};

ThreadLimit::ThreadLimit(int n)
    : control_(
          new Control{tbb::global_control(tbb::global_control::max_allowed_parallelism,
                                          static_cast<std::size_t>(n > 0 ? n : tbb::info::default_concurrency()))}) {}

ThreadLimit::~ThreadLimit() = default;

int thread_count() {
  return static_cast<int>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

void detail::parallel_ranges(Index begin, Index end, Index grain, RangeBody body, const void* context) {
  if (end <= begin) return;
  if (end - begin <= grain || thread_count() == 1) {
    body(context, begin, end);
    return;
  }
  tbb::parallel_for(
      tbb::blocked_range<Index>(begin, end, static_cast<std::size_t>(grain)),
      [&](const tbb::blocked_range<Index>& range) { body(context, range.begin(), range.end()); },
      tbb::simple_partitioner{});
}

}  // namespace fokker
