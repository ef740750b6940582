#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "fokker/base/errors.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/run_figure.hpp"

namespace fokker {

namespace {

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    std::string part = list.substr(at, end - at);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (!part.empty()) parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

std::vector<double> times_of(const std::string& list) {
  std::vector<double> times;
  for (const std::string& part : parts_of(list)) {
    char* end = nullptr;
    times.push_back(std::strtod(part.c_str(), &end));
    if (*end != '\0') throw UsageError(fmt::format("--times {}: '{}' is no number", list, part));
  }
  return times;
}

CasePicture wishes_of(const Command& command, const RunRecord& record) {
  CasePicture wishes = record.picture();
  if (!command.times.empty()) wishes.times = times_of(command.times);
  if (!command.fields.empty()) wishes.fields = parts_of(command.fields);
  for (const std::string& name : wishes.fields) {
    std::vector<std::string> known;
    for (const FieldRow& row : field_rows()) known.emplace_back(row.name);
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError(fmt::format("--fields {}: there is no such field{}", name,
                                   did_you_mean(name, known, "; `fokker list fields` names them")));
  }
  wishes.log = wishes.log || command.log;
  return wishes;
}

/// Folders of `converge` and `sweep` have a table and no frames.
figure::Figure figure_of_folder(const std::filesystem::path& path, const Command& command) {
  if (is_sweep_folder(path)) {
    if (!command.times.empty()) throw UsageError("--times: a sweep has no frames of its own; its members have");
    const SweepTable table = read_sweep_table(path);
    if (table.outdated)
      tell_note(
          "sweep.csv is older than the last change of its sweep; `fokker sweep SWEEP.toml --collect` writes it anew");
    return figure_of_sweep(table, parts_of(command.fields), command.log);
  }
  const RunRecord record(path);
  const std::filesystem::path table = path / "converge.csv";
  if (!std::filesystem::exists(table)) {
    if (const std::string open = record.unfinished(); !open.empty()) tell_note(path.string() + ": " + open);
    return figure_of(record, wishes_of(command, record));
  }
  figure::Figure made = figure_of_table(table, parts_of(command.fields), command.log);
  made.title = record.config().title;
  return made;
}

}  // namespace

int verb_plot(const Command& command) {
  if (command.arguments.size() != 1)
    throw UsageError(
        "plot takes one run folder or table: fokker plot RUN_DIR [--fields NAMES] [--times TIMES] [--log] [--out "
        "FIGURE.svg]");
  const std::filesystem::path path = command.arguments[0];
  if (!std::filesystem::exists(path)) throw FileError(path.string(), "no such file or folder");
  const bool folder = std::filesystem::is_directory(path);
  figure::Figure made;
  if (folder) {
    made = figure_of_folder(path, command);
  } else {
    if (!command.times.empty()) throw UsageError("--times: a table has no frames");
    made = figure_of_table(path, parts_of(command.fields), command.log);
  }
  std::vector<std::filesystem::path> files;
  if (command.out)
    files = {*command.out};
  else if (folder)
    files = {path / "figure.png", path / "figure.svg"};
  else
    files = {std::filesystem::path(path).replace_extension(".svg")};
  Json written = Json::array();
  for (const std::filesystem::path& file : files) {
    figure::write_figure(file, made);
    written.push_back(file.string());
  }
  if (const std::string problem = figure::font_problem(); !problem.empty()) complain("note: " + problem + "\n");
  if (command.json)
    say(json_text({{"title", made.title}, {"figures", written}}));
  else if (!command.quiet)
    for (const std::filesystem::path& file : files) say(file.string() + "\n");
  return exit_ok;
}

}  // namespace fokker
