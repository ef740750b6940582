#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fokker/base/tape.hpp"
#include "fokker/run/observers.hpp"

namespace fokker {

/// The [[stop]] entries of a case: what ends its run before time.end.
class Stops {
 public:
  /// Without a folder no file is looked for.
  Stops(const Setup& setup, const std::optional<std::filesystem::path>& folder);

  /// The stop reason of the first entry that holds now; "" where none does. Throws NumericalError, naming the key,
  /// where a condition is not a number, or neither 0 nor 1.
  [[nodiscard]] std::string reached(const Moment& now);
  /// The same of one entry.
  [[nodiscard]] bool holds(std::size_t entry, const Moment& now);
  /// Throws NumericalError where a condition is none whatever the numbers in it.
  void require_condition(std::size_t entry) const;
  /// int |dp/dt| dx / mass [1/t], by the operator; absent where no entry asks for it.
  [[nodiscard]] std::optional<double> rate_asked(double t, const Field& p);

 private:
  [[nodiscard]] double rate(double t, const Field& p);
  struct Condition {
    Tape tape;          // the condition, then what its comparisons compare
    Index outputs = 0;  // of it
  };
  [[nodiscard]] bool condition_holds(std::size_t entry, const Moment& now) const;
  /// Of t, mass and the answers, in this order; NaN where anything that is compared is.
  [[nodiscard]] double value_of(std::size_t entry, const std::vector<double>& names) const;
  void require_truth(std::size_t entry, double value, double t) const;
  [[noreturn]] void fail(std::size_t entry, const std::string& why, double t) const;

  const Setup& setup_;
  std::optional<std::filesystem::path> folder_;
  std::vector<Condition> conditions_;   // per entry
  std::vector<bool> asks_;              // per question of the case: some condition does
  std::vector<double> state_, change_;  // scratch of the rate
};

/// Throws CaseError for a rate of coefficients that depend on t, a file that a run itself writes, and a condition that
/// is none; warns where a run would end after its first step.
void require_stops(Setup& setup);

}  // namespace fokker
