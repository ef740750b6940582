#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "fokker/base/errors.hpp"
#include "fokker/base/printable.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/case/inputs.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/files.hpp"
#include "fokker/output/markup.hpp"
#include "fokker/run/validate.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

/// The cases below a folder, but for folders that say they are none of validate's: those with a file `not_validated`.
void add_cases(const fs::path& root, std::vector<fs::path>& files, std::vector<fs::path>& left_out) {
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory() && fs::exists(entry->path() / "not_validated")) {
      entry.disable_recursion_pending();
      left_out.push_back(entry->path());
    }
    const bool index =
        entry->path().filename() == inputs_index_name && entry->path().parent_path().filename() == inputs_name;
    if (entry->is_regular_file() && entry->path().extension() == ".toml" && !index) files.push_back(entry->path());
  }
}

std::vector<fs::path> case_files(const Command& command, std::vector<fs::path>& left_out) {
  std::vector<fs::path> roots(command.arguments.begin(), command.arguments.end());
  if (roots.empty()) roots = {"cases", "validation"};
  std::vector<fs::path> files;
  for (const fs::path& root : roots) {
    if (fs::is_regular_file(root))
      files.push_back(root);
    else if (fs::is_directory(root))
      add_cases(root, files, left_out);
    else if (!command.arguments.empty())
      throw FileError("no such file or folder: " + root.string());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) throw UsageError("no case files found; name them, or stand in a folder with cases/");
  return files;
}

/// XML knows no control characters and no bytes that are no UTF-8.
std::string xml_text(std::string_view text) { return markup_text(printable_line(text)); }

/// As test runners read it: a test a case.
std::string junit(std::span<const ValidatedCase> outcomes) {
  std::string cases;
  double seconds = 0;
  std::size_t failures = 0, skipped = 0;
  for (const ValidatedCase& outcome : outcomes) {
    seconds += outcome.seconds;
    failures += outcome.ok ? 0 : 1;
    skipped += outcome.skipped ? 1 : 0;
    cases += fmt::format("  <testcase name=\"{}\" classname=\"fokker\" time=\"{:.3f}\"",
                         xml_text(outcome.file.string()), outcome.seconds);
    if (outcome.skipped)
      cases += "><skipped/></testcase>\n";
    else if (!outcome.ok)
      cases += fmt::format("><failure message=\"{}\"/></testcase>\n", xml_text(outcome.worst));
    else
      cases += "/>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"fokker validate\" tests=\"{}\" "
      "failures=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n{}</testsuite>\n",
      outcomes.size(), failures, skipped, seconds, cases);
}

}  // namespace

int verb_validate(const Command& command) {
  std::vector<ValidatedCase> outcomes;
  std::vector<fs::path> left_out;
  const std::vector<fs::path> files = case_files(command, left_out);
  for (const fs::path& file : files) {
    try {
      poll_stop();
      outcomes.push_back(validate_case(file, command.overrides));
    } catch (const Stopped&) {  // what is done is reported
      break;
    }
    const ValidatedCase& last = outcomes.back();
    if (!command.json && (!command.quiet || !last.ok || last.empty())) say(text_of(document(last, command.verbose)));
  }
  const bool stopped = outcomes.size() < files.size();
  const auto failed = std::count_if(outcomes.begin(), outcomes.end(), [](const ValidatedCase& o) { return !o.ok; });
  const auto empty = std::count_if(outcomes.begin(), outcomes.end(), [](const ValidatedCase& o) { return o.empty(); });
  if (command.json) {
    std::vector<Document> all;
    for (const ValidatedCase& outcome : outcomes) all.push_back(document(outcome, false));
    say(json_text(Json{{"passed", std::ssize(outcomes) - failed - empty},
                       {"failed", failed},
                       {"empty", empty},
                       {"stopped", stopped},
                       {"cases", json_of(all)}}));
  } else if (!command.quiet) {
    for (const fs::path& folder : left_out) say(fmt::format("left out: {} (not_validated)\n", folder.string()));
    say(fmt::format("{} passed, {} failed{}{}\n", std::ssize(outcomes) - failed - empty, failed,
                    empty > 0 ? fmt::format(", {} without checks", empty) : "",
                    stopped ? fmt::format("; stopped before the other {}", files.size() - outcomes.size()) : ""));
  }
  if (command.junit) write_atomically(*command.junit, junit(outcomes));
  if (stopped) return exit_stopped;
  return failed == 0 ? exit_ok : exit_check;
}

}  // namespace fokker
