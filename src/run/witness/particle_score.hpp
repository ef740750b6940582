#pragma once
#include <memory>

#include "fokker/model/score.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// The score that the case's particles follow; null when they need none. Throws CaseError where there is none to be
/// had.
[[nodiscard]] std::shared_ptr<ClosedScore> particle_score(const Setup& setup);

/// The closed form behind compare.log_likelihood. Throws CaseError where there is none.
[[nodiscard]] ClosedForm likelihood_form(const Setup& setup);

}  // namespace fokker
