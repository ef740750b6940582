#include "fokker/run/validate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/stop.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/converge.hpp"
#include "fokker/run/quantities.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/stop_reason.hpp"
#include "fokker/spectral/fourier.hpp"

namespace fokker {
namespace {

void take(const CheckResult& done, ValidatedCase& outcome) {
  ++outcome.checks;
  outcome.lines.push_back(
      fmt::format("{:<44} at t = {:<8.4g} {:>14.7g}   asked {}", done.label(), done.at, done.value, done.bound()));
  if (done.ok) return;
  ++outcome.failed;
  if (outcome.worst.empty())
    outcome.worst = fmt::format("{} = {:.4g}, asked {}{}", done.label(), done.value, done.bound(),
                                done.note.empty() ? "" : "; " + done.note);
}

void judge_order(const Case& config, ValidatedCase& outcome) {
  constexpr int levels = 3;
  const bool asked = std::any_of(config.checks.begin(), config.checks.end(),
                                 [](const CaseCheck& check) { return !quantity_row(check.quantity).of_one_run(); });
  if (!asked) return;
  for (const CheckResult& done : converge(config, levels, false).checks) take(done, outcome);
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
    Setup setup;
    const RunResult result = in_wide_box(
        std::move(config),
        [&](const Case& boxed) {
          setup = build(boxed);
          return run(setup, {});
        },
        [](const std::string&) {});
    if (result.stop_reason == stop_cause()) throw Stopped();
    outcome.seconds = result.total_seconds;
    outcome.warnings = setup.warnings;
    outcome.warnings.insert(outcome.warnings.end(), result.warnings.begin(), result.warnings.end());
    if (!is_final(result.stop_reason)) outcome.worst = result.stop_reason;
    for (const CheckResult& done : result.checks) take(done, outcome);
    judge_order(setup.config, outcome);
  } catch (const std::exception& error) {
    outcome.worst = error.what();
  }
  outcome.ok = outcome.worst.empty();
  return outcome;
}

Document document(const ValidatedCase& outcome, bool verbose) {
  DocumentSection section{.label_width = 0, .indent = 4};
  section.findings = {{"case", outcome.file.string()}, {"checks", outcome.checks}, {"failed", outcome.failed},
                      {"seconds", outcome.seconds},    {"ok", outcome.ok},         {"skipped", outcome.skipped},
                      {"warnings", outcome.warnings},  {"worst", outcome.worst}};
  if (verbose)
    for (const std::string& line : outcome.lines) section.findings.push_back({"", {}, "", line});
  for (const std::string& warning : outcome.warnings) section.findings.push_back({"", {}, "", "warning: " + warning});
  return {fmt::format("{:<44} {:>3} checks  {:>7.2f} s  {}", outcome.file.string(), outcome.checks, outcome.seconds,
                      verdict_of(outcome)),
          {std::move(section)}};
}

}  // namespace fokker
