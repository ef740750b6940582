#pragma once

namespace fokker {

/// Exit codes of the contract.
enum ExitCode : int {
  exit_ok = 0,
  exit_internal = 1,
  exit_usage = 2,
  exit_file = 3,
  exit_numerical = 4,
  exit_check = 5,
  exit_stopped = 6,
};

}  // namespace fokker
