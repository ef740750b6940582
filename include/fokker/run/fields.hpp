#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/run/setup.hpp"

namespace fokker {

/// One number per cell, or two along the axes of a plane.
struct FieldValues {
  std::vector<double> x, y{};
};

/// What may be written into frames: a row of the table behind `output.fields`.
struct FieldRow {
  std::string_view name, doc;
  bool vector = false;                                            ///< along the axes
  bool masked = false;                                            ///< comes with `mask`: where doubles carry p
  std::string (*refusal)(const Setup&) = nullptr;                 ///< why a case cannot have it; "" where it can
  FieldValues (*values)(const Setup&, double t, const Field& p);  ///< cell by cell
};

[[nodiscard]] std::span<const FieldRow> field_rows();
/// The row of a name of the table.
[[nodiscard]] const FieldRow& field_row(std::string_view name);
/// 1 where p is above 2.2e-16 of its maximum; comes with fields that are masked.
inline constexpr const char* mask_field = "mask";

/// Throws the CaseError of the first field that a case cannot have: part of `build`.
void require_fields(const Setup& setup);

/// Entropy production of the scheme's own current, per volume and cell (analysis/score.hpp); absent where D is
/// singular.
[[nodiscard]] std::optional<std::vector<double>> dissipation(const Setup& setup, double t, const Field& p);
/// int J dx along every axis, of the scheme's own current [x/t]: where mass is kept, the rate at which means move.
[[nodiscard]] std::vector<double> mean_velocity(const Setup& setup, double t, const Field& p);
/// Is any of these velocities more than what rounding leaves of currents that cancel: 1e-9 of int (|f| + D/L) p dx?
[[nodiscard]] bool exceeds_rounding(const Setup& setup, double t, const Field& p, std::span<const double> velocity);

}  // namespace fokker
