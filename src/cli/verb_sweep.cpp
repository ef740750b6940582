#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "fokker/base/errors.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/sweep.hpp"

namespace fokker {
namespace {

void require_sense(const Command& command) {
  if (command.arguments.size() != 1) throw UsageError("sweep takes one sweep file: fokker sweep SWEEP.toml");
  if (!command.overrides.empty())
    throw UsageError("sweep takes no --set: values of its members stand in the sweep file, others in the case");
  if (!command.list_for.empty() && command.list_for != "slurm" && command.list_for != "parallel")
    throw UsageError(fmt::format("--for {} is unknown, allowed: slurm, parallel", command.list_for));
  if (!command.rerun.empty() && command.rerun != "failed")
    throw UsageError(fmt::format("--rerun {} is unknown, allowed: failed", command.rerun));
  if (command.collect && (!command.list_for.empty() || !command.rerun.empty() || command.only || command.force))
    throw UsageError("--collect runs nothing and begins nothing anew: it excludes --for, --only, --rerun and --force");
}

}  // namespace

int verb_sweep(const Command& command) {
  require_sense(command);
  const std::filesystem::path file = command.arguments[0];
  Sweep sweep = load_sweep(file);
  if (command.threads > 0) sweep.threads = command.threads;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const SweepOptions options{
      .folder = command.out ? *command.out : std::filesystem::path("runs") / file.stem(),
      .program = std::filesystem::read_symlink("/proc/self/exe"),
      .jobs = command.jobs > 0 ? static_cast<std::size_t>(command.jobs)
                               : std::max<std::size_t>(1, cores / static_cast<unsigned>(sweep.threads)),
      .force = command.force,
      .collect = command.collect,
      .rerun_failed = command.rerun == "failed",
      .only = command.only ? std::optional<std::size_t>(static_cast<std::size_t>(*command.only)) : std::nullopt,
      .list_for = command.list_for,
      .draw_progress = progress_of(command)};
  const SweepResult result = run_sweep(sweep, options);
  if (!result.stopped && result.list.empty()) show_sweep(options.folder);
  say(document(sweep, options, result), command);
  for (const std::string& warning : result.warnings) complain(fmt::format("warning: {}\n", warning));
  int numerical = 0, other = 0;
  for (std::size_t i = 0; i < result.members.size(); ++i) {
    const MemberState& member = result.members[i];
    if (member.status != "failed") continue;
    (member.exit_code == exit_numerical ? numerical : other) += 1;
    complain(fmt::format("fokker: member {} failed: {}\n", i, member.message));
  }
  if (result.stopped || result.count("stopped") > 0)
    complain(fmt::format("fokker: stopped; it goes on with `fokker sweep {}`\n", file.string()));
  if (result.stopped || result.count("stopped") > 0) return exit_stopped;
  if (other > 0) return exit_internal;
  if (numerical > 0) return exit_numerical;
  return result.count("short") > 0 ? exit_check : exit_ok;
}

}  // namespace fokker
