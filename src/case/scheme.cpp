#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "case_reader.hpp"

namespace fokker {
namespace {

const std::vector<std::string> forms = {"drift_diffusion", "effective_drift"};
const std::vector<std::string> scores = {"log_difference", "flux_consistent", "spectral", "exact", "table"};

// A key that has a meaning for one choice only.
bool belongs(CaseReader& reader, const Node& node, bool fits, const std::string& to_what) {
  if (node && !fits) reader.report(node, "has a meaning only with " + to_what);
  return node && fits;
}

// A row of one of two lists; a row of the other list is named as such.
std::optional<std::string> flux_row(CaseReader& reader, const Node& node, const std::vector<std::string>& rows,
                                    const std::vector<std::string>& others, const std::string& where_others) {
  if (node && node.value->kind == Value::Kind::string) {
    const auto is_in = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), node.value->text) != list.end();
    };
    if (!is_in(rows) && is_in(others)) {
      reader.report(node, fmt::format("{} is a row for {}; allowed here: {}", toml_string(node.value->text),
                                      where_others, fmt::join(rows, ", ")));
      return std::nullopt;
    }
  }
  return reader.word(node, rows);
}

/// The rows of the drift-diffusion form, and the choice among them.
std::vector<std::string> with_auto(std::vector<std::string> rows) {
  rows.insert(rows.begin(), "auto");
  return rows;
}

// One of `allowed`, the first of which is the default.
std::string choice(CaseReader& reader, const Node& node, const std::vector<std::string>& allowed) {
  return reader.word(node, allowed).value_or(allowed.empty() ? "" : allowed.front());
}

// The folder of an earlier run.
void read_table(CaseReader& reader, TableReader& scheme, Case& c) {
  if (c.scheme.score != "table")
    return static_cast<void>(belongs(reader, scheme.find("table"), false, "score = table"));
  const Node node = scheme.require("table", "the folder of an earlier run");
  const auto name = reader.text(node);
  if (!name) return;
  c.scheme.table = reader.folder / *name;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(c.scheme.table / "density_000000.vti", ignored))
    reader.report(node, fmt::format("{} is not a run folder: it holds no density_000000.vti",
                                    toml_string(c.scheme.table.string())));
}

void read_effective_drift(CaseReader& reader, TableReader& table, const Node& flux, Case& c) {
  const Vocabulary& words = reader.vocabulary;
  const std::vector<std::string> of_the_other_form = with_auto(words.fluxes);
  c.scheme.score = reader.word(table.find("score"), scores).value_or("log_difference");
  const bool consistent = c.scheme.score == "flux_consistent";
  c.scheme.flux = consistent ? "scharfetter_gummel" : "muscl";
  const auto is_wide = [&](const std::string& row) {
    return std::find(words.wide_fluxes.begin(), words.wide_fluxes.end(), row) != words.wide_fluxes.end();
  };
  std::vector<std::string> edge_fluxes;
  std::remove_copy_if(words.fluxes.begin(), words.fluxes.end(), std::back_inserter(edge_fluxes), is_wide);
  const bool wide = flux && flux.value->kind == Value::Kind::string && is_wide(flux.value->text);
  const auto row = consistent && wide ? flux_row(reader, flux, edge_fluxes, words.wide_fluxes,
                                                 "form = drift_diffusion (flux_consistent divides a flux of two cells)")
                   : consistent
                       ? flux_row(reader, flux, edge_fluxes, words.advective_fluxes,
                                  "the other scores (flux_consistent divides the flux of a drift_diffusion row)")
                       : flux_row(reader, flux, words.advective_fluxes, of_the_other_form, "form = drift_diffusion");
  if (row) c.scheme.flux = *row;
  read_table(reader, table, c);
  const bool by_differences = c.scheme.score == "log_difference";
  if (const Node order = table.find("score_order"); belongs(reader, order, by_differences, "score = log_difference")) {
    const auto value = reader.integer(order, 2, 4);
    if (value && *value == 3) reader.report(order, "3, must be 2 or 4");
    c.scheme.score_order = static_cast<int>(value.value_or(2));
  }
  const Node limiter = table.find("limiter"), weights = table.find("weights");
  if (c.scheme.flux == "muscl") c.scheme.limiter = choice(reader, limiter, words.limiters);
  if (c.scheme.flux == "weno5") c.scheme.weights = choice(reader, weights, words.weights);
  static_cast<void>(belongs(reader, limiter, c.scheme.flux == "muscl", "flux = muscl"));
  static_cast<void>(belongs(reader, weights, c.scheme.flux == "weno5", "flux = weno5"));
}

}  // namespace

void read_scheme(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = root.find("scheme");
  if (!node) return;
  TableReader scheme(node, reader.problems);
  const Node form = scheme.find("form"), flux = scheme.find("flux");
  const bool form_known = !form || reader.word(form, forms);
  if (form_known && form) c.scheme.form = form.value->text;
  c.scheme.positive = reader.boolean(scheme.find("positive"));
  if (c.scheme.form == "effective_drift") {
    read_effective_drift(reader, scheme, flux, c);
  } else {
    if (const auto row = flux_row(reader, flux, with_auto(reader.vocabulary.fluxes), reader.vocabulary.advective_fluxes,
                                  "form = effective_drift"))
      c.scheme.flux = *row;
    for (const char* key : {"score", "score_order", "table", "limiter", "weights"}) {
      const Node other = scheme.find(key);
      static_cast<void>(belongs(reader, other, !form_known, "form = effective_drift"));
    }
  }
  scheme.finish();
}

}  // namespace fokker
