#include "fokker/model/canonical.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "formula_parts.hpp"

namespace fokker {
namespace {

bool cancels(const Expression& formula) { return expand(formula).is_zero(); }

/// With the axis k as that of v.
CanonicalFormulas as_canonical(const Formulas& drift, const FormulaMatrix& D, const std::vector<std::string>& names,
                               std::size_t k) {
  const std::string &x = names[1 - k], &v = names[k];
  CanonicalFormulas found{.why_not = {}, .velocity = static_cast<int>(k), .force = {}, .friction = {}, .diffusion = {}};
  const auto not_so = [&](std::string why) {
    found.why_not = std::move(why);
    return found;
  };
  if (!cancels(drift[1 - k] - Expression::variable(v)))
    return not_so(fmt::format("moves {} by {}, not by {} itself", x, drift[1 - k].to_string(), v));
  if (!D[1 - k][1 - k].is_zero()) return not_so(fmt::format("has noise on {}, not on {} alone", x, v));
  if (!D[0][1].is_zero()) return not_so(fmt::format("has cross terms D_{}{}", names[0], names[1]));
  found.diffusion = D[k][k];
  if (expand(found.diffusion).depends_on(v)) return not_so(fmt::format("has noise on {0} that depends on {0}", v));
  const Expression pull = expand(derivative(drift[k], v));
  // the derivative almost everywhere (of sign, if) proves nothing: what it leaves has to be free of v too
  const Expression rest = expand(drift[k] - pull * Expression::variable(v));
  if (pull.depends_on(v) || rest.depends_on(v))
    return not_so(
        fmt::format("has a drift of {0} that was not proved to be F - gamma {0} with F and gamma of {1} and "
                    "t alone",
                    v, x));
  // as they were written: what was multiplied out may hold fewer digits
  const std::map<std::string, Expression> at_rest{{v, Expression(0.0)}};
  found.force = substitute(drift[k], at_rest);
  found.friction = -substitute(derivative(drift[k], v), at_rest);
  found.diffusion = substitute(found.diffusion, at_rest);
  return found;
}

}  // namespace

CanonicalFormulas FormulaSde::canonical() const try {
  const Parts& p = *parts_;
  if (p.dimension() != 2)
    return {.why_not = "has one axis, and inertia takes two", .force = {}, .friction = {}, .diffusion = {}};
  CanonicalFormulas first = as_canonical(p.drift, p.D, p.given.variables, 1);
  if (first.why_not.empty()) return first;
  CanonicalFormulas second = as_canonical(p.drift, p.D, p.given.variables, 0);
  const bool mirrored = cancels(p.drift[1] - Expression::variable(p.given.variables[0]));
  return second.why_not.empty() || mirrored ? second : first;
} catch (const std::length_error&) {
  return {.why_not = "has formulas too large to be looked through", .force = {}, .friction = {}, .diffusion = {}};
}

}  // namespace fokker
