#pragma once
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fokker/case/case.hpp"

// A small valid case in which tests replace one line, and the reader's answer as text.
namespace case_support {

inline const fokker::Vocabulary& words() {
  static const fokker::Vocabulary words{
      .fluxes = {"scharfetter_gummel", "upwind", "central"},
      .steppers = {"euler", "rk4", "dopri5", "tr_bdf2"},
      .adaptive_steppers = {"dopri5", "tr_bdf2"},
      .advective_fluxes = {"upwind", "muscl", "weno5"},
      .limiters = {"huynh", "minmod"},
      .weights = {"z", "js"},
      .scores = {"log_difference", "flux_consistent", "spectral", "exact", "table"},
      .particle_steppers = {{"euler_maruyama", false, false},
                            {"probability_flow", true, true},
                            {"probability_flow_rk4", true, false}},
      .fields = {"p", "log_p", "score", "effective_drift", "current", "drift", "entropy_production"},
      .witnesses = {{"exact"}, {"monte_carlo"}, {"spectral", true}, {"twin"}},
      .quantities = {{.name = "l1", .compares = true, .from_file = true},
                     {.name = "l2", .compares = true, .from_file = true},
                     {.name = "linf", .compares = true, .from_file = true},
                     {.name = "kl", .compares = true, .from_file = true, .of_logarithms = true},
                     {.name = "w1", .compares = true, .one_axis = true},
                     {.name = "ks", .compares = true},
                     {.name = "mean_error", .compares = true},
                     {.name = "covariance_error", .compares = true},
                     {.name = "agrees", .compares = true, .only = "monte_carlo", .own_bound = 1e-3},
                     {.name = "z", .compares = true, .only = "monte_carlo"},
                     {.name = "ks_p_value", .compares = true, .only = "monte_carlo"},
                     {.name = "chi2_p_value", .compares = true, .only = "monte_carlo"},
                     {.name = "characteristic_error", .compares = true, .only = "exact", .closed_form = true},
                     {.name = "l1_exact", .compares = true, .only = "spectral", .needs = "compare.exact"},
                     {.name = "own_error", .compares = true, .only = "spectral"},
                     {.name = "log_likelihood_error", .needs = "compare.log_likelihood"},
                     {.name = "log_likelihood_error_grid", .needs = "compare.log_likelihood"},
                     {.name = "mass_error"},
                     {.name = "min_p"},
                     {.name = "expectation", .argument = "of"},
                     {.name = "p", .argument = "point"},
                     {.name = "mean_velocity", .argument = "axis"},
                     {.name = "outflow", .argument = "side"},
                     {.name = "passage_mean", .argument = "side", .any_side = true},
                     {.name = "any member of summary.json by its dotted name", .dotted = true},
                     {.name = "order"}}};
  return words;
}

inline const std::string& good() {
  static const std::string text =
      R"toml(title = "Two axes"                                 # line 1
[[axis]]
name = "x"
range = [-2.0, "2*pi"]
cells = 64
boundary = "reflecting"
[[axis]]
name = "y"
range = [-3, 3]
cells = 32
boundary = ["absorbing", "reflecting"]                     # line 11
[sde]
interpretation = "ito"
drift = ["-slope", "-a*y"]
noise = [["s", 0], [0, "s"]]
noise_covariance = [[1, 0.5], [0.5, 1]]
[sde.parameters]
a = 1.5
s = "sqrt(2*a)"
[sde.definitions]
slope = "x^3 - x"                                          # line 21
[initial]
gaussian = { mean = [-1.0, 0.0], covariance = [[0.05, 0.01], [0.01, 0.05]] }
[scheme]
flux = "scharfetter_gummel"
[time]
end = 2.0
tolerance = 1e-5
[output]
frames = 4
fields = ["p", "current"]                                  # line 31
[compare]
exact = "exp(-x^2/(1 + t) - y^2)"
monte_carlo = { particles = 1_000, dt = 1e-3, seed = 7 }
[[check]]
quantity = "l1"
against = "exact"
at = 1.0
below = 2e-3
[[check]]
quantity = "expectation"                                   # line 41
of = "x^2 + a"
near = 1.0
within = "a/10"
)toml";
  return text;
}

// The good case with `from` (which must occur) replaced by `to`.
inline std::string with(const std::string& from, const std::string& to, std::string text = good()) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the good case has no " + from);
  return text.replace(at, from.size(), to);
}

inline fokker::Case read(const std::string& text, const std::vector<std::string>& overrides = {},
                         const std::filesystem::path& folder = ".") {
  return fokker::parse_case(text, "c.toml", folder, overrides, words());
}

inline void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

// Every message of a refused case, one per line; "" for an accepted one.
inline std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {},
                           const std::filesystem::path& folder = ".") {
  try {
    static_cast<void>(read(text, overrides, folder));
  } catch (const fokker::CaseError& error) {
    return error.what();
  }
  return "";
}

}  // namespace case_support
