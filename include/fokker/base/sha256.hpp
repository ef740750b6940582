#pragma once
#include <string>
#include <string_view>

namespace fokker {

/// Lower-case hex digest.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace fokker
