#pragma once
#include <string>
#include <string_view>

namespace fokker::input {

// What most likely went wrong in a line that is not TOML: "; formulas and words need quotes: drift = ["-x"]", a comma
// in a number, a Python True, double brackets. "" where nothing is recognised.
[[nodiscard]] std::string toml_hint(std::string_view line, std::string_view fault);

}  // namespace fokker::input
