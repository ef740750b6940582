#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/output/text_table.hpp"
#include "fokker/run/converge.hpp"
#include "fokker/run/run.hpp"

namespace fokker {

int verb_converge(const Command& command) {
  if (command.arguments.size() != 1)
    throw UsageError("converge takes one case file: fokker converge CASE.toml --levels N");
  if (command.in != "space" && command.in != "time")
    throw UsageError(fmt::format("--in {}: space or time is allowed", command.in));
  if (command.levels < 2 || command.levels > 12) throw UsageError("--levels must be between 2 and 12");
  const Case base = load_case(command.arguments[0], command.overrides, vocabulary());
  const Convergence table = converge(base, command.levels, command.in == "time");

  bool ok = true;
  std::string verdicts;
  for (const CaseCheck& check : base.checks)
    if (check.quantity == "order") {
      const bool kept = holds(check, table.order());
      ok = ok && kept;
      verdicts += fmt::format("  order {:.3f}, asked {}: {}\n", table.order(), CheckResult{&check, 0, 0, false}.bound(),
                              kept ? "ok" : "FAILS");
    }
  if (command.json) {
    nlohmann::ordered_json json{
        {"case", base.title}, {"in", command.in}, {"reference", table.exact ? "exact" : "richardson"}};
    for (const ConvergenceRow& row : table.rows) {
      nlohmann::ordered_json level{{"cells", row.cells}, {"steps", row.steps}, {"seconds", row.seconds}};
      if (std::isfinite(row.error)) level["l1"] = row.error;
      if (std::isfinite(row.order)) level["order"] = row.order;
      json["levels"].push_back(level);
    }
    json["ok"] = ok;
    say(json_text(json));
  } else if (!command.quiet) {
    TextTable text(
        {"cells", table.exact ? "l1 to exact" : "l1 to the next level", "order", "steps", "seconds", "stepper"});
    for (const ConvergenceRow& row : table.rows)
      text.add({row.cells, std::isfinite(row.error) ? fmt::format("{:.3e}", row.error) : "-",
                std::isfinite(row.order) ? fmt::format("{:.2f}", row.order) : "-", std::to_string(row.steps),
                fmt::format("{:.3g}", row.seconds), row.stepper});
    say(fmt::format("{}, refined in {}\n{}{}", base.title, command.in, text.text(), verdicts));
  }
  return ok ? exit_ok : exit_check;
}

}  // namespace fokker
