#include "fokker/base/stop.hpp"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

namespace fokker {
namespace {

constexpr long never = std::numeric_limits<long>::max();

// The one state of the process: a signal reaches every thread of it.
std::atomic<long> polls_left{never};
std::atomic<int> answers{0};
std::atomic<bool> out_of_time{false};

}  // namespace

bool stop_requested() noexcept {
  return polls_left.load(std::memory_order_relaxed) <= 0 && answers.load(std::memory_order_relaxed) == 0;
}

const char* stop_cause() noexcept { return out_of_time ? "wall_time" : "interrupted"; }

void poll_stop() {
  if (polls_left.load(std::memory_order_relaxed) == never || answers.load(std::memory_order_relaxed) > 0) return;
  if (polls_left.fetch_sub(1, std::memory_order_relaxed) <= 0) throw Stopped();
}

StopRequest::StopRequest(long polls) noexcept { polls_left = polls; }
StopRequest::~StopRequest() { polls_left = never; }

StopAnswer::StopAnswer() noexcept { ++answers; }
StopAnswer::~StopAnswer() { --answers; }

/// The signals are blocked everywhere and waited for by one thread: it may do what a handler may not.
struct SignalWatch::Watch {
  sigset_t signals{}, before{};
  std::chrono::milliseconds patience;
  int exit_code;
  std::atomic<bool> over{false};
  std::optional<StopRequest> request;
  std::thread thread;

  Watch(std::chrono::milliseconds wait, int code) : patience(wait), exit_code(code) {
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGALRM);
    struct sigaction hangup {};
    if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaddset(&signals, SIGHUP);
  }

  void start() {
    // A shell without job control starts what goes to the background with SIGINT ignored; who sends one means it.
    for (const int number : {SIGINT, SIGTERM}) ::signal(number, SIG_DFL);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    try {
      thread = std::thread([this] { wait(); });
    } catch (const std::system_error&) {  // no thread to be had: signals end the program, as they do by themselves
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
  }

  void stop() {
    if (!thread.joinable()) return;
    const itimerval none{};
    ::setitimer(ITIMER_REAL, &none, nullptr);
    over = true;
    pthread_kill(thread.native_handle(), SIGTERM);  // to this thread alone
    thread.join();
    sigset_t alarm{};  // that rang as the work was done: unblocked it would end the program
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    const timespec at_once{};
    static_cast<void>(sigtimedwait(&alarm, nullptr, &at_once));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void wait() {
    int number = 0;
    while (sigwait(&signals, &number) != 0) continue;
    if (over) return;
    out_of_time = number == SIGALRM;
    request.emplace();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
    const timespec rest{seconds.count(), std::chrono::nanoseconds(patience - seconds).count()};
    number = sigtimedwait(&signals, nullptr, &rest);
    if (over) return;
    if (number > 0) end_at_once(number);
    std::string_view text =
        "\r\033[Kfokker: stopped in the middle of what cannot be interrupted; the files written so far are whole\n";
    if (::isatty(STDERR_FILENO) == 0) text.remove_prefix(text.find('f'));  // no bar of progress to wipe away
    static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
    ::_exit(exit_code);
  }

  void end_at_once(int number) const {
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
};

SignalWatch::SignalWatch(std::chrono::milliseconds patience, int exit_code)
    : watch_(std::make_unique<Watch>(patience, exit_code)) {
  watch_->start();
}

void SignalWatch::stop_after(double seconds) {
  constexpr long second = 1'000'000;  // [us]; a timer of 0 would never ring
  constexpr double longest = 1e9;
  const long all = std::max(1L, std::lround(second * std::min(seconds, longest)));
  const itimerval once{{0, 0}, {all / second, all % second}};
  ::setitimer(ITIMER_REAL, &once, nullptr);
}

SignalWatch::~SignalWatch() { watch_->stop(); }

}  // namespace fokker
