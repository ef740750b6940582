// Freezes the promise of the thread layer: every index once, and the same bits for any number of threads.
#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <numeric>
#include <vector>

#include "fokker/base/parallel.hpp"

using namespace fokker;

TEST_CASE("parallel_for visits every index once in pieces of at most the grain") {
  for (const int threads : {1, 2}) {
    const ThreadLimit limit(threads);
    CHECK(thread_count() == threads);
    for (const Index n : {Index{0}, Index{1}, Index{999}, Index{1000}, Index{12'345}}) {
      std::vector<std::atomic<int>> visits(n);
      parallel_for(0, n, 1000, [&](Index first, Index last) {
        for (Index i = first; i < last; ++i) ++visits[i];
      });
      for (const auto& count : visits) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("ordered_sum adds the pieces in order whatever the thread count") {
  std::vector<double> values(54'321);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i) * 0.37) * 1e3;
  const auto total = [&] {
    return ordered_sum(0, static_cast<Index>(values.size()), 4096, [&](Index first, Index last) {
      return std::accumulate(values.begin() + first, values.begin() + last, 0.0);
    });
  };
  double one = 0, two = 0;
  {
    const ThreadLimit limit(1);
    one = total();
  }
  {
    const ThreadLimit limit(2);
    two = total();
  }
  CHECK(one == two);
  CHECK(one == doctest::Approx(std::accumulate(values.begin(), values.end(), 0.0)).epsilon(1e-9));
  CHECK(ordered_sum(3, 3, 10, [](Index, Index) { return 1.0; }) == 0.0);
}
