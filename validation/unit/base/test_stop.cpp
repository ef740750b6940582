// What asks a program to stop is answered, however short its time and however late it rings.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

#include "fokker/base/stop.hpp"

using namespace fokker;
using namespace std::chrono_literals;

TEST_CASE("a time of less than a microsecond is over at once") {
  SignalWatch watch(60s, 1);
  watch.stop_after(1e-9);
  for (int k = 0; k < 1000 && !stop_requested(); ++k) std::this_thread::sleep_for(1ms);
  CHECK(stop_requested());
  CHECK(std::string(stop_cause()) == "wall_time");
}

TEST_CASE("an alarm that rings when all is done ends nothing") {
  {
    SignalWatch watch(60s, 1);
    watch.stop_after(1e12);                 // longer than timers go
    pthread_kill(pthread_self(), SIGALRM);  // nobody waits for it
  }
  CHECK_FALSE(stop_requested());
}
