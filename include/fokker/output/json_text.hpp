#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace fokker {

/// JSON as the program prints and writes it. What is no UTF-8 (a file name may hold any bytes) is replaced.
[[nodiscard]] inline std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace fokker
