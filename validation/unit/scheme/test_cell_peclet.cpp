// Freezes what the cell Peclet number is: |f| h / D_kk of the Ito drift at the centres, whatever the cross term and
// however a scheme splits the drift; and its range where the mass is.
#include <doctest/doctest.h>

#include <cmath>

#include "fokker/model/formula_sde.hpp"
#include "fokker/scheme/cell_peclet.hpp"
#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting;

std::shared_ptr<const Sde> formulas(const std::vector<std::string>& drift,
                                    const std::vector<std::vector<std::string>>& noise, Interpretation reading) {
  const std::vector<std::string> names{"x", "y", "t"};
  SdeFormulas given;
  given.interpretation = reading;
  given.variables = drift.size() == 1 ? std::vector<std::string>{"x"} : std::vector<std::string>{"x", "y"};
  for (const std::string& text : drift) given.drift.push_back(parse_expression(text, names));
  for (const auto& row : noise) {
    given.noise.emplace_back();
    for (const std::string& text : row) given.noise.back().push_back(parse_expression(text, names));
  }
  return std::make_shared<FormulaSde>(given);
}

TEST_CASE("the cell Peclet number knows neither the cross term nor the other axis") {
  const auto grid = grid_2d(axis(0, 10, 100), axis(0, 10, 50, R, R, "y"));
  const std::vector<double> p(grid->cells(), 0.01);
  for (const std::string d : {"0", "0.002", "(-0.0099)"}) {
    const auto sde =
        formulas({"1", "-0.5"}, {{"sqrt(0.02)", "0"}, {d + "*sqrt(2/0.01)", "sqrt(0.02 - 2*" + d + "^2/0.01)"}},
                 Interpretation::ito);
    CellPeclets peclets(grid, sde);
    for (const auto& [k, value] : {std::pair{0, 10.0}, std::pair{1, 10.0}}) {  // 1 * 0.1 / 0.01, 0.5 * 0.2 / 0.01
      const PecletRange range = peclets.range(k, 0, p);
      CHECK(range.least == doctest::Approx(value).epsilon(1e-13));
      CHECK(range.largest == doctest::Approx(value).epsilon(1e-13));
    }
  }
}

TEST_CASE("the cell Peclet number is finite beside a wall where D vanishes and infinite where D alone does") {
  const auto grid = grid_1d(axis(0, 1, 10));
  const std::vector<double> p(10, 1.0);
  // f = 1/2, D = x/2: f h / D = h/x, at the first centre 2, at the last 0.1/0.95.
  CellPeclets singular(grid, formulas({"0.5"}, {{"sqrt(x)"}}, Interpretation::ito));
  CHECK(singular.along(0, 0)[0] == doctest::Approx(2).epsilon(1e-13));
  CHECK(singular.range(0, 0, p).least == doctest::Approx(0.1 / 0.95).epsilon(1e-13));
  // Stratonovich adds D'/2 = 1/4.
  CellPeclets induced(grid, formulas({"0.5"}, {{"sqrt(x)"}}, Interpretation::stratonovich));
  CHECK(induced.along(0, 0)[0] == doctest::Approx(3).epsilon(1e-13));
  CellPeclets still(grid, formulas({"if(x < 0.5, 0, 1)"}, {{"0"}}, Interpretation::ito));
  CHECK(still.along(0, 0)[0] == 0);
  CHECK(std::isinf(still.along(0, 0)[9]));
}

TEST_CASE("the range of cell Peclet numbers is where the mass is and follows time") {
  const auto grid = grid_1d(axis(0, 10, 1000));
  CellPeclets peclets(grid, formulas({"x*(1 + t)"}, {{"sqrt(2)"}}, Interpretation::ito));
  std::vector<double> p(1000, 0.0);
  for (std::size_t i = 200; i < 400; ++i) p[i] = 1;
  p[900] = 0.1;  // 0.5e-3 of the mass
  const auto at = [](double x) { return x * 0.01; };
  CHECK(peclets.range(0, 0, p).least == doctest::Approx(at(2.005)));
  CHECK(peclets.range(0, 0, p).largest == doctest::Approx(at(3.995)));
  CHECK(peclets.range(0, 0, p, 1e-4).largest == doctest::Approx(at(9.005)));
  CHECK(peclets.range(0, 1, p).largest == doctest::Approx(2 * at(3.995)));
  CHECK(peclets.range(0, 0, std::vector<double>(1000, 0.0)).largest == 0);
  std::vector<double> point(1000, 0.0);
  point[500] = 3;
  CHECK(peclets.range(0, 0, point).least == doctest::Approx(at(5.005)));
  CHECK(peclets.range(0, 0, point).largest == doctest::Approx(at(5.005)));
}

}  // namespace
}  // namespace fokker
