#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "fokker/case/sweep_file.hpp"
#include "fokker/output/json_text.hpp"

namespace fokker {

/// What a sweep is as long as it goes on.
struct SweepPlan {
  std::string case_sha256;
  std::string identity;  ///< the members, the files that the case reads, and its text: lines
};

/// Reads the case of every member and, where it `begins`, builds it. CaseError with all their problems, at the keys of
/// the sweep file.
[[nodiscard]] SweepPlan plan_sweep(const Sweep& sweep, bool begins);
/// The values of a member by key: numbers, texts and lists as JSON has them.
[[nodiscard]] Json parameters_of(const Sweep& sweep, std::size_t member);

}  // namespace fokker
