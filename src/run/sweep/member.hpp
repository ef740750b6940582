#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "plan.hpp"
#include "store.hpp"

namespace fokker {

/// Does a process write into this run folder?
[[nodiscard]] bool is_locked(const std::filesystem::path& folder);

/// What the run folder of a member holds: waiting where nothing is there, stopped where a run did not come to its end.
/// A run of another case or of other values is "failed", and says so.
[[nodiscard]] MemberState state_on_disk(const Sweep& sweep, const SweepPlan& plan, std::size_t member,
                                        const std::filesystem::path& folder);

/// Takes away what says that a run was done or can go on; the next run replaces the rest.
void forget_run(const std::filesystem::path& folder);

/// The command that runs a member, from its checkpoint on where it is to `resume`.
[[nodiscard]] std::vector<std::string> member_command(const Sweep& sweep, const std::filesystem::path& program,
                                                      std::size_t member, const std::filesystem::path& folder,
                                                      bool resume);

/// A member that runs.
class MemberProcess {
 public:
  /// Throws FileError where no process can be made.
  MemberProcess(std::size_t member, const std::vector<std::string>& command, bool resumed);
  ~MemberProcess();
  MemberProcess(MemberProcess&& other) noexcept;
  MemberProcess& operator=(MemberProcess&&) = delete;

  [[nodiscard]] std::size_t member() const { return member_; }
  [[nodiscard]] bool resumed() const { return resumed_; }
  /// Since it began.
  [[nodiscard]] double seconds() const;
  /// Has it ended? `exit_code` is minus the signal where one ended it.
  bool ended(int& exit_code);
  void stop() const;
  /// The last of what it said went wrong.
  [[nodiscard]] std::string last_words() const;

 private:
  std::size_t member_;
  bool resumed_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  pid_t process_ = -1;
  int errors_ = -1;
};

}  // namespace fokker
