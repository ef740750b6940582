#include "fokker/run/records/upgrade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/build.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

/// Members of summary.json that were called otherwise.
struct Renamed {
  std::string_view old_name, name;
};
constexpr Renamed members[] = {
    {"capped_share", "capped_fraction"}, {"reduced_share", "reduced_fraction"}, {"floored", "underflowed"}};

/// The same with today's names, in the old order; what was renamed is noted.
Json with_names_of_today(const Json& json, std::vector<std::string>& changes) {
  if (!json.is_object()) return json;
  Json made = Json::object();
  for (const auto& [key, value] : json.items()) {
    const auto* const row = std::find_if(std::begin(members), std::end(members),
                                         [&](const Renamed& other) { return other.old_name == key; });
    const std::string name(row == std::end(members) ? std::string_view(key) : row->name);
    if (name != key) changes.push_back(fmt::format("{} -> {}", key, name));
    made[name] = with_names_of_today(value, changes);
  }
  return made;
}

std::vector<std::string> upgrade_summary(const fs::path& file) {
  const Json json = Json::parse(read_file(file), nullptr, false);
  if (!json.is_object() || !json.contains("fokker"))
    throw FileError(file.string(), "no summary of a run; upgrade takes a case, a run folder or its summary.json");
  std::vector<std::string> changes;
  const Json made = with_names_of_today(json, changes);
  if (!changes.empty()) write_atomically(file, json_text(made));
  return changes;
}

}  // namespace

Document upgrade(const fs::path& path) {
  const fs::path file = fs::is_directory(path) ? path / "summary.json" : path;
  std::vector<std::string> changes;
  if (file.extension() == ".toml")
    static_cast<void>(load_case(file, {}, vocabulary(), CaseFor::steady));
  else if (file.extension() == ".json")
    changes = upgrade_summary(file);
  else
    throw FileError(file.string(), "upgrade takes a case, a run folder or its summary.json");
  Document done{changes.empty() ? fmt::format("{}: of today already, nothing to change", file.string())
                                : fmt::format("{}: upgraded", file.string()),
                {{.findings = {{"file", file.string()}, {"changes", changes}}}}};
  for (const std::string& change : changes) done.sections[0].findings.push_back({"", nullptr, "renamed", change});
  return done;
}

}  // namespace fokker
