// The arithmetic of a step: roots rounded as std::sqrt rounds whatever the instruction set, and the root of a tensor.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "fokker/particles/euler.hpp"
#include "fokker/particles/philox.hpp"

using namespace fokker;

namespace {

/// Positive numbers of all sizes, squares of numbers of few and of all bits and their neighbours, and what has no root.
std::vector<double> numbers() {
  std::vector<double> all;
  for (std::uint64_t k = 0; k < 60'000; ++k) {
    const auto [u, v] = uniform_pair({1, Purpose::bridge, 0}, k);
    const double g = 1 + (k % 2 == 0 ? u : std::floor(u * 0x1p26) * 0x1p-26), square = g * g;
    all.insert(all.end(), {std::ldexp(1 + u, static_cast<int>(v * 600) - 300), square, std::nextafter(square, 0.0),
                           std::nextafter(square, 8.0)});
  }
  for (int e = -1074; e < 1024; e += 1)
    for (const double x : {std::ldexp(1.0, e), std::nextafter(std::ldexp(1.0, e), 0.0), std::ldexp(1.0 + 0x1p-52, e)})
      all.push_back(x);
  for (const double x : {0.0, -0.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::max()})
    all.push_back(x);
  return all;
}

}  // namespace

TEST_CASE("the noise of a step has the root that std sqrt gives") {
  const std::vector<double> D = numbers(), zero(D.size(), 0.0), one(D.size(), 1.0);
  std::vector<double> x(D.size(), 0.0);
  euler_step_1d(std::ssize(D), 0.5, false, zero.data(), D.data(), one.data(), x.data());
  long unlike = 0;
  for (std::size_t i = 0; i < D.size(); ++i) unlike += x[i] != std::sqrt(D[i]);
  CHECK(unlike == 0);
  const double bad[] = {-1, std::numeric_limits<double>::quiet_NaN(), 4};
  double y[3] = {0, 0, 0};
  euler_step_1d(3, 0.5, false, zero.data(), bad, one.data(), y);
  CHECK((std::isnan(y[0]) && std::isnan(y[1]) && y[2] == 2));
}

TEST_CASE("the noise of a step in a plane is that of its tensor with and without a cross term") {
  const std::vector<double> xx{4, 4, 4, 9, 1, 1}, xy{0, 2, 4, -3, 0, 2}, yy{9, 5, 4, 1, -1, 1};
  const std::vector<double> zero(6, 0.0), zx(6, 1.0), zy(6, 10.0);
  std::vector<double> x(6, 0.0), y(6, 0.0);
  const double* const f[2] = {zero.data(), zero.data()};
  const double* const D[3] = {xx.data(), xy.data(), yy.data()};
  const double* const z[2] = {zx.data(), zy.data()};
  double* const at[2] = {x.data(), y.data()};
  euler_step_2d(6, 0.5, false, f, D, z, at);
  CHECK(x == std::vector<double>{2, 2, 2, 3, 1, 1});
  CHECK((y[0] == 30 && y[1] == 21 && y[2] == 2 && y[3] == -1));  // the third and the fourth are singular
  CHECK((std::isnan(y[4]) && std::isnan(y[5])));
  // one particle alone, and one number for all
  for (std::size_t i = 0; i < 4; ++i) {
    double px = 0, py = 0;
    const double* const own[3] = {&xx[i], &xy[i], &yy[i]};
    double* const there[2] = {&px, &py};
    euler_step_2d(1, 0.5, i % 2 == 0, f, own, z, there);
    CHECK((px == x[i] && py == y[i]));
  }
}
