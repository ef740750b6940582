#pragma once
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "fokker/run/log_likelihood.hpp"
#include "fokker/run/observers.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What a check found: a number, and words where the number alone does not say enough.
struct Found {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::string note = {};
};

/// What a number of the run itself is taken from; borrowed. The pointers are null for a stationary density.
struct Evidence {
  const Setup& setup;
  double t = 0;
  const Field& p;
  const MassBalance* balance = nullptr;
  const LikelihoodVerdict* likelihood = nullptr;  ///< also null where the case does not ask for it
  const PassageRecord* passage = nullptr;         ///< also null where no side absorbs
  bool last = false;                              ///< checks of no certain time are held now
};

/// A row of `list quantities`: what [[check]] may bound. It has one of the two functions; neither, where several runs
/// are needed (`converge`), or the summary of one.
struct QuantityRow {
  Quantity quantity;
  std::string_view doc;  ///< rows with the same one stand together
  Found (*of_verdict)(const Verdict&) = nullptr;
  Found (*of_run)(const CaseCheck&, const Evidence&) = nullptr;
  bool stationary = false;  ///< `steady` takes it too

  [[nodiscard]] bool of_one_run() const { return of_verdict != nullptr || of_run != nullptr || quantity.dotted; }
};
[[nodiscard]] std::span<const QuantityRow> quantity_rows();
/// The row of a name of the table, or of any name with a dot.
[[nodiscard]] const QuantityRow& quantity_row(std::string_view name);

}  // namespace fokker
