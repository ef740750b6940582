#pragma once
#include "fokker/case/case.hpp"

namespace fokker {

/// Throws a CaseError with the numbers where a case needs more memory than there is: called before anything is made.
void require_memory(const Case& config);

}  // namespace fokker
