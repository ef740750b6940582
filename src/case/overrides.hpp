#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "problems.hpp"
#include "tree.hpp"

namespace fokker::input {

// Puts --set KEY.PATH=VALUE into the tree: VALUE is TOML, or a string when it is a bare word. A key replaces those of
// the file that it excludes. Files that it names are seen from `folder`.
void apply_override(Value& root, const std::string& setting, int index, const std::filesystem::path& folder,
                    Problems& problems);
// Makes whatever names a file in the value of a key (its path in the table of keys) a path from `folder` on.
void see_files_from(const std::filesystem::path& folder, std::string_view path, Value& value);
// KEY.PATH of a setting.
[[nodiscard]] std::string override_path(std::string_view setting);
}  // namespace fokker::input
