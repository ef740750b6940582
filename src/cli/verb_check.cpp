#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/check/check_case.hpp"
#include "fokker/run/estimate.hpp"
#include "fokker/run/witness.hpp"

namespace fokker {

int verb_check(const Command& command) {
  if (command.arguments.size() != 1) throw UsageError("check takes one case file: fokker check CASE.toml");
  Setup setup = build(load_case(command.arguments[0], command.overrides, vocabulary()));
  if (command.estimate) require_cells_for_estimate(setup.config);
  check_witnesses(setup);
  const CheckReport found = check_case(setup, command.estimate ? Tries::run_and_estimate : Tries::run);
  say(document(setup, found), command);
  if (!found.good && command.quiet)
    complain("fokker: what the case claims about its distribution does not hold; check without -q says where\n");
  return found.good ? exit_ok : exit_check;
}

}  // namespace fokker
