#pragma once
#include <string>

#include "fokker/model/score.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// The closed form of a case (theory section 4). Throws CaseError at `key` with the reason and the remedy where there
/// is none.
[[nodiscard]] ClosedForm closed_form(const Case& config, const FormulaSde& sde, const std::string& key,
                                     const std::string& remedy);

/// The closed form of a case that its flow can follow: also refuses a start without a score (a point, or a singular
/// covariance) and sides that absorb.
[[nodiscard]] ClosedForm flow_form(const Setup& setup, const std::string& key, const std::string& remedy);

}  // namespace fokker
