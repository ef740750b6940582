#include <fmt/format.h>

#include <algorithm>

#include "sections.hpp"

// [compare]: the independent solutions that p is held against.
namespace fokker::input {
namespace {

const ParticleStepperName* particle_stepper(const Reading& r) {
  const auto& rows = r.reader.vocabulary.particle_steppers;
  const std::string& name = r.c.compare.monte_carlo->stepper;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& other) { return other.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace

void read_exact(Reading& r) {
  if (!r.node) return;
  const Value& value = *r.node.value;
  if (value.kind == Value::Kind::boolean) {
    r.c.compare.exact_closed_form = value.flag;
  } else if (value.kind != Value::Kind::string) {
    r.report(fmt::format("{}, must be {}", kind_name(value.kind), r.row.access.must_be));
  } else {
    r.c.compare.exact_formula = r.reader.formula(r.node, r.reader.axes_and_time());
    r.c.compare.exact_text = value.text;
    // Silent where a name in it was reported.
    if (!r.c.compare.exact_formula) r.reader.faulty.emplace(r.row.path);
  }
}

std::string write_exact(const Case& c, std::size_t) {
  if (c.compare.exact_formula) return toml_string(c.compare.exact_text);
  return c.compare.exact_closed_form ? "true" : "";
}

std::string write_twin(const Case& c, std::size_t) { return c.compare.twin ? "true" : ""; }

// One that is not known is not judged by what it takes.
void read_particle_stepper(Reading& r) {
  std::vector<std::string> names;
  for (const ParticleStepperName& row : r.reader.vocabulary.particle_steppers) names.push_back(row.name);
  if (r.node) r.c.compare.monte_carlo->stepper = r.reader.word(r.node, names).value_or("");
}

// Flows with a fixed step cannot do without it.
void read_particle_dt(Reading& r) {
  const auto dt = r.reader.number(r.node, Bounds::positive());
  r.c.compare.monte_carlo->dt = dt;
  if (dt && r.reader.end_known) check_steps(r, *dt);
  const ParticleStepperName* const row = particle_stepper(r);
  if (!row) return;
  if (row->adaptive && r.node) r.report(fmt::format("{} adapts its steps, give tolerance instead", row->name));
  if (row->flow && !row->adaptive)
    static_cast<void>(r.table.require(r.row.key(), fmt::format("a number > 0, the step of {}", row->name)));
}

void read_particle_tolerance(Reading& r) {
  CaseMonteCarlo& options = *r.c.compare.monte_carlo;
  options.tolerance = r.reader.number(r.node, Bounds::positive());
  const ParticleStepperName* const row = particle_stepper(r);
  if (row && row->adaptive && !r.node) options.tolerance = 1e-8;
  if (!row || row->adaptive || !r.node) return;
  std::vector<std::string> adaptive;
  for (const ParticleStepperName& other : r.reader.vocabulary.particle_steppers)
    if (other.adaptive) adaptive.push_back(other.name);
  r.report(fmt::format("{} has no error estimate, give dt or stepper {}", row->name, fmt::join(adaptive, ", ")));
}

void read_particle_lambda(Reading& r) {
  r.c.compare.monte_carlo->lambda = r.reader.number(r.node, Bounds::not_negative());
  const ParticleStepperName* const row = particle_stepper(r);
  if (row && row->flow && r.node) r.report(fmt::format("{} has no noise, lambda goes with euler_maruyama", row->name));
}

void read_steps_max(Reading& r) {
  CaseMonteCarlo& options = *r.c.compare.monte_carlo;
  options.steps_max = r.reader.number(r.node, Bounds::positive()).value_or(options.steps_max);
  if (r.node && r.table.find("dt")) r.report("goes with a step that the program chooses, leave it or dt out");
}

std::string write_steps_max(const Case& c, std::size_t) {
  return c.compare.monte_carlo->dt ? "" : toml_number(c.compare.monte_carlo->steps_max);
}

}  // namespace fokker::input
