#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/expression.hpp"
#include "fokker/cli/verbs.hpp"

namespace fokker {
namespace {

constexpr Verb rows[] = {
    {"run", "CASE.toml", "solve, compare, check, write everything into the run folder", verb_run},
    {"check", "CASE.toml", "no solve: parse, validate, print what would run", verb_check},
    {"converge", "CASE.toml", "refine --levels N times: table of error, order, cost", verb_converge},
    {"steady", "CASE.toml", "stationary density and current of an autonomous case, without stepping in time",
     verb_steady},
    {"validate", "[PATH...]", "every case under cases/ and validation/ (or those given) against its checks",
     verb_validate},
    {"list", "[KIND]", "what exists: fluxes, steppers, quantities, functions ...", verb_list},
    {"explain", "[NAME]", "the manual of a key, a row of `list`, a word of the field", verb_explain},
    {"init", "NAME [STARTER]", "write a commented starter case NAME.toml", verb_init},
    {"resume", "RUN_DIR", "go on from the last checkpoint of a run folder, to the same end bit for bit", verb_resume},
    {"compare", "A B", "compare two runs (not available yet)", nullptr},
    {"modes", "CASE.toml", "slowest eigenmodes (not available yet)", nullptr},
    {"passage", "CASE.toml", "first-passage times (not available yet)", nullptr},
    {"info", "FILE", "what a file holds (not available yet)", nullptr},
};

}  // namespace

std::span<const Verb> verbs() { return rows; }

const Verb* find_verb(std::string_view name) {
  const auto* const row = std::find_if(std::begin(rows), std::end(rows), [&](const Verb& v) { return v.name == name; });
  return row == std::end(rows) ? nullptr : row;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> names) {
  const std::string near = nearest_name(name, names);
  return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

}  // namespace fokker
