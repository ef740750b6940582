#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
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
  /// What else it has to say, by its key in summary.json.
  std::vector<std::pair<std::string, double>> more;
};

/// p against a reference on the same grid, without a sampling law.
[[nodiscard]] Verdict verdict_on(double t, const Field& p, const Field& reference);

/// What a divergence is when p has mass where the reference underflows, "" when it has none: "infinite: ..." or
/// "without ...".
[[nodiscard]] std::string kl_note(const Norms& norms);

/// Facts about the witness itself for summary.json, in order.
struct WitnessFacts {
  std::vector<std::pair<std::string, double>> numbers;
  std::string distrust = {};  ///< why its opinion should not count; empty when it should
  std::string caution = {};   ///< what it may be wrong in besides its noise; empty when in nothing
};

/// An independent opinion on the density, advanced to each frame before that frame is written, on its own clock.
class Witness {
 public:
  virtual ~Witness() = default;
  [[nodiscard]] virtual const char* name() const = 0;
  /// Its density at time t (not before the previous call's), as cell averages.
  virtual Field advance(double t) = 0;
  /// Judges p against the density of the last advance.
  [[nodiscard]] virtual Verdict judge(double t, const Field& p, const Field& own) const;
  [[nodiscard]] virtual WitnessFacts facts() const { return {}; }
};

/// The closed form of a case (theory section 4). Throws CaseError at `key` with the reason and the remedy where there
/// is none.
[[nodiscard]] ClosedForm closed_form(const Case& config, const FormulaSde& sde, const std::string& key,
                                     const std::string& remedy);

/// The closed form of a case that its flow can follow: also refuses a start without a score (a point, or a singular
/// covariance) and sides that absorb.
[[nodiscard]] ClosedForm flow_form(const Setup& setup, const std::string& key, const std::string& remedy);

/// Throws CaseError, with the reason, for every witness that what the case says already rules out, and makes the law of
/// a density formula: part of `build`.
void require_witnesses(Setup& setup);

/// The closed form or formula a case asks for; null when it asks for none. Throws CaseError where there is no closed
/// form.
[[nodiscard]] std::unique_ptr<Witness> make_exact(const Setup& setup);

/// The other form of the equation, run beside (compare.twin), and by how much the identity F = J/p misses.
[[nodiscard]] std::unique_ptr<Witness> make_twin(const Setup& setup);
/// The Fourier pseudo-spectral solution a case asks for; null when it asks for none. Throws CaseError where it cannot
/// be trusted from the start, and in a build without FFTW.
[[nodiscard]] std::unique_ptr<Witness> make_spectral(const Setup& setup);

/// Where D jumps in space at the start or at the end, as text; nothing where it does not.
[[nodiscard]] std::optional<std::string> jump_of_diffusion(const Setup& setup);

/// Throws the CaseError of the witness that only its own making can refuse, the spectral one; `build` has asked the
/// others (require_witnesses). Before anything is written.
void check_witnesses(const Setup& setup);

/// The particles a case asks for; null when it asks for none.
[[nodiscard]] std::unique_ptr<Witness> make_monte_carlo(const Setup& setup);

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

/// The witnesses a case asks for. Throws CaseError where one cannot be trusted, with the reason.
[[nodiscard]] std::vector<std::unique_ptr<Witness>> make_witnesses(const Setup& setup);

}  // namespace fokker
