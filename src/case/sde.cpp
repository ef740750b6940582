#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "case_reader.hpp"

namespace fokker {
namespace {

constexpr std::size_t most_noise_sources = 64;

const std::vector<std::string> interpretations = {"ito", "stratonovich", "klimontovich"};

using Formulas = std::vector<std::vector<Expression>>;

std::optional<Formulas> formulas_of(CaseReader& reader, const std::vector<std::vector<Node>>& nodes) {
  const std::vector<std::string> variables = reader.axes_and_time();
  Formulas formulas(nodes.size());
  bool good = true;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const Node& node : nodes[i]) {
      const auto formula = reader.formula(node, variables);
      good = good && formula;
      formulas[i].push_back(formula.value_or(Expression()));
    }
  if (!good) return std::nullopt;
  return formulas;
}

void read_drift(CaseReader& reader, const Node& node, Case& c) {
  const std::size_t d = reader.dimension();
  const auto nodes = reader.list(node, d == 1);
  if (!nodes) return;
  if (nodes->size() != d)
    return reader.report(node, fmt::format("a list of {}, must have {}, one formula per axis", nodes->size(), d));
  if (const auto formulas = formulas_of(reader, {*nodes})) c.sde.drift = formulas->front();
}

void read_noise(CaseReader& reader, const Node& node, const Node& covariance, Case& c) {
  const auto nodes = reader.matrix(node, reader.dimension(), std::nullopt);
  if (!nodes) return;
  const std::size_t sources = nodes->front().size();
  if (sources > most_noise_sources)
    return reader.report(node, fmt::format("{} columns, at most {} noise sources", sources, most_noise_sources));
  if (auto formulas = formulas_of(reader, *nodes)) c.sde.noise = std::move(*formulas);
  if (const auto q = reader.covariance(covariance, sources)) c.sde.noise_covariance = *q;
}

void read_diffusion(CaseReader& reader, const Node& node, Case& c) {
  const std::size_t d = reader.dimension();
  const auto nodes = reader.matrix(node, d, d);
  if (!nodes) return;
  auto formulas = formulas_of(reader, *nodes);
  if (!formulas) return;
  if (d == 2 && !((*formulas)[0][1] == (*formulas)[1][0])) {
    const Node& entry = (*nodes)[1][0];
    return reader.report(entry, fmt::format("not symmetric: must equal {}.0.1", node.key));
  }
  Eigen::MatrixXd values(static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(d));
  bool constant = true;
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j) {
      const Expression& entry = (*formulas)[i][j];
      constant = constant && entry.is_constant();
      values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = entry.is_constant() ? entry.value() : 0;
    }
  if (constant && !reader.semidefinite(node, values, " in any cell")) return;
  c.sde.diffusion = std::move(*formulas);
}

void read_potential(CaseReader& reader, const Node& potential, const Node& temperature, Case& c) {
  const std::vector<std::string> variables = reader.axes_and_time();
  c.sde.potential = reader.formula(potential, variables);
  c.sde.temperature = reader.formula(temperature, variables);
  if (c.sde.temperature && c.sde.temperature->is_constant() && c.sde.temperature->value() < 0)
    reader.report(temperature, fmt::format("{}, must be a number >= 0 or a formula", c.sde.temperature->value()));
}

Interpretation interpretation_named(std::string_view name) {
  if (name == "stratonovich") return Interpretation::stratonovich;
  if (name == "klimontovich") return Interpretation::klimontovich;
  return Interpretation::ito;
}

// The section as it was written, for resolved.toml; parameters and definitions have tables of their own.
void keep_text(const TableReader& sde, Case& c) {
  c.sde_text.emplace_back("interpretation",
                          toml_string(interpretations[static_cast<std::size_t>(c.sde.interpretation)]));
  for (const char* key : {"drift", "noise", "noise_covariance", "diffusion", "potential", "temperature"})
    if (const Value* value = sde.table()->find(key)) c.sde_text.emplace_back(key, to_toml(*value));
}

}  // namespace

// Exactly one of: drift with noise (and its covariance), drift with diffusion, potential with temperature.
void read_sde(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = root.require("sde", "a table");
  TableReader sde(node, reader.problems);
  if (!sde.is_table() || reader.dimension() == 0) return;
  if (sde.table()->find("model")) return read_model(reader, sde, c);  // its keys are the model's own

  const Node interpretation = sde.find("interpretation");
  c.sde.interpretation = interpretation_named(reader.word(interpretation, interpretations).value_or("ito"));
  static_cast<void>(sde.find("parameters"));
  static_cast<void>(sde.find("definitions"));

  constexpr std::array<std::string_view, 2> drifts = {"drift", "potential"};
  constexpr std::array<std::string_view, 3> noises = {"noise", "diffusion", "temperature"};
  const auto drift = sde.one_of(drifts), noise = sde.one_of(noises);
  const Node covariance = sde.find("noise_covariance");
  const bool has_potential = !drift.empty() && drift.front() == "potential";

  if (drift.empty()) {
    const bool thermal = !noise.empty() && noise.front() == "temperature";
    static_cast<void>(thermal ? sde.require("potential", "a formula")
                              : sde.require("drift", "a list of formulas, one per axis"));
  } else if (noise.empty()) {
    static_cast<void>(has_potential ? sde.require("temperature", "a number or a formula")
                                    : sde.require("noise", "a matrix of formulas, one row per axis (or diffusion)"));
  } else if (drift.size() == 1 && noise.size() == 1 && has_potential != (noise.front() == "temperature")) {
    reader.report(sde.find(noise.front()), has_potential ? "goes with drift; with potential give temperature"
                                                         : "goes with potential; with drift give noise or diffusion");
  }
  const Node noise_node = sde.find("noise"), diffusion = sde.find("diffusion");
  if (covariance && !noise_node) reader.report(covariance, "goes with noise only");

  read_drift(reader, sde.find("drift"), c);
  read_noise(reader, noise_node, covariance, c);
  read_diffusion(reader, diffusion, c);
  read_potential(reader, sde.find("potential"), sde.find("temperature"), c);
  if (diffusion && reader.dimension() == 2 && c.sde.interpretation == Interpretation::stratonovich)
    reader.report(interpretation, "stratonovich needs noise: in 2D diffusion alone does not fix it");
  sde.finish();
  keep_text(sde, c);
}

}  // namespace fokker
