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

}  // namespace fokker
