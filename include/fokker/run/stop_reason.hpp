#pragma once
#include <string>
#include <string_view>

#include "fokker/case/case.hpp"

namespace fokker {

/// Why a run ended that came to this [[stop]]: "stationary: 1e-09", "when: mass < 0.01", "file: STOP".
[[nodiscard]] std::string reason_of(const CaseStop& stop);

/// Is that the end of a run that came to time.end or to a [[stop]], with nothing left to do? Others were asked to stop,
/// or failed.
[[nodiscard]] bool is_final(std::string_view reason);

}  // namespace fokker
