// What rows of a table promise, row by row: a new row is tried here without a word said.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "fokker/run/fields.hpp"
#include "fokker/run/quantities.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/spectral/fourier.hpp"
#include "small_case.hpp"

using namespace fokker;

TEST_CASE("every row of fields can be asked for and gives one number per cell and axis") {
  for (const char* text : {ou, ou_2d}) {
    std::set<std::string_view> names;
    for (const FieldRow& row : field_rows()) {
      CAPTURE(row.name);
      CHECK(names.insert(row.name).second);
      CHECK(!row.doc.empty());
      const Setup setup = setup_of(text, {"output.fields=[\"" + std::string(row.name) + "\"]"});
      const FieldValues values = row.values(setup, 0, setup.initial);
      const std::size_t cells = setup.grid->cells();
      CHECK(values.x.size() == cells);
      CHECK(values.y.size() == (row.vector && setup.grid->dimension() > 1 ? cells : 0));
      CHECK(std::isfinite(values.x[cells / 2]));
    }
  }
}

TEST_CASE("a field is what its words say") {
  const Setup setup = setup_of(ou);
  const auto cell = static_cast<std::size_t>(setup.grid->cells()) / 3;
  const double p = setup.initial.values[static_cast<Index>(cell)],
               x = setup.grid->axis(0).center(static_cast<Index>(cell));
  const auto at = [&](std::string_view name) { return field_row(name).values(setup, 0, setup.initial).x[cell]; };
  CHECK(at("p") == p);
  CHECK(at("log_p") == std::log(p));
  CHECK(at("drift") == doctest::Approx(-x));
  CHECK(at("effective_drift") == at("current") / p);
  CHECK(at("score") == doctest::Approx(-(x - 1) / 0.25).epsilon(2e-3));
  CHECK_THROWS_AS(static_cast<void>(field_row("mask")), std::logic_error);
}

TEST_CASE("every row of witnesses is asked for by its key and stands in checks under its name") {
  std::set<std::string_view> names;
  for (const WitnessRow& row : witness_rows()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    if (row.name == "spectral" && fourier_library().empty()) continue;
    const std::string name(row.name);
    CHECK_FALSE(row.asked(setup_of(ou, {"compare.exact=false"}).config.compare));
    const Setup setup = setup_of(std::string(ou) + "[[check]]\nquantity=\"l1\"\nagainst=\"" + name + "\"\nbelow=1\n",
                                 {"compare.exact=false", "axis.x.cells=200", "compare." + name + "=true"});
    CHECK(row.asked(setup.config.compare));
    const Witnesses made = make_witnesses(setup);
    REQUIRE(made.all.size() == 1);
    CHECK(made.all[0]->name() == name);
  }
}

TEST_CASE("every row of quantities is read as it says and found by one run or by several") {
  std::set<std::string_view> names;
  std::string text = ou;
  for (const QuantityRow& row : quantity_rows()) {
    CAPTURE(row.quantity.name);
    CHECK(names.insert(row.quantity.name).second);
    CHECK(!row.doc.empty());
    CHECK((row.of_verdict != nullptr) == row.quantity.compares);
    CHECK_FALSE((row.of_run != nullptr && row.quantity.compares));
    if (row.quantity.only == "spectral" && fourier_library().empty()) continue;
    if (row.quantity.argument == "side") continue;  // nothing absorbs here: test_questions.cpp
    const std::string name(row.quantity.dotted ? "time.steps" : row.quantity.name);
    text += "[[check]]\nquantity = \"" + name + "\"\n";
    if (row.quantity.compares)
      text += "against = \"" + std::string(row.quantity.only.empty() ? "exact" : row.quantity.only) + "\"\n";
    if (row.quantity.argument == "axis") text += "axis = \"x\"\n";
    if (row.quantity.argument == "of") text += "of = \"x\"\n";
    if (row.quantity.argument == "point") text += "point = [0.1]\n";
    if (!row.quantity.own_bound) text += "below = 1e9\n";
  }
  std::vector<std::string> set{"axis.x.cells=200", "compare.exact=true", "compare.log_likelihood.points=10",
                               "compare.monte_carlo.particles=2000"};
  if (!fourier_library().empty()) set.emplace_back("compare.spectral=true");
  Setup setup = setup_of(text, set);
  const RunResult result = run(setup, {});
  CHECK(result.checks.size() + 1 == setup.config.checks.size());  // order belongs to `converge`
  for (const CheckResult& done : result.checks) {
    CAPTURE(done.check->quantity);
    CHECK(done.reached);
    CHECK(std::isfinite(done.value));
    CHECK(done.ok);
  }
}
