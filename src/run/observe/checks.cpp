#include "checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "fokker/analysis/norms.hpp"
#include "fokker/base/expression.hpp"

namespace fokker {

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// Where the points of a table cannot see the mass of p, neither can the norms.
Found against_table(const QuantityRow& row, const CaseCheck& check, const Field& p) {
  const PointNorms found = norms_over(*check.table, p);
  if (!found.sees(p))
    return {missing,
            fmt::format("{:.4g} of the mass is {:.4g} by trapezoids over the points of {}: they miss where p is, "
                        "or are too few for it",
                        p.mass(), found.seen, check.against)};
  Verdict verdict;
  verdict.norms = found.norms;
  return row.of_verdict(verdict);
}

Found evaluate(const CaseCheck& check, const Evidence& now, std::span<const Comparison> comparisons) {
  const QuantityRow& row = quantity_row(check.quantity);
  if (row.of_run != nullptr) return row.of_run(check, now);
  if (check.table) return against_table(row, check, now.p);
  for (const Comparison& comparison : comparisons)
    if (comparison.witness == check.against) return row.of_verdict(comparison.verdict);
  return {};
}

std::optional<double> own_bound(const CaseCheck& check) { return quantity_row(check.quantity).quantity.own_bound; }

/// The nearer to breaking the bounds, or the farther beyond them, the larger.
double excess(const CaseCheck& check, double value) {
  if (check.below) return value;
  if (check.above || own_bound(check)) return -value;
  return std::abs(value - check.near.value_or(0));
}

double time_of(const Setup& setup, const CaseCheck& check) { return check.at.value_or(setup.config.time.end); }

bool is_due(const CaseCheck& check, const Evidence& now) {
  if (!check.timed) return now.last;
  return std::abs(time_of(now.setup, check) - now.t) <= 1e-9 * now.setup.config.time.end;
}

/// A number of a summary by its path; words where there is none.
Found member(const Json& summary, const std::string& path) {
  const Json* node = &summary;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('.'), rest.size());
    const std::string name(rest.substr(0, end));
    const bool number = !name.empty() && name.size() < 9 && name.find_first_not_of("0123456789") == std::string::npos;
    if (node->is_array() && number && std::stoul(name) < node->size()) {
      node = &(*node)[std::stoul(name)];
    } else if (node->is_object() && node->contains(name)) {
      node = &(*node)[name];
    } else {
      std::vector<std::string> names;
      if (node->is_object())
        for (const auto& item : node->items()) names.push_back(item.key());
      const std::string near = nearest_name(name, names);
      return {missing, fmt::format("summary.json has no {}{}{}", path,
                                   near.empty() ? fmt::format(", at {}", name) : fmt::format("; did you mean {}", near),
                                   names.empty() ? "" : fmt::format(" (there: {})", fmt::join(names, ", ")))};
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (node->is_number()) return {node->get<double>()};
  return {missing, fmt::format("{} of summary.json is {}, no number", path, node->is_null() ? "not there" : "text")};
}

}  // namespace

PointNorms norms_over(const PointTable& table, const Field& p) {
  const std::size_t dimension = p.grid->dimension();
  PointNorms found;
  Norms& norms = found.norms;
  double square = 0;
  for (std::size_t n = 0; n < table.p.size(); ++n) {
    const double own = point_value(*p.grid, p.view(), std::span(table.points[n]).first(dimension));
    const double weight = table.weight[n], reference = table.p[n], difference = std::abs(own - reference);
    found.seen += weight * own;
    norms.l1 += weight * difference;
    square += weight * difference * difference;
    norms.linf = std::max(norms.linf, difference);
    if (own <= 0) continue;
    if (reference < std::numeric_limits<double>::min())
      norms.kl_left_out += weight * own;
    else
      norms.kl += weight * own * std::log(own / reference);
  }
  norms.l2 = std::sqrt(square);
  if (norms.kl_left_out >= most_kl_left_out) norms.kl = std::numeric_limits<double>::infinity();
  return found;
}

bool PointNorms::sees(const Field& p) const {
  constexpr double unseen = 1e-2;
  return std::abs(seen - p.mass()) <= unseen;
}

bool holds(const CaseCheck& check, double value) {
  if (const auto least = own_bound(check)) return value >= *least;
  if (check.below) return value < *check.below;
  if (check.above) return value > *check.above;
  if (check.near) return std::abs(value - *check.near) <= check.within.value_or(0);
  return std::abs(value) <= check.within.value_or(0);
}

std::string CheckResult::bound() const {
  if (const auto least = own_bound(*check)) return fmt::format("p >= {:.3g}", *least);
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
  if (!check->of_text.empty()) text += " of " + check->of_text;
  if (!check->axis.empty()) text += " along " + check->axis;
  if (!check->side.empty()) text += " through " + check->side;
  if (!check->point.empty()) text += fmt::format("({})", fmt::join(check->point, ", "));
  if (!check->against.empty()) text += " against " + check->against;
  if (check->lambda)
    text += fmt::format(", lambda {}", *check->lambda);
  else if (check->of_reverse)
    text += ", worst lambda";
  return text;
}

void check_frame(const Evidence& now, std::span<const Comparison> comparisons, std::vector<CheckResult>& results) {
  const Setup& setup = now.setup;
  for (const CaseCheck& check : setup.config.checks) {
    const QuantityRow& row = quantity_row(check.quantity);
    if (!row.of_one_run() || row.quantity.dotted || check.of_reverse || !is_due(check, now)) continue;
    Found found = evaluate(check, now, comparisons);
    results.push_back({&check, now.t, found.value, holds(check, found.value), true, std::move(found.note)});
  }
}

void check_steady(const Setup& setup, const Field& p, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    const QuantityRow& row = quantity_row(check.quantity);
    if (!row.stationary || row.quantity.dotted || check.timed) continue;
    const Found found = evaluate(check, {.setup = setup, .p = p}, {});
    results.push_back({&check, std::numeric_limits<double>::infinity(), found.value, holds(check, found.value)});
    if (!results.back().ok && setup.config.has_time)
      results.back().note = fmt::format(
          "a check without `at` is held at rest too; if it speaks of the run, at = {:.6g}", setup.config.time.end);
  }
}

void check_summary(const Setup& setup, double t, const Json& summary, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    if (!quantity_row(check.quantity).quantity.dotted) continue;
    const bool none = !summary.contains(check.quantity.substr(0, check.quantity.find('.')));
    if (none && !summary.contains("time")) continue;  // a stationary density has no part of it
    Found found = member(summary, check.quantity);
    results.push_back({&check, t, found.value, holds(check, found.value), true, std::move(found.note)});
  }
}

void check_reverse(const Setup& setup, std::span<const ReverseRow> back, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    if (!check.of_reverse) continue;
    const QuantityRow& quantity = quantity_row(check.quantity);
    std::optional<Found> worst;
    for (const ReverseRow& row : back) {
      if (check.lambda && *check.lambda != row.lambda) continue;
      Found found = quantity.of_verdict(row.verdict);
      if (!worst || !(excess(check, found.value) <= excess(check, worst->value))) worst = std::move(found);
    }
    if (worst) results.push_back({&check, 0, worst->value, holds(check, worst->value), true, std::move(worst->note)});
  }
}

void add_unreached(const Setup& setup, std::vector<CheckResult>& results) {
  for (const CaseCheck& check : setup.config.checks) {
    if (!quantity_row(check.quantity).of_one_run()) continue;
    const bool seen =
        std::any_of(results.begin(), results.end(), [&](const CheckResult& r) { return r.check == &check; });
    if (!seen) results.push_back({&check, time_of(setup, check), missing, false, false});
  }
}

void keep_checks(const Setup& setup, bool ended, Archive& archive, std::vector<CheckResult>& results) {
  const std::vector<CaseCheck>& checks = setup.config.checks;
  std::size_t count = results.size();
  archive(count);
  for (std::size_t k = 0; k < count; ++k) {
    CheckResult result = archive.reads() ? CheckResult{} : results[k];
    std::size_t number = archive.reads() ? 0 : static_cast<std::size_t>(result.check - checks.data());
    archive(number, result);
    if (!archive.reads()) continue;
    if (number >= checks.size()) throw ArchiveError("it holds results of checks that there are not");
    result.check = &checks[number];
    if (ended || time_of(setup, *result.check) == result.at) results.push_back(std::move(result));
  }
}

}  // namespace fokker
