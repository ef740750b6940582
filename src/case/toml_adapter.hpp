#pragma once
#include <string>
#include <string_view>

#include "problems.hpp"
#include "tree.hpp"

namespace fokker::input {

// Text -> tree; a syntax error is thrown at once (CaseError), for nothing behind it can be trusted.
[[nodiscard]] Value parse_toml(std::string_view text, const Problems& problems);

// The value of a setting: false when it starts like TOML and is not.
[[nodiscard]] bool parse_override_value(std::string_view text, Value& value, std::string& error);

}  // namespace fokker::input
