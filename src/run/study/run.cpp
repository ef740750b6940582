#include "fokker/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../build/faults.hpp"
#include "../build/questions.hpp"
#include "../judge/self_check.hpp"
#include "../observe/checks.hpp"
#include "../observe/reverse_recorder.hpp"
#include "../observe/stops.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/base/stopwatch.hpp"
#include "fokker/run/end_warnings.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/march.hpp"
#include "fokker/run/resume.hpp"
#include "fokker/run/stop_reason.hpp"
#include "fokker/scheme/cell_peclet.hpp"
#include "panel.hpp"

namespace fokker {

namespace {

/// One run from its initial state to its end.
class Run {
 public:
  Run(Setup& setup, Witnesses witnesses, const RunOptions& options)
      : setup_(setup),
        options_(options),
        timeline_(setup.timeline),
        peclets_(setup.grid, setup.sde),
        stops_(setup, options.folder) {
    static_cast<RunState&>(result_) = initial_run_state(setup);
    if (setup.config.reverse && !setup.reverse_score) {
      auto recorder = std::make_unique<ReverseRecorder>(setup, options.scratch);
      snapshots_ = recorder->snapshots();
      observers_.push_back(std::move(recorder));
    }
    if (setup.config.reverse) reversal_.emplace(setup, snapshots_);
    panel_.emplace(setup, std::move(witnesses), result_, options.folder.has_value());
    if (setup.grid->outflows() > 0) {
      passage_ = std::make_shared<PassageRecord>(setup);
      result_.passage = passage_;
    }
    if (options.live)
      observers_.push_back(make_live(setup, options.live));
    else if (options.draw_progress)
      observers_.push_back(make_progress(setup, options.draw_progress));
    if (options.folder) {
      observers_.push_back(
          make_series(setup, *options.folder, passage_.get(), options.state ? Files::go_on : Files::begin));
      observers_.push_back(make_frames(setup, *options.folder));
      observers_.push_back(make_tables(setup, *options.folder));
    }
    const auto meet = [&](const Observer& observer) {
      if (const auto stops = observer.stops(); !stops.empty())
        timeline_ = timeline_.meeting(stops, same_time * setup.config.time.end);
    };
    if (passage_) meet(*passage_);
    for (const auto& observer : observers_) meet(*observer);
  }

  RunResult go() {
    self_check_.emplace(setup_);
    if (options_.state) go_on(*options_.state);
    tell(&Observer::begin, result_.t);
    try {
      step_to_the_end();
      stepped_ = true;
      if (!ended_by_.empty()) result_.stop_reason = ended_by_;
      if (options_.checkpoint_every > 0) save();
      if (setup_.config.reverse) go_back();
      if (options_.estimates) solve_coarser();
    } catch (const NumericalError& error) {
      result_.numerical_failure = true;
      result_.stop_reason = describe(setup_, error);
    } catch (const std::bad_alloc&) {
      result_.numerical_failure = true;
      result_.stop_reason = fmt::format("out of memory at t = {:.6g}", result_.t);
    } catch (const Stopped&) {
      result_.stop_reason = stop_cause();
    }
    const StopAnswer answer;  // what is left to do is to write down what there is
    if (!result_.numerical_failure && !stepped_) {
      save();
      last_frame();
    }
    close();
    return std::move(result_);
  }

 private:
  /// A request to stop abandons the step in progress: the state before it is the last frame. What ends a run early
  /// changes no step: the state that it found is the last frame.
  void step_to_the_end() {
    const std::vector<double>& times = setup_.config.output.times;
    if (frames_ == 0) {
      feel_sides(setup_, result_.t, result_.p, result_.felt);
      frame();
      tell(&Observer::look, result_.t);
      march_.begin(times[1], view());
      count();
      ++frames_;
    }
    while (frames_ < times.size()) {
      while (march_.t() < times[frames_] && ended_by_.empty()) {
        step(times[frames_]);
        save_when_due();
      }
      frame();
      if (ended_by_.empty()) leave();
      frames_ = ended_by_.empty() ? frames_ + 1 : times.size();
    }
  }

  /// The work that has led to accepted steps; what an abandoned one took is not in it.
  void count() {
    result_.rhs_evaluations = before_.rhs_evaluations + setup_.stepper->rhs_evaluations();
    result_.factorisations = before_.factorisations + setup_.stepper->factorisations();
    result_.underflows = before_.underflows + setup_.stepper->underflows();
  }

  // --- Checkpoints: between two steps, or where a step or the answers at a frame were abandoned
  void keep(Archive& archive) {
    result_.total_seconds += seconds_since(std::exchange(counted_, Clock::now()));
    archive(frames_, ended_by_, result_, march_, *self_check_, *panel_);
    if (passage_) passage_->keep(archive);
    for (const auto& observer : observers_) observer->keep(archive);
    keep_checks(setup_, !ended_by_.empty(), archive, result_.checks);
    if (reversal_) reversal_->keep(archive);
  }

  void save() {
    if (!options_.folder) return;
    const StopAnswer answer;
    Archive archive;
    keep(archive);
    write_checkpoint(*options_.folder, checkpoint_of(setup_, options_.estimates, archive.take()), Durable::yes);
    saved_ = Clock::now();
  }

  void save_when_due() {
    if (options_.checkpoint_every > 0 && seconds_since(saved_) > options_.checkpoint_every) save();
  }

  void go_on(const std::string& state) {
    const Index size = result_.state.size();
    Archive archive(state);
    keep(archive);
    archive.finish();
    before_ = {result_.rhs_evaluations, result_.factorisations, result_.underflows};
    march_.leave();  // a later end may have found a switch where the run ended
    if (result_.state.size() != size || result_.p.values.size() != setup_.grid->cells())
      throw ArchiveError("it holds a state of another length");
  }

  /// What is to be done where a step ended is done; behind a switch the rate of p is another one.
  void leave() {
    march_.leave();
    if (march_.t() > result_.t) tell(&Observer::look_behind, march_.t());
  }

  [[nodiscard]] double next_stop(double output) const {
    if (passage_) output = std::min(output, passage_->next_stop());
    for (const auto& observer : observers_) output = std::min(output, observer->next_stop());
    return output;
  }

  void go_back() {
    ReverseResult& back = reversal_->go(result_.p, [this] { save_when_due(); });
    // Fixed steps have no tolerance: they are widened with the cells.
    const double time_error = setup_.config.time.tolerance.value_or(0) * static_cast<double>(result_.steps);
    if (options_.estimates_reverse && !back.interrupted) estimate_errors(setup_, back, time_error, options_.scratch);
    if (back.interrupted) result_.stop_reason = stop_cause();
    if (back.interrupted) save();
    check_reverse(setup_, back.rows, result_.checks);
    if (options_.folder) write_reverse(setup_, back, *options_.folder);
    result_.reverse = std::move(back);
  }

  void solve_coarser() {
    Case config = setup_.config;
    config.time.end = result_.t;
    coarser_ = solve_on_coarser_grids(config, setup_.stepper_row, [&](Case coarse) {
      Setup setup = assemble(std::move(coarse));
      RunResult result = run(setup, {.draw_progress = options_.draw_progress});
      if (result.stop_reason == stop_cause()) throw Stopped();
      if (result.numerical_failure) throw NumericalError(result.stop_reason, result.t);
      return solution(setup, result);
    });
  }

  [[nodiscard]] static GridSolution solution(const Setup& setup, const RunResult& result) {
    std::string by(setup.flux->name);
    if (result.corrections && result.corrections->gave_way >= 0) by += ", which gave way to scharfetter_gummel";
    if (setup.stepper->surrender().t >= 0) by += ", which took over from points";
    return {json_of(document(setup, result, {})), result.p, by};
  }

  /// Until the start is the distribution.
  void wait(double stop) {
    march_.wait(std::min(stop, setup_.clock));
    result_.t = march_.t();
    tell(&Observer::look, result_.t);
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
    count();
    result_.rejected += done.rejected;
    count_step(setup_, done.t, done.t - before, result_);
    feel_sides(setup_, done.t, result_.p, result_.felt);
    ended_by_ = stops_.reached(moment(done.t));
    if (ended_by_.empty()) result_.t = march_.t();  // behind the switch that it may have come to
    self_check_->after_step(moment(result_.t));
    tell(&Observer::look, done.t);
    if (result_.t > done.t) tell(&Observer::look_behind, result_.t);
    tell(&Observer::after_step, result_.t);
    if (result_.t == stop && stop < output) leave();
    if (options_.goes_on && !options_.goes_on(result_)) throw Stopped();
  }

  void frame() {
    feel_questions(setup_, result_.t, result_.p, result_.missed);
    const std::vector<Comparison> comparisons = panel_->ask();
    result_.capped_fraction =
        std::max(result_.capped_fraction, setup_.scheme->reduced_cross(result_.t, result_.p.view()).fraction);
    look_at_peclets();
    result_.undefined_scores = std::max(result_.undefined_scores, setup_.scheme->undefined_scores(result_.p.view()));
    check_frame(
        {setup_, result_.t, result_.p, &result_.balance, panel_->likelihood(), passage_.get(), is_last(result_.t)},
        comparisons, result_.checks);
    write_frame(comparisons);
  }

  void write_frame(std::span<const Comparison> comparisons) {
    const Stopwatch watch(result_.output_seconds);
    self_check_->frame(moment(result_.t));
    result_.answers = setup_.questions->answers(result_.t, result_.p);
    for (const auto& observer : observers_) observer->frame(moment(result_.t), comparisons);
    result_.framed = result_.t;
    if (options_.folder) keep_for_figures(comparisons);
  }

  void keep_for_figures(std::span<const Comparison> comparisons) {
    constexpr std::size_t most_values = 2'000'000;
    const auto cells = static_cast<std::size_t>(setup_.grid->cells());
    if (cells * (result_.kept.size() + 1 + comparisons.size()) > most_values) return;
    if (!result_.kept.empty())
      for (auto& [name, values] : result_.kept.back().arrays)
        if (name != "p") std::vector<double>().swap(values);
    KeptFrame frame{result_.t, {{"p", {result_.p.values.begin(), result_.p.values.end()}}}};
    for (const Comparison& comparison : comparisons)
      frame.arrays.emplace_back("p_" + comparison.witness, std::vector<double>(comparison.density.values.begin(),
                                                                               comparison.density.values.end()));
    result_.kept.push_back(std::move(frame));
  }

  /// The state that a request to stop found, which no witness has seen.
  void last_frame() {
    if (result_.t > result_.framed) write_frame({});
  }

  void look_at_peclets() {
    result_.peclet.resize(setup_.grid->dimension());
    for (std::size_t k = 0; k < result_.peclet.size(); ++k)
      result_.peclet[k] =
          std::max(result_.peclet[k], peclets_.range(static_cast<int>(k), result_.t, result_.p.view()).largest);
  }

  void close() {
    if (const Corrections* const done = setup_.stepper->corrections()) result_.corrections = *done;
    if (result_.corrections && result_.corrections->gave_way >= 0)
      result_.warnings.push_back(fmt::format(
          "scheme.flux: from t = {:.6g} on scharfetter_gummel took the place of {}: to keep p >= 0 cost several times "
          "as much, as it does where cells are too wide for fourth order; take more cells, or that flux from the start",
          result_.corrections->gave_way, setup_.flux->name));
    if (const auto surrendered = setup_.stepper->surrender(); surrendered.t >= 0)
      result_.warnings.push_back(fmt::format("time.stepper: from t = {:.6g} on the fluxes ({}) carried p: {}",
                                             surrendered.t, setup_.flux->name, surrendered.why));
    if (result_.t > result_.framed) answer_at_the_end();
    panel_->conclude();
    result_.judgement = self_check_->conclude(moment(result_.t));
    for (const std::string& warning : result_.judgement.warnings) result_.warnings.push_back(warning);
    for (std::string& warning : warnings_of(setup_.config, result_.felt))
      result_.warnings.push_back(std::move(warning));
    for (std::string& warning : warnings_of(setup_.config, result_.missed))
      result_.warnings.push_back(std::move(warning));
    for (std::string& warning : end_warnings(setup_, result_.p)) result_.warnings.push_back(std::move(warning));
    if (const std::string late = passage_ ? passage_->warning() : ""; !late.empty()) result_.warnings.push_back(late);
    tell(&Observer::end, result_.t);
    for (std::string& sentence : not_numbers(result_)) result_.warnings.push_back(std::move(sentence));
    if (const auto rate = dissipation(setup_, result_.t, result_.p))
      result_.entropy_production = sum_of_cells(*rate) * setup_.grid->volume();
    judge_rest();
    result_.mean_velocity = mean_velocity(setup_, result_.t, result_.p);
    result_.drifts = exceeds_rounding(setup_, result_.t, result_.p, result_.mean_velocity);
    result_.total_seconds += seconds_since(counted_);
    if (coarser_) result_.estimate = estimate(solution(setup_, result_), *coarser_, setup_.flux->order);
    if (result_.estimate)
      for (const std::string& failure : result_.estimate->failures) result_.warnings.push_back("estimate: " + failure);
    if (is_final(result_.stop_reason)) look_into_summary();
    add_unreached(setup_, result_.checks);
  }

  /// Beside moments of that time, not those of the last frame.
  void answer_at_the_end() try {
    result_.answers = setup_.questions->answers(result_.t, result_.p);
  } catch (const NumericalError&) {  // which ended the run
    result_.answers.assign(result_.answers.size(), NAN);
  }

  /// The operator contracts: until time.end p moves by no more than its rate times what is left of the time.
  void judge_rest() {
    constexpr double worth_saying = 0.02;
    result_.rate_of_change = stops_.rate_asked(result_.t, result_.p);
    if (!result_.stop_reason.starts_with("stationary")) return;
    const double moves = *result_.rate_of_change * (setup_.config.time.end - result_.t);
    if (moves > worth_saying)
      result_.warnings.push_back(fmt::format(
          "stop: int |dp/dt| dx is {:.3g} of the mass per unit of t where the run ended; until time.end = {:.6g} that "
          "may come to l1 {:.2g}: where a barrier is rarely crossed, p seems to rest long before it does. Take a "
          "smaller stationary, or ask `fokker steady`",
          *result_.rate_of_change, setup_.config.time.end, std::min(2.0, moves)));
  }

  /// For the checks that speak of it by its names.
  void look_into_summary() {
    const auto dotted = [](const CaseCheck& check) { return quantity_row(check.quantity).quantity.dotted; };
    if (std::any_of(setup_.config.checks.begin(), setup_.config.checks.end(), dotted))
      check_summary(setup_, result_.t, json_of(document(setup_, result_, options_.folder)), result_.checks);
  }

  void tell(void (Observer::*event)(const Moment&), double t) {
    if (passage_) ((*passage_).*event)(moment(t));  // the series asks it
    for (const auto& observer : observers_) ((*observer).*event)(moment(t));
  }

  [[nodiscard]] Moment moment(double t) const {
    return {t, result_.dt, result_.steps, result_.rhs_evaluations, &result_.p, &result_.balance, view(), is_last(t)};
  }
  [[nodiscard]] bool is_last(double t) const { return t >= setup_.config.time.end || !ended_by_.empty(); }

  std::span<double> view() { return {result_.state.data(), static_cast<std::size_t>(result_.state.size())}; }
  [[nodiscard]] std::span<const double> view() const {
    return {result_.state.data(), static_cast<std::size_t>(result_.state.size())};
  }

  Setup& setup_;
  const RunOptions& options_;
  RunResult result_;
  std::shared_ptr<PassageRecord> passage_;  // null: no side absorbs
  std::vector<std::unique_ptr<Observer>> observers_;
  std::shared_ptr<const LogSnapshots> snapshots_;  // null: no score of the forward run is wanted
  Timeline timeline_;                              // meets output times and the stops of observers
  March march_{*setup_.stepper, *setup_.stepper_row, timeline_};
  CellPeclets peclets_;
  Stops stops_;
  std::string ended_by_;  // the reason of a [[stop]]; empty while none has come
  std::optional<Panel> panel_;
  std::optional<SelfCheck> self_check_;
  std::optional<Reversal> reversal_;
  std::optional<CoarserGrids> coarser_;
  struct Counts {
    long rhs_evaluations = 0, factorisations = 0, underflows = 0;
  };
  Counts before_;           // of the run that this one resumes
  std::size_t frames_ = 0;  // done
  bool stepped_ = false;    // to the end
  Clock::time_point counted_ = Clock::now(), saved_ = counted_;
};

}  // namespace

bool RunResult::checks_ok() const {
  return std::all_of(checks.begin(), checks.end(), [](const CheckResult& result) { return result.ok; });
}

RunResult run(Setup& setup, const RunOptions& options) { return run(setup, make_witnesses(setup), options); }

RunResult run(Setup& setup, Witnesses witnesses, const RunOptions& options) try {
  return Run(setup, std::move(witnesses), options).go();
} catch (const NumericalError& error) {  // before the first step
  throw NumericalError(describe(setup, error), error.time(), error.index());
}

}  // namespace fokker
