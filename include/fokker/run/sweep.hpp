#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/case/sweep_file.hpp"
#include "fokker/output/document.hpp"

namespace fokker {

/// What became of a member.
struct MemberState {
  std::string status = "waiting";  ///< waiting | running | stopped | done | short (of a check) | failed
  int exit_code = 0;               ///< of its process; minus the signal that ended it
  std::string message{};           ///< why it failed
  double seconds = 0;              ///< of wall time of its processes; of one that was collected, as its summary says
  std::string host{};              ///< where this program ran it; "" where it was collected
  std::string summary{};           ///< summary.json; "" while there is none
  [[nodiscard]] bool over() const { return status == "done" || status == "short" || status == "failed"; }
};

/// How the members of a sweep are run.
struct SweepOptions {
  std::filesystem::path folder;   ///< sweep.sqlite, sweep.csv, and a run folder for each member
  std::filesystem::path program;  ///< what runs a member
  std::size_t jobs = 1;           ///< members at a time
  bool force = false;             ///< begin anew
  bool collect = false;           ///< run nothing, look at what the run folders hold
  bool rerun_failed = false;
  std::optional<std::size_t> only;  ///< this member alone, anew
  std::string list_for;             ///< slurm | parallel: write the list of what is left to do, run nothing
  std::function<void(std::string_view)> draw_progress;
};

/// What became of a sweep.
struct SweepResult {
  std::vector<MemberState> members;
  std::vector<std::string> quantities;  ///< the columns of sweep.csv: dotted names of summary.json; the
  ///< first two are time.reached and stop_reason where a [[stop]] has ended a member
  std::vector<std::string> warnings;  ///< quantities that no or not every finished member has
  std::filesystem::path list;         ///< the list that was written
  bool stopped = false;               ///< on request, before all was done
  [[nodiscard]] std::size_t count(std::string_view status) const;
};

/// Runs what of a sweep has not been run, each member by a process of its own, and writes sweep.csv. Before anything is
/// run or written every member's case is read and built: CaseError with all their problems, at the key of the sweep
/// file. UsageError where the folder holds another sweep, with the difference.
[[nodiscard]] SweepResult run_sweep(const Sweep& sweep, const SweepOptions& options);

/// figure.png, figure.svg and play.html in the folder of a sweep, from its sweep.csv and the run folders of its
/// members.
void show_sweep(const std::filesystem::path& folder);

/// Counts, and a row for each member.
[[nodiscard]] Document document(const Sweep& sweep, const SweepOptions& options, const SweepResult& result);

}  // namespace fokker
