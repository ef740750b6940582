#include "plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "fokker/base/stop.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/steady.hpp"

namespace fokker {
namespace {

std::string values_text(const Sweep& sweep, std::size_t member) {
  std::string text;
  for (std::size_t k = 0; k < sweep.keys.size(); ++k)
    text += fmt::format("{}{} = {}", k == 0 ? "" : ", ", sweep.keys[k].name, sweep.members[member][k]);
  return text;
}

/// Problems of members, each once, at the key of the sweep file where one of its values is to blame.
class MemberProblems {
 public:
  explicit MemberProblems(const Sweep& sweep) : sweep_(sweep) {}

  void add(const CaseError& error, std::size_t member) {
    for (const Problem& problem : error.problems()) {
      const auto key = std::find_if(sweep_.keys.begin(), sweep_.keys.end(),
                                    [&](const SweptKey& each) { return problem.where == "--set " + each.name; });
      const bool ours = key != sweep_.keys.end();
      const std::string where = ours ? key->where : problem.where;
      if (!seen_.insert(where + problem.key + problem.text).second || problems_.size() >= most) continue;
      // What the case alone has wrong is wrong in the first member.
      const bool of_member = ours || member > 0;
      problems_.push_back(
          {where, problem.key,
           problem.text + (of_member ? fmt::format(" (member {}: {})", member, values_text(sweep_, member)) : "")});
    }
  }
  void raise() const {
    if (!problems_.empty()) throw CaseError(problems_);
  }

 private:
  static constexpr std::size_t most = 200;
  const Sweep& sweep_;
  std::set<std::string> seen_;
  std::vector<Problem> problems_;
};

void try_to_build(Case config, CaseFor use) {
  if (use == CaseFor::steady)
    static_cast<void>(build_steady(std::move(config)));
  else
    static_cast<void>(build(std::move(config)));
}

}  // namespace

SweepPlan plan_sweep(const Sweep& sweep, bool begins) {
  SweepPlan plan;
  MemberProblems problems(sweep);
  std::string text, inputs;
  for (std::size_t member = 0; member < sweep.members.size(); ++member) {
    poll_stop();
    plan.identity += fmt::format("member {}: {}\n", member, values_text(sweep, member));
    try {
      Case config = load_case(sweep.case_file, sweep.overrides(member), vocabulary(), sweep.use);
      plan.case_sha256 = config.sha256;
      text = config.text;
      std::string files;
      for (const CaseInput& input : config.inputs) files += fmt::format("file {} {}\n", input.text(), input.sha256);
      if (inputs.find(files) == std::string::npos) inputs += files;
      if (begins) try_to_build(std::move(config), sweep.use);
    } catch (const CaseError& error) {
      problems.add(error, member);
    }
  }
  problems.raise();
  plan.identity =
      fmt::format("verb = {}\n{}{}{}", sweep.use == CaseFor::steady ? "steady" : "run", plan.identity, inputs, text);
  return plan;
}

Json parameters_of(const Sweep& sweep, std::size_t member) {
  Json values = Json::object();
  for (std::size_t k = 0; k < sweep.keys.size(); ++k) {
    const std::string& toml = sweep.members[member][k];
    const Json value = Json::parse(toml, nullptr, false);
    values[sweep.keys[k].name] = value.is_discarded() ? Json(toml) : value;
  }
  return values;
}

}  // namespace fokker
