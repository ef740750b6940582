// Freezes what is found about time in formulas: every switch to the last bit, every pulse however short, nothing where
// nothing can hide; and how steps are led past them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/base/tape.hpp"
#include "fokker/model/timeline.hpp"

using namespace fokker;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<std::string> names{"x", "t"};

Timeline timeline_of(const std::vector<std::string>& formulas, double end = 1) {
  TimedFormulas timed{{}, {}, names};
  for (const std::string& text : formulas) timed.formulas.push_back(parse_expression(text, names));
  timed.negligible.assign(formulas.size(), 1e-12);
  return find_timeline(timed, {1, {-6, 0}, {6, 1}, {0.06, 1}}, 0, end);
}

double value(const std::string& text, double t) {
  return evaluate_at(parse_expression(text, names), names, std::vector<double>{0.7, t});
}

/// How many steps lead from 0 to the end when every one is as long as it may be.
int steps_through(const Timeline& timeline, double end) {
  int steps = 0;
  for (double t = 0; t < end; ++steps) {
    t = timeline.resume(timeline.limit(t, std::min(end, t + timeline.longest_step(t))));
    REQUIRE(steps < 100'000);
  }
  return steps;
}

}  // namespace

TEST_CASE("switches in time are found to the last bit") {
  const auto check = [](const std::string& text, std::vector<double> times, double end = 1) {
    CAPTURE(text);
    const Timeline timeline = timeline_of({text}, end);
    REQUIRE(timeline.breaks().size() == times.size());
    for (std::size_t k = 0; k < times.size(); ++k) {
      const auto [before, after] = timeline.breaks()[k];
      CHECK(before == doctest::Approx(times[k]).epsilon(1e-14));
      CHECK(after - before <= 4e-16 * end);
      if (before == after) continue;
      CHECK(value(text, before) == doctest::Approx(value(text, before - 1e-11 * end)).epsilon(1e-6));
      CHECK(value(text, after) == doctest::Approx(value(text, after + 1e-11 * end)).epsilon(1e-6));
      CHECK(value(text, before) != doctest::Approx(value(text, after)).epsilon(1e-3));
    }
  };
  check("if(t < 0.3, 0, 1)*x", {0.3});
  check("if(t <= 0.3, 0, 1)*x", {0.3});
  check("if((t > 0.52)*(t < 0.535), 50, 0)", {0.52, 0.535});
  check("if((t > 0.52)*(t < 0.52000001), 50, 0) - x", {0.52, 0.52000001});
  check("x*sign(t - 0.5)", {0.5});
  check("if(sin(50*t) > 0.9, 1, 2)", [] {
    std::vector<double> all;
    for (int k = 0; k < 8; ++k)
      for (const double phase : {std::asin(0.9), M_PI - std::asin(0.9)}) all.push_back((phase + 2 * M_PI * k) / 50);
    return all;
  }());
  check("abs(t - 0.25)*x", {0.25});
  check("max(t, 0.125)", {0.125});
  check("if((t - 0.3)^2 < 1e-20, 1, 2)", {0.3 - 1e-10, 0.3 + 1e-10});
  check("if(t < 3e-7, 1, 2)", {3e-7}, 1e-6);
  check("if(t < 1000, 1, 2)", {1000}, 1e5);
  check("if(x < t, 1, 0)", {});
  check("sqrt(t) + x", {});
  CHECK(timeline_of({"x*sqrt(0.7 - t)"}).breaks().at(0).before == doctest::Approx(0.7).epsilon(1e-14));
}

TEST_CASE("a pulse of any length bounds the steps beside it and a smooth schedule none") {
  for (const double width : {0.3, 0.03, 1e-3, 1e-6}) {
    CAPTURE(width);
    const std::string w = std::to_string(width);
    const Timeline timeline = timeline_of({"0", "20*exp(-((t - 0.61)/" + w + ")^2) + 1e-3"});
    CHECK(timeline.unseen() == 0);
    CHECK(timeline.longest_step(0.61 - width / 2) <= width);
    // From far away no step reaches beyond it.
    const double from = 0.61 - 8 * width;
    if (from > 0) CHECK(from + timeline.longest_step(from) < 0.61 + 2 * width);
    CHECK(steps_through(timeline, 1) < 100);
  }
  for (const std::string text : {"-0.5*(0.1 + 19.9*t)*x", "0.01*5000^t", "x*tan(1.5*t)", "sqrt(t)", "x/(1.01 - t)",
                                 "-x^3", "tanh((t - 0.3)/1e-3)", "erf(t)*x"}) {
    CAPTURE(text);
    CHECK(timeline_of({text}).longest_step(0) == infinity);
    CHECK(timeline_of({text}).breaks().empty());
  }
  const Timeline wave = timeline_of({"-x + sin(3*t)"}, 10);
  CHECK(wave.longest_step(0) < 0.7);
  CHECK(wave.longest_step(0) > 0.1);
}

TEST_CASE("what moves through the box bounds steps too") {
  const Timeline front = timeline_of({"if(x < 12*t - 6, 1, 0)"});
  CHECK(front.longest_step(0.3) <= 0.125);
  CHECK(front.longest_step(0.3) >= 0.01);
  const Timeline window = timeline_of({"if(abs(t - 0.5 - 0.01*x) < 0.005, 1, 0)"});  // on for 0.01 everywhere
  CHECK(window.longest_step(0.5) <= 0.01);
  const Timeline ridge = timeline_of({"exp(-((x - 3*sin(2*t))/0.1)^2)"});
  CHECK(ridge.longest_step(0) <= 0.05);
}

TEST_CASE("what cannot be followed is said") {
  const Timeline timeline = timeline_of({"if(sin(1e7*t) > 0, 1, 2)"});
  CHECK(timeline.unseen() > 0);
  CHECK(timeline.unseen() < 1e-3);
}

TEST_CASE("steps end before a switch and time goes on behind it") {
  const Timeline timeline = timeline_of({"if(t < 0.3, 0, 1)"});
  const auto [before, after] = timeline.breaks().at(0);
  CHECK(after == 0.3);
  CHECK(timeline.limit(0, 1) == before);
  CHECK(timeline.limit(0, 0.2) == 0.2);
  CHECK(timeline.limit(before, 1) == 1);
  CHECK(timeline.limit(0.3, 1) == 1);
  CHECK(timeline.resume(before) == 0.3);
  CHECK(timeline.resume(0.2) == 0.2);
}

TEST_CASE("a switch meets an output time beside it") {
  const Timeline timeline = timeline_of({"if(t < 0.3, 0, 1)"});
  for (const double stop : {0.1 + 0.2, 0.3, 0.3 - 1e-14, 0.3 + 1e-14}) {
    CAPTURE(stop - 0.3);
    const double stops[] = {0, stop, 1};
    const Timeline met = timeline.meeting(stops, 1e-12);
    const auto [before, after] = met.breaks().at(0);
    CHECK((before == stop || after == stop));
    CHECK(before < 0.3);
    CHECK(after >= 0.3);
    CHECK(met.limit(0, stop) <= stop);
    double t = met.limit(0, stop);
    if (t < stop) t = met.resume(t);
    CHECK(t == stop);
    CHECK(met.resume(t) >= 0.3);
  }
}

TEST_CASE("backwards in time the same switches stand the other way round") {
  const double end = 1;
  const Timeline forward = timeline_of({"if(t < 0.3, 0, 1) + if(t > 0.7, 3, 0) + exp(-((t - 0.5)/0.01)^2)"}, end);
  const Timeline back = forward.reversed(end);
  REQUIRE(back.breaks().size() == 2);
  const auto [before, after] = back.breaks()[1];
  CHECK(end - before >= 0.3);
  CHECK(end - after < 0.3);
  CHECK(after - before < 1e-15);
  CHECK(back.longest_step(0.49) == doctest::Approx(forward.longest_step(0.49)).epsilon(0.9));
}

TEST_CASE("between knots a factor of time is smooth and hides nothing") {
  const auto knots = [](const char* text) {
    const Expression e = parse_expression(text, std::vector<std::string>{"t"});
    return time_knots({&e, 1}, 0, 1);
  };
  const std::vector<double> window = knots("if((t > 0.52)*(t < 0.535), 50, 0) + 1");
  CHECK(std::count_if(window.begin(), window.end(), [](double t) { return std::abs(t - 0.52) < 1e-15; }) == 2);
  CHECK(knots("0.1 + 19.9*t").empty());
  CHECK(knots("1e-30*exp(-((t - 0.3)/1e-4)^2)").size() > 10);
  CHECK(knots("500*exp(1.2e6*t - 1e6*t^2 - 3.6e5)").size() > 10);  // bounds that reach infinity
}
