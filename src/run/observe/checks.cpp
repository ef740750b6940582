#include "checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "fokker/analysis/norms.hpp"
#include "fokker/base/tape.hpp"

namespace fokker {

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// What a check found: a number, and words where the number alone does not say enough.
struct Found {
  double value = missing;
  std::string note = {};
};

Found from_agreement(const std::string& quantity, const Agreement& agreement) {
  if (quantity == "ks_p_value") return {agreement.ks_p_value};
  if (quantity == "chi2_p_value") return {agreement.chi2_p_value};
  if (quantity == "agrees") {
    const JointVerdict verdict = agreement.verdict();
    return {verdict.p_value,
            verdict.spoke.empty() ? "" : fmt::format("{} by {}", verdict.word, fmt::join(verdict.spoke, ", "))};
  }
  if (quantity != "z") return {};
  if (agreement.z) return {*agreement.z};
  return {missing,
          fmt::format("z needs at least 10 cells that expect a particle, and there are {}; take more particles, "
                      "or check agrees or chi2_p_value",
                      agreement.expecting)};
}

Found from_verdict(const std::string& quantity, const Verdict& verdict) {
  if (quantity == "l1") return {verdict.norms.l1};
  if (quantity == "l2") return {verdict.norms.l2};
  if (quantity == "linf") return {verdict.norms.linf};
  if (quantity == "kl") return {verdict.norms.kl, kl_note(verdict.norms)};
  if (quantity == "w1" && !verdict.w1) return {missing, "w1 needs mass, and particles, that have not left"};
  if (quantity == "w1") return {*verdict.w1};
  if (quantity == "ks") return {verdict.ks};
  if (quantity == "mean_error") return {verdict.mean_error};
  if (quantity == "covariance_error") return {verdict.covariance_error};
  for (const auto& [key, value] : verdict.more)
    if (key == quantity) return {value};
  return verdict.agreement ? from_agreement(quantity, *verdict.agreement) : Found{};
}

/// p against point values of a table: the cells are de-averaged at its points, and norms are trapezoidal integrals over
/// them. Where the points cannot see the mass of p, neither can the norms.
Found against_table(const Setup& setup, const CaseCheck& check, const Field& p) {
  const PointTable& table = *check.table;
  const auto dimension = static_cast<std::size_t>(setup.grid->dimension());
  Norms norms;
  double square = 0, seen = 0;
  for (std::size_t n = 0; n < table.p.size(); ++n) {
    const double own = point_value(*setup.grid, p.view(), std::span(table.points[n]).first(dimension));
    const double weight = table.weight[n], reference = table.p[n], difference = std::abs(own - reference);
    seen += weight * own;
    norms.l1 += weight * difference;
    square += weight * difference * difference;
    norms.linf = std::max(norms.linf, difference);
    if (own <= 0) continue;
    if (reference < std::numeric_limits<double>::min())
      norms.kl_left_out += weight * own;
    else
      norms.kl += weight * own * std::log(own / reference);
  }
  constexpr double unseen = 1e-2;
  if (const double mass = p.mass(); !(std::abs(seen - mass) <= unseen))
    return {missing,
            fmt::format("{:.4g} of the mass is {:.4g} by trapezoids over the points of {}: they miss where p is, "
                        "or are too few for it",
                        mass, seen, check.against)};
  if (check.quantity == "l1") return {norms.l1};
  if (check.quantity == "l2") return {std::sqrt(square)};
  if (check.quantity == "linf") return {norms.linf};
  if (norms.kl_left_out >= most_kl_left_out) norms.kl = std::numeric_limits<double>::infinity();
  return {norms.kl, kl_note(norms)};
}

Found evaluate(const Setup& setup, const CaseCheck& check, const Field& p, const Ledger& ledger,
               std::span<const Opinion> opinions, const LikelihoodVerdict* likelihood) {
  if (check.quantity == "log_likelihood_error") return {likelihood ? likelihood->error : missing};
  if (check.quantity == "log_likelihood_error_grid") return {likelihood ? likelihood->error_grid : missing};
  if (check.quantity == "mass_error") return {ledger.mass_max_error};
  if (check.quantity == "min_p") return {ledger.run_min};
  if (check.quantity == "expectation") {
    const Expression formulas[] = {*check.of};
    return {expectation(*setup.grid, p.view(), Tape(formulas, setup.config.sde.variables))};
  }
  if (check.quantity == "p") return {point_value(*setup.grid, p.view(), check.point)};
  if (check.table) return against_table(setup, check, p);
  for (const Opinion& opinion : opinions)
    if (opinion.witness == check.against) return from_verdict(check.quantity, opinion.verdict);
  return {};
}

/// The nearer to breaking the bounds, or the farther beyond them, the larger.
double excess(const CaseCheck& check, double value) {
  if (check.below) return value;
  if (check.above || check.quantity == "agrees") return -value;
  return std::abs(value - check.near.value_or(0));
}

double time_of(const Setup& setup, const CaseCheck& check) { return check.at.value_or(setup.config.time.end); }

}  // namespace

bool holds(const CaseCheck& check, double value) {
  if (check.quantity == "agrees") return value >= differs_below;
  if (check.below) return value < *check.below;
  if (check.above) return value > *check.above;
  if (check.near) return std::abs(value - *check.near) <= check.within.value_or(0);
  return std::abs(value) <= check.within.value_or(0);
}

std::string CheckResult::bound() const {
  if (check->quantity == "agrees") return fmt::format("p >= {:.3g}", differs_below);
  if (check->below) return fmt::format("< {}", *check->below);
  if (check->above) return fmt::format("> {}", *check->above);
  const double within = check->within.value_or(0);
  if (!check->near) return fmt::format("|.| <= {}", within);
  // As many digits as the tolerance can tell apart.
  const double digits = std::log10(std::abs(*check->near) / within) + 3;
  return fmt::format("{:.{}g} +- {}", *check->near,
                     std::isfinite(digits) ? std::clamp(static_cast<int>(digits), 8, 17) : 8, within);
}

std::string CheckResult::label() const {
  std::string text = check->quantity;
  if (check->of) text += " of " + check->of_text;
  if (!check->point.empty()) text += fmt::format("({})", fmt::join(check->point, ", "));
  if (!check->against.empty()) text += " against " + check->against;
  if (check->lambda)
    text += fmt::format(", lambda {}", *check->lambda);
  else if (check->against == "reverse")
    text += ", worst lambda";
  return text;
}

void check_frame(const Setup& setup, double t, const Field& p, const Ledger& ledger, std::span<const Opinion> opinions,
                 const LikelihoodVerdict* likelihood, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    if (check.quantity == "order" || check.against == "reverse" ||
        std::abs(time_of(setup, check) - t) > 1e-9 * setup.config.time.end)
      continue;
    Found found = evaluate(setup, check, p, ledger, opinions, likelihood);
    results.push_back({&check, t, found.value, holds(check, found.value), true, std::move(found.note)});
  }
}

void check_steady(const Setup& setup, const Field& p, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    if (check.quantity != "expectation" || check.timed) continue;
    const Found found = evaluate(setup, check, p, {}, {}, nullptr);
    results.push_back({&check, std::numeric_limits<double>::infinity(), found.value, holds(check, found.value)});
  }
}

void check_reverse(const Setup& setup, std::span<const ReverseRow> back, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    if (check.against != "reverse") continue;
    std::optional<Found> worst;
    for (const ReverseRow& row : back) {
      if (check.lambda && *check.lambda != row.lambda) continue;
      Found found = from_verdict(check.quantity, row.verdict);
      if (!worst || !(excess(check, found.value) <= excess(check, worst->value))) worst = std::move(found);
    }
    if (worst) results.push_back({&check, 0, worst->value, holds(check, worst->value), true, std::move(worst->note)});
  }
}

void add_unreached(const Setup& setup, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    if (check.quantity == "order") continue;
    const bool seen =
        std::any_of(results.begin(), results.end(), [&](const CheckResult& r) { return r.check == &check; });
    if (!seen) results.push_back({&check, time_of(setup, check), missing, false, false});
  }
}

}  // namespace fokker
