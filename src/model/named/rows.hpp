#pragma once
#include "fokker/model/named_model.hpp"

// The rows of the table of named models, each beside its distribution and what reads its keys.
namespace fokker {

[[nodiscard]] ModelRow ou_row();
[[nodiscard]] ModelRow vp_row();
[[nodiscard]] ModelRow ve_row();
[[nodiscard]] ModelRow sub_vp_row();
[[nodiscard]] ModelRow alpha_sigma_row();
inline constexpr ModelRow (*model_rows[])() = {ou_row, vp_row, ve_row, sub_vp_row, alpha_sigma_row};

}  // namespace fokker
