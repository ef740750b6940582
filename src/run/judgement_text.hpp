#pragma once
#include <string>

#include "fokker/run/run.hpp"
#include "summary_parts.hpp"

namespace fokker {

/// `self_check` of summary.json.
[[nodiscard]] Json judgement_json(const Judgement& judged);
/// How wide p was in cells and what the flux costs; what lies beyond the walls.
[[nodiscard]] std::string judgement_text(const Judgement& judged);
/// The same for the closing table.
[[nodiscard]] std::string judgement_lines(const Judgement& judged);
/// What nobody may miss, for stderr, one line each: warnings that came up on the way, and every check that fell short.
[[nodiscard]] std::string last_words(const RunResult& result);

}  // namespace fokker
