#include <fmt/format.h>

#include "fokker/case/case.hpp"
#include "table_reader.hpp"

// A Case back to TOML: every default written out, every number in the shortest form that reads back to the same bits.
// Formulas stay as they were written; the names in them come along.
namespace fokker {
namespace {

template <class Range>
std::string number_list(const Range& numbers) {
  std::string out;
  for (const double number : numbers) out += (out.empty() ? "" : ", ") + toml_number(number);
  return "[" + out + "]";
}

std::string number_matrix(const Eigen::MatrixXd& m) {
  std::string out;
  for (Eigen::Index i = 0; i < m.rows(); ++i)
    out += (i == 0 ? "" : ", ") + number_list(Eigen::VectorXd(m.row(i).transpose()));
  return "[" + out + "]";
}

std::string gaussian_keys(const Gaussian& g) {
  return fmt::format("mean = {}, covariance = {}", number_list(g.mean), number_matrix(g.covariance));
}

struct InitialText {
  std::string operator()(const InitialMixture& mixture) const {
    if (mixture.components.size() == 1 && mixture.components[0].weight == 1)
      return fmt::format("gaussian = {{ {} }}\n", gaussian_keys(mixture.components[0]));
    std::string out = "mixture = [\n";
    for (const Gaussian& g : mixture.components)
      out += fmt::format("  {{ weight = {}, {} }},\n", toml_number(g.weight), gaussian_keys(g));
    return out + "]\n";
  }
  std::string operator()(const InitialFormula& formula) const {
    return fmt::format("density = {}\n", toml_string(formula.text));
  }
  std::string operator()(const InitialPoint& point) const {
    return fmt::format("point = {}\n", number_list(point.point));
  }
  std::string operator()(const InitialUniform&) const { return "uniform = true\n"; }
};

std::string axis_text(const Axis& axis) {
  return fmt::format("\n[[axis]]\nname = {}\nrange = [{}, {}]\ncells = {}\nboundary = [\"{}\", \"{}\"]\n",
                     toml_string(axis.name), toml_number(axis.lower), toml_number(axis.upper), axis.cells,
                     to_string(axis.at_lower), to_string(axis.at_upper));
}

std::string sde_text(const Case& c) {
  std::string out = "\n[sde]\n";
  for (const auto& [key, value] : c.sde_text) out += fmt::format("{} = {}\n", key, value);
  if (!c.parameters.empty()) out += "[sde.parameters]\n";
  for (const auto& [name, value] : c.parameters) out += fmt::format("{} = {}\n", name, toml_number(value));
  if (!c.definitions.empty()) out += "[sde.definitions]\n";
  for (const auto& [name, value] : c.definitions) out += fmt::format("{} = {}\n", name, value);
  return out;
}

std::string schedule_text(const Case& c) {
  std::string out = c.schedule_text.empty() ? "" : "\n[schedule]\n";
  for (const auto& [key, value] : c.schedule_text) out += fmt::format("{} = {}\n", key, value);
  return out;
}

std::string scheme_text(const CaseScheme& scheme) {
  std::string out =
      fmt::format("\n[scheme]\nform = {}\nflux = {}\n", toml_string(scheme.form), toml_string(scheme.flux));
  if (scheme.form == "effective_drift") {
    out += fmt::format("score = {}\n", toml_string(scheme.score));
    if (scheme.score == "log_difference") out += fmt::format("score_order = {}\n", scheme.score_order);
    if (!scheme.table.empty())
      out +=
          fmt::format("table = {}\n", toml_string(std::filesystem::absolute(scheme.table).lexically_normal().string()));
    if (!scheme.limiter.empty()) out += fmt::format("limiter = {}\n", toml_string(scheme.limiter));
    if (!scheme.weights.empty()) out += fmt::format("weights = {}\n", toml_string(scheme.weights));
  }
  if (scheme.positive) out += fmt::format("positive = {}\n", *scheme.positive);
  return out;
}

std::string time_text(const CaseTime& time) {
  std::string out = fmt::format("\n[time]\nend = {}\nstepper = {}\n", toml_number(time.end), toml_string(time.stepper));
  if (time.tolerance) out += fmt::format("tolerance = {}\n", toml_number(*time.tolerance));
  if (time.dt) out += fmt::format("dt = {}\n", toml_number(*time.dt));
  return out;
}

std::string output_text(const CaseOutput& output, bool timed) {
  std::string fields;
  for (const std::string& field : output.fields) fields += (fields.empty() ? "" : ", ") + toml_string(field);
  const std::string times =
      timed ? fmt::format("times = {}\nseries = {}\n", number_list(output.times), toml_number(output.series)) : "";
  return fmt::format("\n[output]\n{}fields = [{}]\n", times, fields);
}

std::string compare_text(const CaseCompare& compare) {
  std::string out;
  if (compare.exact_closed_form) out += "exact = true\n";
  if (compare.exact_formula) out += fmt::format("exact = {}\n", toml_string(compare.exact_text));
  if (const auto& options = compare.monte_carlo) {
    out += fmt::format("monte_carlo = {{ particles = {}, ", options->particles);
    if (options->dt) out += fmt::format("dt = {}, ", toml_number(*options->dt));
    if (!options->dt) out += fmt::format("steps_max = {}, ", toml_number(options->steps_max));
    if (options->tolerance) out += fmt::format("tolerance = {}, ", toml_number(*options->tolerance));
    if (options->lambda) out += fmt::format("lambda = {}, ", toml_number(*options->lambda));
    out += fmt::format("seed = {}, stepper = {} }}\n", options->seed, toml_string(options->stepper));
  }
  if (compare.spectral)
    out += fmt::format("spectral = {{ tolerance = {} }}\n", toml_number(compare.spectral->tolerance));
  if (compare.twin) out += "twin = true\n";
  if (const auto& options = compare.log_likelihood)
    out += fmt::format("log_likelihood = {{ points = {}, seed = {}, tolerance = {} }}\n", options->points,
                       options->seed, toml_number(options->tolerance));
  return out.empty() ? "" : "\n[compare]\n" + out;
}

std::string reverse_text(const std::optional<CaseReverse>& reverse) {
  if (!reverse) return "";
  return fmt::format("\n[reverse]\nlambda = {}\nscore = {}\nsnapshots = {}\nstart = {}\nstepper = {}\ntolerance = {}\n",
                     number_list(reverse->lambda), toml_string(reverse->score), reverse->snapshots,
                     toml_string(reverse->start), toml_string(reverse->stepper), toml_number(reverse->tolerance));
}

// Files by their full path: the resolved case stands in another folder than the case did.
std::string check_text(const CaseCheck& check) {
  std::string out = fmt::format("\n[[check]]\nquantity = {}\n", toml_string(check.quantity));
  const std::string against =
      check.file.empty() ? check.against : std::filesystem::absolute(check.file).lexically_normal().string();
  if (!against.empty()) out += fmt::format("against = {}\n", toml_string(against));
  if (check.of) out += fmt::format("of = {}\n", toml_string(check.of_text));
  if (!check.point.empty()) out += fmt::format("point = {}\n", number_list(check.point));
  const auto number = [&](const char* key, const std::optional<double>& value) {
    if (value) out += fmt::format("{} = {}\n", key, toml_number(*value));
  };
  number("lambda", check.lambda);
  if (check.against != "reverse") number("at", check.at);
  number("below", check.below);
  number("above", check.above);
  number("near", check.near);
  number("within", check.within);
  return out;
}

}  // namespace

std::string resolved_toml(const Case& c) {
  std::string out = fmt::format("title = {}\n", toml_string(c.title));
  for (const Axis& axis : c.axes) out += axis_text(axis);
  out += sde_text(c) + schedule_text(c);
  if (c.has_initial) out += "\n[initial]\n" + std::visit(InitialText{}, c.initial);
  out += scheme_text(c.scheme) + (c.has_time ? time_text(c.time) : "") + output_text(c.output, c.has_time) +
         compare_text(c.compare) + reverse_text(c.reverse);
  for (const CaseCheck& check : c.checks) out += check_text(check);
  return out;
}

}  // namespace fokker
