#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fokker/model/named_model.hpp"
#include "sections.hpp"

// [sde] model = "...": the keys of each named model, and [schedule]: what a user claims about formulas of his own.
namespace fokker::input {
namespace {

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

// What makes each model of its keys, those whose rows are of it.
struct Maker {
  std::string_view name;
  std::optional<NamedModel> (*make)(CaseReader&, TableReader&, const Case&);
};
constexpr std::array<Maker, 5> makers = {
    {{"ou", read_ou}, {"vp", read_vp}, {"ve", read_ve}, {"sub_vp", read_sub_vp}, {"alpha_sigma", read_alpha_sigma}}};

// Formulas and a name exclude each other.
void refuse_formulas(CaseReader& reader, TableReader& sde) {
  for (const KeyRow* row : keys_of("sde"))
    if (row->rules.of == "formulas" && sde.table()->find(row->key()))
      reader.report(sde.find(row->key()), "excludes sde.model, give one of them");
}

std::optional<NamedModel> make_model(const Reading& r, TableReader& sde, std::string_view name) {
  const auto row = std::find_if(makers.begin(), makers.end(), [&](const Maker& m) { return m.name == name; });
  try {
    return row->make(r.reader, sde, r.c);
  } catch (const std::length_error& error) {
    r.reader.report(sde.find("model"), fmt::format("its formulas grow too large: {}", error.what()));
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const ModelRow& row : models()) names.emplace_back(row.name);
  return names;
}

void read_model(Reading& r, TableReader& sde) {
  const std::size_t before = r.reader.problems.count();
  const auto name = r.reader.word(sde.find("model"), model_names());
  if (!name || r.reader.problems.count() > before) return;  // whose keys the others are is not known
  read_keys(r.reader, sde, "sde", r.c, 0, *name);
  refuse_formulas(r.reader, sde);
  std::optional<NamedModel> model = make_model(r, sde, *name);
  sde.finish();
  r.c.model = *name;
  if (!model) return;
  r.c.sde = model->formulas;
  r.c.schedule = model->schedule;
  r.c.no_schedule = model->no_schedule;
  r.reader.model = std::move(model);
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

void read_schedule(Reading& r) {
  if (!r.node) return;
  if (!r.c.model.empty()) return r.report(fmt::format("the model {} states its own", r.c.model));
  if (!read_table(r)) return;
  const ScheduleClaim& claim = r.reader.claim;
  if (claim.alpha && claim.sigma)
    r.c.schedule = Schedule{std::vector<AxisSchedule>(r.reader.dimension(), {*claim.alpha, *claim.sigma * *claim.sigma,
                                                                             claim.mean, claim.variance}),
                            claim.blurred};
}

}  // namespace fokker::input
