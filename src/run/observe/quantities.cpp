#include "fokker/run/quantities.hpp"

#include <fmt/format.h>

#include "fokker/base/named_rows.hpp"
#include "fokker/base/tape.hpp"

namespace fokker {
namespace {

/// What a witness has to say beside the norms; no number where it does not.
Found more(const Verdict& verdict, std::string_view key) {
  for (const auto& [name, value] : verdict.more)
    if (name == key) return {value};
  return {};
}

Found w1(const Verdict& verdict) {
  if (!verdict.w1) return {.note = "w1 needs mass, and particles, that have not left"};
  return {*verdict.w1};
}

Found agrees(const Verdict& verdict) {
  if (!verdict.agreement) return {};
  const JointVerdict joint = verdict.agreement->verdict();
  return {joint.p_value, joint.spoke.empty() ? "" : fmt::format("{} by {}", joint.word, fmt::join(joint.spoke, ", "))};
}

Found z(const Verdict& verdict) {
  if (!verdict.agreement) return {};
  if (verdict.agreement->z) return {*verdict.agreement->z};
  return {.note = fmt::format("z needs at least 10 cells that expect a particle, and there are {}; take more "
                              "particles, or check agrees or chi2_p_value",
                              verdict.agreement->expecting)};
}

Found expectation_of(const Evidence& evidence) {
  const Expression formulas[] = {*evidence.check.of};
  return {expectation(*evidence.setup.grid, evidence.p.view(), Tape(formulas, evidence.setup.config.sde.variables))};
}

constexpr std::string_view norms_doc =
    "int |p - q| dx, sqrt(int (p - q)^2 dx), max |p - q|; against a witness or a CSV file";
constexpr std::string_view moments_doc = "largest absolute component; circular on a periodic axis";
constexpr std::string_view noise_doc =
    "against monte_carlo: does the histogram differ by more than counting noise? z needs 10 cells that expect a "
    "particle; KS is Kuiper's on a periodic axis";
constexpr std::string_view spectral_doc =
    "against spectral: that witness's own distance to the exact one, and its own estimate of its error";
constexpr std::string_view likelihood_doc =
    "largest error of log p carried along the flow against the closed form, and of the grid's log p";
constexpr std::string_view run_doc = "largest |mass + outflow - 1| and smallest p over the whole run";

constexpr QuantityRow rows[] = {
    {.quantity = {.name = "l1", .compares = true, .from_file = true},
     .doc = norms_doc,
     .of_verdict = [](const Verdict& verdict) { return Found{verdict.norms.l1}; }},
    {.quantity = {.name = "l2", .compares = true, .from_file = true},
     .doc = norms_doc,
     .of_verdict = [](const Verdict& verdict) { return Found{verdict.norms.l2}; }},
    {.quantity = {.name = "linf", .compares = true, .from_file = true},
     .doc = norms_doc,
     .of_verdict = [](const Verdict& verdict) { return Found{verdict.norms.linf}; }},
    {.quantity = {.name = "kl", .compares = true, .from_file = true, .of_logarithms = true},
     .doc = "int p log(p/q) dx, against exact or a CSV file; infinite where p has 1e-12 of mass or more in cells whose "
            "q underflows",
     .of_verdict =
         [](const Verdict& verdict) {
           return Found{verdict.norms.kl, kl_note(verdict.norms)};
         }},
    {.quantity = {.name = "w1", .compares = true, .one_axis = true},
     .doc = "Wasserstein-1 distance (1D), the shorter way round on a periodic axis",
     .of_verdict = w1},
    {.quantity = {.name = "ks", .compares = true},
     .doc = "largest difference of cdfs, over the marginals; Kuiper's on a periodic axis",
     .of_verdict = [](const Verdict& verdict) { return Found{verdict.ks}; }},
    {.quantity = {.name = "mean_error", .compares = true},
     .doc = moments_doc,
     .of_verdict = [](const Verdict& verdict) { return Found{verdict.mean_error}; }},
    {.quantity = {.name = "covariance_error", .compares = true},
     .doc = moments_doc,
     .of_verdict = [](const Verdict& verdict) { return Found{verdict.covariance_error}; }},
    {.quantity = {.name = "agrees", .compares = true, .only = "monte_carlo", .own_bound = differs_below},
     .doc = "against monte_carlo, without a bound: z, KS and chi-square together, p = min(1, 3 min of their "
            "p-values); it differs (and the check fails) below 1e-3, is doubtful below 1e-2, else agrees",
     .of_verdict = agrees},
    {.quantity = {.name = "z", .compares = true, .only = "monte_carlo"}, .doc = noise_doc, .of_verdict = z},
    {.quantity = {.name = "ks_p_value", .compares = true, .only = "monte_carlo"},
     .doc = noise_doc,
     .of_verdict =
         [](const Verdict& verdict) { return verdict.agreement ? Found{verdict.agreement->ks_p_value} : Found{}; }},
    {.quantity = {.name = "chi2_p_value", .compares = true, .only = "monte_carlo"},
     .doc = noise_doc,
     .of_verdict =
         [](const Verdict& verdict) { return verdict.agreement ? Found{verdict.agreement->chi2_p_value} : Found{}; }},
    {.quantity = {.name = "characteristic_error", .compares = true, .only = "exact", .closed_form = true},
     .doc = "against exact: largest difference of the characteristic functions at the grid's wave numbers",
     .of_verdict = [](const Verdict& verdict) { return more(verdict, "characteristic_error"); }},
    {.quantity = {.name = "l1_exact", .compares = true, .only = "spectral", .needs = "compare.exact"},
     .doc = spectral_doc,
     .of_verdict = [](const Verdict& verdict) { return more(verdict, "l1_exact"); }},
    {.quantity = {.name = "own_error", .compares = true, .only = "spectral"},
     .doc = spectral_doc,
     .of_verdict = [](const Verdict& verdict) { return more(verdict, "own_error"); }},
    {.quantity = {.name = "log_likelihood_error", .needs = "compare.log_likelihood"},
     .doc = likelihood_doc,
     .of_run = [](const Evidence& run) { return run.likelihood ? Found{run.likelihood->error} : Found{}; }},
    {.quantity = {.name = "log_likelihood_error_grid", .needs = "compare.log_likelihood"},
     .doc = likelihood_doc,
     .of_run = [](const Evidence& run) { return run.likelihood ? Found{run.likelihood->error_grid} : Found{}; }},
    {.quantity = {.name = "mass_error"},
     .doc = run_doc,
     .of_run = [](const Evidence& run) { return Found{run.balance->mass_max_error}; }},
    {.quantity = {.name = "min_p"},
     .doc = run_doc,
     .of_run = [](const Evidence& run) { return Found{run.balance->run_min}; }},
    {.quantity = {.name = "expectation", .argument = "of"},
     .doc = "int g p dx with of = \"g\"",
     .of_run = expectation_of,
     .stationary = true},
    {.quantity = {.name = "p", .argument = "point"},
     .doc = "point value (de-averaged) at point = [..]",
     .of_run = [](const Evidence& run) { return Found{point_value(*run.setup.grid, run.p.view(), run.check.point)}; }},
    {.quantity = {.name = "order"}, .doc = "measured by `fokker converge`, on the finest pair of levels"},
};

}  // namespace

std::span<const QuantityRow> quantity_rows() { return rows; }

const QuantityRow& quantity_row(std::string_view name) {
  return row_named(quantity_rows(), name, "quantity", [](const QuantityRow& row) { return row.quantity.name; });
}

}  // namespace fokker
