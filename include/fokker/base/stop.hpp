#pragma once
#include <chrono>
#include <memory>

/// Stopping on request (SIGINT, SIGTERM, SIGHUP): loops that may take long ask `poll_stop` now and then. It costs one
/// load. See docs/decisions for why this is a state of the process.
namespace fokker {

/// Thrown by `poll_stop`; ends as exit code 6. It is no std::exception: a request to stop is no error, and who catches
/// errors to report them must not swallow it.
class Stopped {};

/// Was the program asked to stop, and is nobody busy with the answer?
[[nodiscard]] bool stop_requested() noexcept;

/// Why it was: "interrupted" by a signal or a test, "wall_time" when the time it was given was over.
[[nodiscard]] const char* stop_cause() noexcept;

/// Throws Stopped when the program was asked to stop.
void poll_stop();

/// Asks every loop that polls to stop, for as long as it lives. One at a time.
class StopRequest {
 public:
  /// Takes effect after that many calls of `poll_stop`: a test can stop wherever one may.
  explicit StopRequest(long polls = 0) noexcept;
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;
};

/// Writing the last state is the answer to a request: nothing is stopped while this lives.
class StopAnswer {
 public:
  StopAnswer() noexcept;
  ~StopAnswer();
  StopAnswer(const StopAnswer&) = delete;
  StopAnswer& operator=(const StopAnswer&) = delete;
};

/// Turns SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under nohup) into a request to stop. Whoever has not
/// ended `patience` after it, because a library cannot be interrupted, is ended with `exit_code`; a second signal ends
/// the program at once. To be made by the first thread before any other is.
class SignalWatch {
 public:
  SignalWatch(std::chrono::milliseconds patience, int exit_code);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  /// Asks to stop in so many seconds, as a signal does.
  void stop_after(double seconds);

 private:
  struct Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace fokker
