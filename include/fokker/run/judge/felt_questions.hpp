#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What of an answer (output.expectations, output.probabilities) lies beyond one of Case::infinite.
struct FeltQuestion {
  double asked = 0;        ///< the most of int |g| p dx over the box at a frame so far
  double beyond = 0;       ///< the most of the same over half the box more, at a side without an end
  double at = 0;           ///< when [t]
  std::uint64_t side = 0;  ///< which of Case::infinite
  void keep(Archive& archive) { archive(asked, beyond, at, side); }
};

/// To be called where questions are answered, one entry per question. A side is felt where half the box more there
/// would add more than 1e-5 of int |g| p dx, p taken to fall on as it does near the side and g as it is written; of a
/// probability no more than 1e-15 is looked for. Throws BoxOutgrown where a felt side may be widened and all that is
/// asked is finite there. Nothing where no side is infinite.
void feel_questions(const Setup& setup, double t, const Field& p, std::vector<FeltQuestion>& felt);

/// Questions of which more is missing than may be, though the box was not widened any more.
[[nodiscard]] std::vector<std::string> warnings_of(const Case& config, const std::vector<FeltQuestion>& felt);

}  // namespace fokker
