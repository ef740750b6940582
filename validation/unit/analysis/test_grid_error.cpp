// What three grids say: a power of the cell width is extrapolated exactly, and what is none is bounded, not
// extrapolated.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "fokker/analysis/grid_error.hpp"

using namespace fokker;

namespace {

/// Of values that are off by `error`(h) on `fine`, `middle` and `coarse` cells.
GridChanges changes_of(const std::function<double(double)>& error, double fine, double middle, double coarse) {
  const double e1 = error(1 / fine), e2 = error(1 / middle), e3 = error(1 / coarse);
  return {.change = e2 - e1, .before = e3 - e2, .ratio = fine / middle, .ratio_before = middle / coarse};
}

}  // namespace

TEST_CASE("an error that is a power of the cells is found with its order on cells of any ratio") {
  for (const double order : {0.7, 1.0, 2.0, 2.8}) {
    CAPTURE(order);
    const auto error = [&](double h) { return -3 * std::pow(h, order); };
    const GridError found = grid_error(changes_of(error, 101, 51, 25), 2);
    CHECK(found.credible);
    CHECK(found.order.value() == doctest::Approx(order).epsilon(1e-9));
    CHECK(found.error == doctest::Approx(error(1.0 / 101)).epsilon(1e-9));
    CHECK(found.uncertainty >= std::abs(found.error));
    if (order == 2) CHECK(found.uncertainty == doctest::Approx(1.25 * std::abs(found.error)).epsilon(1e-9));
  }
}

TEST_CASE("what is no order of the scheme is bounded by differences and not extrapolated") {
  const auto judged = [](const std::function<double(double)>& error, const char* why) {
    const GridError found = grid_error(changes_of(error, 64, 32, 16), 2);
    CAPTURE(found.why);
    CHECK(!found.credible);
    CHECK(found.error == 0);
    CHECK(found.why.find(why) != std::string::npos);
    CHECK(found.uncertainty >= std::abs(error(1.0 / 64)));
    return found;
  };
  judged([](double h) { return std::cos(M_PI * std::log2(h)) * std::pow(h, 1.5); }, "sign");
  judged([](double h) { return 0.1 * std::sqrt(std::sqrt(h)); }, "order 0.25 is too low");
  judged([](double h) { return 1e-3 * std::log2(h) / 6; }, "do not shrink");
  judged([](double h) { return std::pow(h, 4); }, "order 4.00 is more than one above 2");
  // Two parts that cancel on the next grid: fine and middle agree, and both are off.
  judged([](double h) { return h * h - 819 * h * h * h * h; }, "sign");
  judged([](double h) { return h > 0.05 ? 1.2e-3 : h > 0.02 ? 2.001e-4 : 2e-4; }, "more than one above");
}

TEST_CASE("without a third grid or with a doubt thrice the difference is the bound") {
  const GridError two = grid_error({.change = -2e-3}, 2);
  CHECK((!two.credible && !two.order && two.uncertainty == doctest::Approx(6e-3)));
  const GridError still = grid_error({.change = 1e-9, .before = 1e-9, .noise = 1e-8}, 2);
  CHECK((!still.credible && still.why.find("rounding") != std::string::npos && still.uncertainty > 3e-8));
  const GridError doubtful = grid_error({.change = 1e-3, .before = 4e-3, .doubt = "another flux"}, 2);
  CHECK((!doubtful.credible && doubtful.why == "another flux" && doubtful.uncertainty >= 1.2e-2));
}

TEST_CASE("differences that grow and grids that are hardly coarsened are bounded with room") {
  // 1, 1 - 2e-13, 1 - 2e-8, as what leaves by a wall that only fine cells resolve: the finest is off by 4e-4.
  const GridError grows = grid_error({.change = -2e-8, .before = -2e-13}, 2);
  CHECK((!grows.credible && grows.why.find("do not shrink") != std::string::npos && grows.uncertainty > 4e-4));
  // An error in h^4 for a flux of order 2 on 17, 9 and 8 cells: 9/8 is a third grid that hardly differs.
  const auto error = [](double h) { return std::pow(h, 4); };
  const GridError odd = grid_error(changes_of(error, 17, 9, 8), 2);
  CHECK((!odd.credible && odd.uncertainty >= 3 * (error(1.0 / 8) - error(1.0 / 9)) / 4 / (81.0 / 64 - 1) / 2));
}

TEST_CASE("an order of differences that are not of one shape is none and the larger one bounds a number") {
  const GridError number = grid_error({.change = 1e-3, .before = 4e-3, .alike = false}, 2);
  CHECK((!number.credible && !number.order && number.uncertainty == doctest::Approx(1.2e-2)));
  const GridError still = grid_error({.change = 1e-9, .before = 4e-3, .noise = 1e-8, .alike = false}, 2);
  CHECK((!still.credible && still.uncertainty >= 1.2e-2));
  const GridError distance = grid_error({.change = 1e-3, .before = 4e-3, .alike = false, .distances = true}, 2);
  CHECK((!distance.credible && distance.uncertainty == doctest::Approx(3e-3)));  // order 1
}
