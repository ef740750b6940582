// The front door: argv -> verb -> exit code. Every error class of base/errors.hpp ends here.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "fokker/base/errors.hpp"
#include "fokker/base/instruction_set.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"

namespace {

int act(const fokker::Verb& verb, const fokker::Command& command) {
  if (!verb.act) throw fokker::UsageError(std::string(verb.name) + ": not available yet");
  if (command.estimate && !verb.estimates)
    throw fokker::UsageError(fmt::format(
        "--estimate goes with run, resume, steady and check, not with {}",
        verb.name.empty()
            ? "the demonstration"
            : fmt::format("{}{}", verb.name,
                          verb.act == fokker::verb_converge ? ", which has its own grids (--levels)" : "")));
  if (command.live && verb.act != fokker::verb_run && verb.act != fokker::verb_resume)
    throw fokker::UsageError(fmt::format("--live goes with run and resume, not with {}",
                                         verb.name.empty() ? "the demonstration" : verb.name));
  if (command.live && (command.quiet || command.progress == "never"))
    throw fokker::UsageError(fmt::format("--live draws while {} wants nothing drawn; leave one of them out",
                                         command.quiet ? "-q" : "--progress never"));
  return verb.act(command);
}

/// The first word that is neither an option nor an option's value: what should have been a verb.
std::string first_word(const CLI::App& app, int argc, char** argv) {
  for (int k = 1; k < argc; ++k) {
    const std::string word = argv[k];
    if (word.empty() || word[0] != '-') return word;
    const CLI::Option* option = app.get_option_no_throw(word);
    if (option != nullptr && option->get_items_expected_max() > 0) ++k;
  }
  return "";
}

/// What went wrong: words for people, and an object for scripts.
struct Failure {
  fokker::ExitCode code;
  const char* kind;
  std::string text;
  std::vector<fokker::Problem> problems = {};
};

int failed(const Failure& failure, bool json) {
  fokker::complain(failure.problems.empty() ? "fokker: " + failure.text + "\n" : failure.text);
  if (!json) return failure.code;
  fokker::Json error{{"exit_code", static_cast<int>(failure.code)}, {"kind", failure.kind}};
  if (failure.problems.empty()) error["message"] = failure.text;
  for (const fokker::Problem& problem : failure.problems)
    error["problems"].push_back({{"where", problem.where}, {"key", problem.key}, {"text", problem.text}});
  try {
    fokker::say(fokker::json_text({{"error", error}}));
  } catch (const fokker::FileError&) {  // nobody listens
  }
  return failure.code;
}

Failure of_case(const fokker::CaseError& error) {
  std::string text;
  for (const fokker::Problem& problem : error.problems()) text += problem.message() + "\n";
  if (error.problems().size() > 1) text += std::to_string(error.problems().size()) + " problems\n";
  return {fokker::exit_usage, "case", text, error.problems()};
}

Failure of_verb(const std::string& word) {
  std::vector<std::string> names;
  std::string all;
  for (const fokker::Verb& verb : fokker::verbs()) {
    names.emplace_back(verb.name);
    if (verb.act) all += (all.empty() ? "" : ", ") + names.back();
  }
  std::string text =
      word.empty() ? "a verb is missing" : "unknown verb '" + word + "'" + fokker::did_you_mean(word, names);
  if (word.ends_with(".toml"))
    text = "a verb is missing before " + word + ": fokker run " + word + " (or check, converge, steady)";
  else
    text += " (verbs: " + all + "; more with --help)";
  return {fokker::exit_usage, "usage", text};
}

/// What the error in flight stands for.
Failure failure_in_flight() {
  try {
    throw;
  } catch (const fokker::CaseError& error) {
    return of_case(error);
  } catch (const fokker::UsageError& error) {
    return {fokker::exit_usage, "usage", error.what()};
  } catch (const fokker::FileError& error) {
    return {fokker::exit_file, "file", error.what()};
  } catch (const std::filesystem::filesystem_error& error) {
    return {fokker::exit_file, "file", error.path1().string() + ": " + error.code().message()};
  } catch (const fokker::NumericalError& error) {
    return {fokker::exit_numerical, "numerical", error.what()};
  } catch (const fokker::Stopped&) {
    return {fokker::exit_stopped, "stopped", "stopped"};
  } catch (const std::bad_alloc&) {
    return {fokker::exit_usage, "memory",
            "there is not enough memory for this case; fewer cells, particles or threads need less"};
  } catch (const std::exception& error) {
    return {fokker::exit_internal, "internal", std::string("internal error: ") + error.what()};
  }
}

int guarded(const fokker::Verb& verb, const fokker::Command& command) {
  try {
    (void)fokker::instruction_set();  // refused here if at all, and not by the first kernel
    return act(verb, command);
  } catch (...) {
    return failed(failure_in_flight(), command.json);
  }
}

/// --json, wherever it stands: the parser may not come so far.
bool asks_for_json(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc, [](const char* word) { return std::string_view(word) == "--json"; });
}

/// The first word that looks like an option and is none, with the nearest that is one; "" where all are known.
std::string unknown_option(int argc, char** argv) {
  std::vector<std::string> names{"-q", "-v", "-h"};
  for (const fokker::Option& option : fokker::options()) names.emplace_back(option.name);
  for (int k = 1; k < argc; ++k) {
    const std::string word = std::string(argv[k]).substr(0, std::string_view(argv[k]).find('='));
    const bool is_option = word.size() > 1 && word[0] == '-' && std::isdigit(static_cast<unsigned char>(word[1])) == 0;
    if (is_option && std::find(names.begin(), names.end(), word) == names.end())
      return "unknown option " + word + fokker::did_you_mean(word, names) + " (all of them: fokker list options)";
  }
  return "";
}

/// What the parser of the command line has to say, and its exit code.
int said(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const bool json = asks_for_json(argc, argv);
  std::ostringstream out, complaint;
  const int code = app.exit(error, out, complaint);
  if (code != 0) {
    std::string text = complaint.str();
    while (text.ends_with('\n')) text.pop_back();
    if (const std::string option = unknown_option(argc, argv); !option.empty()) text = option;
    return failed({fokker::exit_usage, "usage", text}, json);
  }
  try {
    fokker::say(json ? fokker::json_text({{"text", out.str()}}) : out.str());
  } catch (const fokker::FileError&) {
    return failed(failure_in_flight(), false);
  }
  return fokker::exit_ok;
}

std::string help_of(std::string_view name) {
  for (const fokker::Option& option : fokker::options())
    if (option.name == name) return std::string(option.help);
  return "";
}

/// The options of the command line, with the texts of their table.
void add_options(CLI::App& app, fokker::Command& command, double& wall_time) {
  app.add_option("--set", command.overrides, help_of("--set"))->allow_extra_args(false);
  app.add_option("--out", command.out, help_of("--out"));
  app.add_flag("--force", command.force, help_of("--force"));
  app.add_option("--threads", command.threads, help_of("--threads"))->check(CLI::Range(1, 1024));
  app.add_option("--progress", command.progress, help_of("--progress"))
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag("--json", command.json, help_of("--json"));
  app.add_flag("-q,--quiet", command.quiet, help_of("--quiet"));
  app.add_flag("-v,--verbose", command.verbose, help_of("--verbose"));
  app.add_option("--wall-time", wall_time, help_of("--wall-time"))->check([](const std::string& text) {
    const double seconds = std::strtod(text.c_str(), nullptr);
    return std::isfinite(seconds) && seconds > 0 ? "" : fmt::format("{} is no number of seconds > 0", text);
  });
  app.add_flag("--estimate", command.estimate, help_of("--estimate"));
  app.add_flag("--live", command.live, help_of("--live"));
  app.add_option("--levels", command.levels, help_of("--levels"));
  app.add_option("--in", command.in, help_of("--in"));
  app.add_option("--from", command.from, help_of("--from"));
  app.add_option("--fields", command.fields, help_of("--fields"));
  app.add_option("--times", command.times, help_of("--times"));
  app.add_flag("--log", command.log, help_of("--log"));
  app.add_flag("--open", command.open, help_of("--open"));
  app.add_option("--junit", command.junit, help_of("--junit"));
  app.add_option("--jobs", command.jobs, help_of("--jobs"))->check(CLI::Range(1, 1024));
  app.add_option("--for", command.list_for, help_of("--for"));
  app.add_flag("--collect", command.collect, help_of("--collect"));
  app.add_option("--only", command.only, help_of("--only"))->check(CLI::NonNegativeNumber);
  app.add_option("--rerun", command.rerun, help_of("--rerun"));
}

/// The verbs as --help shows them.
std::string verbs_text() {
  std::string text = "Verbs:\n";
  for (const fokker::Verb& verb : fokker::verbs())
    if (verb.act != nullptr)
      text += fmt::format("  {:<26} {}\n", fmt::format("{} {}", verb.name, verb.usage), verb.help);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  fokker::prepare_streams();
  constexpr std::chrono::milliseconds patience{800};
  fokker::SignalWatch watch(patience, fokker::exit_stopped);

  CLI::App app{
      "fokker: solves Fokker-Planck equations from case files and holds every density against independent witnesses"};
  app.set_version_flag("--version", fokker::version_text);

  fokker::Command command;
  double wall_time = 0;
  add_options(app, command, wall_time);

  // Verbs are words like others: `explain run` asks, and runs nothing.
  std::vector<std::string> words;
  app.add_option("verb", words, "what to do, and with what");
  app.footer(verbs_text());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::string word = first_word(app, argc, argv);
    const bool no_verb = error.get_exit_code() != 0 && !word.empty() && fokker::find_verb(word) == nullptr;
    return no_verb ? failed(of_verb(word), asks_for_json(argc, argv)) : said(app, error, argc, argv);
  }
  constexpr fokker::Verb alone{"", "", "", fokker::demonstration};
  const fokker::Verb* const chosen = words.empty() ? &alone : fokker::find_verb(words.front());
  if (chosen == nullptr) return failed(of_verb(words.front()), command.json);
  if (!words.empty()) command.arguments.assign(words.begin() + 1, words.end());
  const fokker::ThreadLimit limit(command.threads);
  if (wall_time > 0) watch.stop_after(wall_time);
  return guarded(*chosen, command);
}
