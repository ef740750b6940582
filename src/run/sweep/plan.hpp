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

/// Reads the case of every member. CaseError with all their problems, at the keys of the sweep file.
[[nodiscard]] SweepPlan plan_sweep(const Sweep& sweep);
/// Builds every member, with the same errors.
void build_members(const Sweep& sweep);
/// The lines that one text has and the other has not, after - and +.
[[nodiscard]] std::string line_difference(const std::string& was, const std::string& is);
/// The values of a member by key: numbers, texts and lists as JSON has them.
[[nodiscard]] Json parameters_of(const Sweep& sweep, std::size_t member);
/// The run folder of a member.
[[nodiscard]] std::string member_name(std::size_t member);

}  // namespace fokker
