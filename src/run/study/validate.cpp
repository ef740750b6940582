#include "fokker/run/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fokker/base/stop.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/run/converge.hpp"
#include "fokker/run/run.hpp"
#include "fokker/spectral/fourier.hpp"

namespace fokker {
namespace {

std::string check_line(const std::string& label, double at, double value, const std::string& bound) {
  return fmt::format("    {:<44} at t = {:<8.4g} {:>14.7g}   asked {}\n", label, at, value, bound);
}

void judge_order(const Case& config, ValidatedCase& outcome) {
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

std::string verdict_of(const ValidatedCase& outcome) {
  if (!outcome.ok) return "FAILS: " + outcome.worst;
  if (outcome.skipped) return "skipped: this build has no FFTW";
  return outcome.empty() ? "ran, but has no checks: nothing was validated" : "ok";
}

}  // namespace

ValidatedCase validate_case(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  ValidatedCase outcome;
  outcome.file = file;
  try {
    Case config = load_case(file, overrides, vocabulary());
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

std::string text_of(const ValidatedCase& outcome, bool verbose) {
  std::string text = fmt::format("{:<44} {:>3} checks  {:>7.2f} s  {}\n", outcome.file.string(), outcome.checks,
                                 outcome.seconds, verdict_of(outcome));
  if (verbose) text += outcome.lines;
  for (const std::string& warning : outcome.warnings) text += fmt::format("    warning: {}\n", warning);
  return text;
}

std::string json_of(std::span<const ValidatedCase> outcomes) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const ValidatedCase& o : outcomes)
    json.push_back({{"case", o.file.string()},
                    {"checks", o.checks},
                    {"failed", o.failed},
                    {"seconds", o.seconds},
                    {"ok", o.ok},
                    {"skipped", o.skipped},
                    {"warnings", o.warnings},
                    {"worst", o.worst}});
  return json_text(json);
}

}  // namespace fokker
