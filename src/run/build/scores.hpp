#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fokker/run/setup.hpp"

namespace fokker {

/// A row of the names of `scheme.score`: where the effective drift takes grad log p from.
struct ScoreRow {
  std::string_view name, doc;
  bool divides_a_flux = false;  ///< F = J/p with J of a row of the other form; the others have fluxes of their own
  int order_across_jumps = 0;   ///< the largest score_order that may meet a jump of D; 0: none
  double bytes_per_cell = 0;    ///< beside what every run takes
  std::unique_ptr<Form> (*make)(const Setup&);  ///< of setup.flux; where nothing diffuses F is f, whatever the name
};
[[nodiscard]] std::span<const ScoreRow> scores();
/// The row of a case; null where its form needs no score.
[[nodiscard]] const ScoreRow* score_of(const CaseScheme& scheme);

/// The score of the closed form; where there is none, a CaseError at `key` that names `remedy`.
[[nodiscard]] std::shared_ptr<ScoreSource> closed_score(const Setup& setup, const std::string& key,
                                                        const std::string& remedy);

}  // namespace fokker
