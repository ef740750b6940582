#include "fokker/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "../build/faults.hpp"
#include "../judge/self_check.hpp"
#include "../observe/checks.hpp"
#include "fokker/analysis/norms.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/run/end_warnings.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/march.hpp"
#include "fokker/scheme/cell_peclet.hpp"

namespace fokker {

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Adds up the time of a scope.
class Stopwatch {
 public:
  explicit Stopwatch(double& total) : total_(total), start_(Clock::now()) {}
  ~Stopwatch() { total_ += seconds_since(start_); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& total_;
  Clock::time_point start_;
};

/// Minimum, maximum and sums of the cells in one pass, in blocks of fixed size so that the bits do not depend on
/// threads.
struct Totals {
  double sum = 0, negative = 0, min = 0, max = 0;
};

Totals totals(std::span<const double> p) {
  constexpr std::size_t block = 1024;
  Totals all{0, 0, p[0], p[0]};
  for (std::size_t first = 0; first < p.size(); first += block) {
    double sum = 0, negative = 0;
    for (const double value : p.subspan(first, std::min(block, p.size() - first))) {
      sum += value;
      negative += value < 0 ? -value : 0;
      all.min = value < all.min ? value : all.min;
      all.max = value > all.max ? value : all.max;
    }
    all.sum += sum;
    all.negative += negative;
  }
  return all;
}

/// One run from its initial state to its end.
class Run {
 public:
  Run(Setup& setup, Witnesses witnesses, const RunOptions& options)
      : setup_(setup),
        options_(options),
        recorder_(ReverseRecorder::make(setup, options.scratch)),
        timeline_(recorder_ ? recorder_->meeting(setup.timeline) : setup.timeline),
        march_(*setup.stepper, *setup.stepper_row, timeline_),
        state_(initial_state(setup)),
        p_(setup.grid),
        peclets_(setup.grid, setup.sde),
        witnesses_(std::move(witnesses.all)) {
    p_.values = setup.initial.values;
    result_.witness_seconds = witnesses.seconds;
    if (setup.config.compare.log_likelihood) {
      const Stopwatch watch(result_.witness_seconds);
      likelihood_ = std::make_unique<LogLikelihood>(setup);
    }
    for (const auto& witness : witnesses_) result_.verdicts.emplace_back(witness->name(), std::vector<Verdict>{});
    if (options.draw_progress) observers_.push_back(make_progress(setup, options.draw_progress));
    if (options.folder) {
      observers_.push_back(make_series(setup, *options.folder));
      observers_.push_back(make_frames(setup, *options.folder));
    }
  }

  RunResult go() {
    const auto start = Clock::now();
    open_ledger();
    self_check_.emplace(setup_);
    for (const auto& observer : observers_) observer->begin(moment());
    try {
      step_to_the_end();
      if (setup_.config.reverse) go_back();
    } catch (const NumericalError& error) {
      result_.numerical_failure = true;
      result_.stop_reason = describe(setup_, error);
    } catch (const std::bad_alloc&) {
      result_.numerical_failure = true;
      result_.stop_reason = fmt::format("out of memory at t = {:.6g}", result_.t);
    } catch (const Stopped&) {
      result_.stop_reason = "interrupted";
    }
    const StopAnswer answer;  // what is left to do is to write down what there is
    if (result_.stop_reason == "interrupted") last_frame();
    close(seconds_since(start));
    return std::move(result_);
  }

 private:
  void open_ledger() {
    result_.ledger.outflow.assign(static_cast<std::size_t>(setup_.scheme->op().ledgers()), 0.0);
    const Totals now = totals(p_.view());
    result_.ledger.mass_initial = now.sum * setup_.grid->volume();
    for (const double left : setup_.initial_outflow) result_.ledger.mass_initial += left;
    result_.ledger.run_min = now.min;
    result_.ledger.run_max = now.max;
    update_ledger();
  }

  /// A request to stop abandons the step in progress: the state before it is the last frame.
  void step_to_the_end() {
    const std::vector<double>& times = setup_.config.output.times;
    frame();
    if (recorder_) recorder_->look(0, view());
    march_.begin(times[1], view());
    for (std::size_t k = 1; k < times.size(); ++k) {
      while (march_.t() < times[k]) step(times[k]);
      frame();
      leave();
    }
  }

  /// What is to be done where a step ended is done; behind a switch the rate of p is another one.
  void leave() {
    march_.leave();
    if (recorder_ && march_.t() > result_.t) recorder_->look_behind(march_.t(), view());
  }

  [[nodiscard]] double next_stop(double output) const {
    return recorder_ ? std::min(output, recorder_->next_time()) : output;
  }

  void go_back() {
    result_.reverse = run_back(setup_, p_, recorder_ ? recorder_->snapshots() : nullptr);
    const auto& tolerance = setup_.config.time.tolerance;  // absent for fixed steps, which are widened with the cells
    const double time_error = tolerance ? *tolerance * static_cast<double>(result_.steps) : 0;
    if (options_.estimates_reverse && !result_.reverse->interrupted)
      estimate_errors(setup_, *result_.reverse, time_error, options_.scratch);
    if (result_.reverse->interrupted) result_.stop_reason = "interrupted";
    check_reverse(setup_, *result_.reverse, result_.checks);
    if (options_.folder) write_reverse(setup_, *result_.reverse, *options_.folder);
  }

  /// Until the start is the law.
  void wait(double stop) {
    march_.wait(std::min(stop, setup_.clock));
    result_.t = march_.t();
    if (recorder_) recorder_->look(result_.t, view());
  }

  void step(double output) {
    poll_stop();
    const double before = march_.t(), stop = next_stop(output);
    if (before < setup_.clock) return wait(stop);
    self_check_->before_step(before, view());
    StepResult done;
    {
      const Stopwatch watch(result_.stepping_seconds);
      done = march_.step(stop, view());
    }
    self_check_->after_step(before, done.t, view());
    result_.t = march_.t();
    result_.rejected += done.rejected;
    ++result_.steps;
    step_length_ = done.t - before;
    result_.dt_min = result_.steps == 1 ? step_length_ : std::min(result_.dt_min, step_length_);
    result_.dt_max = std::max(result_.dt_max, step_length_);
    p_.values = state_.head(setup_.grid->cells());
    update_ledger();
    self_check_->after_step(moment());
    if (recorder_) recorder_->look(done.t, view());
    if (recorder_ && result_.t > done.t) recorder_->look_behind(result_.t, view());
    for (const auto& observer : observers_) observer->after_step(moment());
    if (result_.t == stop && stop < output) leave();
  }

  void update_ledger() {
    Ledger& ledger = result_.ledger;
    const double volume = setup_.grid->volume();
    const Totals now = totals(p_.view());
    ledger.mass = now.sum * volume;
    for (std::size_t k = 0; k < ledger.outflow.size(); ++k)
      ledger.outflow[k] = state_[setup_.grid->cells() + static_cast<Index>(k)];
    ledger.mass_error = ledger.mass + ledger.total_outflow() - ledger.mass_initial;
    ledger.mass_max_error = std::max(ledger.mass_max_error, std::abs(ledger.mass_error));
    require_mass(ledger.mass + ledger.total_outflow(), ledger.mass_initial, result_.t);
    ledger.min = now.min;
    ledger.max = now.max;
    ledger.run_min = std::min(ledger.run_min, now.min);
    ledger.run_max = std::max(ledger.run_max, now.max);
    ledger.negative_mass = std::max(ledger.negative_mass, now.negative * volume);
    if (now.negative * volume > std::max(1.0, ledger.mass_initial))
      throw NumericalError(
          fmt::format("{:.3g} of negative mass, more than there is in all: steps of {:.3g} do not damp what "
                      "they should; take shorter ones, or time.tolerance",
                      now.negative * volume, step_length_),
          result_.t);
    if (setup_.positive && now.min < 0) {
      Index cell = 0;
      p_.values.minCoeff(&cell);
      throw NumericalError(fmt::format("p = {:.3g} < 0 although p >= 0 was promised", now.min), result_.t, cell);
    }
  }

  void frame() {
    std::vector<Opinion> opinions;
    {
      const Stopwatch watch(result_.witness_seconds);
      for (std::size_t k = 0; k < witnesses_.size(); ++k) {
        Field own = witnesses_[k]->advance(result_.t);
        Verdict verdict = witnesses_[k]->judge(result_.t, p_, own);
        opinions.push_back({witnesses_[k]->name(), std::move(own), std::move(verdict)});
      }
      if (likelihood_) result_.log_likelihood.push_back(likelihood_->judge(result_.t, p_));
      compare_witnesses(opinions);
      for (std::size_t k = 0; k < opinions.size(); ++k) result_.verdicts[k].second.push_back(opinions[k].verdict);
    }
    result_.capped_share = std::max(result_.capped_share, setup_.scheme->reduced_cross(result_.t, p_.view()).share);
    look_at_peclets();
    result_.undefined_scores = std::max(result_.undefined_scores, setup_.scheme->undefined_scores(p_.view()));
    const LikelihoodVerdict* likelihood = likelihood_ ? &result_.log_likelihood.back() : nullptr;
    check_frame(setup_, result_.t, p_, result_.ledger, opinions, likelihood, result_.checks);
    write_frame(opinions);
  }

  void write_frame(std::span<const Opinion> opinions) {
    const Stopwatch watch(result_.output_seconds);
    self_check_->frame(moment());
    for (const auto& observer : observers_) observer->frame(moment(), opinions);
    framed_ = result_.t;
  }

  /// The state that a request to stop found, with no opinion on it.
  void last_frame() {
    if (result_.t > framed_) write_frame({});
  }

  void look_at_peclets() {
    result_.peclet.resize(static_cast<std::size_t>(setup_.grid->dimension()));
    for (std::size_t k = 0; k < result_.peclet.size(); ++k)
      result_.peclet[k] =
          std::max(result_.peclet[k], peclets_.range(static_cast<int>(k), result_.t, p_.view()).largest);
  }

  /// A deterministic witness is held against the exact one too: how much of a distance to it is its own.
  void compare_witnesses(std::vector<Opinion>& opinions) const {
    for (const Opinion& exact : opinions)
      for (Opinion& other : opinions)
        if (exact.witness == "exact" && witness_row(other.witness).against_exact)
          other.verdict.more.emplace_back("l1_exact",
                                          norms(*setup_.grid, other.density.view(), exact.density.view()).l1);
  }

  void close(double seconds) {
    result_.rhs_evaluations = setup_.stepper->rhs_evaluations();
    result_.factorisations = setup_.stepper->factorisations();
    result_.underflows = setup_.stepper->underflows();
    if (const Corrections* const done = setup_.stepper->corrections()) result_.corrections = *done;
    if (result_.corrections && result_.corrections->gave_way >= 0)
      result_.warnings.push_back(fmt::format(
          "scheme.flux: from t = {:.6g} on scharfetter_gummel took the place of {}: to keep p >= 0 cost several times "
          "as "
          "much, as it does where cells are too wide for fourth order; take more cells, or that flux from the start",
          result_.corrections->gave_way, setup_.flux->name));
    for (const auto& witness : witnesses_) {
      result_.facts.emplace_back(witness->name(), witness->facts());
      if (const std::string& why = result_.facts.back().second.distrust; !why.empty())
        result_.warnings.push_back(fmt::format("the {} witness is not to be trusted: {}", witness->name(), why));
      if (const std::string& what = result_.facts.back().second.caution; !what.empty())
        result_.warnings.push_back(fmt::format("the {} witness: {}", witness->name(), what));
    }
    result_.judgement = self_check_->conclude(moment());
    for (const std::string& warning : result_.judgement.warnings) result_.warnings.push_back(warning);
    for (std::string& warning : end_warnings(setup_, p_)) result_.warnings.push_back(std::move(warning));
    if (likelihood_) result_.log_likelihood_steps = likelihood_->steps();
    add_unreached(setup_, result_.checks);
    for (const auto& observer : observers_) observer->end(moment());
    result_.p = p_;
    for (std::string& sentence : not_numbers(result_)) result_.warnings.push_back(std::move(sentence));
    if (const auto rate = dissipation(setup_, result_.t, p_))
      result_.entropy_production = totals(*rate).sum * setup_.grid->volume();
    result_.total_seconds = seconds;
  }

  Moment moment() const {
    return {result_.t, step_length_, result_.steps, setup_.stepper->rhs_evaluations(), &p_, &result_.ledger};
  }

  std::span<double> view() { return {state_.data(), static_cast<std::size_t>(state_.size())}; }

  Setup& setup_;
  const RunOptions& options_;
  std::unique_ptr<ReverseRecorder> recorder_;  // null: no score of the forward run is wanted
  Timeline timeline_;                          // meets output times and snapshots
  March march_;
  Eigen::VectorXd state_;  // cells, then ledgers
  Field p_;
  CellPeclets peclets_;
  std::vector<std::unique_ptr<Witness>> witnesses_;
  std::unique_ptr<LogLikelihood> likelihood_;
  std::vector<std::unique_ptr<Observer>> observers_;
  std::optional<SelfCheck> self_check_;
  RunResult result_;
  double step_length_ = 0;
  double framed_ = -1;  // time of the last frame
};

}  // namespace

double Ledger::total_outflow() const {
  double total = 0;
  for (const double mass_out : outflow) total += mass_out;
  return total;
}

void require_mass(double mass, double initial, double t) {
  constexpr double tolerance = 1e-9;
  if (std::abs(mass - initial) <= tolerance * std::max(1.0, std::abs(mass))) return;
  throw NumericalError(
      fmt::format("mass and outflow together are {:.12g} and were {:.12g}: what does not keep them is wrong, whatever "
                  "else it says",
                  mass, initial),
      t);
}

RunResult run(Setup& setup, const RunOptions& options) { return run(setup, make_witnesses(setup), options); }

RunResult run(Setup& setup, Witnesses witnesses, const RunOptions& options) try {
  return Run(setup, std::move(witnesses), options).go();
} catch (const NumericalError& error) {  // before the first step
  throw NumericalError(describe(setup, error), error.time(), error.index());
}

}  // namespace fokker
