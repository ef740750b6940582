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

namespace {

// The pieces of tbb::blocked_range one after the other: a body whose last items go another way than the others (a
// vector loop and its rest) sees the same pieces on one thread.
void in_order(Index begin, Index end, Index grain, detail::RangeBody body, const void* context) {
  if (end - begin <= grain) return body(context, begin, end);
  const Index middle = begin + (end - begin) / 2;
  in_order(begin, middle, grain, body, context);
  in_order(middle, end, grain, body, context);
}

}  // namespace

void detail::parallel_ranges(Index begin, Index end, Index grain, RangeBody body, const void* context) {
  if (end <= begin) return;
  if (end - begin <= grain) return body(context, begin, end);
  if (thread_count() == 1) return in_order(begin, end, grain, body, context);
  tbb::parallel_for(
      tbb::blocked_range<Index>(begin, end, static_cast<std::size_t>(grain)),
      [&](const tbb::blocked_range<Index>& range) { body(context, range.begin(), range.end()); },
      tbb::simple_partitioner{});
}

}  // namespace fokker
