#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fokker/output/checkpoint.hpp"
#include "fokker/run/setup.hpp"
#include "fokker/run/witness.hpp"

namespace fokker {

/// Is that a name which a run gives to something in its folder?
[[nodiscard]] bool is_run_file(std::string name);

/// Removes the frames of a run folder from this number on, in every format, and those of a time reversal.
void remove_frames_from(const std::filesystem::path& folder, std::size_t number);

/// A run folder that nobody else writes into while this lives, nor after the process has ended in whatever way
/// (`.lock`; file systems without locks go without).
class RunFolder {
 public:
  /// Creates the folder and puts inputs/, a first checkpoint (none where that is empty), case.toml and resolved.toml
  /// (`remarks` at its end) into it, in that order: what has a case.toml can go on. A folder that is not empty is a
  /// UsageError without `force`; with it, only files that fokker writes are removed, and a folder that holds anything
  /// else is refused even then, a file by which a [[stop]] ends the run included; so is one that another process writes
  /// into, which is named, and one that the case reads from. Throws FileError when it cannot be made.
  RunFolder(std::filesystem::path folder, bool force, const Case& config, const std::string& remarks = "",
            const std::vector<CheckpointBlock>& first = {});
  /// One that is there, to go on in it, beside whatever else it holds. FileError where it cannot be locked, UsageError
  /// where another process does, and where something that is no file has the name of one that a run writes.
  explicit RunFolder(std::filesystem::path folder);
  ~RunFolder();
  /// Removes what has been written, but for inputs/, and puts checkpoint and case there anew.
  void begin_again(const Case& config, const std::string& remarks, const std::vector<CheckpointBlock>& first) const;
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  class Lock;

  std::filesystem::path path_;
  std::unique_ptr<Lock> lock_;
};

/// What was chosen where no key says it, as comments of a resolved.toml.
[[nodiscard]] std::string choices_beside_keys(const Setup& setup, const Witnesses& witnesses);

/// inputs/ of a run folder: an index of the files that the case reads, and copies of those that are not too large. The
/// index first, then the copies, each whole or not at all; nothing without inputs. Throws FileError, also where a file
/// is no longer the one that was read.
void write_inputs(const std::filesystem::path& run_folder, std::span<const CaseInput> inputs);

/// Everything that a run has written there, the folder too, in the order in which it can be removed: what is left says
/// at any moment that it is of a run. Throws FileError where the index is damaged, and a UsageError where there is
/// something else and `others_refused`.
[[nodiscard]] std::vector<std::filesystem::path> written_inputs(const std::filesystem::path& run_folder,
                                                                bool others_refused);

}  // namespace fokker
