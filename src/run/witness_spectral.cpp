#include <fmt/format.h>

#include <chrono>
#include <limits>

#include "fokker/run/witness.hpp"
#include "fokker/spectral/solver.hpp"

namespace fokker {

namespace {

/// The Fourier pseudo-spectral solution on the same box. When it breaks down its density is NaN from there on, so that
/// no check against it can pass.
class Spectral : public Witness {
 public:
  explicit Spectral(const Setup& setup)
      : tolerance_(setup.config.compare.spectral->tolerance),
        solver_(setup.grid, setup.sde, setup.initial, setup.config.time.end, tolerance_) {}

  const char* name() const override { return "spectral"; }

  Field advance(double t) override {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    try {
      if (failure_.empty()) solver_.advance(t);
    } catch (const NumericalError& error) {
      failure_ = fmt::format("{} at t = {:.6g}", error.what(), error.time());
    }
    Field own = solver_.density();
    if (!failure_.empty()) own.values.setConstant(std::numeric_limits<double>::quiet_NaN());
    seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
    return own;
  }

  Verdict judge(double t, const Field& p, const Field& own) const override {
    Verdict verdict = Witness::judge(t, p, own);
    verdict.more.emplace_back("own_error",
                              failure_.empty() ? solver_.errors().total() : std::numeric_limits<double>::infinity());
    return verdict;
  }

  WitnessFacts facts() const override {
    const SpectralErrors& errors = solver_.errors();
    return {{{"tolerance", tolerance_},
             {"steps", static_cast<double>(solver_.steps())},
             {"rejected", static_cast<double>(solver_.rejected())},
             {"seconds", seconds_},
             {"tail_energy", errors.tail_energy},
             {"wall_mass", errors.walls},
             {"time_error", errors.time},
             {"missing", errors.missing}},
            failure_.empty() ? solver_.distrust() : failure_};
  }

 private:
  double tolerance_;
  SpectralSolver solver_;
  std::string failure_;
  double seconds_ = 0;
};

}  // namespace

std::unique_ptr<Witness> make_spectral(const Setup& setup) {
  if (!setup.config.compare.spectral) return nullptr;
  const std::string key = "compare.spectral";
  const auto refuse = [&](const std::string& why) { throw CaseError({Problem{setup.config.where(key), key, why}}); };
  if (fourier_library().empty()) refuse("this build has no FFTW (it was configured with -DFOKKER_FFTW=OFF)");
  try {
    return std::make_unique<Spectral>(setup);
  } catch (const std::invalid_argument& error) {
    refuse(fmt::format("cannot be trusted here: {}", error.what()));
  } catch (const NumericalError& error) {
    refuse(fmt::format("cannot start: {}", error.what()));
  }
  return nullptr;
}

}  // namespace fokker
