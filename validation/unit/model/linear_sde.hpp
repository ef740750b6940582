#pragma once
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fokker/model/formula_sde.hpp"

namespace fokker::test {

/// Through the door that a case uses: formulas -> FormulaSde -> linear().
inline LinearCoefficients linear_coefficients(const std::vector<std::string>& drift,
                                              const std::vector<std::vector<std::string>>& noise,
                                              const Eigen::MatrixXd& covariance = {}) {
  SdeFormulas f;
  const std::vector<std::string> names{"x", "y", "t"};
  f.variables = drift.size() == 1 ? std::vector<std::string>{"x"} : std::vector<std::string>{"x", "y"};
  for (const std::string& text : drift) f.drift.push_back(parse_expression(text, names));
  for (const auto& row : noise) {
    f.noise.emplace_back();
    for (const std::string& text : row) f.noise.back().push_back(parse_expression(text, names));
  }
  f.noise_covariance = covariance;
  const auto coefficients = FormulaSde(f).linear();
  REQUIRE(coefficients.has_value());
  return *coefficients;
}

}  // namespace fokker::test
