#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/records/matrix_market.hpp"

namespace fokker {

int verb_operator(const Command& command) {
  if (command.arguments.size() != 1)
    throw UsageError("operator takes one case file: fokker operator CASE.toml --out Q.mtx");
  const std::filesystem::path file = command.arguments[0];
  const std::filesystem::path target = command.out ? *command.out : std::filesystem::path(file.stem()) += ".mtx";
  if (target.extension() != ".mtx") throw UsageError(target.string() + ": --out of operator is a file, Q.mtx");
  if (std::filesystem::exists(target) && !command.force)
    throw UsageError(target.string() + " exists; --force replaces it");
  const Setup setup = build(load_case(file, command.overrides, vocabulary(), CaseFor::steady));
  say(document(write_operator(setup, target)), command);
  return exit_ok;
}

}  // namespace fokker
