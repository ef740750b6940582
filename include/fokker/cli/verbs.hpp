#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/base/exit_code.hpp"
#include "fokker/output/document.hpp"
#include "fokker/run/observe/live.hpp"

namespace fokker {

class RunRecord;

/// The command line, parsed.
struct Command {
  std::vector<std::string> arguments;  ///< after the verb
  std::vector<std::string> overrides;  ///< --set
  std::optional<std::filesystem::path> out;
  std::optional<std::filesystem::path> from;   ///< init: the case to copy
  std::optional<std::filesystem::path> junit;  ///< validate: a report for scripts
  std::string fields, times;                   ///< plot: names and numbers between commas
  bool log = false;                            ///< plot
  bool open = false;                           ///< run, steady, report: show the page
  bool estimate = false;                       ///< run, resume, steady: how far to believe it
  bool live = false;                           ///< run, resume: draw the density meanwhile
  bool force = false, json = false, quiet = false, verbose = false;
  std::string progress = "auto";  ///< auto | always | never
  int levels = 4;                 ///< converge
  std::string in = "space";       ///< converge: space | time
  int threads = 0;                ///< 0: all the machine has
  int jobs = 0;                   ///< sweep: members at a time; 0: as many as there are cores for
  std::string list_for;           ///< sweep: slurm | parallel
  std::string rerun;              ///< sweep: failed
  std::optional<int> only;        ///< sweep: one member
  bool collect = false;           ///< sweep
};

/// The verbs. Each prints to stdout, returns an exit code and throws the error classes of base/errors.hpp.
int verb_run(const Command& command);
int verb_resume(const Command& command);
int verb_check(const Command& command);
int verb_converge(const Command& command);
int verb_validate(const Command& command);
int verb_list(const Command& command);
int verb_init(const Command& command);
int verb_steady(const Command& command);
int verb_explain(const Command& command);
int verb_info(const Command& command);
int verb_compare(const Command& command);
int verb_operator(const Command& command);
int verb_completion(const Command& command);
int verb_man(const Command& command);
int verb_plot(const Command& command);
int verb_report(const Command& command);
int verb_upgrade(const Command& command);
int verb_sweep(const Command& command);

/// A row of `list verbs`.
struct Verb {
  std::string_view name, usage, help;
  int (*act)(const Command&);  ///< null: not available yet
  bool estimates = false;      ///< takes --estimate
};
[[nodiscard]] std::span<const Verb> verbs();
/// nullptr where there is none.
[[nodiscard]] const Verb* find_verb(std::string_view name);

/// An option of the command line.
struct Option {
  std::string_view name;      ///< "--set"
  std::string_view argument;  ///< "KEY=VALUE"; "" for a switch
  std::string_view help;
};
[[nodiscard]] std::span<const Option> options();

/// What `list` knows: the topics of the catalogue, and those of the command line.
[[nodiscard]] std::vector<std::string> list_topics();
/// The starters of `init` as rows of a list.
[[nodiscard]] std::vector<Document> starter_rows();

/// What `fokker` alone does: a run of a second, and what to try next.
int demonstration(const Command& command);

/// "; did you mean NAME?", or `none` where none is near.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string> names,
                                       const char* none = "");

/// What a run or `steady` that is over leaves: figure.png and figure.svg, summary.json, report.html, which is shown
/// where --open asks for it. Where there can be no figure or report, that is noted on stderr. Throws FileError.
void write_results(const RunRecord& record, const Document& summary, const Command& command);
/// The report alone, of a run whose summary has been written.
void report(const RunRecord& record, const Document& words, const Command& command, const std::string& svg = "");

/// Where the bar of progress is drawn; nowhere unless it is wanted.
[[nodiscard]] std::function<void(std::string_view)> progress_of(const Command& command);

/// Where --live draws; null where it is not asked for, or stderr cannot be drawn on, which is noted.
[[nodiscard]] std::shared_ptr<LiveScreen> live_screen(const Command& command);

/// Prints what a study found, as JSON or, unless people want it quiet, as text.
void say(const Document& found, const Command& command);

/// The text of --version.
[[nodiscard]] std::string version_text();

}  // namespace fokker
