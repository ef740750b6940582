#include <fmt/format.h>

#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/run_folder.hpp"
#include "fokker/run/run_record.hpp"
#include "fokker/run/steady.hpp"

namespace fokker {

int verb_steady(const Command& command) {
  if (command.arguments.size() != 1) throw UsageError("steady takes one case file: fokker steady CASE.toml");
  const std::filesystem::path file = command.arguments[0];
  Setup setup;
  const SteadyResult result = in_wide_box(  // before anything is written
      load_case(file, command.overrides, vocabulary(), CaseFor::steady),
      [&](const Case& config) {
        setup = build_steady(config);
        if (command.estimate) require_cells_for_estimate(setup.config);
        return solve_steady(setup, command.estimate);
      },
      tell_note);
  const RunFolder folder(
      command.out ? *command.out : std::filesystem::path("runs") / (file.stem().string() + "_steady"), command.force,
      setup.config);
  write_steady(setup, result, folder.path());
  const Document summary = document(setup, result, folder.path());
  write_results(RunRecord(folder.path(), setup, json_of(summary)), summary, command);
  for (const std::string& warning : setup.warnings) complain(fmt::format("warning: {}\n", warning));
  for (const std::string& warning : result.judgement.warnings) complain(fmt::format("warning: {}\n", warning));
  say(summary, command);
  bool ok = true;
  for (const CheckResult& done : result.checks) {
    if (!done.ok)
      complain(fmt::format("{} of the stationary density is {:.6g}, asked {}{}{}\n", done.label(), done.value,
                           done.bound(), done.note.empty() ? "" : "; ", done.note));
    ok = ok && done.ok;
  }
  return ok ? exit_ok : exit_check;
}

}  // namespace fokker
