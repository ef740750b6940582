#pragma once
#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "fokker/operator/operator.hpp"

namespace fokker {

/// Products with an operator at one time, gathered until there are as many as one pass over memory is worth
/// (`Operator::apply_chain`). Nothing is computed before `run`, or the product that makes it full.
class ProductChain {
 public:
  static constexpr std::size_t longest = 6;

  explicit ProductChain(const Operator& op) : op_(op) {}

  void add(double t, std::span<const double> state, std::initializer_list<Stage> stages) {
    if (count_ == longest || t != t_) run();
    t_ = t;
    Link& link = links_[count_];
    std::size_t used = 0;
    Term* term = link.terms.data();
    for (const Stage& stage : stages) {
      link.stages.at(used++) = {stage.scale, {term, stage.terms.size()}, stage.out};
      term = std::copy(stage.terms.begin(), stage.terms.end(), term);
    }
    chain_[count_++] = {state, {link.stages.data(), used}};
  }
  /// Forgets what a product that was given up has left.
  void drop() { count_ = 0; }
  void run() {
    if (const std::size_t count = std::exchange(count_, 0); count > 0) op_.apply_chain(t_, {chain_.data(), count});
  }

 private:
  struct Link {
    std::array<Stage, 2> stages;
    std::array<Term, 8> terms;
  };
  const Operator& op_;
  double t_ = 0;
  std::size_t count_ = 0;
  std::array<Link, longest> links_;
  std::array<Product, longest> chain_;
};

}  // namespace fokker
