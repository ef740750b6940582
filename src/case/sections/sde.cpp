#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fokker/case/words.hpp"
#include "sections.hpp"

// [sde] by formulas: exactly one of drift with noise (and its covariance), drift with diffusion, potential with
// temperature.
namespace fokker::input {
namespace {

constexpr std::size_t most_noise_sources = 64;

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

Interpretation interpretation_named(std::string_view name) {
  if (name == "stratonovich") return Interpretation::stratonovich;
  if (name == "klimontovich") return Interpretation::klimontovich;
  return Interpretation::ito;
}

// Reports what is missing for one of the three ways.
void check_way(const Reading& r, TableReader& sde) {
  constexpr std::array<std::string_view, 2> drifts = {"drift", "potential"};
  constexpr std::array<std::string_view, 3> noises = {"noise", "diffusion", "temperature"};
  const auto drift = sde.one_of(drifts), noise = sde.one_of(noises);
  const bool has_potential = !drift.empty() && drift.front() == "potential";
  if (drift.empty()) {
    const bool thermal = !noise.empty() && noise.front() == "temperature";
    const std::string_view missing = thermal ? "potential" : "drift";
    static_cast<void>(sde.require(missing, thermal ? "a formula" : find_key("sde.drift")->access.must_be));
  } else if (noise.empty()) {
    static_cast<void>(has_potential ? sde.require("temperature", "a number or a formula")
                                    : sde.require("noise", "a matrix of formulas, one row per axis (or diffusion)"));
  } else if (drift.size() == 1 && noise.size() == 1 && has_potential != (noise.front() == "temperature")) {
    r.reader.report(sde.find(noise.front()), has_potential ? "goes with drift; with potential give temperature"
                                                           : "goes with potential; with drift give noise or diffusion");
  }
  const Node covariance = sde.find("noise_covariance");
  if (covariance && !sde.find("noise")) r.reader.report(covariance, "goes with noise only");
}

}  // namespace

void read_sde(Reading& r) {
  TableReader sde(r.node, r.reader.problems);
  if (!sde.is_table() || r.reader.dimension() == 0) return;
  if (sde.table()->find("model")) return read_model(r, sde);  // its keys are the model's own
  read_keys(r.reader, sde, "sde", r.c, 0, "formulas");
  check_way(r, sde);
  if (sde.find("diffusion") && r.reader.dimension() == 2 && r.c.sde.interpretation == Interpretation::stratonovich)
    r.reader.report(sde.find("interpretation"), "stratonovich needs noise: in 2D diffusion alone does not fix it");
  sde.finish();
}

void read_interpretation(Reading& r) {
  r.c.sde.interpretation =
      interpretation_named(r.reader.word(r.node, names_of(words("interpretations"))).value_or("ito"));
}

std::string write_interpretation(const Case& c, std::size_t) {
  return c.model.empty() ? toml_string(words("interpretations")[static_cast<std::size_t>(c.sde.interpretation)].name)
                         : "";
}

void read_drift(Reading& r) {
  const std::size_t d = r.reader.dimension();
  const auto nodes = r.reader.list(r.node, d == 1);
  if (!nodes) return;
  if (nodes->size() != d)
    return r.report(fmt::format("a list of {}, must have {}, one formula per axis", nodes->size(), d));
  if (const auto formulas = formulas_of(r.reader, {*nodes})) r.c.sde.drift = formulas->front();
}

void read_noise(Reading& r) {
  const auto nodes = r.reader.matrix(r.node, r.reader.dimension(), std::nullopt);
  if (!nodes) return;
  const std::size_t sources = nodes->front().size();
  if (sources > most_noise_sources)
    return r.report(fmt::format("{} columns, at most {} noise sources", sources, most_noise_sources));
  r.reader.noise_sources = sources;
  if (auto formulas = formulas_of(r.reader, *nodes)) r.c.sde.noise = std::move(*formulas);
}

void read_noise_covariance(Reading& r) {
  if (!r.reader.noise_sources) return;  // reported
  if (const auto q = r.reader.covariance(r.node, *r.reader.noise_sources)) r.c.sde.noise_covariance = *q;
}

void read_diffusion(Reading& r) {
  const std::size_t d = r.reader.dimension();
  const auto nodes = r.reader.matrix(r.node, d, d);
  if (!nodes) return;
  auto formulas = formulas_of(r.reader, *nodes);
  if (!formulas) return;
  if (d == 2 && !((*formulas)[0][1] == (*formulas)[1][0])) {
    const Node& entry = (*nodes)[1][0];
    return r.reader.report(entry, fmt::format("not symmetric: must equal {}.0.1", r.node.key));
  }
  Eigen::MatrixXd values(static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(d));
  bool constant = true;
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j) {
      const Expression& entry = (*formulas)[i][j];
      constant = constant && entry.is_constant();
      values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = entry.is_constant() ? entry.value() : 0;
    }
  if (constant && !r.reader.semidefinite(r.node, values, " in any cell")) return;
  r.c.sde.diffusion = std::move(*formulas);
}

void read_potential(Reading& r) { r.c.sde.potential = r.reader.formula(r.node, r.reader.axes_and_time()); }

void read_temperature(Reading& r) {
  auto& temperature = r.c.sde.temperature;
  temperature = r.reader.formula(r.node, r.reader.axes_and_time());
  if (temperature && temperature->is_constant() && temperature->value() < 0)
    r.report(fmt::format("{}, must be a number >= 0 or a formula", temperature->value()));
}

}  // namespace fokker::input
