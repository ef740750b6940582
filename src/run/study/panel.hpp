#pragma once
#include <memory>
#include <vector>

#include "fokker/run/log_likelihood.hpp"
#include "fokker/run/observers.hpp"
#include "fokker/run/run.hpp"

namespace fokker {

/// The witnesses of a run: what they say goes into its result.
class Panel {
 public:
  /// `remembers`: it will be kept.
  Panel(const Setup& setup, Witnesses witnesses, RunResult& result, bool remembers);
  /// Asks each of them about the density now, and holds them against each other.
  [[nodiscard]] std::vector<Comparison> ask();
  /// What points carried along the flow said last; null where the case does not ask for them.
  [[nodiscard]] const LikelihoodVerdict* likelihood() const;
  /// The witnesses as they were after their last answers.
  void keep(Archive& archive);
  /// What they have to say about themselves, at the end.
  void conclude();

 private:
  void compare(std::vector<Comparison>& comparisons) const;
  void keep(std::size_t k, Archive& archive);
  void remember(std::size_t k);

  const Setup& setup_;
  std::vector<std::unique_ptr<Witness>> witnesses_;
  std::unique_ptr<LogLikelihood> likelihood_;
  RunResult& result_;
  // Of each after its last answer: a request to stop may leave it anywhere within the next. Empty: nobody keeps them.
  std::vector<std::string> memory_;
};

/// What came out as NaN, one sentence per witness that is trusted and one for the density itself.
[[nodiscard]] std::vector<std::string> not_numbers(const RunResult& result);

}  // namespace fokker
