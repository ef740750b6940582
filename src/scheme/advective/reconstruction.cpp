#include "fokker/scheme/reconstruction.hpp"

#include <algorithm>
#include <array>

namespace fokker {
namespace {

constexpr std::array<std::string_view, 5> limiter_names{"huynh", "minmod", "van_leer", "mc", "superbee"};
constexpr std::array limiter_kinds{Reconstruction::huynh, Reconstruction::minmod, Reconstruction::van_leer,
                                   Reconstruction::mc, Reconstruction::superbee};
constexpr std::array<std::string_view, 2> weights_names{"z", "js"};
constexpr std::array weights_kinds{Reconstruction::weno5_z, Reconstruction::weno5_js};

template <class Names, class Kinds>
std::optional<Reconstruction> find(const Names& names, const Kinds& kinds, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return kinds[static_cast<std::size_t>(found - names.begin())];
}

}  // namespace

std::span<const std::string_view> limiters() { return limiter_names; }
std::span<const std::string_view> weno_weights() { return weights_names; }
std::optional<Reconstruction> limiter_named(std::string_view name) { return find(limiter_names, limiter_kinds, name); }
std::optional<Reconstruction> weno_weights_named(std::string_view name) {
  return find(weights_names, weights_kinds, name);
}

}  // namespace fokker
