#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/output/document.hpp"
#include "fokker/run/build/infinite_range.hpp"
#include "fokker/run/check_result.hpp"
#include "fokker/run/estimate.hpp"
#include "fokker/run/judge/felt_questions.hpp"
#include "fokker/run/judge/felt_sides.hpp"
#include "fokker/run/judgement.hpp"
#include "fokker/run/log_likelihood.hpp"
#include "fokker/run/observe/live.hpp"
#include "fokker/run/observers.hpp"
#include "fokker/run/reverse.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

struct RunOptions {
  std::optional<std::filesystem::path> folder{};          ///< where files go; nothing is written without it
  std::optional<std::filesystem::path> scratch = folder;  ///< where snapshots wait; else among temporary files
  std::function<void(std::string_view)> draw_progress{};  ///< takes the bar of progress, an empty one at the end
  std::shared_ptr<LiveScreen> live{};                     ///< what draws p meanwhile, in place of the bar
  std::optional<std::string> state{};                     ///< of a run that goes on, from its checkpoint
  double checkpoint_every = 600;                          ///< [s] between checkpoints in `folder`; 0: when stopped only
  /// A trial: asked after every accepted step whether it goes on.
  std::function<bool(const struct RunResult&)> goes_on{};
  bool estimates = false;         ///< how far to believe it, by coarser grids (estimate.hpp)
  bool estimates_reverse = true;  ///< the time reversal is repeated on wider cells, for the error it states
};

/// Arrays of a frame as they have been written, for figures that are drawn before the run is gone; those of witnesses
/// at the last frame alone, by their names (and without values) at the others.
struct KeptFrame {
  double t = 0;
  std::vector<std::pair<std::string, std::vector<double>>> arrays;
};

/// What a run found, and the state that it ended with.
struct RunResult : RunState {
  std::string stop_reason = "end";  ///< "end", that of a [[stop]], "interrupted", "wall_time", or what failed
  bool numerical_failure = false;
  long rhs_evaluations = 0, factorisations = 0;
  long underflows = 0;                       ///< values below the normal range of a double that were set to 0
  std::optional<Corrections> corrections{};  ///< of a flux that is kept positive by correction
  double stepping_seconds = 0, total_seconds = 0, output_seconds = 0;
  std::vector<std::pair<std::string, double>> witness_seconds;  ///< of each, log_likelihood last
  Index undefined_scores = 0;                                   ///< largest Form::undefined_scores over the frames
  std::optional<double> entropy_production;  ///< int J . D^-1 J / p of the last frame [1/t]; absent for a singular D
  double capped_fraction = 0;  ///< largest p-weighted fraction of cells with a reduced D_xy over the frames
  std::vector<double> peclet;  ///< per axis: largest cell Peclet number where the mass is, over the frames
  std::vector<std::pair<std::string, std::vector<Verdict>>> verdicts;  ///< per witness, per frame
  std::vector<std::pair<std::string, WitnessFacts>> facts;
  std::vector<LikelihoodVerdict> log_likelihood;  ///< per frame; empty when the case does not ask
  long log_likelihood_steps = 0;
  std::vector<double> answers{};                   ///< of Setup::questions, at the last frame
  std::vector<double> mean_velocity{};             ///< per axis, at the end [x/t]
  bool drifts = false;                             ///< that is more than rounding
  std::optional<double> rate_of_change{};          ///< int |dp/dt| dx / mass at the end [1/t], where a [[stop]] asks
  std::shared_ptr<const PassageRecord> passage{};  ///< null where no side absorbs
  std::vector<CheckResult> checks;
  std::vector<std::string> warnings;   ///< what came up while it ran; those known before are Setup's
  Judgement judgement;                 ///< of its own box and grid; its warnings are among `warnings`
  std::vector<FeltSide> felt{};        ///< one per Case::infinite
  std::vector<FeltQuestion> missed{};  ///< one per question, where a side is infinite
  std::optional<ReverseResult> reverse;
  std::optional<Estimate> estimate{};
  std::vector<KeptFrame> kept{};  ///< of runs with a folder, up to 16 MB
  [[nodiscard]] bool checks_ok() const;
  /// What has come together between two steps; `checks` without the case's own.
  void keep(Archive& archive) {
    RunState::keep(archive);
    archive(rhs_evaluations, factorisations, underflows, stepping_seconds, total_seconds, output_seconds,
            witness_seconds, undefined_scores, capped_fraction, peclet, verdicts, log_likelihood, warnings, answers,
            felt, missed);
  }
};

/// Steps a setup to its end, with witnesses, checks and files. A numerical failure is a result (the last good frame,
/// series and summary are kept), not an exception. Throws BoxOutgrown, when the files of this run are those of nobody.
[[nodiscard]] RunResult run(Setup& setup, const RunOptions& options);
/// The same with witnesses that were made before, so that what they refuse is known before anything is written.
[[nodiscard]] RunResult run(Setup& setup, Witnesses witnesses, const RunOptions& options);

/// summary.json and the closing table of a run, whose files are in `folder`.
[[nodiscard]] Document document(const Setup& setup, const RunResult& result,
                                const std::optional<std::filesystem::path>& folder);
/// What nobody may miss, for stderr, one line each: warnings that came up on the way, and every check that fell short.
[[nodiscard]] std::string last_words(const RunResult& result);

}  // namespace fokker
