#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/expression.hpp"

namespace fokker {

struct Interval {
  double low = 0, high = 0;
  [[nodiscard]] double largest() const;  ///< max |x|
  [[nodiscard]] bool contains(double x) const { return low <= x && x <= high; }
};

/// What formulas can be while time and point run through intervals: bounds that hold for every point of them (interval
/// arithmetic, rounded outwards). What is asked of time alone is answered once for many points.
///
/// A switch is a part of a formula in time alone that may change its answer at once: a comparison, the condition of
/// `if`, `sign`, `abs`, `min`, `max`, and the argument of a root, a logarithm or a denominator, where it passes 0. On
/// an interval of time a switch has one answer, or is undecided; then the bounds hold for either.
class Enclosure {
 public:
  /// The last of `variables` is time. Throws std::invalid_argument for other variables in the outputs.
  Enclosure(std::span<const Expression> outputs, std::span<const std::string> variables);

  /// Formulas in time alone, one per switch, whose value tells its answer: 0 or 1 of a comparison, the sign of an
  /// argument.
  [[nodiscard]] const std::vector<Expression>& switches() const { return switches_; }
  /// What the switches answer from now on, one value of `switches()` each: for intervals between two times at which any
  /// of them changes, up to whose very ends bounds cannot decide.
  void assume(std::span<const double> answers);

  void move_to(Interval t);
  /// Every switch had one answer in the last move.
  [[nodiscard]] bool decided() const { return decided_; }
  /// Positions, one interval per axis; after `move_to`.
  void look_at(std::span<const Interval> point);
  /// Some condition that depends on time and point together had no single answer there.
  [[nodiscard]] bool sweeps() const { return sweeps_; }
  /// Bounds of output k; infinite where it has a pole or may not be a number.
  [[nodiscard]] Interval of(std::size_t k) const { return values_[results_[k]]; }
  /// Parts of all formulas, each counted once.
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  /// No output depends on the axes.
  [[nodiscard]] bool of_time_alone() const { return of_time_alone_; }

 private:
  enum class Reach : std::uint8_t { constant, time, point, both };
  struct Item {
    const Expression::Node* node;
    std::vector<std::size_t> children;
    Reach reach;
    std::size_t input = 0;   ///< of a variable
    std::size_t number = 0;  ///< of a switch, counted from 1; 0: none
  };
  std::size_t add(const Expression& e);
  void number_switch(Item& item, const Expression& e);
  [[nodiscard]] Interval compute(const Item& item);
  [[nodiscard]] Interval compute_power(const Item& item);
  [[nodiscard]] Interval compute_call(const Item& item);
  /// The answer that was assumed, else that of the bounds where there is one (lowest == highest).
  [[nodiscard]] Interval answer(const Item& item, Interval bounds);
  [[nodiscard]] const Interval& child(const Item& item, std::size_t k) const { return values_[item.children[k]]; }

  std::vector<Expression> outputs_;  // keep the nodes alive
  std::vector<std::string> variables_;
  std::vector<Item> items_;
  std::vector<Interval> values_;
  std::vector<std::size_t> results_;
  std::vector<Expression> switches_;
  std::vector<double> assumed_;
  std::vector<Interval> inputs_;
  bool decided_ = true, sweeps_ = false, of_time_alone_ = true;
};

}  // namespace fokker
