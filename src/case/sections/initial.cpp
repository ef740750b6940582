#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sections.hpp"

namespace fokker::input {
namespace {

constexpr std::size_t most_components = 10'000;

InitialMixture& mixture_of(Case& c) { return std::get<InitialMixture>(c.initial); }
const InitialMixture& mixture_of(const Case& c) { return std::get<InitialMixture>(c.initial); }

}  // namespace

void read_initial(Reading& r) {
  r.c.has_initial = r.node || r.reader.use == CaseFor::run;
  r.c.initial = InitialUniform{};
  TableReader initial(r.node, r.reader.problems);
  if (!initial.is_table() || r.reader.dimension() == 0) return;
  read_keys(r.reader, initial, "initial", r.c);
  initial.finish();
  for (const KeyRow* row : keys_of("initial"))
    if (row->rules.only_beside.empty() && initial.table()->find(row->key())) return;
  r.reader.problems.add(initial.position(), "initial",
                        "missing, must have one of gaussian, mixture, density, point, uniform");
}

void read_gaussian(Reading& r) {
  if (!r.node) return;
  r.c.initial = InitialMixture{{Gaussian{}}};
  read_table(r);
}

void read_mixture(Reading& r) {
  const auto nodes = r.reader.list(r.node);
  if (!nodes) return;
  if (nodes->empty() || nodes->size() > most_components)
    return r.report(fmt::format("{} components, must be 1 to {}", nodes->size(), most_components));
  r.c.initial = InitialMixture{};
  mixture_of(r.c).components.resize(nodes->size());
  double weights = 0;
  bool complete = true;
  for (std::size_t k = 0; k < nodes->size(); ++k) {
    read_entry(r, (*nodes)[k], k);
    const Gaussian& gaussian = mixture_of(r.c).components[k];
    complete = complete && gaussian.weight > 0 && gaussian.mean.size() > 0 && gaussian.covariance.size() > 0;
    weights += gaussian.weight;
  }
  if (complete && !(std::abs(weights - 1) <= 1e-12))
    r.report(fmt::format("the weights sum to {:.15g}, must sum to 1 (\"1/3\" is a number too)", weights));
}

void read_weight(Reading& r) {
  mixture_of(r.c).components[r.entry].weight = r.reader.number(r.node, Bounds::positive()).value_or(0);
}

void read_mean(Reading& r) {
  const auto mean = r.node ? r.reader.vector(r.node, r.reader.dimension()) : std::nullopt;
  if (mean)
    mixture_of(r.c).components[r.entry].mean =
        Eigen::Map<const Eigen::VectorXd>(mean->data(), static_cast<Eigen::Index>(mean->size()));
}

void read_covariance(Reading& r) {
  if (const auto covariance = r.reader.covariance(r.node, r.reader.dimension()))
    mixture_of(r.c).components[r.entry].covariance = *covariance;
}

std::string write_mean(const Case& c, std::size_t entry) { return toml_list(mixture_of(c).components[entry].mean); }

std::string write_covariance(const Case& c, std::size_t entry) {
  const Eigen::MatrixXd& m = mixture_of(c).components[entry].covariance;
  std::string rows;
  for (Eigen::Index i = 0; i < m.rows(); ++i)
    rows += (i == 0 ? "" : ", ") + toml_list(Eigen::VectorXd(m.row(i).transpose()));
  return "[" + rows + "]";
}

// One component of weight 1 is a Gaussian.
std::size_t count_gaussian(const Case& c) {
  const auto* mixture = std::get_if<InitialMixture>(&c.initial);
  return mixture && mixture->components.size() == 1 && mixture->components[0].weight == 1 ? 1 : 0;
}

std::size_t count_mixture(const Case& c) {
  const auto* mixture = std::get_if<InitialMixture>(&c.initial);
  return mixture && count_gaussian(c) == 0 ? mixture->components.size() : 0;
}

void read_density(Reading& r) {
  const auto formula = r.reader.formula(r.node, r.reader.symbols.axes);
  if (!formula) return;
  if (formula->is_constant() && !(formula->value() > 0))
    return r.report(fmt::format("{} everywhere, must be a density", formula->value()));
  r.c.initial = InitialFormula{*formula, formula_text(r.node)};
}

std::string write_density(const Case& c, std::size_t) {
  const auto* formula = std::get_if<InitialFormula>(&c.initial);
  return formula ? toml_string(formula->text) : "";
}

// A point inside the box or on its walls.
std::optional<std::vector<double>> point_in_box(const Reading& r) {
  const auto point = r.node ? r.reader.vector(r.node, r.reader.dimension()) : std::nullopt;
  if (!point) return std::nullopt;
  for (std::size_t k = 0; k < point->size(); ++k) {
    const Axis& axis = r.c.axes[k];
    if ((*point)[k] >= axis.lower && (*point)[k] <= axis.upper) continue;
    r.report(
        fmt::format("{} = {} is outside the box, must be in [{}, {}]", axis.name, (*point)[k], axis.lower, axis.upper));
    return std::nullopt;
  }
  return point;
}

void read_start_point(Reading& r) {
  if (const auto point = point_in_box(r)) r.c.initial = InitialPoint{*point};
}

std::string write_start_point(const Case& c, std::size_t) {
  const auto* point = std::get_if<InitialPoint>(&c.initial);
  return point ? toml_list(point->point) : "";
}

void read_uniform(Reading& r) {
  const auto flag = r.reader.boolean(r.node);
  if (!flag) return;
  if (!*flag) return r.report("false, must be true (or leave the key out)");
  if (!r.c.infinite.empty())
    return r.report(fmt::format("needs a box to fill: axis.{}.range must have both ends",
                                r.c.axes[r.c.infinite.front().axis].name));
  r.c.initial = InitialUniform{};
}

std::string write_uniform(const Case& c, std::size_t) {
  return std::holds_alternative<InitialUniform>(c.initial) ? "true" : "";
}

}  // namespace fokker::input
