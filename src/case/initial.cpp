#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "case_reader.hpp"

namespace fokker {
namespace {

constexpr std::size_t most_components = 10'000;

std::optional<Gaussian> read_gaussian(CaseReader& reader, const Node& node, bool weighted) {
  TableReader table(node, reader.problems);
  if (!table.is_table()) return std::nullopt;
  const auto weight =
      weighted ? reader.number(table.require("weight", "a number > 0"), Bounds::positive()) : std::optional<double>(1);
  const Node mean_node = table.require("mean", "a list of numbers, one per axis");
  const Node covariance_node = table.require("covariance", "a symmetric matrix");
  const auto mean = mean_node ? reader.vector(mean_node, reader.dimension()) : std::nullopt;
  const auto covariance = reader.covariance(covariance_node, reader.dimension());
  table.finish();
  if (!weight || !mean || !covariance) return std::nullopt;
  Gaussian gaussian;
  gaussian.weight = *weight;
  gaussian.mean = Eigen::Map<const Eigen::VectorXd>(mean->data(), static_cast<Eigen::Index>(mean->size()));
  gaussian.covariance = *covariance;
  return gaussian;
}

std::optional<Initial> read_mixture(CaseReader& reader, const Node& node) {
  const auto nodes = reader.list(node);
  if (!nodes) return std::nullopt;
  if (nodes->empty() || nodes->size() > most_components) {
    reader.report(node, fmt::format("{} components, must be 1 to {}", nodes->size(), most_components));
    return std::nullopt;
  }
  InitialMixture mixture;
  double weights = 0;
  for (const Node& entry : *nodes)
    if (const auto gaussian = read_gaussian(reader, entry, true)) {
      mixture.components.push_back(*gaussian);
      weights += gaussian->weight;
    }
  if (mixture.components.size() != nodes->size()) return std::nullopt;
  if (!(std::abs(weights - 1) <= 1e-12)) {
    reader.report(node, fmt::format("the weights sum to {:.15g}, must sum to 1 (\"1/3\" is a number too)", weights));
    return std::nullopt;
  }
  return mixture;
}

std::optional<Initial> read_density(CaseReader& reader, const Node& node) {
  const auto formula = reader.formula(node, reader.symbols.axes);
  if (!formula) return std::nullopt;
  if (formula->is_constant() && !(formula->value() > 0)) {
    reader.report(node, fmt::format("{} everywhere, must be a density", formula->value()));
    return std::nullopt;
  }
  return InitialFormula{*formula, node.value->kind == Value::Kind::string ? node.value->text : to_toml(*node.value)};
}

std::optional<Initial> read_uniform(CaseReader& reader, const Node& node) {
  const auto flag = reader.boolean(node);
  if (!flag) return std::nullopt;
  if (*flag) return InitialUniform{};
  reader.report(node, "false, must be true (or leave the key out)");
  return std::nullopt;
}

std::optional<Initial> read_kind(CaseReader& reader, const Node& node, std::string_view kind, const Case& c) {
  if (kind == "gaussian") {
    const auto gaussian = read_gaussian(reader, node, false);
    return gaussian ? std::optional<Initial>(InitialMixture{{*gaussian}}) : std::nullopt;
  }
  if (kind == "mixture") return read_mixture(reader, node);
  if (kind == "density") return read_density(reader, node);
  if (kind == "uniform") return read_uniform(reader, node);
  const auto point = read_point(reader, node, c);
  return point ? std::optional<Initial>(InitialPoint{*point}) : std::nullopt;
}

}  // namespace

std::optional<std::vector<double>> read_point(CaseReader& reader, const Node& node, const Case& c) {
  const auto point = node ? reader.vector(node, reader.dimension()) : std::nullopt;
  if (!point) return std::nullopt;
  for (std::size_t k = 0; k < point->size(); ++k) {
    const Axis& axis = c.axes[k];
    if ((*point)[k] >= axis.lower && (*point)[k] <= axis.upper) continue;
    reader.report(node, fmt::format("{} = {} is outside the box, must be in [{}, {}]", axis.name, (*point)[k],
                                    axis.lower, axis.upper));
    return std::nullopt;
  }
  return point;
}

void read_initial(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = section(reader, root, "initial", "a table with one of gaussian, mixture, density, point, uniform");
  if (!node && reader.use == CaseFor::steady) {
    c.has_initial = false;
    c.initial = InitialUniform{};
    return;
  }
  TableReader initial(node, reader.problems);
  if (!initial.is_table() || reader.dimension() == 0) return;
  constexpr std::array<std::string_view, 5> kinds = {"gaussian", "mixture", "density", "point", "uniform"};
  const auto given = initial.one_of(kinds);
  for (const std::string_view kind : given)
    if (const auto read = read_kind(reader, initial.find(kind), kind, c)) c.initial = *read;
  bool later = false;
  for (const char* key : {"samples", "image"}) {
    later = later || initial.table()->find(key);
    initial.later(key);
  }
  if (later) initial.later("bandwidth");
  initial.finish();
  if (given.empty() && !later)
    reader.problems.add(initial.place(), "initial",
                        "missing, must have one of gaussian, mixture, density, point, uniform");
}

}  // namespace fokker
