#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/records/compare_runs.hpp"
#include "fokker/run/records/info.hpp"
#include "fokker/run/records/upgrade.hpp"

namespace fokker {

int verb_info(const Command& command) {
  if (command.arguments.size() != 1)
    throw UsageError("info takes one file or run folder: fokker info FILE (.toml, .vti, .csv, .json, .mtx ...)");
  say(info(command.arguments[0]), command);
  return exit_ok;
}

int verb_upgrade(const Command& command) {
  if (command.arguments.size() != 1)
    throw UsageError("upgrade takes one file: fokker upgrade FILE (a case, a run folder or its summary.json)");
  say(upgrade(command.arguments[0]), command);
  return exit_ok;
}

int verb_compare(const Command& command) {
  if (command.arguments.size() != 2)
    throw UsageError("compare takes a run folder and another one, or a .csv file: fokker compare runs/a runs/b");
  say(document(compare_runs(command.arguments[0], command.arguments[1])), command);
  return exit_ok;
}

}  // namespace fokker
