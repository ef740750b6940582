#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <unistd.h>

#include <system_error>

#include "fokker/base/errors.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/records/sweep_table.hpp"
#include "fokker/run/report.hpp"
#include "fokker/run/run_figure.hpp"
#include "fokker/run/sweep.hpp"

namespace fokker {

namespace {

/// Hands the page to the desktop, which shows it or not; nobody waits for it.
void show(const std::filesystem::path& page) {
  std::string program = "xdg-open", path = std::filesystem::absolute(page).string();
  char* const words[] = {program.data(), path.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&quiet, stream, "/dev/null", O_RDWR, 0);
  pid_t process = 0;
  const int problem = ::posix_spawnp(&process, words[0], &quiet, nullptr, words, environ);
  posix_spawn_file_actions_destroy(&quiet);
  if (problem != 0)
    complain(fmt::format("note: --open: there is no xdg-open here; open {} in a browser\n", page.string()));
}

/// figure.png and figure.svg, the text of which is returned; "" where there can be none, which is noted on stderr.
std::string draw_figures(const RunRecord& record) {
  const StopAnswer answer;  // it takes no longer than a signal may wait
  std::string svg;
  try {
    svg = write_figures(record.folder(), figure_of(record, record.picture()));
  } catch (const FileError&) {
    throw;
  } catch (const std::exception& error) {  // the numbers of the run are worth more than its figure
    complain(fmt::format("note: no figure is drawn: {}\n", error.what()));
  }
  if (const std::string problem = figure::font_problem(); !problem.empty()) complain("note: " + problem + "\n");
  return svg;
}

int made(const std::filesystem::path& page, const Command& command) {
  if (command.open) show(page);
  if (command.json)
    say(json_text({{"report", page.string()}}));
  else if (!command.quiet)
    say(page.string() + "\n");
  return exit_ok;
}

}  // namespace

void report(const RunRecord& record, const Document& words, const Command& command, const std::string& svg) {
  const StopAnswer answer;  // it takes no longer than a signal may wait
  try {
    write_report(record, words, svg);
  } catch (const FileError&) {
    throw;
  } catch (const std::exception& error) {  // the results are there without it
    return complain(fmt::format("note: no report is written: {}\n", error.what()));
  }
  if (command.open) show(record.folder() / report_name);
}

void write_results(const RunRecord& record, const Document& summary, const Command& command) {
  const std::string svg = draw_figures(record);
  write_atomically(record.folder() / "summary.json", json_text(json_of(summary)), Durable::yes);
  report(record, summary, command, svg);
}

int verb_report(const Command& command) {
  if (command.arguments.size() != 1) throw UsageError("report takes one run folder: fokker report RUN_DIR [--open]");
  const std::filesystem::path folder = command.arguments[0];
  if (!std::filesystem::exists(folder)) throw FileError(folder.string(), "no such folder");
  if (std::filesystem::exists(folder / "converge.csv"))
    throw UsageError(
        fmt::format("{0} is a folder of `converge`, which has no report; `fokker plot {0}` draws it", folder.string()));
  if (is_sweep_folder(folder)) {
    show_sweep(folder);
    return made(folder / play_name, command);
  }
  const RunRecord record(folder);
  try {
    write_report(record, words_kept(record));
  } catch (const Json::exception& error) {
    throw FileError((folder / "summary.json").string(), fmt::format("damaged: {}", error.what()));
  }
  return made(folder / report_name, command);
}

}  // namespace fokker
