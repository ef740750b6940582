#pragma once
#include <string>
#include <string_view>

namespace fokker {

/// What to write for a name of another language: "write a^b" for pow, "write log(x)" for ln; "" for any other. Names of
/// this language in other letters are found too: Sin, EXP.
[[nodiscard]] std::string foreign_name_hint(std::string_view name);

/// What to write for a character that no formula has, from `text` on: "&&", "?", a minus of typesetters; "" for others.
[[nodiscard]] std::string_view foreign_sign_hint(std::string_view text);

/// The same but for capitals.
[[nodiscard]] bool same_letters(std::string_view a, std::string_view b);

}  // namespace fokker
