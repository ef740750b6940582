#include "fokker/base/enclosure.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include "expression_node.hpp"

namespace fokker {
namespace {

using Node = Expression::Node;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest_number = std::numeric_limits<double>::max();
constexpr double library = 4e-15;                                        // relative error of a library function
constexpr double rounding = 2 * std::numeric_limits<double>::epsilon();  // of one operation
constexpr Interval anything{-infinity, infinity};

/// [low, high] with both ends moved outwards by a fraction of themselves; nan stands for no bound, a fraction of 0 for
/// none.
Interval widened(double low, double high, double fraction) {
  if (!(low <= high)) return anything;
  if (fraction == 0) return {low, high};
  constexpr double least = std::numeric_limits<double>::denorm_min();
  const auto margin = [&](double x) { return fraction * std::min(std::abs(x), largest_number) + least; };
  const double inner_low = std::min(low, largest_number), inner_high = std::max(high, -largest_number);
  return {inner_low - margin(inner_low), inner_high + margin(inner_high)};
}

Interval hull(Interval a, Interval b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

/// Whole numbers so small that sums and products of them are exact: what comparisons are counted and multiplied with.
bool is_exact(Interval a) {
  constexpr double most = 1 << 24;
  return a.low == std::floor(a.low) && a.high == std::floor(a.high) && a.largest() <= most;
}
bool is_number(Interval a, double x) { return a.low == x && a.high == x; }

Interval sum(Interval a, Interval b) {
  if (is_number(a, 0)) return b;
  if (is_number(b, 0)) return a;
  return widened(a.low + b.low, a.high + b.high, is_exact(a) && is_exact(b) ? 0 : rounding);
}

/// 0 times anything is 0, an infinite bound included: bounds are never reached there.
double times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

Interval product(Interval a, Interval b) {
  if (is_number(a, 1) || is_number(b, 0)) return b;
  if (is_number(b, 1) || is_number(a, 0)) return a;
  const double corners[] = {times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)};
  const auto [low, high] = std::minmax_element(std::begin(corners), std::end(corners));
  return widened(*low, *high, is_exact(a) && is_exact(b) ? 0 : rounding);
}

template <class Function>
Interval rising(Interval a, const Function& function) {
  return widened(function(a.low), function(a.high), library);
}

Interval clipped(Interval a, double low, double high) { return {std::max(a.low, low), std::min(a.high, high)}; }

/// A wave over an interval: the values at its ends, and 1 or -1 where a crest or a trough lies between them. `phase` is
/// where it has a crest.
template <class Wave>
Interval wave(Interval a, double phase, const Wave& at) {
  constexpr double turn = 2 * M_PI, many = 1e6;
  if (!(a.high - a.low < turn) || !(a.largest() < many)) return {-1, 1};
  const auto passes = [&](double point) {
    constexpr double slack = 1e-9;  // of a turn: what large arguments have lost; there a crest is as good as reached
    return std::floor((a.high - point) / turn + slack) > std::floor((a.low - point) / turn - slack);
  };
  const double first = at(a.low), last = at(a.high);
  Interval bounds = widened(std::min(first, last), std::max(first, last), library);
  if (passes(phase)) bounds.high = 1;
  if (passes(phase - M_PI)) bounds.low = -1;
  return clipped(bounds, -1, 1);
}

Interval sine(Interval a) {
  return wave(a, M_PI / 2, [](double x) { return std::sin(x); });
}
Interval cosine(Interval a) {
  return wave(a, 0, [](double x) { return std::cos(x); });
}

bool is_whole(double x) { return x == std::floor(x); }
bool is_even(double x) { return std::fmod(x, 2.0) == 0; }

double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

/// base^n for a number n.
Interval power(Interval base, double n) {
  const auto raise = [n](double x) { return std::pow(x, n); };
  if (!is_whole(n)) {
    if (!(base.high >= 0)) return anything;
    const Interval inside = clipped(base, 0, infinity);
    if (n > 0) return base.low < 0 ? anything : rising(inside, raise);
    return inside.low > 0 ? widened(raise(inside.high), raise(inside.low), library) : Interval{0, infinity};
  }
  if (n < 0) {
    if (base.contains(0)) return is_even(n) ? Interval{0, infinity} : anything;
    const Interval up = power(base, -n);
    return widened(1 / up.high, 1 / up.low, library);
  }
  if (!is_even(n)) return rising(base, raise);
  if (!base.contains(0))
    return base.low > 0 ? rising(base, raise) : widened(raise(base.high), raise(base.low), library);
  return {0, widened(0, raise(base.largest()), library).high};
}

/// What u is on the side of 0 that a switch has told.
Interval on_side(Interval u, Interval side) {
  if (side.low >= 1) return clipped(u, std::numeric_limits<double>::denorm_min(), infinity);
  if (side.high <= -1) return clipped(u, -infinity, -std::numeric_limits<double>::denorm_min());
  return side.low == side.high ? Interval{0, 0} : u;
}

Interval modulus(Interval u) {
  if (u.low >= 0) return u;
  if (u.high <= 0) return {-u.high, -u.low};
  return {0, u.largest()};
}

Interval logarithm(Interval u) {
  if (!(u.high > 0)) return anything;
  return u.low > 0 ? rising(u, [](double x) { return std::log(x); })
                   : (u.low < 0 ? anything : Interval{-infinity, widened(0, std::log(u.high), library).high});
}

Interval tangent(Interval a) {
  if (cosine(a).contains(0) || !(a.high - a.low < M_PI)) return anything;
  return rising(a, [](double x) { return std::tan(x); });
}

Interval angle(Interval y, Interval x) {
  if (!(x.low > 0)) return {-3.2, 3.2};
  const double corners[] = {std::atan2(y.low, x.low), std::atan2(y.low, x.high), std::atan2(y.high, x.low),
                            std::atan2(y.high, x.high)};
  const auto [low, high] = std::minmax_element(std::begin(corners), std::end(corners));
  return widened(*low, *high, library);
}

Interval hyperbolic_cosine(Interval a) {
  const double far = std::cosh(a.largest()),
               near = a.contains(0) ? 1 : std::cosh(std::min(std::abs(a.low), std::abs(a.high)));
  return widened(near, far, library);
}

/// One of two where the answer is certain.
Interval chosen(Interval answer, Interval yes, Interval no, Interval unknown) {
  return answer.low == 1 ? yes : answer.high == 0 ? no : unknown;
}

}  // namespace

double Interval::largest() const { return std::max(std::abs(low), std::abs(high)); }

Enclosure::Enclosure(std::span<const Expression> outputs, std::span<const std::string> variables)
    : outputs_(outputs.begin(), outputs.end()),
      variables_(variables.begin(), variables.end()),
      inputs_(variables.size()) {
  // Every node once, children first.
  std::map<std::array<std::uint64_t, 2>, std::size_t> known;
  const auto visit = [&](const auto& self, const Expression& e) -> std::size_t {
    if (const auto found = known.find(e.node().fingerprint); found != known.end()) return found->second;
    std::vector<std::size_t> children;
    for (const Expression& part : e.node().children) children.push_back(self(self, part));
    const std::size_t number = add(e);
    items_[number].children = std::move(children);
    for (const std::size_t part : items_[number].children)
      items_[number].reach =
          static_cast<Reach>(static_cast<int>(items_[number].reach) | static_cast<int>(items_[part].reach));
    number_switch(items_[number], e);
    known.emplace(e.node().fingerprint, number);
    return number;
  };
  for (const Expression& output : outputs_) {
    results_.push_back(visit(visit, output));
    of_time_alone_ = of_time_alone_ && items_[results_.back()].reach <= Reach::time;
  }
  values_.resize(items_.size());
  assumed_.clear();
}

std::size_t Enclosure::add(const Expression& e) {
  Item item{&e.node(), {}, Reach::constant};
  if (e.node().kind == Kind::variable) {
    const auto found = std::find(variables_.begin(), variables_.end(), e.node().name);
    if (found == variables_.end())
      throw std::invalid_argument("the formula uses '" + e.node().name + "', which is no input");
    item.input = static_cast<std::size_t>(found - variables_.begin());
    item.reach = item.input + 1 == variables_.size() ? Reach::time : Reach::point;
  }
  items_.push_back(std::move(item));
  return items_.size() - 1;
}

void Enclosure::number_switch(Item& item, const Expression& e) {
  const Node& node = e.node();
  if (item.reach != Reach::time) return;
  const auto keep = [&](const Expression& tells) {
    switches_.push_back(tells);
    item.number = switches_.size();
  };
  const auto sign = [&](const Expression& u) { return call(Function::sign, {u}); };
  if (node.kind == Kind::power) {
    const auto n = constant_exponent(e);
    if (n && (*n < 0 || !is_whole(*n))) keep(sign(node.children[0]));
    return;
  }
  if (node.kind != Kind::call) return;
  switch (node.function) {
    case Function::less:
    case Function::less_equal:
    case Function::equal:
    case Function::not_equal:
      return keep(e);
    case Function::choose:
      return keep(call(Function::not_equal, {node.children[0], Expression(0.0)}));
    case Function::minimum:
      return keep(call(Function::less, {node.children[0], node.children[1]}));
    case Function::maximum:
      return keep(call(Function::less, {node.children[1], node.children[0]}));
    case Function::absolute:
    case Function::sign:
    case Function::log:
      return keep(sign(node.children[0]));
    default:
      return;
  }
}

void Enclosure::assume(std::span<const double> answers) { assumed_.assign(answers.begin(), answers.end()); }

void Enclosure::move_to(Interval t) {
  inputs_.back() = t;
  decided_ = true;
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (items_[i].reach <= Reach::time) values_[i] = compute(items_[i]);
}

void Enclosure::look_at(std::span<const Interval> point) {
  std::copy(point.begin(), point.begin() + static_cast<std::ptrdiff_t>(inputs_.size() - 1), inputs_.begin());
  sweeps_ = false;
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (items_[i].reach > Reach::time) values_[i] = compute(items_[i]);
}

Interval Enclosure::answer(const Item& item, Interval bounds) {
  if (item.number > 0 && !assumed_.empty()) {
    const double value = assumed_[item.number - 1];
    return {value, value};
  }
  if (bounds.low == bounds.high) return bounds;
  if (item.reach == Reach::time) decided_ = false;
  if (item.reach == Reach::both) sweeps_ = true;
  return bounds;
}

Interval Enclosure::compute(const Item& item) {
  const Node& node = *item.node;
  switch (node.kind) {
    case Kind::constant:
      return {node.number, node.number};
    case Kind::variable:
      return inputs_[item.input];
    case Kind::sum: {
      Interval total{node.number, node.number};
      for (std::size_t k = 0; k < item.children.size(); ++k)
        total = sum(total, product({node.coefficients[k], node.coefficients[k]}, child(item, k)));
      return total;
    }
    case Kind::product: {
      Interval total{node.number, node.number};
      for (std::size_t k = 0; k < item.children.size(); ++k) total = product(total, child(item, k));
      return total;
    }
    case Kind::power:
      return compute_power(item);
    case Kind::call:
      return compute_call(item);
  }
  throw std::logic_error("enclosure: unknown node");
}

Interval Enclosure::compute_power(const Item& item) {
  Interval base = child(item, 0);
  const Interval exponent = child(item, 1);
  const Node& node = *item.node;
  if (node.children[1].is_constant()) {
    const double n = node.children[1].value();
    if (n < 0 || !is_whole(n)) base = on_side(base, answer(item, {sign_of(base.low), sign_of(base.high)}));
    return power(base, n);
  }
  if (!(base.low > 0)) return anything;
  const Interval logs = rising(base, [](double x) { return std::log(x); });
  return rising(product(exponent, logs), [](double x) { return std::exp(x); });
}

Interval Enclosure::compute_call(const Item& item) {
  const Interval a = child(item, 0), b = item.children.size() > 1 ? child(item, 1) : Interval{};
  const auto truth = [&](bool always, bool never) { return answer(item, {always ? 1.0 : 0.0, never ? 0.0 : 1.0}); };
  const auto signs = [&] { return answer(item, {sign_of(a.low), sign_of(a.high)}); };
  switch (item.node->function) {
    case Function::less:
      return truth(a.high < b.low, a.low >= b.high);
    case Function::less_equal:
      return truth(a.high <= b.low, a.low > b.high);
    case Function::equal:
      return truth(a.low == a.high && b.low == b.high && a.low == b.low, a.high < b.low || b.high < a.low);
    case Function::not_equal:
      return truth(a.high < b.low || b.high < a.low, a.low == a.high && b.low == b.high && a.low == b.low);
    case Function::choose:
      return chosen(truth(!a.contains(0), a.low == 0 && a.high == 0), b, child(item, 2), hull(b, child(item, 2)));
    case Function::minimum:
      return chosen(truth(a.high < b.low, a.low >= b.high), a, b, {std::min(a.low, b.low), std::min(a.high, b.high)});
    case Function::maximum:
      return chosen(truth(a.low > b.high, a.high <= b.low), a, b, {std::max(a.low, b.low), std::max(a.high, b.high)});
    case Function::absolute:
      return modulus(on_side(a, signs()));
    case Function::sign:
      return signs();
    case Function::exp:
      return clipped(rising(a, [](double x) { return std::exp(x); }), 0, infinity);
    case Function::log:
      return logarithm(on_side(a, signs()));
    case Function::sin:
      return sine(a);
    case Function::cos:
      return cosine(a);
    case Function::tan:
      return tangent(a);
    case Function::asin:
      return a.low >= -1 && a.high <= 1 ? rising(a, [](double x) { return std::asin(x); }) : anything;
    case Function::acos:
      return a.low >= -1 && a.high <= 1 ? widened(std::acos(a.high), std::acos(a.low), library) : anything;
    case Function::atan:
      return rising(a, [](double x) { return std::atan(x); });
    case Function::atan2:
      return angle(a, b);
    case Function::sinh:
      return rising(a, [](double x) { return std::sinh(x); });
    case Function::cosh:
      return hyperbolic_cosine(a);
    case Function::tanh:
      return clipped(rising(a, [](double x) { return std::tanh(x); }), -1, 1);
    case Function::erf:
      return clipped(rising(a, [](double x) { return std::erf(x); }), -1, 1);
    case Function::erfc:
      return clipped(widened(std::erfc(a.high), std::erfc(a.low), library), 0, 2);
  }
  throw std::logic_error("enclosure: unknown function");
}

}  // namespace fokker
