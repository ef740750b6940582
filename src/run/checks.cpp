#include "checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "fokker/analysis/norms.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/io/files.hpp"

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
  if (quantity == "w1") return {verdict.w1.value_or(missing)};
  if (quantity == "ks") return {verdict.ks};
  if (quantity == "mean_error") return {verdict.mean_error};
  if (quantity == "covariance_error") return {verdict.covariance_error};
  for (const auto& [key, value] : verdict.more)
    if (key == quantity) return {value};
  return verdict.agreement ? from_agreement(quantity, *verdict.agreement) : Found{};
}

/// Integration weights of the trapezoidal rule on the sorted distinct values of a column.
std::vector<std::pair<double, double>> trapezoid(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  std::vector<std::pair<double, double>> weights;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double left = k > 0 ? values[k] - values[k - 1] : 0,
                 right = k + 1 < values.size() ? values[k + 1] - values[k] : 0;
    weights.emplace_back(values[k], (left + right) / 2);
  }
  return weights;
}

double weight_of(const std::vector<std::pair<double, double>>& weights, double value) {
  return std::lower_bound(weights.begin(), weights.end(), std::pair{value, -1.0})->second;
}

/// p against point values of a CSV (columns: axis names and p): the cells are de-averaged at its points, which must
/// form a tensor grid in 2D, and norms are trapezoidal integrals over them.
double against_file(const Setup& setup, const CaseCheck& check, const Field& p) {
  const Csv table = read_csv(check.file);
  const auto need = [&](const std::string& name) -> const std::vector<double>& {
    if (const auto* column = table.column(name)) return *column;
    throw FileError(
        fmt::format("{}: no column '{}'; a density table has the axis names and p", check.file.string(), name));
  };
  std::vector<const std::vector<double>*> axes;
  std::vector<std::vector<std::pair<double, double>>> weights;
  for (const Axis& axis : setup.grid->axes()) {
    axes.push_back(&need(axis.name));
    weights.push_back(trapezoid(*axes.back()));
  }
  const std::vector<double>& reference = need("p");
  double l1 = 0, l2 = 0, linf = 0, kl = 0;
  for (std::size_t n = 0; n < reference.size(); ++n) {
    std::vector<double> point;
    double weight = 1;
    for (std::size_t k = 0; k < axes.size(); ++k) {
      point.push_back((*axes[k])[n]);
      weight *= weight_of(weights[k], point.back());
    }
    const double own = point_value(*setup.grid, p.view(), point), difference = std::abs(own - reference[n]);
    l1 += weight * difference;
    l2 += weight * difference * difference;
    linf = std::max(linf, difference);
    if (own > 0) kl += weight * own * std::log(own / reference[n]);
  }
  if (check.quantity == "l1") return l1;
  if (check.quantity == "l2") return std::sqrt(l2);
  if (check.quantity == "linf") return linf;
  return check.quantity == "kl" ? kl : missing;
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
  if (!check.file.empty()) return {against_file(setup, check, p)};
  for (const Opinion& opinion : opinions)
    if (opinion.witness == check.against) return from_verdict(check.quantity, opinion.verdict);
  return {};
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
  if (check->below) return fmt::format("< {:.3g}", *check->below);
  if (check->above) return fmt::format("> {:.3g}", *check->above);
  if (check->near) return fmt::format("{:.8g} +- {:.2g}", *check->near, check->within.value_or(0));
  return fmt::format("|.| <= {:.3g}", check->within.value_or(0));
}

std::string CheckResult::label() const {
  std::string text = check->quantity;
  if (check->of) text += " of " + check->of_text;
  if (!check->point.empty()) text += fmt::format("({:.4g})", fmt::join(check->point, ", "));
  if (!check->against.empty()) text += " against " + check->against;
  if (check->lambda) text += fmt::format(", lambda {:.4g}", *check->lambda);
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

void check_reverse(const Setup& setup, const ReverseResult& reverse, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    if (check.against != "reverse") continue;
    std::optional<Found> worst;
    for (const ReverseRow& row : reverse.rows) {
      if (check.lambda && *check.lambda != row.lambda) continue;
      Found found = from_verdict(check.quantity, row.verdict);
      if (!worst || !(found.value <= worst->value)) worst = std::move(found);
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

bool RunResult::checks_ok() const {
  return std::all_of(checks.begin(), checks.end(), [](const CheckResult& result) { return result.ok; });
}

}  // namespace fokker
