#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "fokker/base/stop.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/run/converge.hpp"
#include "fokker/run/run.hpp"
#include "fokker/spectral/fourier.hpp"

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
    if (entry->is_regular_file() && entry->path().extension() == ".toml") files.push_back(entry->path());
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

/// What became of one case.
struct Outcome {
  fs::path file;
  std::size_t checks = 0, failed = 0;
  std::string worst;  ///< the first check that fell short, or why the case could not run
  std::string lines;  ///< every check with its value and bound, for -v
  double seconds = 0;
  bool ok = false;
  [[nodiscard]] bool empty() const { return ok && !skipped && checks == 0; }
  std::vector<std::string> warnings;
  bool skipped = false;  ///< asks for the spectral witness of a build that has none
};

std::string check_line(const std::string& label, double at, double value, const std::string& bound) {
  return fmt::format("    {:<44} at t = {:<8.4g} {:>14.7g}   asked {}\n", label, at, value, bound);
}

void judge_order(const Case& config, Outcome& outcome) {
  constexpr int levels = 3;
  const bool asked =
      std::any_of(config.checks.begin(), config.checks.end(), [](const CaseCheck& c) { return c.quantity == "order"; });
  if (!asked) return;
  const double order = converge(config, levels, false).order();
  for (const CaseCheck& check : config.checks) {
    if (check.quantity != "order") continue;
    ++outcome.checks;
    outcome.lines += check_line("order", config.time.end, order, CheckResult{&check, 0, 0, false}.bound());
    if (holds(check, order)) continue;
    ++outcome.failed;
    if (outcome.worst.empty())
      outcome.worst = fmt::format("order = {:.3g}, asked {}", order, CheckResult{&check, 0, 0, false}.bound());
  }
}

Outcome validate_one(const fs::path& file, const Command& command) {
  Outcome outcome;
  outcome.file = file;
  try {
    Case config = load_case(file, command.overrides, vocabulary());
    if (config.compare.spectral && fourier_library().empty()) {
      outcome.skipped = outcome.ok = true;
      return outcome;
    }
    Setup setup = build(std::move(config));
    const RunResult result = run(setup, {});
    if (result.stop_reason == "interrupted") throw Stopped();
    outcome.seconds = result.total_seconds;
    outcome.warnings = setup.warnings;
    outcome.warnings.insert(outcome.warnings.end(), result.warnings.begin(), result.warnings.end());
    if (result.stop_reason != "end") outcome.worst = result.stop_reason;
    for (const CheckResult& done : result.checks) {
      ++outcome.checks;
      outcome.lines += check_line(done.label(), done.at, done.value, done.bound());
      if (done.ok) continue;
      ++outcome.failed;
      if (outcome.worst.empty())
        outcome.worst = fmt::format("{} = {:.4g}, asked {}{}", done.label(), done.value, done.bound(),
                                    done.note.empty() ? "" : "; " + done.note);
    }
    judge_order(setup.config, outcome);
  } catch (const std::exception& error) {
    outcome.worst = error.what();
  }
  outcome.ok = outcome.worst.empty();
  return outcome;
}

std::string verdict_of(const Outcome& outcome) {
  if (!outcome.ok) return "FAILS: " + outcome.worst;
  if (outcome.skipped) return "skipped: this build has no FFTW";
  return outcome.empty() ? "ran, but has no checks: nothing was validated" : "ok";
}

/// One line, its warnings, and with -v every check.
std::string text_of(const Outcome& outcome, bool verbose) {
  std::string text = fmt::format("{:<44} {:>3} checks  {:>7.2f} s  {}\n", outcome.file.string(), outcome.checks,
                                 outcome.seconds, verdict_of(outcome));
  if (verbose) text += outcome.lines;
  for (const std::string& warning : outcome.warnings) text += fmt::format("    warning: {}\n", warning);
  return text;
}

}  // namespace

int verb_validate(const Command& command) {
  std::vector<Outcome> outcomes;
  std::vector<fs::path> left_out;
  const std::vector<fs::path> files = case_files(command, left_out);
  for (const fs::path& file : files) {
    try {
      poll_stop();
      outcomes.push_back(validate_one(file, command));
    } catch (const Stopped&) {  // what is done is reported
      break;
    }
    const Outcome& last = outcomes.back();
    if (!command.json && (!command.quiet || !last.ok || last.empty())) say(text_of(last, command.verbose));
  }
  const bool stopped = outcomes.size() < files.size();
  const auto failed = std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return !o.ok; });
  const auto empty = std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.empty(); });
  if (command.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Outcome& o : outcomes)
      json.push_back({{"case", o.file.string()},
                      {"checks", o.checks},
                      {"failed", o.failed},
                      {"seconds", o.seconds},
                      {"ok", o.ok},
                      {"skipped", o.skipped},
                      {"warnings", o.warnings},
                      {"worst", o.worst}});
    say(json_text(json));
  } else if (!command.quiet) {
    for (const fs::path& folder : left_out) say(fmt::format("left out: {} (not_validated)\n", folder.string()));
    say(fmt::format("{} passed, {} failed{}{}\n", std::ssize(outcomes) - failed - empty, failed,
                    empty > 0 ? fmt::format(", {} without checks", empty) : "",
                    stopped ? fmt::format("; stopped before the other {}", files.size() - outcomes.size()) : ""));
  }
  if (stopped) return exit_stopped;
  return failed == 0 ? exit_ok : exit_check;
}

}  // namespace fokker
