#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace fokker {

using Json = nlohmann::ordered_json;

/// JSON as the program prints and writes it. What is no UTF-8 (a file name may hold any bytes) is replaced.
[[nodiscard]] inline std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fokker
