#pragma once
#include <filesystem>
#include <memory>

#include "fokker/case/case.hpp"

namespace fokker {

/// Is that a name which a run gives to a file of its folder?
[[nodiscard]] bool is_run_file(std::string name);

/// A run folder that nobody else writes into while this lives, nor after the process has ended in whatever way
/// (`.lock`; file systems without locks go without).
class RunFolder {
 public:
  /// Creates the folder and puts case.toml and resolved.toml into it. A folder that is not empty is a UsageError
  /// without `force`; with it, only files that fokker writes are removed, and a folder that holds anything else is
  /// refused even then, a file by which a [[stop]] ends the run included; so is one that another process writes into,
  /// which is named. Throws FileError when it cannot be made.
  RunFolder(std::filesystem::path folder, bool force, const Case& config);
  /// One that is there, to go on in it, beside whatever else it holds. FileError where it cannot be locked, UsageError
  /// where another process does, and where something that is no file has the name of one that a run writes.
  explicit RunFolder(std::filesystem::path folder);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  class Lock;

  std::filesystem::path path_;
  std::unique_ptr<Lock> lock_;
};

}  // namespace fokker
