// What `explain` and `list` say is complete, comes from the tables, and its examples are what the reader takes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "fokker/case/keys.hpp"
#include "fokker/model/named_model.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/catalogue.hpp"
#include "fokker/run/explain.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

std::string text(std::string_view asked) {
  std::string all;
  for (const Document& entry : explain(asked)) all += text_of(entry);
  return all;
}

bool says(std::string_view asked, std::string_view what) { return text(asked).find(what) != std::string::npos; }

bool holds_keys(const KeyRow& row) {
  return !keys_of(row.path).empty() || !keys_of(std::string(row.path) + ".*").empty() ||
         row.access.kind == KeyKind::names;
}

// The path of a row as --set takes it.
std::string settable(std::string_view path) {
  std::string out(path);
  for (const auto& [list, entry] :
       {std::pair{"axis.*", "axis.x"}, {"check.*", "check.0"}, {"stop.*", "stop.0"}, {"mixture.*", "mixture.0"}})
    if (const std::size_t at = out.find(list); at != std::string::npos)
      out.replace(at, std::string_view(list).size(), entry);
  return out;
}

// What must stand beside a key for it to have a meaning.
std::vector<std::string> beside(const KeyRow& row) {
  std::vector<std::string> settings;
  for (const auto& condition : row.rules.only_with)
    settings.push_back(fmt::format("{}.{}={}", row.parent(), condition.key, condition.value));
  for (const ModelRow& model : models())
    if (row.rules.of == "a model" && row.key() != "model" && row.is_of(model.name)) {
      settings.push_back(fmt::format("sde.model={}", model.name));
      break;
    }
  if (row.path.starts_with("initial.mixture.*")) settings.emplace_back("initial.mixture=[{}]");
  if (row.path == "compare.monte_carlo.tolerance")
    settings.emplace_back("compare.monte_carlo.stepper=probability_flow_adaptive");
  if (row.path == "sde.temperature") settings.emplace_back("sde.potential=x^2");
  if (row.path == "sde.noise_covariance") settings.emplace_back("sde.noise=[[1, 1]]");
  if (row.path == "sde.sigma_max") settings.emplace_back("sde.sigma_min=0.01");
  if (row.path == "output.times" || row.path == "check.*.at") settings.emplace_back("time.end=4");
  if (row.path == "check.*.of") settings.emplace_back("check.0.quantity=expectation");
  if (row.path == "check.*.axis") settings.emplace_back("check.0.quantity=mean_velocity");
  if (row.path == "check.*.side") settings.assign({"check.0.quantity=outflow", "axis.x.boundary=absorbing"});
  if (row.path == "check.*.point") settings.emplace_back("check.0.quantity=p");
  if (row.path == "check.*.lambda") settings.emplace_back("check.0.against=reverse");
  return settings;
}

// What the reader finds wrong with one key.
std::string fault_of(const std::string& path, const std::vector<std::string>& settings) {
  try {
    const std::string text = std::string(ou) + "[[check]]\nquantity = \"l1\"\n[[stop]]\n";
    static_cast<void>(parse_case(text, "case.toml", ".", settings, vocabulary()));
  } catch (const CaseError& error) {
    for (const Problem& problem : error.problems())
      if (problem.key == path || problem.key.starts_with(path + ".")) return problem.message();
  }
  return "";
}

}  // namespace

TEST_CASE("every key of a case has an entry with meaning and default and example and verbs and source") {
  for (const KeyRow& row : case_keys()) {
    INFO(std::string(row.path));
    CHECK(row.doc.size() >= 8);
    CHECK(row.doc.back() != '.');
    CHECK(row.example.empty() == holds_keys(row));
    CHECK_FALSE(row.verbs().empty());
    CHECK(row.see().empty() == (row.path == "title"));  // where more is said
    Json json;
    for (const Document& entry : explain(key_name(row)))
      if (const Json other = json_of(entry); other["name"] == key_name(row) && other["kind"] == "key") json = other;
    REQUIRE_FALSE(json.empty());
    for (const char* member : {"name", "meaning", "must_be", "default", "read_by"}) CHECK(json.contains(member));
    CHECK(json["meaning"] == std::string(row.doc));
    CHECK(json.contains("example") == !row.example.empty());
    CHECK(says(row.key(), std::string(row.doc)));  // the bare key will do
  }
}

TEST_CASE("every example of a key is taken by the reader") {
  for (const KeyRow& row : case_keys()) {
    const bool is_file = row.path == "scheme.table";  // it would have to be there
    if (row.example.empty() || row.access.kind == KeyKind::later || is_file) continue;
    const std::string path = settable(row.path);
    std::vector<std::string> settings = beside(row);
    settings.push_back(fmt::format("{}={}", path, row.example));
    INFO(settings.back());
    CHECK(fault_of(path, settings) == "");
  }
  CHECK(fault_of("time.dt", {"time.dt=[1]"}) != "");  // it would be seen
}

TEST_CASE("every row of every list has text and can be asked for") {
  for (const std::string& topic : catalogue_topics()) {
    INFO(topic);
    CHECK_FALSE(catalogue_names(topic).empty());
    for (const Document& row : catalogue(topic)) {
      INFO(row.title);
      const Json json = json_of(row);
      CHECK(json.size() >= 2);  // more than a name
      for (const auto& [key, value] : json.items()) CHECK_FALSE(value.get<std::string>().empty());
    }
    for (const std::string& name : catalogue_names(topic)) {
      INFO(name);
      CHECK_FALSE(explain(name).empty());
    }
  }
}

TEST_CASE("the lists hold what the reader allows") {
  const Vocabulary words = vocabulary();
  CHECK(catalogue_names("limiters") == words.limiters);
  CHECK(catalogue_names("weights") == words.weights);
  CHECK(catalogue_names("scores") == words.scores);
  CHECK(catalogue_names("witnesses").size() == words.witnesses.size());
  CHECK(catalogue_names("quantities").size() == words.quantities.size());
  for (const std::string& name : catalogue_names("interpretations"))
    CHECK(fault_of("sde.interpretation", {"sde.interpretation=" + name}) == "");
  for (const std::string& name : catalogue_names("boundaries"))
    CHECK(fault_of("axis.x.boundary", {"axis.x.boundary=" + name}) == "");
}

TEST_CASE("explain finds keys by path and by name and by entry and words however they are written") {
  CHECK(explain("time.dt").size() == 1);
  CHECK(explain("dt").size() == 2);  // of time and of particles
  CHECK(explain("monte_carlo.dt").size() == 1);
  CHECK(explain("axis.x.cells").size() == 1);
  CHECK(explain("axis.cells").size() == 1);
  CHECK(explain("check.0.below").size() == 1);
  CHECK(says("sde.parameters.sigma", "sde.parameters  (a key of a case)"));
  CHECK(says("Peclet number", "drift"));
  CHECK(text("peclet_number") == text("Peclet Number"));
  CHECK(text("KL").find("list quantities") != std::string::npos);
  CHECK(text("kl").find("list words") != std::string::npos);
  CHECK(says("neumann", "reflecting  (`list boundaries`)"));
  CHECK(says("scheme.score", "allowed    log_difference, flux_consistent"));
  CHECK(explain("cells.x.axis").empty());
  CHECK(explain("x.dt").empty());
  CHECK(explain("").empty());
  CHECK(explain("*").empty());
}

TEST_CASE("explain says what a key excludes and needs and which words it takes") {
  CHECK(says("time.tolerance", "excludes   time.dt"));
  CHECK(says("check.below", "excludes   check.above, check.near, check.within"));
  CHECK(says("time.tolerance", "unit") == false);
  CHECK(says("time.dt", "unit       t (that of time)"));
  CHECK(says("sde.drift", "unit       x/t (x: that of the axis, t: of time)"));
  CHECK(says("scheme.limiter", "only with  scheme.form = \"effective_drift\", scheme.flux = \"muscl\""));
  CHECK(says("scheme.limiter", "allowed    huynh, minmod"));
  CHECK(says("sde.beta", "only with  sde.model = vp | sub_vp"));
  CHECK(says("initial.gaussian.mean", "example    gaussian = { mean = [-1.0] }"));
  CHECK(says("time.end", "read by    run, check, converge, validate\n"));
  CHECK(says("axis.cells", "read by    run, check, converge, validate, steady\n"));
  CHECK(says("time.stepper", "see        docs/steppers.md"));
}
