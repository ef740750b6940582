#include "fokker/output/json_text.hpp"

namespace fokker {
namespace {

void add_leaves(const Json& json, const std::string& path, std::vector<std::pair<std::string, Json>>& leaves) {
  if (!json.is_structured() || json.empty()) {
    leaves.emplace_back(path, json);
    return;
  }
  for (const auto& [key, value] : json.items()) add_leaves(value, path.empty() ? key : path + "." + key, leaves);
}

}  // namespace

std::string json_text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::vector<std::pair<std::string, Json>> json_leaves(const Json& json) {
  std::vector<std::pair<std::string, Json>> leaves;
  add_leaves(json, "", leaves);
  return leaves;
}

}  // namespace fokker
