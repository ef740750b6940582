#include <fmt/format.h>

#include <set>

#include "fokker/base/read_file.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/checkpoint.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/check/check_case.hpp"
#include "fokker/run/report.hpp"
#include "fokker/run/resume.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/run_folder.hpp"
#include "fokker/run/run_record.hpp"
#include "fokker/run/stop_reason.hpp"

namespace fokker {

namespace {

/// Each once: a run that begins again has the warnings of the one before.
class SetupWarnings {
 public:
  void complain_of(const Setup& setup) {
    for (const std::string& warning : setup.warnings)
      if (said_.insert(warning).second) complain(fmt::format("warning: {}\n", warning));
  }

 private:
  std::set<std::string> said_;
};

int exit_code(const RunResult& result) {
  if (result.numerical_failure) return exit_numerical;
  if (!is_final(result.stop_reason)) return exit_stopped;
  return result.checks_ok() ? exit_ok : exit_check;
}

/// From the first step, or from where `state` left off, to summary and exit code.
int carry_out(Setup& setup, Witnesses witnesses, const RunFolder& folder, std::optional<std::string> state,
              bool estimates, const Command& command) {
  const RunResult result = run(setup, std::move(witnesses),
                               {.folder = folder.path(),
                                .draw_progress = progress_of(command),
                                .live = live_screen(command),
                                .state = std::move(state),
                                .checkpoint_every = setup.config.checkpoint.every,
                                .estimates = estimates});
  const Document summary = document(setup, result, folder.path());
  RunRecord record(folder.path(), setup, json_of(summary));
  for (const KeptFrame& frame : result.kept) record.remember(frame.t, frame.arrays);
  if (exit_code(result) == exit_stopped)
    write_atomically(folder.path() / "summary.json", json_text(json_of(summary)), Durable::yes);
  else
    write_results(record, summary, command);
  // What came back is not gone for twice, and the snapshots are large.
  if (result.reverse && is_final(result.stop_reason)) remove_checkpoints(folder.path());
  say(summary, command);
  complain(last_words(result));
  if (result.numerical_failure) complain(fmt::format("fokker: {}\n", result.stop_reason));
  if (exit_code(result) == exit_stopped)
    complain(fmt::format("fokker: stopped at t = {:.6g} ({}); it goes on with `fokker resume {}`\n", result.t,
                         result.stop_reason == "wall_time" ? "its time is over" : "a signal", folder.path().string()));
  return exit_code(result);
}

}  // namespace

int verb_run(const Command& command) {
  if (command.arguments.size() != 1) throw UsageError("run takes one case file: fokker run CASE.toml");
  const std::filesystem::path file = command.arguments[0];
  std::optional<RunFolder> folder;
  SetupWarnings warnings;
  return in_wide_box(
      load_case(file, command.overrides, vocabulary()),
      [&](const Case& config) {
        Setup setup = build(config);
        if (command.estimate) require_cells_for_estimate(setup.config);
        Witnesses witnesses = make_witnesses(setup);  // they may refuse the case: before anything is written
        const auto first = checkpoint_of(setup, command.estimate, "");
        if (folder)
          folder->begin_again(setup.config, choices_beside_keys(setup, witnesses), first);
        else
          folder.emplace(command.out ? *command.out : std::filesystem::path("runs") / file.stem(), command.force,
                         setup.config, choices_beside_keys(setup, witnesses), first);
        warnings.complain_of(setup);

        if (command.verbose && !command.json)
          say(text_of(document(setup, check_case(setup, command.estimate ? Tries::run_and_estimate : Tries::run))) +
              "\n");
        return carry_out(setup, std::move(witnesses), *folder, {}, command.estimate, command);
      },
      tell_note);
}

int verb_resume(const Command& command) {
  if (command.arguments.size() != 1) throw UsageError("resume takes one run folder: fokker resume RUN_DIR");
  const std::filesystem::path path = command.arguments[0];
  if (!std::filesystem::exists(path / "case.toml") && !std::filesystem::exists(path / checkpoint_name))
    throw UsageError(fmt::format("{} is no run folder: it holds no case.toml", path.string()));
  const RunFolder folder(path);
  Resumption going = resume_from(folder.path(), command.overrides, command.force, command.estimate);
  for (const std::string& note : going.notes) complain(fmt::format("note: {}\n", note));
  if (going.finished) {
    if (!std::filesystem::exists(path / report_name)) {  // it failed, or was killed just then
      const RunRecord record(path);
      report(record, words_kept(record), command);
    }
    if (command.json)
      say(read_file(path / "summary.json"));
    else if (!command.quiet)
      say(fmt::format("{}: finished, nothing is left to do\n", path.string()));
    return exit_ok;
  }
  bool goes_on = true;
  SetupWarnings warnings;
  return in_wide_box(
      std::move(going.config),
      [&](const Case& config) {
        Setup setup = build(config);
        if (going.estimates) require_cells_for_estimate(setup.config);
        Witnesses witnesses = make_witnesses(setup);
        if (!std::exchange(goes_on, false) || !going.state) {
          folder.begin_again(setup.config, choices_beside_keys(setup, witnesses),
                             checkpoint_of(setup, going.estimates, ""));
        } else {
          if (!command.overrides.empty())  // from here on it is a run that is not finished
            for (const char* const name : {"summary.json", report_name}) std::filesystem::remove(folder.path() / name);
          // Also where it has no later end: an attempt at one may have been killed just here.
          write_atomically(folder.path() / "resolved.toml",
                           resolved_toml(setup.config) + choices_beside_keys(setup, witnesses));
          if (!command.overrides.empty())
            write_checkpoint(folder.path(), checkpoint_of(setup, going.estimates, *going.state), Durable::yes);
        }
        warnings.complain_of(setup);
        return carry_out(setup, std::move(witnesses), folder, std::exchange(going.state, {}), going.estimates, command);
      },
      tell_note);
}

}  // namespace fokker
