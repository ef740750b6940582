#pragma once
#include "fokker/run/setup.hpp"

namespace fokker {

/// The names the reader may accept, taken from the tables of this build.
[[nodiscard]] Vocabulary vocabulary();

/// All that a case asks for, witnesses and output fields included, whose impossible pairs are refused too.
[[nodiscard]] Setup build(Case config);

}  // namespace fokker
