#include <fmt/format.h>

#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/converge.hpp"
#include "fokker/run/run_figure.hpp"
#include "fokker/run/run_folder.hpp"

namespace fokker {

int verb_converge(const Command& command) {
  if (command.arguments.size() != 1)
    throw UsageError("converge takes one case file: fokker converge CASE.toml --levels N");
  if (command.in != "space" && command.in != "time")
    throw UsageError(fmt::format("--in {}: space or time is allowed", command.in));
  if (command.levels < 2 || command.levels > 12) throw UsageError("--levels must be between 2 and 12");
  const Case base = load_case(command.arguments[0], command.overrides, vocabulary());
  const Convergence found = converge(base, command.levels, command.in == "time");
  if (command.out) {
    const RunFolder folder(*command.out, command.force, base);
    write_atomically(folder.path() / "converge.csv", csv_of(found));
    figure::Figure made = figure_of_table(folder.path() / "converge.csv", {}, false);
    made.title = found.title;
    write_figures(folder.path(), made);
  }
  say(document(found), command);
  for (const CheckResult& done : found.checks)
    if (!done.ok) complain(fmt::format("{} is {:.6g}, asked {}\n", done.label(), done.value, done.bound()));
  return found.ok() ? exit_ok : exit_check;
}

}  // namespace fokker
