#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace fokker {

using Json = nlohmann::ordered_json;

/// JSON as the program prints and writes it. What is no UTF-8 (a file name may hold any bytes) is replaced.
[[nodiscard]] std::string json_text(const Json& json);

/// Every number, word and verdict, each under its path: compare.exact.l1; entries of lists by their number, and empty
/// lists and objects as they are.
[[nodiscard]] std::vector<std::pair<std::string, Json>> json_leaves(const Json& json);

}  // namespace fokker
