#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fokker/analysis/score_table.hpp"
#include "fokker/run/reverse_row.hpp"
#include "fokker/run/setup.hpp"
#include "fokker/run/witness.hpp"

namespace fokker {

/// The time reversal of a run from its end to 0 (theory section 3).
struct ReverseResult {
  std::string score;    ///< exact or forward
  double start_l1 = 0;  ///< from the start taken to the run's last density; 0 unless it starts from the prior
  std::optional<double> score_kl;  ///< int E[ds . D ds] dt from leaving out every second snapshot; forward score only
  Index snapshots = 0, underflowed = 0;
  double spread = 0;         ///< largest l1 between two rows
  bool interrupted = false;  ///< rows that are missing were not finished
  std::vector<ReverseRow> rows;
};

/// The way back of a run, which may be left between any two steps.
class Reversal {
 public:
  class Descent;
  /// `snapshots`: to be filled by the run before `go`; null for an exact score. The setup is borrowed.
  Reversal(const Setup& setup, std::shared_ptr<const LogSnapshots> snapshots);
  ~Reversal();
  Reversal(const Reversal&) = delete;
  Reversal& operator=(const Reversal&) = delete;
  /// From `last`, the density at the end, to t = 0 for every lambda that has not come there; `after_step` is told of
  /// every step. What was found; a request to stop leaves it between two steps (`interrupted`). Throws NumericalError
  /// with its time in tau.
  ReverseResult& go(const Field& last, const std::function<void()>& after_step);
  void keep(Archive& archive);

 private:
  void descend(double lambda);
  void go_on(const std::function<void()>& after_step);
  void finish();

  const Setup& setup_;
  Field start_;
  std::shared_ptr<const LogSnapshots> snapshots_;
  std::shared_ptr<ScoreSource> score_;
  ReverseResult result_;
  std::unique_ptr<Descent> descent_;  ///< of the lambda behind those of the rows, where that has begun
};

/// The first steps of a way back, for what they cost, as long as `goes_on` (of tau, after every step) says so: by the
/// closed form, which takes its start from it too; where there is none, from `last` with its own score.
void try_back(const Setup& setup, const Field& last, double lambda, const std::function<bool(double)>& goes_on);

/// Fills in `error` and `order` of the rows, by runs forward and back on cells twice and four times as wide;
/// `time_error`: of the forward run in l1. Their snapshots wait in `scratch`, or among temporary files.
void estimate_errors(const Setup& setup, ReverseResult& result, double time_error,
                     const std::optional<std::filesystem::path>& scratch);

/// reverse_NNNNNN.vti with reverse.pvd: p_reverse_LAMBDA of each row at the output times, in the order of t; the first,
/// at t = 0, also has p, the initial density. Throws FileError.
void write_reverse(const Setup& setup, const ReverseResult& result, const std::filesystem::path& folder);

}  // namespace fokker
