#include "panel.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "fokker/analysis/norms.hpp"
#include "fokker/base/stopwatch.hpp"

namespace fokker {

Panel::Panel(const Setup& setup, Witnesses witnesses, RunResult& result, bool remembers)
    : setup_(setup), witnesses_(std::move(witnesses.all)), result_(result) {
  for (std::size_t k = 0; k < witnesses_.size(); ++k) {
    result_.verdicts.emplace_back(witnesses_[k]->name(), std::vector<Verdict>{});
    result_.witness_seconds.emplace_back(witnesses_[k]->name(), witnesses.seconds[k]);
  }
  if (setup.config.compare.log_likelihood) {
    const Stopwatch watch(result_.witness_seconds.emplace_back("log_likelihood", 0).second);
    likelihood_ = std::make_unique<LogLikelihood>(setup);
  }
  if (remembers) memory_.resize(witnesses_.size() + (likelihood_ ? 1 : 0));
  for (std::size_t k = 0; k < memory_.size(); ++k) remember(k);
}

void Panel::keep(std::size_t k, Archive& archive) {
  if (k < witnesses_.size())
    witnesses_[k]->keep(archive);
  else
    likelihood_->keep(archive);
}

void Panel::remember(std::size_t k) {
  if (memory_.empty()) return;
  Archive archive;
  keep(k, archive);
  memory_[k] = archive.take();
}

void Panel::keep(Archive& archive) {
  const std::size_t count = memory_.size();
  archive(memory_);
  if (!archive.reads()) return;
  if (memory_.size() != count) throw ArchiveError("it holds another number of witnesses");
  for (std::size_t k = 0; k < count; ++k) {
    Archive kept(memory_[k]);
    keep(k, kept);
    kept.finish();
  }
}

std::vector<Comparison> Panel::ask() {
  std::vector<Comparison> comparisons;
  for (std::size_t k = 0; k < witnesses_.size(); ++k) {
    const Stopwatch watch(result_.witness_seconds[k].second);
    Field own = witnesses_[k]->advance(result_.t);
    remember(k);  // asked once more it answers at once
    Verdict verdict = witnesses_[k]->judge(result_.t, result_.p, own);
    comparisons.push_back({witnesses_[k]->name(), std::move(own), std::move(verdict)});
  }
  if (likelihood_) {
    const Stopwatch watch(result_.witness_seconds.back().second);
    result_.log_likelihood.push_back(likelihood_->judge(result_.t, result_.p));
    remember(witnesses_.size());
  }
  compare(comparisons);
  for (std::size_t k = 0; k < comparisons.size(); ++k) result_.verdicts[k].second.push_back(comparisons[k].verdict);
  return comparisons;
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
void Panel::compare(std::vector<Comparison>& comparisons) const {
  for (const Comparison& exact : comparisons)
    for (Comparison& other : comparisons)
      if (witness_row(exact.witness).is_distribution && witness_row(other.witness).against_distribution)
        other.verdict.more.emplace_back("l1_exact", norms(*setup_.grid, other.density.view(), exact.density.view()).l1);
}

namespace {

/// The keys of the numbers of a verdict that are NaN.
std::vector<std::string> nan_keys(const Verdict& verdict) {
  std::vector<std::string> keys;
  const auto look = [&](const std::string& key, double value) {
    if (std::isnan(value)) keys.push_back(key);
  };
  look("l1", verdict.norms.l1);
  look("l2", verdict.norms.l2);
  look("linf", verdict.norms.linf);
  if (!verdict.agreement) look("kl", verdict.norms.kl);
  look("mean_error", verdict.mean_error);
  look("covariance_error", verdict.covariance_error);
  look("ks", verdict.ks);
  if (verdict.w1) look("w1", *verdict.w1);
  for (const auto& [key, value] : verdict.more) look(key, value);
  return keys;
}

}  // namespace

std::vector<std::string> not_numbers(const RunResult& result) {
  std::vector<std::string> sentences;
  for (std::size_t k = 0; k < result.verdicts.size(); ++k) {
    const auto& [name, frames] = result.verdicts[k];
    if (k < result.facts.size() && !result.facts[k].second.distrust.empty()) continue;  // said already
    for (const Verdict& verdict : frames) {
      const std::vector<std::string> keys = nan_keys(verdict);
      if (keys.empty()) continue;
      sentences.push_back(
          fmt::format("not a number against {} at t = {:.6g}: {}", name, verdict.t, fmt::join(keys, ", ")));
      break;
    }
  }
  const Moments m = moments(*result.p.grid, result.p.view());
  if (!m.mean.allFinite() || !m.covariance.allFinite())
    sentences.push_back(fmt::format("the moments of the last density are not numbers (its mass is {:.3g})", m.mass));
  return sentences;
}

}  // namespace fokker
