// libFuzzer target of the case reader: any bytes give a case or a CaseError, in bounded time and memory. The first line
// may be an override (`--set` and a blank before it). An accepted case must survive resolved.toml and back, and its
// formulas become an SDE that can be evaluated, or are refused. Cases make good seeds:
//   fuzz_case -dict=validation/fuzz/case.dict FOLDER_FOR_NEW_ONES cases validation/cases
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fokker/base/errors.hpp"
#include "fokker/case/case.hpp"
#include "fokker/model/formula_sde.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fokker::Vocabulary words;
  words.fluxes = {"scharfetter_gummel", "upwind", "central4"};
  words.wide_fluxes = {"central4"};
  words.steppers = {"rk4", "tr_bdf2"};
  words.adaptive_steppers = words.reverse_steppers = {"tr_bdf2"};
  words.advective_fluxes = {"muscl", "weno5", "upwind"};
  words.scores = {"log_difference", "flux_consistent", "spectral", "exact", "table"};
  words.limiters = {"huynh", "minmod"};
  words.weights = {"z", "js"};
  words.particle_steppers = {{"euler_maruyama"}, {"probability_flow", true, true}, {"probability_flow_rk4", true}};
  words.fields = {"p", "current", "score"};
  words.witnesses = {{"exact"}, {"monte_carlo"}, {"spectral", true}, {"twin"}};
  words.quantities = {{.name = "l1", .compares = true, .from_file = true},
                      {.name = "kl", .compares = true, .from_file = true, .of_logarithms = true},
                      {.name = "w1", .compares = true, .one_axis = true},
                      {.name = "agrees", .compares = true, .only = "monte_carlo", .own_bound = 1e-3},
                      {.name = "characteristic_error", .compares = true, .only = "exact", .closed_form = true},
                      {.name = "l1_exact", .compares = true, .only = "spectral", .needs = "compare.exact"},
                      {.name = "log_likelihood_error", .needs = "compare.log_likelihood"},
                      {.name = "mass_error"},
                      {.name = "expectation", .argument = "of"},
                      {.name = "p", .argument = "point"}};
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> overrides;
  if (constexpr std::string_view mark = "--set "; text.starts_with(mark)) {
    const std::size_t end = text.find('\n');
    overrides.emplace_back(text.substr(mark.size(), end == std::string_view::npos ? end : end - mark.size()));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  fokker::Case c;
  try {
    c = fokker::parse_case(text, "fuzz.toml", "/nonexistent", overrides, words);
  } catch (const fokker::CaseError&) {
    return 0;
  }
  const std::string resolved = fokker::resolved_toml(c);
  const fokker::Case back = fokker::parse_case(resolved, "fuzz.toml", "/nonexistent", {}, words);
  if (fokker::resolved_toml(back) != resolved) std::abort();
  try {
    const fokker::FormulaSde sde(c.sde);
    const double at[] = {-0.3, 0.4};
    double f[2][2], D[3][2];
    const fokker::PointsIn points{2, sde.dimension(), {at, at}};
    sde.drift(points, 0.1, {{f[0], f[1]}});
    sde.diffusion(points, 0.1, {D[0], D[1], D[2]});
    static_cast<void>(sde.separated(points));
  } catch (const fokker::CaseError&) {
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
