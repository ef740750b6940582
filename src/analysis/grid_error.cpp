#include "fokker/analysis/grid_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fokker {
namespace {

/// What `before / change` is for an order.
double quotient(double order, const GridChanges& c) {
  const double r = std::pow(c.ratio, order);
  return r * std::expm1(order * std::log(c.ratio_before)) / std::expm1(order * std::log(c.ratio));
}

/// Nothing where no positive order has that quotient.
std::optional<double> order_of(double found, const GridChanges& c) {
  double low = 1e-3, high = 30;  // beyond: a number that the third grid knows nothing of
  if (!(found > quotient(low, c))) return std::nullopt;
  for (int k = 0; k < 60; ++k) {
    const double middle = 0.5 * (low + high);
    (quotient(middle, c) < found ? low : high) = middle;
  }
  return low;
}

}  // namespace

GridError grid_error(const GridChanges& c, int scheme_order) {
  constexpr double thrice = 3, lowest = 0.5, first = 1, safety = 1.25, close = 0.1;
  const double change = std::abs(c.change) + c.noise, formal = scheme_order;
  const auto over = [&](double order) { return change / (std::pow(c.ratio, order) - 1); };
  // What the difference of the coarser grids leaves here at the order of the flux, thrice where they are halved.
  const auto left_of = [&](double difference) {
    return difference / std::pow(c.ratio, formal) * std::max(1.0, thrice / (std::pow(c.ratio_before, formal) - 1));
  };
  GridError found;
  if (!c.before) {
    found.why = "there is no third grid to measure the order with";
    found.uncertainty = thrice * change;
    return found;
  }
  const double before = std::abs(*c.before) + c.noise;
  found.uncertainty = thrice * std::max({change, before, over(lowest)});
  if (!c.doubt.empty()) {
    found.why = c.doubt;
    return found;
  }
  const bool by_chance = !c.alike && (!c.distances || std::abs(c.change) > c.noise);
  if (by_chance)
    found.why = "p changes in another way from grid to grid: what the cells do not resolve makes an order by chance";
  if (std::abs(c.change) <= c.noise) {
    if (by_chance) return found;
    found.why = "the grids differ by no more than rounding and steps in time do";
    found.uncertainty = std::max(thrice * change, left_of(before));
    return found;
  }
  if (c.change * *c.before < 0) {
    if (!by_chance) found.why = "the differences change their sign from grid to grid";
    return found;
  }
  found.order = order_of(*c.before / c.change, c);
  if (by_chance && found.order) {
    if (c.distances && *found.order >= lowest)
      found.uncertainty = thrice * std::max(over(std::min(*found.order, first)), left_of(before));
    found.order.reset();
  } else if (!found.order) {
    found.why = "the differences do not shrink with the cells";
    found.uncertainty *= std::max(1.0, change / before);
  } else if (*found.order < lowest) {
    found.why = fmt::format("order {:.2f} is too low to go on with", *found.order);
  } else if (*found.order > formal + 1) {
    found.why =
        fmt::format("order {:.2f} is more than one above {}, that of the flux: the coarse grids resolve too little",
                    *found.order, scheme_order);
    found.uncertainty = thrice * std::max(change, left_of(before));
  } else {
    found.credible = true;
    found.error = c.change / (std::pow(c.ratio, *found.order) - 1);
    found.uncertainty =
        (std::abs(*found.order - formal) <= close * formal ? safety : thrice) * over(std::min(*found.order, formal));
  }
  return found;
}

}  // namespace fokker
