#include "job_list.hpp"

#include <fmt/format.h>

#include "fokker/base/errors.hpp"
#include "fokker/base/printable.hpp"
#include "fokker/output/checkpoint.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/records/sweep_table.hpp"
#include "member.hpp"

namespace fokker {
namespace {

std::string shell_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += fmt::format("{}{}", text.empty() ? "" : " ", shell_word(word));
  return text;
}

}  // namespace

std::filesystem::path write_job_list(const Sweep& sweep, const SweepOptions& options,
                                     const std::vector<std::size_t>& members) {
  if (members.empty()) throw UsageError("no member is left to run (--rerun failed, --only N and --force begin anew)");
  const std::filesystem::path folder = std::filesystem::absolute(options.folder).lexically_normal();
  std::string lines;
  for (const std::size_t member : members) {
    const std::filesystem::path own = folder / member_name(member);
    const std::string anew = shell_text(member_command(sweep, options.program, member, own, false));
    // A job that was killed and is started again goes on.
    lines += sweep.use == CaseFor::steady
                 ? anew + "\n"
                 : fmt::format("if [ -f {} ]; then {}; else {}; fi\n", shell_word((own / checkpoint_name).string()),
                               shell_text(member_command(sweep, options.program, member, own, true)), anew);
  }
  const std::filesystem::path list = folder / "sweep.jobs", script = folder / "sweep.slurm";
  write_atomically(list, lines);
  if (options.list_for == "parallel") return list;
  write_atomically(script, fmt::format("#!/bin/bash\n"
                                       "#SBATCH --job-name={}\n"
                                       "#SBATCH --array=1-{}\n"
                                       "#SBATCH --cpus-per-task={}\n"
                                       "#SBATCH --signal=TERM@60\n"
                                       "exec bash -c \"$(sed -n \"${{SLURM_ARRAY_TASK_ID}}p\" {})\"\n",
                                       "fokker-sweep", members.size(), sweep.threads, shell_word(list.string())));
  return script;
}

}  // namespace fokker
