#pragma once
#include <string>
#include <string_view>

#include "problems.hpp"
#include "tree.hpp"

namespace fokker::input {

// Puts --set KEY.PATH=VALUE into the tree: VALUE is TOML, or a string when it is a bare word. A key replaces those of
// the file that it excludes.
void apply_override(Value& root, const std::string& setting, int index, Problems& problems);
// KEY.PATH of a setting.
[[nodiscard]] std::string override_path(std::string_view setting);
}  // namespace fokker::input
