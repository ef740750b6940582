#include "fokker/run/quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "../build/questions.hpp"
#include "fokker/analysis/formula_integral.hpp"
#include "fokker/base/named_rows.hpp"
#include "fokker/run/fields.hpp"

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

Found expectation_of(const CaseCheck& check, const Evidence& run) {
  if (!check.of) return {run.setup.questions->answer(check.of_text, run.t, run.p)};
  return {expectation(*run.setup.grid, run.p.view(), *check.of, run.setup.config.sde.variables)};
}

/// Of the passages through one side, or through all.
Found of_passages(const CaseCheck& check, const Evidence& run, double Passages::*number) {
  if (run.passage == nullptr) return {};
  const Passages found = run.passage->through(check.side);
  return {found.*number, found.left > 0 ? run.passage->note(check.side) : "nothing has passed so far"};
}

Found outflow_of(const CaseCheck& check, const Evidence& run) {
  const std::vector<std::string> sides = run.setup.grid->absorbing_sides();
  const auto side = std::find(sides.begin(), sides.end(), check.side) - sides.begin();
  return {run.balance->outflow[static_cast<std::size_t>(side)]};
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
constexpr std::string_view passage_doc =
    "of the times of passage through absorbing sides so far; with side = \"x_upper\", or without for all of them";
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
     .of_run = [](const CaseCheck&,
                  const Evidence& run) { return run.likelihood ? Found{run.likelihood->error} : Found{}; }},
    {.quantity = {.name = "log_likelihood_error_grid", .needs = "compare.log_likelihood"},
     .doc = likelihood_doc,
     .of_run = [](const CaseCheck&,
                  const Evidence& run) { return run.likelihood ? Found{run.likelihood->error_grid} : Found{}; }},
    {.quantity = {.name = "mass_error"},
     .doc = run_doc,
     .of_run = [](const CaseCheck&, const Evidence& run) { return Found{run.balance->mass_max_error}; }},
    {.quantity = {.name = "min_p"},
     .doc = run_doc,
     .of_run = [](const CaseCheck&, const Evidence& run) { return Found{run.balance->run_min}; }},
    {.quantity = {.name = "expectation", .argument = "of"},
     .doc = "int g p dx with of = \"g\", or of = \"NAME\" of output.expectations or output.probabilities",
     .of_run = expectation_of,
     .stationary = true},
    {.quantity = {.name = "p", .argument = "point"},
     .doc = "point value (de-averaged) at point = [..]",
     .of_run = [](const CaseCheck& check,
                  const Evidence& run) { return Found{point_value(*run.setup.grid, run.p.view(), check.point)}; }},
    {.quantity = {.name = "mean_velocity", .argument = "axis"},
     .doc = "int J dx along an axis [x/t], the mass's mean velocity: with axis = \"x\"",
     .of_run =
         [](const CaseCheck& check, const Evidence& run) {
           const std::size_t along = run.setup.grid->axis(0).name == check.axis ? 0 : 1;
           return Found{mean_velocity(run.setup, run.t, run.p)[along]};
         },
     .stationary = true},
    {.quantity = {.name = "outflow", .argument = "side"},
     .doc = "the mass that has left with side = \"x_upper\"",
     .of_run = outflow_of},
    {.quantity = {.name = "passage_mean", .argument = "side", .any_side = true},
     .doc = passage_doc,
     .of_run = [](const CaseCheck& check, const Evidence& run) { return of_passages(check, run, &Passages::mean); }},
    {.quantity = {.name = "passage_variance", .argument = "side", .any_side = true},
     .doc = passage_doc,
     .of_run = [](const CaseCheck& check,
                  const Evidence& run) { return of_passages(check, run, &Passages::variance); }},
    {.quantity = {.name = "any member of summary.json by its dotted name", .dotted = true},
     .doc = "a number there at the end, like moments.covariance.0.1, probabilities.right or time.steps",
     .stationary = true},
    {.quantity = {.name = "order"}, .doc = "measured by `fokker converge`, on the finest pair of levels"},
};

}  // namespace

std::span<const QuantityRow> quantity_rows() { return rows; }

const QuantityRow& quantity_row(std::string_view name) {
  if (name.find('.') != std::string_view::npos)
    return *std::find_if(std::begin(rows), std::end(rows), [](const QuantityRow& row) { return row.quantity.dotted; });
  return row_named(quantity_rows(), name, "quantity", [](const QuantityRow& row) { return row.quantity.name; });
}

}  // namespace fokker
