#include "stops.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../build/questions.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/base/switches.hpp"
#include "fokker/run/run_folder.hpp"
#include "fokker/run/stop_reason.hpp"

namespace fokker {
namespace {

/// What a condition is made of: t, mass, then the questions of the case.
std::vector<std::string> names_of(const Setup& setup) {
  std::vector<std::string> names{"t", "mass"};
  for (const CaseQuestion& asked : setup.questions->asked()) names.push_back(asked.name);
  return names;
}

std::string key_of(std::size_t entry, const char* kind) { return fmt::format("stop.{}.{}", entry, kind); }

}  // namespace

Stops::Stops(const Setup& setup, const std::optional<std::filesystem::path>& folder)
    : setup_(setup), folder_(folder), asks_(setup.questions->asked().size(), false) {
  const std::vector<std::string> names = names_of(setup);
  for (const CaseStop& stop : setup.config.stops) {
    Condition& condition = conditions_.emplace_back();
    if (!stop.when) continue;
    std::vector<Expression> outputs{*stop.when};
    for (const Expression& compared : switches(outputs)) outputs.push_back(compared);
    condition = {Tape(outputs, names), std::ssize(outputs)};
    for (std::size_t k = 0; k < asks_.size(); ++k) asks_[k] = asks_[k] || stop.when->depends_on(names[k + 2]);
  }
}

std::string Stops::reached(const Moment& now) {
  const std::vector<CaseStop>& stops = setup_.config.stops;
  if (stops.empty()) return "";
  const StopAnswer answer;  // a step is judged with it, or not done
  for (std::size_t entry = 0; entry < stops.size(); ++entry) {
    try {
      if (holds(entry, now)) return reason_of(stops[entry]);
    } catch (const NumericalError& error) {
      throw NumericalError(fmt::format("{}: {}", key_of(entry, "when"), error.what()), now.t);
    }
  }
  return "";
}

bool Stops::holds(std::size_t entry, const Moment& now) {
  const CaseStop& stop = setup_.config.stops[entry];
  if (stop.when) return condition_holds(entry, now);
  if (stop.stationary) return rate(now.t, *now.p) < *stop.stationary;
  std::error_code unseen;
  return folder_ && std::filesystem::exists(std::filesystem::symlink_status(*folder_ / stop.file, unseen));
}

bool Stops::condition_holds(std::size_t entry, const Moment& now) const {
  std::vector<double> names{now.t, now.balance->mass};
  for (std::size_t k = 0; k < asks_.size(); ++k)
    names.push_back(asks_[k] ? setup_.questions->answer(setup_.questions->asked()[k].name, now.t, *now.p) : 0);
  const double value = value_of(entry, names);
  if (std::isnan(value)) fail(entry, "compares what is not a number", now.t);
  require_truth(entry, value, now.t);
  return value == 1;
}

double Stops::value_of(std::size_t entry, const std::vector<double>& names) const {
  const Condition& condition = conditions_[entry];
  std::vector<TapeInput> inputs;
  for (const double name : names) inputs.push_back(TapeInput::of(name));
  std::vector<double> values(static_cast<std::size_t>(condition.outputs));
  std::vector<double*> outputs;
  for (double& value : values) outputs.push_back(&value);
  condition.tape.evaluate(inputs, 1, outputs);
  const auto none = std::find_if(values.begin(), values.end(), [](double value) { return std::isnan(value); });
  return none == values.end() ? values[0] : *none;
}

void Stops::require_truth(std::size_t entry, double value, double t) const {
  if (value == 0 || value == 1) return;
  fail(entry, fmt::format("is no condition, which is 0 or 1 (a comparison, or a product of some): {:.6g}", value), t);
}

void Stops::require_condition(std::size_t entry) const {
  for (const double any : {0.137, 1.73}) {
    std::vector<double> names(asks_.size() + 2);
    for (std::size_t k = 0; k < names.size(); ++k) names[k] = any * static_cast<double>(k + 1);
    if (const double value = value_of(entry, names); !std::isnan(value)) require_truth(entry, value, 0);
  }
}

void Stops::fail(std::size_t entry, const std::string& why, double t) const {
  throw NumericalError(fmt::format("\"{}\" {}", setup_.config.stops[entry].when_text, why), t);
}

/// Nothing that is left moves no more.
double Stops::rate(double t, const Field& p) {
  const Operator& op = setup_.scheme->op();
  state_.assign(static_cast<std::size_t>(op.size()), 0);
  change_.assign(state_.size(), 0);
  std::copy(p.values.begin(), p.values.end(), state_.begin());
  op.apply(t, state_, change_);
  std::fill(change_.begin() + p.values.size(), change_.end(), 0.0);  // what leaves has left the cells
  const double change = op.norm_l1(change_);
  return change > 0 ? change / std::abs(p.mass()) : change;
}

std::optional<double> Stops::rate_asked(double t, const Field& p) {
  for (const CaseStop& stop : setup_.config.stops)
    if (stop.stationary) return rate(t, p);
  return std::nullopt;
}

namespace {

/// What the case alone tells.
void require_stop(const Setup& setup, std::size_t entry) {
  const CaseStop& stop = setup.config.stops[entry];
  if (stop.stationary && !setup.scheme->op().autonomous())
    refuse(setup.config, key_of(entry, "stationary"),
           setup.sde->traits().autonomous
               ? "the score, and with it the rate of p, depends on t: that p rests at one time says nothing of the next"
               : "the coefficients depend on t: that p rests at one time says nothing of the next; take `when`");
  if (stop.stationary && setup.stepper_row->kinetic)
    refuse(setup.config, key_of(entry, "stationary"),
           fmt::format("{} does not follow the operator whose rate this is, and comes to rest beside it; name another "
                       "time.stepper, like \"tr_bdf2\", or take `when`",
                       setup.stepper_row->name));
  if (!stop.file.empty() && is_run_file(stop.file))
    refuse(
        setup.config, key_of(entry, "file"),
        fmt::format("{} is the name of a file that a run writes itself; take another one, like \"STOP\"", stop.file));
}

}  // namespace

void require_stops(Setup& setup) {
  const std::vector<CaseStop>& stops = setup.config.stops;
  for (std::size_t entry = 0; entry < stops.size(); ++entry) require_stop(setup, entry);
  MassBalance start;
  start.mass = setup.initial.mass();
  const Moment begin{.t = setup.clock, .p = &setup.initial, .balance = &start};
  Stops judge(setup, std::nullopt);
  for (std::size_t entry = 0; entry < stops.size(); ++entry) {
    const char* const kind = stops[entry].stationary ? "stationary" : "when";
    try {
      if (stops[entry].when) judge.require_condition(entry);
      if (judge.holds(entry, begin))
        setup.warnings.push_back(fmt::format(
            "{}: holds at the start already ({}): unless the first step changes that, the run ends after it",
            key_of(entry, kind), reason_of(stops[entry])));
    } catch (const NumericalError& error) {
      refuse(setup.config, key_of(entry, kind), error.what());
    }
  }
}

}  // namespace fokker
