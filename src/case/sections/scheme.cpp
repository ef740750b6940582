#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "fokker/case/words.hpp"
#include "sections.hpp"

// [scheme]: the two forms have fluxes of their own.
namespace fokker::input {
namespace {

bool is_in(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool says(const Node& node, std::string_view word) {
  return node && node.value->kind == Value::Kind::string && node.value->text == word;
}

// A row of one of two lists; a row of the other list is named as such.
std::optional<std::string> flux_row(const Reading& r, const std::vector<std::string>& rows,
                                    const std::vector<std::string>& others, const std::string& where_others) {
  if (r.node && r.node.value->kind == Value::Kind::string && !is_in(rows, r.node.value->text) &&
      is_in(others, r.node.value->text)) {
    r.report(fmt::format("{} is a row for {}; allowed here: {}", toml_string(r.node.value->text), where_others,
                         fmt::join(rows, ", ")));
    return std::nullopt;
  }
  return r.reader.word(r.node, rows);
}

// The score divides the flux of an edge by p: rows that have one.
std::optional<std::string> consistent_flux(const Reading& r) {
  const Vocabulary& words = r.reader.vocabulary;
  const auto is_wide = [&](const std::string& row) { return is_in(words.wide_fluxes, row); };
  std::vector<std::string> edge_fluxes;
  std::remove_copy_if(words.fluxes.begin(), words.fluxes.end(), std::back_inserter(edge_fluxes), is_wide);
  if (r.node && r.node.value->kind == Value::Kind::string && is_wide(r.node.value->text))
    return flux_row(r, edge_fluxes, words.wide_fluxes,
                    "form = drift_diffusion (flux_consistent divides a flux of two cells)");
  return flux_row(r, edge_fluxes, words.advective_fluxes,
                  "the other scores (flux_consistent divides the flux of a drift_diffusion row)");
}

}  // namespace

std::vector<std::string> with_auto(std::vector<std::string> words) {
  words.insert(words.begin(), "auto");
  return words;
}

// What only one of the forms has is not held against a form that is unknown.
void read_form(Reading& r) {
  if (r.node) r.c.scheme.form = r.reader.word(r.node, names_of(words("forms"))).value_or("");
}

void read_flux(Reading& r) {
  const Vocabulary& words = r.reader.vocabulary;
  const bool effective = r.c.scheme.form == "effective_drift";
  const bool consistent = effective && says(r.table.find("score"), "flux_consistent");
  if (effective && !consistent) r.c.scheme.flux = "muscl";
  const auto row = consistent  ? consistent_flux(r)
                   : effective ? flux_row(r, words.advective_fluxes, with_auto(words.fluxes), "form = drift_diffusion")
                               : flux_row(r, with_auto(words.fluxes), words.advective_fluxes, "form = effective_drift");
  if (row) r.c.scheme.flux = *row;
}

void read_score_order(Reading& r) {
  const auto value = r.reader.integer(r.node, 2, 4);
  if (value && *value == 3) r.report("3, must be 2 or 4");
  r.c.scheme.score_order = static_cast<int>(value.value_or(2));
}

// The folder of an earlier run.
void read_score_table(Reading& r) {
  const auto name = r.reader.text(r.node);
  if (!name) return;
  r.c.scheme.table = *name;
  try {
    std::vector<CaseInput> frames = r.reader.inputs.frames(*name, is_of_set(r.node));
    if (frames.empty() && r.reader.inputs.reads)
      r.report(fmt::format("{} is not a run folder: it holds no density_000000.vti",
                           toml_string((r.reader.folder / *name).string())));
    for (CaseInput& frame : frames) static_cast<void>(r.reader.inputs.take(std::move(frame)));
  } catch (const FileError& fault) {
    r.report(fault.what());
  }
}

std::string write_score_table(const Case& c, std::size_t) { return toml_input(c, c.scheme.table); }

}  // namespace fokker::input
