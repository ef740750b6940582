#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "case_reader.hpp"

namespace fokker {
namespace {

const std::vector<std::string> available_fields = {
    "p", "log_p", "score", "effective_drift", "current", "drift", "entropy_production"};

// Times come from an index, t_k = k * end / N: adding up intervals would drift.
std::vector<double> equal_frames(double end, std::int64_t frames) {
  std::vector<double> times;
  for (std::int64_t k = 0; k < frames; ++k) times.push_back(static_cast<double>(k) * end / static_cast<double>(frames));
  times.push_back(end);
  return times;
}

// Multiples of the interval, and the end; a multiple that is the end up to rounding is the end.
std::vector<double> multiples(double end, double every) {
  std::vector<double> times;
  for (double k = 0; k * every < end * (1 - 1e-9); ++k) times.push_back(k * every);
  times.push_back(end);
  return times;
}

void read_every(CaseReader& reader, const Node& node, Case& c) {
  const auto every = reader.number(node, Bounds::positive());
  if (!every || !reader.end_known) return;
  if (c.time.end / *every > static_cast<double>(most_output_times))
    return reader.report(
        node, fmt::format("{} makes {:.3g} output times, at most {}", *every, c.time.end / *every, most_output_times));
  if (*every > c.time.end)
    reader.warn(node,
                fmt::format("{} is beyond time.end = {}: the start and the end alone are written", *every, c.time.end));
  c.output.times = multiples(c.time.end, *every);
}

void read_times(CaseReader& reader, const Node& node, Case& c) {
  const auto nodes = reader.list(node);
  if (!nodes || !reader.end_known) return;
  if (nodes->size() > most_output_times)
    return reader.report(node, fmt::format("{} output times, at most {}", nodes->size(), most_output_times));
  const double rounding = same_time * c.time.end;
  std::vector<double> times = {0};
  bool first = true;
  for (const Node& entry : *nodes) {
    const auto t = reader.number(entry);
    if (!t) continue;
    if (!(*t >= 0 && *t <= c.time.end)) {
      reader.report(entry, fmt::format("{}, must be in [0, {}]", *t, c.time.end));
    } else if (!first && (*t == times.back() || *t < times.back() - rounding)) {
      reader.report(entry, fmt::format("{}, must be greater than the time before it, {}", *t, times.back()));
    } else if (*t > times.back() + rounding) {
      times.push_back(*t);
    }
    first = false;
  }
  if (times.back() > c.time.end - rounding) times.pop_back();
  times.push_back(c.time.end);
  c.output.times = std::move(times);
}

void read_series(CaseReader& reader, const Node& node, Case& c) {
  constexpr double most_rows = 1e6;
  const auto interval = reader.number(node, Bounds::positive());
  if (!interval || !reader.end_known) return;
  c.output.series = *interval;
  if (c.time.end / *interval > most_rows)
    reader.report(node,
                  fmt::format("{} makes {:.3g} rows, at most {:.0e}", *interval, c.time.end / *interval, most_rows));
}

void read_fields(CaseReader& reader, const Node& node, Case& c) {
  const auto nodes = reader.list(node);
  if (!nodes) return;
  if (nodes->empty())
    return reader.report(node, fmt::format("an empty list, allowed: {}", fmt::join(available_fields, ", ")));
  c.output.fields.clear();
  for (const Node& entry : *nodes) {
    const auto field = reader.word(entry, available_fields);
    if (!field) continue;
    if (std::find(c.output.fields.begin(), c.output.fields.end(), *field) != c.output.fields.end())
      reader.report(entry, fmt::format("{} is there twice", toml_string(*field)));
    c.output.fields.push_back(*field);
  }
}

constexpr std::int64_t most_seed = std::numeric_limits<std::int64_t>::max();

// The keys that only some particle steppers take: lambda with noise, tolerance where the step adapts, dt elsewhere.
void read_particle_step(CaseReader& reader, TableReader& table, const Case& c, CaseMonteCarlo& options) {
  const Node dt = table.find("dt"), tolerance = table.find("tolerance"), lambda = table.find("lambda");
  options.dt = reader.number(dt, Bounds::positive());
  options.tolerance = reader.number(tolerance, Bounds::positive());
  options.lambda = reader.number(lambda, Bounds::not_negative());
  const Node steps_max = table.find("steps_max");
  options.steps_max = reader.number(steps_max, Bounds::positive()).value_or(options.steps_max);
  if (dt && steps_max) reader.report(steps_max, "goes with a step that the program chooses, leave it or dt out");
  if (options.dt && reader.end_known && !(c.time.end / *options.dt <= most_fixed_steps))
    reader.report(dt, fmt::format("{} would take {:.3g} steps to {}, at most {:.0e}", *options.dt,
                                  c.time.end / *options.dt, c.time.end, most_fixed_steps));
  const auto& rows = reader.vocabulary.particle_steppers;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.name == options.stepper; });
  if (row == rows.end()) return;  // reported
  std::vector<std::string> adaptive;
  for (const ParticleStepperName& other : rows)
    if (other.adaptive) adaptive.push_back(other.name);
  if (row->flow && lambda)
    reader.report(lambda, fmt::format("{} has no noise, lambda goes with euler_maruyama", row->name));
  if (row->adaptive && dt) reader.report(dt, fmt::format("{} adapts its steps, give tolerance instead", row->name));
  if (!row->adaptive && tolerance)
    reader.report(tolerance,
                  fmt::format("{} has no error estimate, give dt or stepper {}", row->name, fmt::join(adaptive, ", ")));
  if (row->flow && !row->adaptive && !dt)
    static_cast<void>(table.require("dt", fmt::format("a number > 0, the step of {}", row->name)));
  if (row->adaptive && !tolerance) options.tolerance = 1e-8;
}

CaseMonteCarlo read_monte_carlo(CaseReader& reader, const Node& node, const Case& c) {
  CaseMonteCarlo options;
  TableReader table(node, reader.problems);
  constexpr std::int64_t most_particles = std::int64_t{1} << 30;
  options.particles = reader.integer(table.find("particles"), 1, most_particles).value_or(options.particles);
  options.seed = static_cast<std::uint64_t>(reader.integer(table.find("seed"), 0, most_seed).value_or(1));
  std::vector<std::string> steppers;
  for (const ParticleStepperName& row : reader.vocabulary.particle_steppers) steppers.push_back(row.name);
  const Node stepper = table.find("stepper");
  if (stepper) options.stepper = reader.word(stepper, steppers).value_or("");
  read_particle_step(reader, table, c, options);
  table.finish();
  return options;
}

CaseLogLikelihood read_log_likelihood(CaseReader& reader, const Node& node) {
  CaseLogLikelihood options;
  TableReader table(node, reader.problems);
  options.points = reader.integer(table.find("points"), 1, 1'000'000).value_or(options.points);
  options.seed = static_cast<std::uint64_t>(reader.integer(table.find("seed"), 0, most_seed).value_or(1));
  options.tolerance = reader.number(table.find("tolerance"), Bounds::positive()).value_or(options.tolerance);
  table.finish();
  return options;
}

void read_spectral(CaseReader& reader, const Node& node, Case& c) {
  if (!node) return;
  const std::size_t problems_before = reader.problems.count();
  if (node.value->kind == Value::Kind::table) {
    TableReader table(node, reader.problems);
    CaseSpectral options;
    options.tolerance = reader.number(table.find("tolerance"), Bounds::positive()).value_or(options.tolerance);
    table.finish();
    c.compare.spectral = options;
  } else if (node.value->kind != Value::Kind::boolean) {
    reader.report(node, fmt::format("{}, must be true or a table with tolerance", kind_name(node.value->kind)));
  } else if (node.value->flag) {
    c.compare.spectral = CaseSpectral{};
  }
  reader.spectral_faulty = reader.problems.count() > problems_before;
}

}  // namespace

void read_output(CaseReader& reader, TableReader& root, Case& c) {
  constexpr std::int64_t default_frames = 20;
  c.output.times = equal_frames(c.time.end, default_frames);
  c.output.series = c.time.end / 1000;
  const std::size_t problems_before = reader.problems.count();
  const Node node = root.find("output");
  reader.times_known = reader.end_known;
  if (!node) return;
  TableReader output(node, reader.problems);
  constexpr std::array<std::string_view, 3> kinds = {"frames", "every", "times"};
  static_cast<void>(output.one_of(kinds));
  if (const auto frames = reader.integer(output.find("frames"), 1, static_cast<std::int64_t>(most_output_times)))
    c.output.times = equal_frames(c.time.end, *frames);
  if (const Node every = output.find("every")) read_every(reader, every, c);
  if (const Node times = output.find("times")) read_times(reader, times, c);
  reader.times_known = reader.end_known && reader.problems.count() == problems_before;
  read_series(reader, output.find("series"), c);
  if (const Node fields = output.find("fields")) read_fields(reader, fields, c);
  output.finish();
}

void read_compare(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = root.find("compare");
  if (!node) return;
  TableReader compare(node, reader.problems);
  const Node exact = compare.find("exact"), monte_carlo = compare.find("monte_carlo");
  if (exact && exact.value->kind == Value::Kind::boolean) {
    c.compare.exact_closed_form = exact.value->flag;
  } else if (exact && exact.value->kind != Value::Kind::string) {
    reader.report(exact,
                  fmt::format("{}, must be true or a density formula of the axes and t", kind_name(exact.value->kind)));
  } else if (exact) {
    c.compare.exact_formula = reader.formula(exact, reader.axes_and_time());
    c.compare.exact_text = exact.value->text;
  }
  reader.exact_faulty = exact && exact.value->kind != Value::Kind::boolean && !c.compare.exact_formula;
  const std::size_t problems_before = reader.problems.count();
  if (monte_carlo && monte_carlo.value->kind == Value::Kind::table)
    c.compare.monte_carlo = read_monte_carlo(reader, monte_carlo, c);
  else if (monte_carlo && monte_carlo.value->kind != Value::Kind::boolean)
    reader.report(
        monte_carlo,
        fmt::format("{}, must be true or a table of particles, seed, stepper, dt, steps_max, tolerance, lambda",
                    kind_name(monte_carlo.value->kind)));
  else if (monte_carlo && monte_carlo.value->flag)
    c.compare.monte_carlo = CaseMonteCarlo{};
  reader.monte_carlo_faulty = reader.problems.count() > problems_before;
  const Node likelihood = compare.find("log_likelihood");
  if (likelihood && likelihood.value->kind == Value::Kind::table)
    c.compare.log_likelihood = read_log_likelihood(reader, likelihood);
  else if (likelihood && likelihood.value->kind != Value::Kind::boolean)
    reader.report(likelihood, fmt::format("{}, must be true or a table of points, seed, tolerance",
                                          kind_name(likelihood.value->kind)));
  else if (likelihood && likelihood.value->flag)
    c.compare.log_likelihood = CaseLogLikelihood{};
  reader.log_likelihood_asked =
      c.compare.log_likelihood || (likelihood && likelihood.value->kind != Value::Kind::boolean);
  c.compare.twin = reader.boolean(compare.find("twin")).value_or(false);
  read_spectral(reader, compare.find("spectral"), c);
  compare.finish();
}

}  // namespace fokker
