#include "fokker/scheme/reconstruction.hpp"

#include <array>

#include "face_value.hpp"

namespace fokker {
namespace {

template <class... Values>
constexpr std::array<ReconstructionRow, sizeof...(Values)> rows_of(FaceValues<Values...>) {
  return {Values::row...};
}
constexpr auto rows = rows_of(AllFaceValues{});

}  // namespace

std::span<const ReconstructionRow> reconstructions() { return rows; }

Reconstruction find_reconstruction(std::string_view name) {
  for (const ReconstructionRow& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace fokker
