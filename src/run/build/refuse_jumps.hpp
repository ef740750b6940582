#pragma once
#include "fokker/run/setup.hpp"

namespace fokker {

/// Where D jumps along an axis, what needs its derivative cannot be right, and is refused: one CaseError that names the
/// jump at every key concerned, with the remedy. So is a jump of a potential, unless exp(-U/T) alone is used of it.
void refuse_jumps(const Setup& setup);

}  // namespace fokker
