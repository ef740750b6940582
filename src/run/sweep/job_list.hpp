#pragma once
#include <filesystem>
#include <vector>

#include "fokker/run/sweep.hpp"

namespace fokker {

/// Writes a command a line for these members (sweep.jobs) and, for slurm, the script of the array beside it
/// (sweep.slurm). The file to hand in.
[[nodiscard]] std::filesystem::path write_job_list(const Sweep& sweep, const SweepOptions& options,
                                                   const std::vector<std::size_t>& members);

}  // namespace fokker
