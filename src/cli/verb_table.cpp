#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/expression.hpp"
#include "fokker/cli/verbs.hpp"

namespace fokker {
namespace {

constexpr Verb rows[] = {
    {"run", "CASE.toml", "solve, compare, check, write everything into the run folder", verb_run, true},
    {"check", "CASE.toml", "no solve: parse, validate, print what would run", verb_check, true},
    {"converge", "CASE.toml",
     "refine --levels N times: table of error, order, cost; with --out also as converge.csv and a figure",
     verb_converge},
    {"steady", "CASE.toml", "stationary density and current of an autonomous case, without stepping in time",
     verb_steady, true},
    {"sweep", "SWEEP.toml",
     "a case over lists of parameters, side by side or as a job list; goes on where it was killed", verb_sweep},
    {"validate", "[PATH...]", "every case under cases/ and validation/ (or those given) against its checks",
     verb_validate},
    {"list", "[KIND]", "what exists: fluxes, steppers, quantities, functions ...", verb_list},
    {"explain", "[NAME]", "the manual of a key, a row of `list`, a word of the field", verb_explain},
    {"resume", "RUN_DIR", "go on from the last checkpoint of a run folder, to the same end bit for bit", verb_resume,
     true},
    {"init", "NAME [STARTER]", "write a commented starter case NAME.toml, or copy one with its files (--from CASE DIR)",
     verb_init},
    {"info", "FILE", "what a case, a run folder, a frame, a table or a summary holds, and who made it", verb_info},
    {"compare", "A B", "two run folders, or one and a .csv of samples or values: norms, KL, W1, KS at matching times",
     verb_compare},
    {"plot", "RUN_DIR",
     "the figure of a run, of `steady`, of a sweep, of a series.csv or a converge.csv, as PNG, SVG or PDF", verb_plot},
    {"report", "RUN_DIR", "make the page report.html of a run folder, play.html of a sweep, again from its files",
     verb_report},
    {"operator", "CASE.toml", "the matrix of dp/dt = A p with volumes and outflow rates (MatrixMarket, --out Q.mtx)",
     verb_operator},
    {"upgrade", "FILE", "a case, run folder or summary of an earlier version to the names of today", verb_upgrade},
    {"completion", "bash | zsh | fish", "print what the shell needs to complete names", verb_completion},
    {"man", "", "print the manual page", verb_man},
    {"modes", "CASE.toml", "slowest eigenmodes (not available yet)", nullptr},
    {"passage", "CASE.toml", "first-passage times (not available yet)", nullptr},
};

constexpr Option option_rows[] = {
    {"--set", "KEY=VALUE", "override a key of the case, as axis.x.cells=512 (repeatable)"},
    {"--out", "PATH", "run folder (default runs/<case name>); operator, plot: the file"},
    {"--force", "", "replace the files of an earlier run"},
    {"--threads", "N", "number of threads (default: all)"},
    {"--progress", "WHEN", "auto, always or never"},
    {"--json", "", "machine-readable result on stdout, an object for every exit code"},
    {"--quiet", "", "-q: print what failed, and nothing else"},
    {"--verbose", "", "-v: run: say first what `check` says; validate: every check"},
    {"--wall-time", "SECONDS", "stop after so many seconds, with a checkpoint (exit code 6)"},
    {"--estimate", "",
     "run, resume, steady: how far to believe it, by the same case on half and a quarter of the cells; check: what "
     "that costs"},
    {"--levels", "N", "converge: number of grids (default 4)"},
    {"--in", "WHAT", "converge: space or time"},
    {"--from", "CASE", "init: the case to copy into the folder that is named"},
    {"--fields", "NAMES", "plot: what is shown beside p (`list fields`), columns of a table, between commas"},
    {"--times", "TIMES", "plot: the frames that are shown, between commas"},
    {"--log", "", "plot: densities in logarithmic colours and heights"},
    {"--open", "", "run, steady, report: show report.html in the browser"},
    {"--live", "", "run, resume: draw the density in the terminal while it evolves"},
    {"--junit", "FILE", "validate: write a JUnit report"},
    {"--jobs", "N", "sweep: members at a time (default: as many as there are cores for)"},
    {"--for", "SCHEDULER", "sweep: write the list of what is left to do, for slurm or parallel, and run nothing"},
    {"--collect", "", "sweep: run nothing, gather what the run folders of its members hold"},
    {"--only", "N", "sweep: member N alone, anew"},
    {"--rerun", "WHAT", "sweep: members that failed once more (--rerun failed)"},
    {"--version", "", "version, commit, compiler and libraries"},
    {"--help", "", "-h: the verbs and options"},
};

}  // namespace

std::span<const Option> options() { return option_rows; }

std::span<const Verb> verbs() { return rows; }

const Verb* find_verb(std::string_view name) {
  const auto* const row = std::find_if(std::begin(rows), std::end(rows), [&](const Verb& v) { return v.name == name; });
  return row == std::end(rows) ? nullptr : row;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> names, const char* none) {
  std::string near = nearest_name(name, names);
  for (const std::string& other : names)  // flux: fluxes
    if (near.empty() && name.size() > 2 && other.starts_with(name)) near = other;
  return near.empty() ? none : fmt::format("; did you mean {}?", near);
}

}  // namespace fokker
