// Freezes what the tensor scheme builds on: nonnegative rates on offsets within the cap that add up to the tensor, a
// diagonal that survives the cap, and decompositions of swapped and reflected tensors that agree to the bit. A wrong
// branch of the reduction shows as a negative rate or a tensor that does not come back.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>

#include "fokker/scheme/selling.hpp"

using namespace fokker;

namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

struct Tensor {
  double xx, xy, yy;
};

/// Eigenvalues 1 and 1/ratio, the larger one along `degrees`; cells of shape 1 : aspect.
Tensor tilted(double degrees, double ratio, double aspect = 1) {
  const double angle = degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle), small = 1 / ratio;
  return {(c * c + small * s * s) * aspect * aspect, (1 - small) * c * s * aspect, s * s + small * c * c};
}

Tensor rebuilt(const SellingDecomposition& d) {
  Tensor sum{0, 0, 0};
  for (std::size_t k = 0; k < 3; ++k) {
    sum.xx += d.rate[k] * d.x[k] * d.x[k];
    sum.xy += d.rate[k] * d.x[k] * d.y[k];
    sum.yy += d.rate[k] * d.y[k] * d.y[k];
  }
  return sum;
}

int reach(const SellingDecomposition& d) {
  int largest = 0;
  for (std::size_t k = 0; k < 3; ++k) largest = std::max({largest, std::abs(d.x[k]), std::abs(d.y[k])});
  return largest;
}

/// Rate of the edge along (x, y) up to sign, 0 when the decomposition does not use it.
double rate_along(const SellingDecomposition& d, int x, int y) {
  double rate = 0;
  for (std::size_t k = 0; k < 3; ++k)
    if ((d.x[k] == x && d.y[k] == y) || (d.x[k] == -x && d.y[k] == -y)) rate += d.rate[k];
  return rate;
}

template <class Check>
void for_tilted_tensors(const Check& check) {
  for (const double ratio : {1.0, 1.5, 2.0, 7.0, 20.0, 100.0, 1e3, 1e4, 1e6})
    for (const double aspect : {1.0, 0.3, 11.0})
      for (int degrees = 0; degrees <= 180; ++degrees) check(tilted(degrees, ratio, aspect));
}

}  // namespace

TEST_CASE("rates are nonnegative on canonical offsets within the cap") {
  for_tilted_tensors([](const Tensor& D) {
    const SellingDecomposition d = selling(D.xx, D.xy, D.yy);
    CHECK(reach(d) <= offset_cap);
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(d.rate[k] >= 0);
      const bool canonical = d.x[k] > 0 || (d.x[k] == 0 && d.y[k] > 0);
      CHECK(canonical == (d.rate[k] > 0));
    }
  });
}

TEST_CASE("the tensor comes back to four roundings of its trace") {
  for_tilted_tensors([](const Tensor& D) {
    const SellingDecomposition d = selling(D.xx, D.xy, D.yy);
    const Tensor sum = rebuilt(d);
    const double rounding = 4 * eps * (D.xx + D.yy);
    CHECK(std::abs(sum.xx - D.xx) <= rounding);
    CHECK(std::abs(sum.yy - D.yy) <= rounding);
    CHECK(std::abs(sum.xy - d.xy) <= rounding);
    if (!d.capped) CHECK(d.xy == D.xy);
    if (d.capped) CHECK(std::abs(d.xy) < std::abs(D.xy));
  });
}

TEST_CASE("swap and reflection of the axes give the swapped and reflected offsets to the bit") {
  for_tilted_tensors([](const Tensor& D) {
    const SellingDecomposition d = selling(D.xx, D.xy, D.yy), swapped = selling(D.yy, D.xy, D.xx),
                               reflected = selling(D.xx, -D.xy, D.yy);
    CHECK(swapped.xy == d.xy);
    CHECK(reflected.xy == -d.xy);
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(rate_along(swapped, d.y[k], d.x[k]) == d.rate[k]);
      CHECK(rate_along(reflected, d.x[k], -d.y[k]) == d.rate[k]);
    }
  });
}

// The rates are -e_i.D e_j of the superbase that is perpendicular to the offsets (theory section 10).
TEST_CASE("offsets are the perpendiculars of an obtuse superbase") {
  const Tensor D = tilted(33, 60);
  const SellingDecomposition d = selling(D.xx, D.xy, D.yy);
  REQUIRE_FALSE(d.capped);
  const auto product = [&](std::size_t i, std::size_t j) {
    return D.xx * d.y[i] * d.y[j] - D.xy * (d.x[i] * d.y[j] + d.y[i] * d.x[j]) + D.yy * d.x[i] * d.x[j];
  };
  for (std::size_t k = 0; k < 3; ++k) {
    const std::size_t i = (k + 1) % 3, j = (k + 2) % 3;
    CHECK(std::abs(d.x[i] * d.y[j] - d.x[j] * d.y[i]) == 1);
    CHECK(std::abs(product(i, j)) == doctest::Approx(d.rate[k]).epsilon(1e-12));
  }
}

TEST_CASE("offsets reach half the square root of the anisotropy") {
  const auto largest = [](double ratio) {
    int cells = 0;
    for (int tenth = 0; tenth < 1800; ++tenth) {
      const Tensor D = tilted(tenth / 10.0, ratio);
      cells = std::max(cells, reach(selling(D.xx, D.xy, D.yy, 1000)));
    }
    return cells;
  };
  CHECK(largest(16) == 2);
  CHECK(largest(100) == 5);
  CHECK(largest(400) == 10);
  CHECK(largest(10000) == 50);
}

// Beyond the cap only a face u u^T, v v^T of the cone is left: any larger D_xy of that diagonal, decomposed without a
// cap, needs an offset beyond it, and any smaller one does not.
TEST_CASE("a capped tensor keeps its diagonal and the largest representable covariance") {
  int capped = 0;
  for_tilted_tensors([&](const Tensor& D) {
    const SellingDecomposition d = selling(D.xx, D.xy, D.yy);
    if (!d.capped) {
      CHECK(reach(selling(D.xx, D.xy, D.yy, 4000)) <= offset_cap);
      return;
    }
    ++capped;
    CHECK(d.rate[2] == 0);
    CHECK(std::abs(d.x[0] * d.y[1] - d.x[1] * d.y[0]) == 1);
    CHECK(std::max(std::abs(d.x[0]) + std::abs(d.x[1]), std::abs(d.y[0]) + std::abs(d.y[1])) > offset_cap);
    CHECK_FALSE(selling(D.xx, d.xy * (1 - 1e-9), D.yy).capped);
    if (std::abs(D.xy) > std::abs(d.xy) * (1 + 1e-9)) CHECK(selling(D.xx, d.xy * (1 + 1e-9), D.yy).capped);
  });
  CHECK(capped > 500);
}

TEST_CASE("a cap of one is the nine-point stencil") {
  const SellingDecomposition d = selling(4, 1.5, 1, 1);
  CHECK(d.capped);
  CHECK(d.xy == 1);
  CHECK(rate_along(d, 1, 0) == 3);
  CHECK(rate_along(d, 1, 1) == 1);
}

TEST_CASE("degenerate tensors") {
  SUBCASE("zero") {
    const SellingDecomposition d = selling(0, 0, 0);
    CHECK(d.rate == std::array<double, 3>{0, 0, 0});
    CHECK(reach(d) == 0);
  }
  SUBCASE("one axis only, with a covariance that is rounding") {
    CHECK(rate_along(selling(2, 0, 0), 1, 0) == 2);
    CHECK(rate_along(selling(0, 1e-17, 3), 0, 1) == 3);
  }
  SUBCASE("a rational direction of rank one is one edge and not capped") {
    const SellingDecomposition exact = selling(4, 2, 1), rounded = selling(0.9, 0.3, 0.1);
    CHECK(rate_along(exact, 2, 1) == 1);
    CHECK(exact.rate[0] + exact.rate[1] + exact.rate[2] == 1);
    CHECK_FALSE(rounded.capped);
    CHECK(rate_along(rounded, 3, 1) == doctest::Approx(0.1).epsilon(1e-14));
  }
  SUBCASE("an irrational direction of rank one is capped") {
    const double g = std::numbers::phi;
    const SellingDecomposition d = selling(g * g, g, 1);
    CHECK(d.capped);
    CHECK(g - d.xy < 0.02);  // neighbours 5/3 and 8/5: gamma / s = 0.0127
  }
  SUBCASE("a covariance beyond the bound by rounding") {
    const SellingDecomposition d = selling(1, 1 + 4 * eps, 1);
    CHECK(rate_along(d, 1, 1) == 1);
    CHECK_FALSE(d.capped);
  }
  SUBCASE("anisotropy of 1e12 across the cells keeps the cap times the smaller variance") {
    const SellingDecomposition d = selling(1e12, 5e5, 1);
    CHECK(d.capped);
    CHECK(d.xy == 8);
    CHECK(rebuilt(d).xx == 1e12);
    CHECK(rebuilt(d).yy == 1);
  }
  SUBCASE("the smallest and the largest numbers") {
    const double tiny = std::numeric_limits<double>::denorm_min(), huge = 1e307;
    CHECK(rate_along(selling(tiny, tiny, tiny), 1, 1) == tiny);
    CHECK(rebuilt(selling(3 * tiny, tiny, 2 * tiny)).yy == 2 * tiny);
    CHECK(std::isfinite(selling(huge, 0.7 * huge, 0.6 * huge).rate[0]));
  }
}

TEST_CASE("caps of one axis each keep the diagonal and swap with the axes") {
  for (const double ratio : {4.0, 50.0, 1e4})
    for (double degrees = -85; degrees < 90; degrees += 7)
      for (const int cap_x : {0, 1, 3, 8})
        for (const int cap_y : {0, 2, 8}) {
          const Tensor D = tilted(degrees, ratio, 3);
          const SellingDecomposition parts = selling(D.xx, D.xy, D.yy, cap_x, cap_y);
          const SellingDecomposition swapped = selling(D.yy, D.xy, D.xx, cap_y, cap_x);
          const Tensor back = rebuilt(parts);
          CHECK(std::abs(back.xx - D.xx) <= 8 * eps * D.xx);
          CHECK(std::abs(back.yy - D.yy) <= 8 * eps * D.yy);
          CHECK(std::abs(back.xy - parts.xy) <= 8 * eps * (D.xx + D.yy));
          CHECK(std::abs(parts.xy) <= std::abs(D.xy));
          CHECK(swapped.xy == parts.xy);
          for (std::size_t k = 0; k < 3; ++k) {
            CHECK(parts.rate[k] >= 0);
            if (parts.x[k] == 0 || parts.y[k] == 0) continue;
            CHECK(std::abs(parts.x[k]) <= cap_x);
            CHECK(std::abs(parts.y[k]) <= cap_y);
          }
        }
}
