#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/analysis/agreement.hpp"
#include "fokker/analysis/norms.hpp"
#include "fokker/model/score.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What one witness says about the density at one frame.
struct Verdict {
  double t = 0;
  Norms norms;
  double mean_error = 0, covariance_error = 0;  ///< largest absolute component; circular on a periodic axis
  double ks = 0;                                ///< largest over the marginals; Kuiper's on a periodic axis
  std::optional<double> w1;                     ///< 1D
  std::optional<Agreement> agreement;           ///< particles only
  bool both_signs = false;                      ///< the reference's noise has: kl need not be finite
  /// What else it has to say, by its key in summary.json.
  std::vector<std::pair<std::string, double>> more;
  void keep(Archive& archive) { archive(t, norms, mean_error, covariance_error, ks, w1, agreement, both_signs, more); }
};

/// p against a reference on the same grid, without a sampling distribution.
[[nodiscard]] Verdict verdict_on(double t, const Field& p, const Field& reference);

/// What a divergence is when p has mass where the reference underflows, "" when it has none: "infinite: ..." or
/// "without ...".
[[nodiscard]] std::string kl_note(const Norms& norms);

/// Facts about the witness itself for summary.json, in order.
struct WitnessFacts {
  std::vector<std::pair<std::string, double>> numbers;
  std::string distrust = {};  ///< why it is not to be trusted; empty when it is
  std::string caution = {};   ///< what it may be wrong in besides its noise; empty when in nothing
  std::string stepper = {};   ///< before the numbers; empty where there is nothing to say
};

/// An independent solution for the density, advanced to each frame before that frame is written, on its own clock.
class Witness {
 public:
  virtual ~Witness() = default;
  [[nodiscard]] virtual const char* name() const = 0;
  /// Its density at time t (not before the previous call's), as cell averages.
  virtual Field advance(double t) = 0;
  /// Judges p against the density of the last advance.
  [[nodiscard]] virtual Verdict judge(double t, const Field& p, const Field& own) const;
  [[nodiscard]] virtual WitnessFacts facts() const { return {}; }
  /// What its next advance depends on, and what it has counted; between two of them.
  virtual void keep(Archive& /*archive*/) {}
};

/// A row of the table of witnesses: the key compare.NAME, and what becomes of it.
struct WitnessRow {
  std::string_view name;                           ///< in checks, summary.json and the arrays of frames
  bool (*asked)(const CaseCompare&);               ///< by the case
  void (*require)(Setup&) = nullptr;               ///< throws the CaseError of what the case alone rules out
  std::unique_ptr<Witness> (*make)(const Setup&);  ///< throws CaseError where it cannot be trusted from the start
  bool refused_when_made = false;                  ///< `check` makes it too: only its making can refuse it
  bool is_distribution = false;       ///< the distribution itself: pictures and series.csv show it beside p
  bool against_distribution = false;  ///< held against the distribution too: how much of a distance is its own
  bool both_signs = false;            ///< its density has noise of both signs: no reference for logarithms
};

/// Each witness once, in the order in which they are made and judge.
[[nodiscard]] std::span<const WitnessRow> witness_rows();
/// The row of a name of the table.
[[nodiscard]] const WitnessRow& witness_row(std::string_view name);

/// Throws CaseError, with the reason, for every witness that what the case says already rules out, and makes the
/// distribution of a density formula: part of `build`, after `assemble`.
void require_witnesses(Setup& setup);

/// Where D jumps in space at the start or at the end, as text; nothing where it does not.
[[nodiscard]] std::optional<std::string> jump_of_diffusion(const Setup& setup);

/// Throws the CaseErrors of witnesses that only their own making can refuse; `build` has asked the others
/// (require_witnesses).
void check_witnesses(const Setup& setup);

/// What the particles will cost, found by sending a few of them the whole way.
struct ParticleCost {
  std::int64_t particles = 0;
  Index sources = 1;                                            ///< of noise
  double steps = 0;                                             ///< of time that each should take
  double shortest = 0;                                          ///< of them [t]
  bool chosen = false;                                          ///< by the program
  double affordable = std::numeric_limits<double>::infinity();  ///< steps that steps_max allows
};
/// Absent where no particles are asked for, and where their steps adapt.
[[nodiscard]] std::optional<ParticleCost> particle_cost(const Setup& setup);

/// The witnesses a case asks for, each made once.
struct Witnesses {
  std::vector<std::unique_ptr<Witness>> all;
  std::vector<double> seconds;  ///< what making each of them took
};
/// Throws CaseError where one cannot be trusted, with the reason.
[[nodiscard]] Witnesses make_witnesses(const Setup& setup);

}  // namespace fokker
