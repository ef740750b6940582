#include "fokker/base/tape.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <stdexcept>
#include <tuple>

#include "expression_node.hpp"
#include "tape_kernels.hpp"

namespace fokker {
namespace {

using Node = Expression::Node;
using Value = std::size_t;  // inputs first, then one per instruction

constexpr Value none = static_cast<Value>(-1);

/// A column's worth of work for every slot while a block is evaluated; on the stack, so that nothing is allocated.
constexpr std::size_t workspace_size = 32 * 1024;

struct Step {
  Operation operation;
  Value a = none, b = none, c = none;
  double constant = 0;
};

/// Trees -> a list of steps in which equal steps appear once.
class Lowering {
 public:
  explicit Lowering(std::span<const std::string> variables) : variables_(variables) {}

  Value lower(const Expression& e) {
    const auto known = known_.find(e.node().fingerprint);
    if (known != known_.end()) return known->second;
    const Value value = compute(e);
    known_.emplace(e.node().fingerprint, value);
    return value;
  }

  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }

  /// a + b c and a - b c in one pass (two roundings, as before) where the product has no other use.
  void fuse(std::span<const Value> results) {
    std::vector<int> uses(variables_.size() + steps_.size(), 0);
    for (const Value v : results) ++uses[v];
    for (const Step& step : steps_) {
      for (const Value v : {step.a, step.b, step.c}) {
        if (v != none) ++uses[v];
      }
    }
    const auto single_product = [&](Value v) {
      return v >= variables_.size() && uses[v] == 1 && steps_[v - variables_.size()].operation == Operation::multiply;
    };
    for (Step& step : steps_) {
      if (step.operation != Operation::add && step.operation != Operation::subtract) continue;
      if (step.operation == Operation::add && !single_product(step.b)) std::swap(step.a, step.b);
      if (!single_product(step.b)) continue;
      Step& product = steps_[step.b - variables_.size()];
      step = {.operation = step.operation == Operation::add ? Operation::add_product : Operation::subtract_product,
              .a = step.a,
              .b = product.a,
              .c = product.b};
      product.operation = Operation::nothing;
    }
  }

 private:
  Value emit(const Step& step) {
    const auto key =
        std::make_tuple(step.operation, step.a, step.b, step.c, std::bit_cast<std::uint64_t>(step.constant));
    const auto [known, fresh] = emitted_.try_emplace(key, variables_.size() + steps_.size());
    if (fresh) steps_.push_back(step);
    return known->second;
  }

  Value compute(const Expression& e) {
    const Node& node = e.node();
    switch (node.kind) {
      case Kind::constant:
        return emit({.operation = Operation::fill, .constant = node.number});
      case Kind::variable:
        return input(node.name);
      case Kind::sum:
        return sum(node);
      case Kind::product:
        return product(node);
      case Kind::power:
        return power(node);
      case Kind::call:
        return function(node);
    }
    throw std::logic_error("tape: unknown node");
  }

  Value input(const std::string& name) const {
    const auto found = std::find(variables_.begin(), variables_.end(), name);
    if (found == variables_.end()) throw std::invalid_argument("the formula uses '" + name + "', which is no input");
    return static_cast<Value>(found - variables_.begin());
  }

  Value scaled(Value a, double k) {
    return k == 1 ? a : emit({.operation = Operation::multiply_constant, .a = a, .constant = k});
  }

  /// A term with coefficient 1 goes first, so that x - x^3 takes one subtraction and no product.
  Value sum(const Node& node) {
    const auto lead = std::find(node.coefficients.begin(), node.coefficients.end(), 1.0);
    const std::size_t first =
        lead == node.coefficients.end() ? 0 : static_cast<std::size_t>(lead - node.coefficients.begin());
    double number = node.number;
    Value total = lower(node.children[first]);
    if (node.coefficients[first] == -1 && number != 0) {
      total = emit({.operation = Operation::subtract_from, .a = total, .constant = number});
      number = 0;
    } else {
      total = scaled(total, node.coefficients[first]);
    }
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (i != first) total = accumulate(total, node.coefficients[i], node.children[i]);
    }
    return number == 0 ? total : emit({.operation = Operation::add_constant, .a = total, .constant = number});
  }

  Value accumulate(Value total, double c, const Expression& term) {
    const Value value = lower(term);
    if (c == 1) return emit({.operation = Operation::add, .a = total, .b = value});
    if (c == -1) return emit({.operation = Operation::subtract, .a = total, .b = value});
    return emit({.operation = Operation::add_scaled, .a = total, .b = value, .constant = c});
  }

  Value times(Value a, Value b) {
    if (a == none) return b;
    return emit({.operation = Operation::multiply, .a = std::min(a, b), .b = std::max(a, b)});
  }

  /// number * above / below: one division however many quotients.
  Value product(const Node& node) {
    Value above = none, below = none;
    for (const Expression& child : node.children) {
      const double exponent = constant_exponent(child).value_or(1);
      if (exponent < 0) {
        below = times(below, power_of(lower(child.node().children[0]), -exponent));
      } else {
        above = times(above, lower(child));
      }
    }
    if (above == none) return emit({.operation = Operation::divide_into, .a = below, .constant = node.number});
    above = scaled(above, node.number);
    return below == none ? above : emit({.operation = Operation::divide, .a = above, .b = below});
  }

  Value power(const Node& node) {
    const Expression &base = node.children[0], &exponent = node.children[1];
    if (base.is_constant()) {
      return emit({.operation = Operation::constant_power, .a = lower(exponent), .constant = base.value()});
    }
    if (!exponent.is_constant()) {
      const Value a = lower(base), b = lower(exponent);
      return emit({.operation = Operation::power, .a = a, .b = b});
    }
    const double n = exponent.value();
    if (n >= 0) return power_of(lower(base), n);
    return emit({.operation = Operation::divide_into, .a = power_of(lower(base), -n), .constant = 1});
  }

  /// Whole and half powers by products and one square root, others by pow; n > 0.
  Value power_of(Value a, double n) {
    constexpr double largest = 32;
    const double whole = std::floor(n);
    if (n > largest || (n != whole && n != whole + 0.5)) {
      return emit({.operation = Operation::power_constant, .a = a, .constant = n});
    }
    const Value root = n == whole ? none : emit({.operation = Operation::sqrt, .a = a});
    return whole == 0 ? root : times(root, repeated(a, static_cast<int>(whole)));
  }

  Value repeated(Value a, int n) {
    if (n == 1) return a;
    if (n % 2 == 1) return times(repeated(a, n - 1), a);
    const Value half = repeated(a, n / 2);
    return times(half, half);
  }

  Value function(const Node& node) {
    Step step{.operation = operation(node.function)};
    step.a = lower(node.children[0]);
    if (node.children.size() > 1) step.b = lower(node.children[1]);
    if (node.children.size() > 2) step.c = lower(node.children[2]);
    return emit(step);
  }

  static Operation operation(Function f) {  // both lists name the functions in the same order
    return static_cast<Operation>(static_cast<int>(Operation::less) + static_cast<int>(f));
  }
  static_assert(static_cast<int>(Operation::erfc) - static_cast<int>(Operation::less) ==
                static_cast<int>(Function::erfc) - static_cast<int>(Function::less));

  std::span<const std::string> variables_;
  std::vector<Step> steps_;
  std::map<std::array<std::uint64_t, 2>, Value> known_;
  std::map<std::tuple<Operation, Value, Value, Value, std::uint64_t>, Value> emitted_;
};

/// The last step that reads a value.
std::vector<std::size_t> last_uses(const std::vector<Step>& steps, std::size_t inputs) {
  std::vector<std::size_t> last(inputs + steps.size(), 0);
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps[i].operation != Operation::nothing)
      for (const Value v : {steps[i].a, steps[i].b, steps[i].c})
        if (v != none) last[v] = i;
  return last;
}

/// The columns of one block of points, on the stack. What depends on time alone is one vector of equal numbers until a
/// step over points reads it: then it is laid out.
class Columns {
 public:
  Columns(Index slots, Index width) : width_(width) {
    for (Index s = 0; s < slots; ++s) slot_[s] = own(s);
  }
  [[nodiscard]] double* own(Index s) { return workspace_.data() + s * width_; }
  [[nodiscard]] double* operator[](Index s) const { return slot_[s]; }
  void place(Index s, double* column) { slot_[s] = column; }

  void take(Index s, const TapeInput& input) {
    holds_[s] = input.column ? Holds::column : Holds::number;
    if (!input.column) std::fill_n(slot_[s], lanes, input.scalar);
  }
  void apply(Operation operation, Index target, const std::array<Index, 3>& operands, double constant, Index count) {
    const bool over_points =
        operation != Operation::fill &&
        std::any_of(operands.begin(), operands.end(), [&](Index s) { return holds_[s] == Holds::column; });
    if (over_points)
      for (const Index operand : operands) lay_out(operand, count);
    const auto [a, b, c] = operands;
    fokker::apply(operation, {slot_[target], slot_[a], slot_[b], slot_[c], constant}, over_points ? count : lanes);
    holds_[target] = over_points ? Holds::column : Holds::number;
  }
  void lay_out(Index s, Index count) {
    if (holds_[s] != Holds::number) return;
    fokker::apply(Operation::fill, {slot_[s], nullptr, nullptr, nullptr, slot_[s][0]}, count);
    holds_[s] = Holds::number_laid_out;
  }

 private:
  enum class Holds : std::uint8_t { column, number, number_laid_out };
  Index width_;
  alignas(64) std::array<double, workspace_size> workspace_;
  std::array<double*, workspace_size / lanes> slot_;
  std::array<Holds, workspace_size / lanes> holds_;
};

}  // namespace

/// Slots: [inputs][outputs][registers]. A step that makes an output writes there; every other step gets the lowest
/// register that is free, and gives it back after its last use.
Tape::Tape(std::span<const Expression> outputs, std::span<const std::string> variables)
    : inputs_(static_cast<Index>(variables.size())), outputs_(static_cast<Index>(outputs.size())) {
  Lowering lowering(variables);
  std::vector<Value> results;
  for (const Expression& output : outputs) results.push_back(lowering.lower(output));
  lowering.fuse(results);
  const std::vector<Step>& steps = lowering.steps();

  const std::size_t inputs = variables.size();
  const std::vector<std::size_t> last_use = last_uses(steps, inputs);
  std::vector<std::size_t> slot(inputs + steps.size(), none);
  for (std::size_t i = 0; i < inputs; ++i) slot[i] = i;
  std::vector<std::size_t> copies;  // outputs that repeat an input or an earlier output
  for (std::size_t k = 0; k < results.size(); ++k) {
    if (slot[results[k]] == none) {
      slot[results[k]] = inputs + k;
    } else {
      copies.push_back(k);
    }
  }

  const std::size_t first_register = inputs + outputs.size();
  std::size_t slots = first_register;
  std::vector<std::size_t> free;  // a heap, lowest on top
  const auto at = [&](Value v) { return static_cast<std::uint16_t>(v == none ? 0 : slot[v]); };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (step.operation == Operation::nothing) continue;
    // An operand that a step does not have repeats its first.
    const Value a = step.a, b = step.b == none ? a : step.b, c = step.c == none ? a : step.c;
    Instruction instruction{static_cast<std::uint16_t>(step.operation), 0, at(a), at(b), at(c), step.constant};
    std::vector<Value> operands{step.a, step.b, step.c};
    std::sort(operands.begin(), operands.end());
    operands.erase(std::unique(operands.begin(), operands.end()), operands.end());
    for (const Value v : operands) {
      if (v == none || slot[v] < first_register || last_use[v] != i) continue;
      free.push_back(slot[v]);
      std::push_heap(free.begin(), free.end(), std::greater<>());
    }
    std::size_t& target = slot[inputs + i];
    if (target == none) {
      if (free.empty()) free.push_back(slots++);
      std::pop_heap(free.begin(), free.end(), std::greater<>());
      target = free.back();
      free.pop_back();
    }
    if (slots * lanes > workspace_size) throw std::length_error("the formulas keep too many values at once");
    instruction.target = static_cast<std::uint16_t>(target);
    code_.push_back(instruction);
  }
  for (const std::size_t k : copies) {
    const std::uint16_t from = at(results[k]);
    code_.push_back(
        {static_cast<std::uint16_t>(Operation::copy), static_cast<std::uint16_t>(inputs + k), from, from, from, 0});
  }
  if (slots * lanes > workspace_size) throw std::length_error("the formulas keep too many values at once");
  slots_ = static_cast<Index>(slots);
}

void Tape::evaluate(std::span<const TapeInput> inputs, Index n, std::span<double* const> outputs) const {
  if (static_cast<Index>(inputs.size()) != inputs_ || static_cast<Index>(outputs.size()) != outputs_) {
    throw std::invalid_argument("Tape::evaluate: wrong number of inputs or outputs");
  }
  if (slots_ == 0) return;
  const Index width = std::min(block, (static_cast<Index>(workspace_size) / slots_) & ~(lanes - 1));
  Columns columns(slots_, width);
  for (Index i = 0; i < inputs_; ++i) columns.take(i, inputs[i]);

  // While one block is computed, the memory of the block after the next is asked for, a fraction with each instruction:
  // a column is visited in short bursts, which the processor does not foresee. Short tapes are bound by bandwidth.
  // (Inlined by force: a function that does nothing but prefetch counts as pure, and g++ drops calls to it.)
  const auto steps = static_cast<Index>(code_.size());
  const auto fetch = [&](Index first, Index last) __attribute__((always_inline)) {
    for (const TapeInput& input : inputs) {
      if (!input.column) continue;
      for (Index point = first; point < last; point += lanes) __builtin_prefetch(input.column + point, 0);
    }
    for (const double* output : outputs) {
      for (Index point = first; point < last; point += lanes) __builtin_prefetch(output + point, 1);
    }
  };

  for (Index begin = 0; begin < n; begin += width) {
    const Index count = std::min(width, n - begin);
    const bool whole = count == width;
    // Whole blocks are read and written where they are; a shorter one is padded to whole vectors in the workspace.
    for (Index i = 0; i < inputs_; ++i) {
      if (!inputs[i].column) continue;
      if (whole) {
        columns.place(i, const_cast<double*>(inputs[i].column + begin));  // no instruction targets an input
      } else {
        columns.place(i, columns.own(i));
        std::copy_n(inputs[i].column + begin, count, columns[i]);
        std::fill_n(columns[i] + count, width - count, inputs[i].column[n - 1]);
      }
    }
    for (Index k = inputs_; k < inputs_ + outputs_; ++k)
      columns.place(k, whole ? outputs[k - inputs_] + begin : columns.own(k));
    const Index padded = (count + lanes - 1) & ~(lanes - 1);
    const bool ahead = steps >= 4 && begin + 3 * width <= n;
    for (Index s = 0; s < steps; ++s) {
      if (ahead) fetch(begin + 2 * width + width * s / steps, begin + 2 * width + width * (s + 1) / steps);
      const Instruction& step = code_[s];
      columns.apply(static_cast<Operation>(step.operation), step.target, {step.a, step.b, step.c}, step.constant,
                    padded);
    }
    for (Index k = inputs_; k < inputs_ + outputs_; ++k) {
      columns.lay_out(k, padded);
      if (!whole) std::copy_n(columns[k], count, outputs[k - inputs_] + begin);
    }
  }
}

double evaluate_at(const Expression& expression, std::span<const std::string> variables,
                   std::span<const double> values) {
  if (variables.size() != values.size()) throw std::invalid_argument("evaluate_at: one value per variable");
  std::vector<TapeInput> inputs;
  for (const double value : values) inputs.push_back(TapeInput::of(value));
  double result = 0;
  double* const output = &result;
  Tape({&expression, 1}, variables).evaluate(inputs, 1, {&output, 1});
  return result;
}

}  // namespace fokker
