#include "trial.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "fokker/base/errors.hpp"
#include "fokker/base/memory.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/base/stopwatch.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/estimate.hpp"
#include "fokker/run/log_likelihood.hpp"
#include "fokker/run/report.hpp"
#include "fokker/run/reverse.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/run_figure.hpp"
#include "fokker/run/run_folder.hpp"
#include "fokker/run/stop_reason.hpp"
#include "fokker/run/witness.hpp"
#include "way.hpp"

namespace fokker {
namespace {

namespace fs = std::filesystem;

constexpr double patience = 0.2;  // [s] for a part

/// A folder among temporary files, for as long as it lives.
class TrialFolder {
 public:
  TrialFolder() {
    std::string name = (fs::temp_directory_path() / "fokker_trial_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw FileError(name, "cannot be made");
    path_ = name;
  }
  ~TrialFolder() {
    std::error_code gone;
    fs::remove_all(path_, gone);
  }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The parts of one case, one after the other.
class Trial {
 public:
  explicit Trial(const Setup& setup)
      : setup_(setup), end_(setup.config.time.end), frames_(static_cast<double>(setup.config.output.times.size())) {}

  Costs go(bool estimates) {
    evolve();
    const double before = memory_taken().now;
    for (const WitnessRow& row : witness_rows())
      if (row.asked(setup_.config.compare)) ask(row);
    if (setup_.config.compare.log_likelihood) carry();
    if (setup_.config.reverse) go_back();
    if (estimates) estimate();
    const double witnesses = std::max(0.0, memory_taken().now - before);
    costs_.bytes = std::max(stepping_bytes_ + witnesses, memory_taken().most - copy_bytes_) + frames_bytes();
    return std::move(costs_);
  }

 private:
  template <class Act>
  [[nodiscard]] static double time(const Act& act) {
    const auto start = Clock::now();
    act();
    return seconds_since(start);
  }

  /// What a run goes on by that is tried: a few steps, or as long as there is patience.
  [[nodiscard]] std::function<bool(const RunResult&)> followed_by(Way& way) const {
    return [this, &way, steps = 0L, start = Clock::now()](const RunResult& now) mutable {
      constexpr long fewest = 3;
      const double spent = seconds_since(start);
      way.add(now.t, spent - now.output_seconds);
      if (now.t >= end_) return false;  // what comes then is tried by itself
      return ++steps < fewest || (spent - now.output_seconds < patience && spent < 3 * patience);
    };
  }

  void evolve() {
    Case config = setup_.config;
    config.compare = {};
    config.checks.clear();
    config.infinite.clear();  // the box as it is: a trial widens nothing
    const double before = memory_taken().now;
    std::optional<Setup> copy;
    const double set_up = time([&] { copy.emplace(assemble(std::move(config))); });
    copy_bytes_ = memory_taken().now - before;
    const TrialFolder folder;
    Way way;
    const RunResult result = run(*copy, {.folder = folder.path(), .checkpoint_every = 0, .goes_on = followed_by(way)});
    stepping_bytes_ = memory_taken().most - copy_bytes_;
    poll_stop();
    if (is_final(result.stop_reason)) end_ = result.t;  // by a [[stop]]
    if (result.numerical_failure) throw NumericalError(result.stop_reason, result.t);
    const std::vector<double>& times = setup_.config.output.times;
    const auto before_it = std::lower_bound(times.begin(), times.end(), result.t * (1 - same_time)) - times.begin();
    const double written = static_cast<double>(before_it) + 1;
    costs_.parts.push_back({"set_up", set_up});
    costs_.parts.push_back({"evolution", way.until(end_)});
    costs_.parts.push_back({"output", result.output_seconds / written * frames_});
    last_ = result.p;
    const Document words = document(*copy, result, folder.path());
    costs_.parts.push_back({"pictures", time([&] { draw(folder.path(), *copy, result, words); })});
  }

  /// The runs on coarser grids, and the one in finer steps.
  void estimate() {
    double seconds = 0;
    Case config = setup_.config;
    config.time.end = end_;
    static_cast<void>(solve_on_coarser_grids(config, setup_.stepper_row, [&](Case coarse) {
      std::optional<Setup> other;
      seconds += time([&] { other.emplace(assemble(std::move(coarse))); });
      Way way;
      const RunResult result = run(*other, {.checkpoint_every = 0, .goes_on = followed_by(way)});
      seconds += way.until(end_);
      return GridSolution{{}, result.p, ""};
    }));
    costs_.parts.push_back({"estimate", seconds});
  }

  /// What figures and page keep of frames that a trial does not have.
  [[nodiscard]] double frames_bytes() const {
    constexpr double most_drawn = 16e6, most_read = 64e6, most_back = 256e6;
    double arrays = 1;
    for (const WitnessRow& row : witness_rows()) arrays += row.asked(setup_.config.compare) ? 1 : 0;
    const double frame = 8 * static_cast<double>(setup_.grid->cells()) * frames_;
    const auto& reverse = setup_.config.reverse;
    const double back = reverse ? static_cast<double>(reverse->lambda.size()) * frame : 0;
    return std::min(most_drawn, frame) + std::min(most_read, arrays * frame) + (back < most_back ? back : 0);
  }

  static void draw(const fs::path& folder, const Setup& setup, const RunResult& result, const Document& words) {
    const Json summary = json_of(words);
    RunRecord record(folder, setup, summary);
    for (const KeptFrame& frame : result.kept) record.remember(frame.t, frame.arrays);
    const std::string svg = write_figures(folder, figure_of(record, record.picture()));
    write_atomically(folder / "summary.json", json_text(summary));
    write_report(record, words, svg);
  }

  /// In ever longer ways, each twice as long as the one before.
  template <class Advance>
  Way follow(const Advance& advance) {
    constexpr int parts = 10;
    Way way;
    double spent = 0;
    for (int k = -parts; k <= 0 && spent < patience; ++k) {
      const double t = std::ldexp(end_, k);
      spent += time([&] { advance(t); });
      way.add(t, spent);
    }
    return way;
  }

  void ask(const WitnessRow& row) {
    std::unique_ptr<Witness>& witness = witnesses_.emplace_back();
    double seconds = time([&] { witness = row.make(setup_); }), last = 0, judging = 0;
    const Way way = follow([&](double t) {
      Field own;
      last = time([&] { own = witness->advance(t); });
      judging = time([&] { static_cast<void>(witness->judge(t, setup_.initial, own)); });
    });
    seconds += row.is_distribution ? frames_ * (last + judging) : stepped(row, *witness, way) + frames_ * judging;
    costs_.parts.push_back({std::string(row.name), seconds});
  }

  /// Of particles the steps are known beforehand.
  double stepped(const WitnessRow& row, const Witness& witness, const Way& way) {
    const auto cost = row.name == "monte_carlo" ? particle_cost(setup_) : std::nullopt;
    double steps = 0, seconds = 0;
    for (const auto& [name, value] : witness.facts().numbers) {
      if (name == "steps") steps = value;
      if (name == "seconds") seconds = value;
    }
    return cost && steps > 0 ? std::min(cost->steps, cost->affordable) * seconds / steps : way.until(end_);
  }

  void carry() {
    std::optional<LogLikelihood> likelihood;
    const double made = time([&] { likelihood.emplace(setup_); });
    const Way way = follow([&](double t) { static_cast<void>(likelihood->judge(t, setup_.initial)); });
    costs_.parts.push_back({"log_likelihood", made + way.until(end_)});
  }

  /// All lambdas, and once more on half and a quarter of the cells with the way there, for the error it states.
  void go_back() {
    double seconds = 0;
    for (const double lambda : setup_.config.reverse->lambda) {
      Way way;
      const auto start = Clock::now();
      try_back(setup_, last_, lambda, [&](double tau) {
        way.add(tau, seconds_since(start));
        return seconds_since(start) < patience;
      });
      seconds += way.until(end_);
    }
    const double evolution = costs_.parts[1].seconds;
    costs_.parts.push_back(
        {"reverse", seconds + (seconds + evolution) * (setup_.grid->dimension() > 1 ? 5.0 / 16 : 3.0 / 4)});
  }

  const Setup& setup_;
  double end_, frames_, copy_bytes_ = 0, stepping_bytes_ = 0;
  std::vector<std::unique_ptr<Witness>> witnesses_;  // all at once, as in a run
  Field last_;                                       // as far as the evolution was tried
  Costs costs_;
};

}  // namespace

double Costs::seconds() const {
  double sum = 0;
  for (const CostPart& part : parts) sum += part.seconds;
  return sum;
}

Costs try_costs(const Setup& setup, bool estimates) try {
  return Trial(setup).go(estimates);
} catch (const std::exception& error) {
  return {{}, 0, error.what()};
}

}  // namespace fokker
