// The front door: argv -> verb -> exit code. Every error class of base/errors.hpp ends here.
#include <CLI/CLI.hpp>
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

int complain_about_verb(const std::string& word) {
  std::vector<std::string> names;
  std::string all;
  for (const fokker::Verb& verb : fokker::verbs()) {
    names.emplace_back(verb.name);
    if (verb.act) all += (all.empty() ? "" : ", ") + names.back();
  }
  if (word.ends_with(".toml")) {
    fokker::complain("fokker: a verb is missing before " + word + ": fokker run " + word +
                     " (or check, converge, steady)\n");
    return fokker::exit_usage;
  }
  fokker::complain("fokker: " + (word.empty() ? "a verb is missing" : "unknown verb '" + word + "'") +
                   fokker::did_you_mean(word, names) + " (verbs: " + all + "; more with --help)\n");
  return fokker::exit_usage;
}

int failed(const std::string& what, int code) {
  fokker::complain("fokker: " + what + "\n");
  return code;
}

int guarded(const fokker::Verb& verb, const fokker::Command& command) {
  try {
    (void)fokker::instruction_set();  // refused here if at all, and not by the first kernel
    return act(verb, command);
  } catch (const fokker::CaseError& error) {
    for (const fokker::Problem& problem : error.problems()) fokker::complain(problem.message() + "\n");
    if (error.problems().size() > 1) fokker::complain(std::to_string(error.problems().size()) + " problems\n");
    return fokker::exit_usage;
  } catch (const fokker::UsageError& error) {
    return failed(error.what(), fokker::exit_usage);
  } catch (const fokker::FileError& error) {
    return failed(error.what(), fokker::exit_file);
  } catch (const std::filesystem::filesystem_error& error) {
    return failed(error.path1().string() + ": " + error.code().message(), fokker::exit_file);
  } catch (const fokker::NumericalError& error) {
    return failed(error.what(), fokker::exit_numerical);
  } catch (const fokker::Stopped&) {
    return failed("stopped", fokker::exit_stopped);
  } catch (const std::bad_alloc&) {
    return failed("there is not enough memory for this case; fewer cells, particles or threads need less",
                  fokker::exit_usage);
  } catch (const std::exception& error) {
    return failed(std::string("internal error: ") + error.what(), fokker::exit_internal);
  }
}

/// What the parser of the command line has to say, and its exit code.
int said(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out, complaint;
  const int code = app.exit(error, out, complaint);
  fokker::complain(complaint.str());
  try {
    fokker::say(out.str());
  } catch (const fokker::FileError& unsaid) {
    return failed(unsaid.what(), fokker::exit_file);
  }
  return code == 0 ? fokker::exit_ok : fokker::exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  fokker::prepare_streams();
  constexpr std::chrono::milliseconds patience{800};
  fokker::SignalWatch watch(patience, fokker::exit_stopped);

  CLI::App app{
      "fokker: solves Fokker-Planck equations from case files and holds every density against independent witnesses"};
  app.set_version_flag("--version", fokker::version_text);
  app.fallthrough();

  fokker::Command command;
  std::string out;
  int threads = 0;
  app.add_option("--set", command.overrides, "key.path=value: override a key of the case (repeatable)")
      ->allow_extra_args(false);
  app.add_option("--out", out, "run folder (default runs/<case name>)");
  app.add_flag("--force", command.force, "replace the files of an earlier run");
  app.add_option("--threads", threads, "number of threads (default: all)")->check(CLI::Range(1, 1024));
  app.add_option("--progress", command.progress, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag("--json", command.json, "machine-readable result on stdout");
  app.add_flag("-q,--quiet", command.quiet, "print errors only");
  app.add_flag("-v,--verbose", command.verbose, "run: say first what `check` says; validate: every check");
  double wall_time = 0;
  app.add_option("--wall-time", wall_time, "seconds after which to stop, with a checkpoint (exit code 6)")
      ->check(CLI::PositiveNumber);
  app.add_option("--levels", command.levels, "converge: number of grids (default 4)");
  app.add_option("--in", command.in, "converge: space or time");

  const fokker::Verb* chosen = nullptr;
  for (const fokker::Verb& verb : fokker::verbs()) {
    CLI::App* sub = app.add_subcommand(std::string(verb.name), std::string(verb.help));
    sub->add_option("arguments", command.arguments);
    sub->callback([&chosen, &verb] { chosen = &verb; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool no_verb = error.get_exit_code() != 0 && !chosen && app.get_subcommands().empty();
    return no_verb ? complain_about_verb(first_word(app, argc, argv)) : said(app, error);
  }
  if (!chosen) return complain_about_verb(first_word(app, argc, argv));
  if (!out.empty()) command.out = out;
  const fokker::ThreadLimit limit(threads);
  if (wall_time > 0) watch.stop_after(wall_time);
  return guarded(*chosen, command);
}
