#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "case_reader.hpp"
#include "fokker/model/named_model.hpp"

// [sde] model = "...": the keys of each named model, and [schedule]: what a user claims about formulas of his own.
namespace fokker {
namespace {

using Keys = std::vector<std::string_view>;

std::vector<std::string> variables_of(const Case& c) {
  std::vector<std::string> names;
  for (const Axis& axis : c.axes) names.push_back(axis.name);
  return names;
}

const std::vector<std::string> time_only = {"t"};

// One number for all axes, or a list of one per axis.
std::optional<std::vector<double>> per_axis(CaseReader& reader, const Node& node, const Bounds& bounds) {
  const auto nodes = reader.list(node, true);
  if (!nodes) return std::nullopt;
  const std::size_t d = reader.dimension();
  const bool same = node.value->kind != Value::Kind::array;
  if (!same && nodes->size() != d) {
    reader.report(node, fmt::format("a list of {}, must be one number, or a list of {}", nodes->size(), d));
    return std::nullopt;
  }
  std::vector<double> values;
  for (const Node& entry : *nodes)
    if (const auto value = reader.number(entry, bounds)) values.push_back(*value);
  if (values.size() != nodes->size()) return std::nullopt;
  if (same) values.resize(d, values.front());
  return values;
}

std::optional<NamedModel> read_ou(CaseReader& reader, TableReader& sde, const Case& c) {
  const auto theta = per_axis(reader, sde.require("theta", "a number > 0, or one per axis"), Bounds::positive());
  const Node mu_node = sde.find("mu");
  const auto mu = mu_node ? per_axis(reader, mu_node, {}) : std::vector<double>(reader.dimension(), 0);
  const auto sigma = per_axis(reader, sde.require("sigma", "a number > 0, or one per axis"), Bounds::positive());
  if (!theta || !mu || !sigma) return std::nullopt;
  return ou_model(variables_of(c), *theta, *mu, *sigma);
}

// The rate of vp and sub_vp: a formula, or the name of a usual one; and its integral, as stated or as worked out.
struct Rate {
  Expression beta;
  std::optional<Expression> integral, stated;
};

std::optional<Rate> read_beta(CaseReader& reader, TableReader& sde) {
  constexpr std::array<std::string_view, 2> sources = {"beta", "schedule"};
  const std::vector<std::string> named = {"linear", "cosine"};
  const auto given = sde.one_of(sources);
  const Node formula =
      given.empty() ? sde.require("beta", "a formula of t (or schedule = \"linear\" | \"cosine\")") : sde.find("beta");
  const Node schedule = sde.find("schedule"), integral = sde.find("beta_integral");
  std::optional<Expression> beta = reader.formula(formula, time_only);
  const auto name = reader.word(schedule, named);
  if (name && std::find(named.begin(), named.end(), *name) != named.end()) beta = beta_named(*name);
  const auto stated = reader.formula(integral, time_only);
  if (!beta || (integral && !stated)) return std::nullopt;
  if (!stated) return Rate{*beta, integral_from_zero(*beta, "t"), std::nullopt};
  return Rate{*beta, *stated - substitute(*stated, {{"t", Expression(0.0)}}), stated};
}

std::optional<NamedModel> read_vp(CaseReader& reader, TableReader& sde, const Case& c) {
  const auto rate = read_beta(reader, sde);
  if (!rate) return std::nullopt;
  NamedModel model = vp_model(variables_of(c), rate->beta, rate->integral);
  model.stated_integral = rate->stated;
  return model;
}

std::optional<NamedModel> read_sub_vp(CaseReader& reader, TableReader& sde, const Case& c) {
  const auto rate = read_beta(reader, sde);
  if (!rate) return std::nullopt;
  if (!rate->integral) {
    reader.report(sde.find("beta"),
                  "its integral is not known in closed form, and the noise of sub_vp needs it; give "
                  "beta_integral, a formula whose derivative is beta");
    return std::nullopt;
  }
  NamedModel model = sub_vp_model(variables_of(c), rate->beta, *rate->integral);
  model.stated_integral = rate->stated;
  return model;
}

std::optional<NamedModel> read_ve(CaseReader& reader, TableReader& sde, const Case& c) {
  constexpr std::array<std::string_view, 2> sources = {"sigma", "sigma_min"};
  const auto given = sde.one_of(sources);
  const Node formula =
      given.empty() ? sde.require("sigma", "a formula of t (or sigma_min and sigma_max)") : sde.find("sigma");
  const Node least = sde.find("sigma_min");
  const Node most = least ? sde.require("sigma_max", "a number > sigma_min") : sde.find("sigma_max");
  if (most && !least) reader.report(most, "goes with sigma_min");
  const bool blurred = reader.boolean(sde.find("blurred")).value_or(false);
  if (!least) {
    const auto sigma = reader.formula(formula, time_only);
    if (!sigma) return std::nullopt;
    return ve_model(variables_of(c), *sigma, blurred);
  }
  const auto lower = reader.number(least, Bounds::positive()), upper = reader.number(most, Bounds::positive());
  if (!lower || !upper) return std::nullopt;
  if (!(*upper > *lower)) {
    reader.report(most, fmt::format("{}, must be a number > sigma_min = {}", *upper, *lower));
    return std::nullopt;
  }
  return ve_model(variables_of(c), *lower * pow(*upper / *lower, Expression::variable("t")), blurred);
}

std::optional<NamedModel> read_alpha_sigma(CaseReader& reader, TableReader& sde, const Case& c) {
  const Node alpha_node = sde.require("alpha", "a formula of t");
  const auto alpha = reader.formula(alpha_node, time_only);
  const auto sigma = reader.formula(sde.require("sigma", "a formula of t"), time_only);
  const bool blurred = reader.boolean(sde.find("blurred")).value_or(false);
  if (!alpha || !sigma) return std::nullopt;
  const double start = values_at(*alpha, {0})[0];
  if (!(std::abs(start - 1) <= 1e-9)) {
    reader.report(alpha_node, fmt::format("alpha(0) is {:.6g}, must be 1: the initial density is the data", start));
    return std::nullopt;
  }
  return alpha_sigma_model(variables_of(c), *alpha, *sigma, blurred);
}

struct Reader {
  std::string_view name;
  Keys keys;  // as they stand in resolved.toml
  std::optional<NamedModel> (*read)(CaseReader&, TableReader&, const Case&);
};
const std::vector<Reader>& readers() {
  static const std::vector<Reader> table = {
      {"ou", {"theta", "mu", "sigma"}, read_ou},
      {"vp", {"beta", "schedule", "beta_integral"}, read_vp},
      {"ve", {"sigma", "sigma_min", "sigma_max", "blurred"}, read_ve},
      {"sub_vp", {"beta", "schedule", "beta_integral"}, read_sub_vp},
      {"alpha_sigma", {"alpha", "sigma", "blurred"}, read_alpha_sigma},
  };
  return table;
}

// Formulas and a name exclude each other.
void refuse_formulas(CaseReader& reader, TableReader& sde) {
  for (const char* key :
       {"interpretation", "drift", "noise", "noise_covariance", "diffusion", "potential", "temperature"})
    if (sde.table()->find(key)) reader.report(sde.find(key), "excludes sde.model, give one of them");
}

}  // namespace

void read_model(CaseReader& reader, TableReader& sde, Case& c) {
  std::vector<std::string> names;
  for (const ModelRow& row : models()) names.emplace_back(row.name);
  const Node model_node = sde.find("model");
  static_cast<void>(sde.find("parameters"));
  static_cast<void>(sde.find("definitions"));
  const std::size_t before = reader.problems.count();
  const auto name = reader.word(model_node, names);
  if (!name || reader.problems.count() > before) return;  // whose keys the others are is not known
  refuse_formulas(reader, sde);
  for (const Reader& row : readers()) {
    if (row.name != *name) continue;
    std::optional<NamedModel> model;
    try {
      model = row.read(reader, sde, c);
    } catch (const std::length_error& error) {
      reader.report(model_node, fmt::format("its formulas grow too large: {}", error.what()));
    }
    sde.finish();
    c.model = *name;
    c.sde_text.emplace_back("model", toml_string(*name));
    for (const std::string_view key : row.keys)
      if (const Value* value = sde.table()->find(key)) c.sde_text.emplace_back(key, to_toml(*value));
    if (!model) return;
    c.sde = model->formulas;
    c.schedule = model->schedule;
    c.no_schedule = model->no_schedule;
    reader.model = std::move(model);
  }
}

void check_model(CaseReader& reader, const Case& c) {
  if (!reader.model || !reader.end_known) return;
  const auto fault = rate_fault(*reader.model, c.time.end);
  if (!fault) return;
  const Value* sde = reader.root.value->find("sde");
  const Value* at = sde->find(fault->key);
  const std::string key = at ? fault->key : "model";
  reader.report({at ? at : sde->find(key), "sde." + key}, fault->text);
}

void read_schedule(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = root.find("schedule");
  if (!node) return;
  if (!c.model.empty()) return reader.report(node, fmt::format("the model {} states its own", c.model));
  TableReader table(node, reader.problems);
  if (!table.is_table()) return;
  const auto alpha = reader.formula(table.require("alpha", "a formula of t"), time_only);
  const auto sigma = reader.formula(table.require("sigma", "a formula of t"), time_only);
  const auto mean = reader.number(table.find("prior_mean"));
  const auto variance = reader.number(table.find("prior_variance"), Bounds::positive());
  const bool blurred = reader.boolean(table.find("blurred")).value_or(false);
  table.finish();
  for (const char* key : {"alpha", "sigma", "prior_mean", "prior_variance", "blurred"})
    if (const Value* value = table.table()->find(key)) c.schedule_text.emplace_back(key, to_toml(*value));
  if (alpha && sigma)
    c.schedule = Schedule{std::vector<AxisSchedule>(reader.dimension(),
                                                    {*alpha, *sigma * *sigma, mean.value_or(0), variance.value_or(1)}),
                          blurred};
}

}  // namespace fokker
