#include <doctest/doctest.h>

#include <cmath>

#include "fokker/base/quadrature.hpp"

using namespace fokker;

namespace {

template <class Values>
double moment(const Values& node, const Values& weight, int degree) {
  double sum = 0;
  for (std::size_t q = 0; q < node.size(); ++q) sum += weight[q] * std::pow(node[q], degree);
  return sum;
}

/// Exact up to the degree it is made for and wrong beyond; mirrored to the bit.
template <std::size_t n>
void check_gauss_rule() {
  using Rule = GaussRule<n>;
  CAPTURE(n);
  constexpr auto highest = static_cast<int>(2 * n - 2);
  for (int degree = 0; degree <= highest; degree += 2)
    CHECK(std::abs(moment(Rule::node, Rule::weight, degree) - 2.0 / (degree + 1)) < 1e-15);
  CHECK(std::abs(moment(Rule::node, Rule::weight, highest + 2) - 2.0 / (highest + 3)) > 1e-6);
  for (std::size_t q = 0; q < n; ++q) {
    CHECK(Rule::node[q] == -Rule::node[n - 1 - q]);
    CHECK(Rule::weight[q] == Rule::weight[n - 1 - q]);
    if (q > 0) CHECK(Rule::node[q] > Rule::node[q - 1]);
  }
}

}  // namespace

TEST_CASE("quadrature rules integrate their polynomials") {
  check_gauss_rule<4>();
  check_gauss_rule<5>();
  check_gauss_rule<6>();
  check_gauss_rule<8>();
  check_gauss_rule<10>();
  for (int degree = 0; degree <= 22; degree += 2) {
    const double exact = 2.0 / (degree + 1);
    if (degree <= 13) CHECK(std::abs(moment(KronrodRule15::node, KronrodRule15::gauss, degree) - exact) < 1e-15);
    CHECK(std::abs(moment(KronrodRule15::node, KronrodRule15::weight, degree) - exact) < 1e-15);
  }
}
