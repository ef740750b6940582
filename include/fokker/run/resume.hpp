#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/output/checkpoint.hpp"
#include "fokker/run/build/infinite_range.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What a checkpoint says of its run: the program, the case as it was read, what was chosen for it, and the state.
struct RunMemory {
  std::string program, processor;                           ///< bits are promised for these
  std::string file;                                         ///< the case file, as messages call it
  std::string text;                                         ///< of the case
  std::vector<std::string> overrides;                       ///< --set
  std::string begun_in;                                     ///< the working directory then
  std::vector<std::pair<std::string, std::string>> inputs;  ///< files it reads, and their sha256
  std::string resolved;                                     ///< the case with every default
  std::string flux, stepper;                                ///< what "auto" chose, or the case named
  bool estimates = false;                                   ///< RunOptions::estimates
  ChosenBox box;
  std::string state;  ///< of the run; empty: at t = 0
  /// All but the state, which has a block of its own.
  void keep(Archive& archive) {
    archive(program, processor, file, text, overrides, begun_in, inputs, resolved, flux, stepper, estimates, box);
  }
};

/// The blocks of a checkpoint.
[[nodiscard]] std::vector<CheckpointBlock> checkpoint_of(const Setup& setup, bool estimates, std::string state);
/// What they hold. Throws ArchiveError where they are not those of a run.
[[nodiscard]] RunMemory run_memory(std::vector<CheckpointBlock> blocks);

/// How a run goes on.
struct Resumption {
  bool finished = false;             ///< there is nothing left to do
  Case config;                       ///< the case of the run, with what was set now
  bool estimates = false;            ///< asked for when it was begun, or now
  std::optional<std::string> state;  ///< absent: from t = 0
  std::vector<std::string> notes;    ///< what is to be said about it
};

/// From the last good checkpoint of a run folder. `overrides`: time.end, later than before, and output.times or
/// output.every beside it; anything else is another run. UsageError where it cannot go on, with what differs; with
/// `force` another version or processor is only a note. A finished run that has no estimate yet, with `estimates`, is
/// one that goes on: from its end.
[[nodiscard]] Resumption resume_from(const std::filesystem::path& folder, const std::vector<std::string>& overrides,
                                     bool force, bool estimates = false);

}  // namespace fokker
