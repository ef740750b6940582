#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "fokker/base/errors.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/records/copy_case.hpp"
#include "fokker/starters.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> starter_names() {
  std::vector<std::string> names;
  for (const Starter& starter : starters) names.emplace_back(starter.name);
  return names;
}

std::string_view starter_named(const std::string& name) {
  for (const Starter& starter : starters)
    if (starter.name == name) return starter.text;
  const std::vector<std::string> names = starter_names();
  throw UsageError(
      fmt::format("init: no starter '{}'{} allowed: {}", name, did_you_mean(name, names, ","), fmt::join(names, ", ")));
}

/// Its first line, a comment.
std::string first_line(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of("# \n"), text.size());
  return std::string(text.substr(start, text.find('\n', start) - start));
}

std::string with_name(std::string text, const std::string& name) {
  constexpr std::string_view mark = "@NAME@";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + name.size()))
    text.replace(at, mark.size(), name);
  return text;
}

int copy_case_to(const Command& command) {
  if (command.arguments.size() != 1)
    throw UsageError("init --from takes a case and a folder: fokker init --from CASE.toml DIR");
  const fs::path folder = command.arguments[0];
  const CopiedCase copied = copy_case(*command.from, folder, command.force);
  const std::string next = fmt::format("fokker run {}", copied.file.string());
  Document done{
      fmt::format("{}: a copy that needs nothing else", copied.file.string()),
      {{.findings = {{"file", copied.file.string()}, {"files", copied.inputs}, {"next", next, "next", next}}}}};
  for (const std::string& input : copied.inputs) done.sections[0].findings.push_back({"", nullptr, "with", input});
  say(done, command);
  return exit_ok;
}

}  // namespace

std::vector<Document> starter_rows() {
  std::vector<Document> rows;
  for (const Starter& starter : starters) {
    const std::string name(starter.name), is = first_line(starter.text);
    rows.push_back({name, {{.findings = {{"name", name}, {"is", is, "is", is}}, .label_width = 10, .indent = 4}}});
  }
  return rows;
}

int verb_init(const Command& command) {
  if (command.from) return copy_case_to(command);
  if (command.arguments.empty() || command.arguments.size() > 2)
    throw UsageError(
        fmt::format("init takes a name and maybe a starter: fokker init NAME [{}] writes NAME.toml; "
                    "fokker init --from CASE.toml DIR copies a case with the files it needs",
                    fmt::join(starter_names(), " | ")));
  const std::string_view starter = starter_named(command.arguments.size() > 1 ? command.arguments[1] : "double_well");
  std::string name = command.arguments[0];
  if (name.ends_with(".toml")) name.resize(name.size() - 5);
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (!plain) throw UsageError(fmt::format("init: '{}' is not a name; letters, digits, _ and - are allowed", name));
  const fs::path file = name + ".toml";
  if (fs::exists(file) && !command.force)
    throw UsageError(fmt::format("{} exists; --force replaces it", file.string()));
  write_atomically(file, with_name(std::string(starter), name));
  const std::string next = fmt::format("fokker run {}", file.string()), is = first_line(starter);
  say(Document{fmt::format("{}: a commented starter case", file.string()),
               {{.findings = {{"file", file.string()}, {"is", is, "is", is}, {"next", next, "next", next}}}}},
      command);
  return exit_ok;
}

}  // namespace fokker
