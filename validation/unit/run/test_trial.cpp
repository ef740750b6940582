// What a run will take, by trying its parts.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "../../../src/run/check/trial.hpp"
#include "../../../src/run/check/way.hpp"
#include "small_case.hpp"

using namespace fokker;

TEST_CASE("a way goes on as its last doublings did whatever the first step waited for") {
  Way even, growing, whole;
  for (int k = 1; k <= 64; ++k) even.add(k / 64.0, 5 + k);  // steps of one length
  CHECK(even.until(16) == doctest::Approx(5 + 64 * 16));
  for (int k = 0; k <= 40; ++k) growing.add(std::exp2(k / 4.0 - 10), 5 + k);  // four steps to a doubling
  CHECK(growing.until(16) == doctest::Approx(5 + 56));
  whole.add(0.5, 1);
  whole.add(1, 3);
  CHECK(whole.until(1) == 3);
  CHECK(std::isnan(Way().until(1)));
}

TEST_CASE("a box that the program chose is tried as it is") {
  std::string text = ou;
  const std::size_t at = text.find("range = ");
  text.replace(at, text.find('\n', at) - at, "range = [-inf, inf]");
  const Costs costs = try_costs(setup_of(text));
  CHECK(costs.not_tried == "");
  CHECK(costs.seconds() > 0);
}

TEST_CASE("every part of a run is tried and nothing is left of it") {
  const auto left = [] {
    long count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
      count += entry.path().filename().string().starts_with("fokker_trial_") ? 1 : 0;
    return count;
  };
  const long before = left();
  const Setup setup = setup_of(std::string(ou) +
                               "monte_carlo = { particles = 1000 }\nlog_likelihood = { points = 20 }\n"
                               "[reverse]\nlambda = [1]\nscore = \"forward\"\nsnapshots = 16\n");
  const Costs costs = try_costs(setup, true);
  CHECK(costs.not_tried == "");
  std::string names;
  for (const CostPart& part : costs.parts) {
    names += part.name + " ";
    CHECK(part.seconds >= 0);
  }
  CHECK(names == "set_up evolution output pictures exact monte_carlo log_likelihood reverse estimate ");
  CHECK(costs.seconds() < 10);
  CHECK(costs.bytes > 1e6);
  CHECK(left() <= before);
}
