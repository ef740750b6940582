#include "panel.hpp"

#include <fmt/format.h>

#include <utility>

#include "fokker/analysis/norms.hpp"
#include "stopwatch.hpp"

namespace fokker {

Panel::Panel(const Setup& setup, Witnesses witnesses, RunResult& result)
    : setup_(setup), witnesses_(std::move(witnesses.all)), result_(result) {
  result_.witness_seconds = witnesses.seconds;
  if (setup.config.compare.log_likelihood) {
    const Stopwatch watch(result_.witness_seconds);
    likelihood_ = std::make_unique<LogLikelihood>(setup);
  }
  for (const auto& witness : witnesses_) result_.verdicts.emplace_back(witness->name(), std::vector<Verdict>{});
}

std::vector<Opinion> Panel::ask() {
  const Stopwatch watch(result_.witness_seconds);
  std::vector<Opinion> opinions;
  for (const auto& witness : witnesses_) {
    Field own = witness->advance(result_.t);
    Verdict verdict = witness->judge(result_.t, result_.p, own);
    opinions.push_back({witness->name(), std::move(own), std::move(verdict)});
  }
  if (likelihood_) result_.log_likelihood.push_back(likelihood_->judge(result_.t, result_.p));
  compare(opinions);
  for (std::size_t k = 0; k < opinions.size(); ++k) result_.verdicts[k].second.push_back(opinions[k].verdict);
  return opinions;
}

const LikelihoodVerdict* Panel::likelihood() const { return likelihood_ ? &result_.log_likelihood.back() : nullptr; }

void Panel::conclude() {
  for (const auto& witness : witnesses_) {
    result_.facts.emplace_back(witness->name(), witness->facts());
    if (const std::string& why = result_.facts.back().second.distrust; !why.empty())
      result_.warnings.push_back(fmt::format("the {} witness is not to be trusted: {}", witness->name(), why));
    if (const std::string& what = result_.facts.back().second.caution; !what.empty())
      result_.warnings.push_back(fmt::format("the {} witness: {}", witness->name(), what));
  }
  if (likelihood_) result_.log_likelihood_steps = likelihood_->steps();
}

/// A deterministic witness is held against the exact one too: how much of a distance to it is its own.
void Panel::compare(std::vector<Opinion>& opinions) const {
  for (const Opinion& exact : opinions)
    for (Opinion& other : opinions)
      if (exact.witness == "exact" && witness_row(other.witness).against_exact)
        other.verdict.more.emplace_back("l1_exact", norms(*setup_.grid, other.density.view(), exact.density.view()).l1);
}

}  // namespace fokker
