// The table of keys says all there is to say about a case: every row is complete, and what resolved.toml writes are
// rows and the other way round.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "../scratch.hpp"
#include "case_support.hpp"
#include "fokker/case/keys.hpp"
#include "fokker/model/named_model.hpp"

using namespace fokker;
using case_support::with;

namespace {

bool holds_keys(KeyKind kind) {
  return kind == KeyKind::table || kind == KeyKind::tables || kind == KeyKind::inline_table ||
         kind == KeyKind::inline_tables;
}
bool is_list(KeyKind kind) { return kind == KeyKind::tables || kind == KeyKind::inline_tables; }

bool is_sibling(const KeyRow& row, std::string_view key) {
  const auto siblings = keys_of(row.parent());
  return std::any_of(siblings.begin(), siblings.end(), [&](const KeyRow* other) { return other->key() == key; });
}

// The paths of the rows that a resolved.toml speaks of.
std::set<std::string> written_paths(const std::string& resolved) {
  std::set<std::string> paths;
  const auto note_inline = [&](const std::string& table, const std::string& value) {
    for (std::size_t end = value.find(" = "); end != std::string::npos; end = value.find(" = ", end + 3)) {
      const std::size_t space = value.find_last_of(' ', end - 1);
      const bool opens =
          space != std::string::npos && space > 0 && (value[space - 1] == '{' || value[space - 1] == ',');
      if (opens) paths.insert(table + value.substr(space + 1, end - space - 1));
    }
  };
  std::string table, list;
  std::istringstream lines(resolved);
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t start = line.find_first_not_of('['); start == 1 || start == 2) {
      const std::string path = line.substr(start, line.find(']') - start);
      paths.insert(path);
      table = path + (start == 2 ? ".*." : ".");
    } else if (line.starts_with("  {")) {
      note_inline(table + list + ".*.", line);
    } else if (const std::size_t equals = line.find(" = "); equals != std::string::npos) {
      list = line.substr(0, equals);
      paths.insert(table + list);
      if (line[equals + 3] == '{') note_inline(table + list + ".", line.substr(equals + 3));
    }
  }
  return paths;
}

struct Folder : Scratch {
  Folder() {
    std::filesystem::create_directories(path / "run");
    case_support::write(path / "run" / "density_000000.vti", "");
  }
};

const std::string initial = "gaussian = { mean = [-1.0, 0.0], covariance = [[0.05, 0.01], [0.01, 0.05]] }";
const std::string compare = R"(monte_carlo = { particles = 1_000, dt = 1e-3, seed = 7 })";
const std::string formulas = R"(interpretation = "ito"
drift = ["-slope", "-a*y"]
noise = [["s", 0], [0, "s"]]
noise_covariance = [[1, 0.5], [0.5, 1]])";
const std::string fluxes = R"(flux = "scharfetter_gummel")";

// Cases that together say everything that a case can say.
std::vector<std::string> cases() {
  std::vector<std::string> all = {
      case_support::good(),
      with(initial,
           "mixture = [{ weight = 0.5, mean = [0, 0], covariance = [[1, 0], [0, 1]] }, "
           "{ weight = 0.5, mean = [0, 0], covariance = [[1, 0], [0, 1]] }]"),
      with(initial, "density = \"exp(-x^2)\""),
      with(initial, "point = [0, 0]"),
      with(initial, "uniform = true"),
      with("boundary = \"reflecting\"", "boundary = \"reflecting\"\nlabel = \"position\"\nunit = \"um\""),
      with(fluxes, "form = \"effective_drift\"\nscore_order = 4\nlimiter = \"minmod\"\npositive = false"),
      with(fluxes, "form = \"effective_drift\"\nflux = \"weno5\"\nscore = \"table\"\ntable = \"run\""),
      with("tolerance = 1e-5", "dt = 0.1"),
      with(fluxes, "flux = \"auto\"\nflux_chosen = \"upwind\"\n[time]\nstepper = \"auto\"\nstepper_chosen = \"rk4\"",
           with("[time]\n", "")),
      with(compare, "monte_carlo = { lambda = 0.5 }\nspectral = true\ntwin = true\nlog_likelihood = true"),
      with(compare, "monte_carlo = { stepper = \"probability_flow\" }"),
      with("near = 1.0\nwithin = \"a/10\"", "above = 1.0"),
      with("boundary = [\"absorbing\", \"reflecting\"]", "boundary = \"periodic\"") +
          "[[check]]\nquantity = \"l1\"\nagainst = \"reverse\"\nlambda = 1\nbelow = 1\n"
          "[[check]]\nquantity = \"p\"\npoint = [0, 0]\nbelow = 1\n[reverse]\n",
      with("frames = 4",
           "frames = 4\nformats = [\"vti\", \"npy\"]\nmarginals = true\nexpectations = { second = \"x^2*cos(t)\" }\n"
           "picture = { times = [0], fields = [\"p\"], log = true, aspect = \"equal\" }\n"
           "probabilities = { right = \"x > a\" }") +
          "[[check]]\nquantity = \"mean_velocity\"\naxis = \"y\"\nbelow = 1\n[[check]]\nquantity = \"outflow\"\n"
          "side = \"y_lower\"\nbelow = 1\n[[check]]\nquantity = \"passage_mean\"\nbelow = 1\n[[check]]\n"
          "quantity = \"mass.final\"\nbelow = 1\n[[check]]\nquantity = \"expectation\"\nof = \"second\"\nbelow = 1\n"
          "[[stop]]\nstationary = 1e-9\n[[stop]]\nwhen = \"(mass < a)*(right > 0.5)\"\n[[stop]]\nfile = \"STOP\"\n",
      with(formulas, "drift = [\"-x\", \"-a*y\"]\ndiffusion = [[1, 0], [0, 1]]"),
      with(formulas, "potential = \"x^2 + y^2\"\ntemperature = 1"),
      with("[initial]",
           "[schedule]\nalpha = \"exp(-t)\"\nsigma = \"t\"\nprior_mean = 1\nprior_variance = 2\nblurred = "
           "true\n[initial]")};
  for (const char* model :
       {"\"ou\"\ntheta = 1\nmu = 1\nsigma = 1", "\"vp\"\nbeta = \"1 + t\"\nbeta_integral = \"t + t^2/2\"",
        "\"vp\"\nschedule = \"linear\"", "\"ve\"\nsigma_min = 0.1\nsigma_max = 1\nblurred = true",
        "\"alpha_sigma\"\nalpha = \"exp(-t)\"\nsigma = \"t\""})
    all.push_back(with(formulas, std::string("model = ") + model));
  return all;
}

}  // namespace

TEST_CASE("every row of the table of keys is complete") {
  std::set<std::string_view> paths;
  for (const KeyRow& row : case_keys()) {
    INFO(std::string(row.path));
    CHECK(paths.insert(row.path).second);
    CHECK_FALSE(row.doc.empty());
    CHECK_FALSE(row.standard.empty());
    CHECK_FALSE(to_string(row.access.kind).empty());
    const std::string_view parent =
        row.parent().ends_with(".*") ? row.parent().substr(0, row.parent().size() - 2) : row.parent();
    if (!parent.empty()) {
      REQUIRE(find_key(parent) != nullptr);
      CHECK(holds_keys(find_key(parent)->access.kind));
      CHECK(is_list(find_key(parent)->access.kind) == row.parent().ends_with(".*"));
    }
    if (row.access.kind == KeyKind::later) continue;
    CHECK_FALSE(row.access.must_be.empty());
    CHECK((row.access.read || row.access.as_written || row.access.kind == KeyKind::names));
    if (holds_keys(row.access.kind))
      CHECK_FALSE(keys_of(std::string(row.path) + (is_list(row.access.kind) ? ".*" : "")).empty());
  }
}

TEST_CASE("what a key has to do with others names keys of its own table") {
  for (const KeyRow& row : case_keys()) {
    INFO(std::string(row.path));
    for (const std::string_view other : row.rules.replaces) CHECK(is_sibling(row, other));
    for (const std::string_view other : row.rules.only_beside) CHECK(is_sibling(row, other));
    for (const auto& condition : row.rules.only_with) {
      const KeyRow* const other = find_key(std::string(row.parent()) + "." + std::string(condition.key));
      REQUIRE(other != nullptr);
      CHECK(other < &row);  // it is read before
      CHECK(other->access.write);
    }
  }
}

TEST_CASE("a table in place of true names all of its keys where it is refused") {
  for (const KeyRow& row : case_keys())
    if (row.access.kind == KeyKind::inline_table && row.parent() == "compare")
      for (const KeyRow* key : keys_of(row.path)) CHECK(row.access.must_be.find(key->key()) != std::string::npos);
}

TEST_CASE("every named model has keys and is read") {
  for (const ModelRow& model : models()) {
    INFO(std::string(model.name));
    CHECK(find_key("sde.model")->is_of(model.name));
    const std::string text = with(formulas, "model = \"" + std::string(model.name) + "\"");
    CHECK(case_support::refusal(text).find("missing, must be") != std::string::npos);
  }
}

TEST_CASE("resolved.toml writes the keys of the table and no others") {
  const Folder folder;
  std::set<std::string> written;
  for (const std::string& text : cases()) {
    INFO(text);
    REQUIRE(case_support::refusal(text, {}, folder.path) == "");
    const std::string resolved = resolved_toml(case_support::read(text, {}, folder.path));
    const Case back = parse_case(resolved, "c.toml", ".", {}, case_support::words(), CaseFor::record);
    CHECK(resolved_toml(back) == resolved);
    written.merge(written_paths(resolved));
  }
  for (const std::string& path : written) {
    INFO(path);
    const bool is_name = path.starts_with("sde.parameters.") || path.starts_with("sde.definitions.") ||
                         path.starts_with("output.expectations.") || path.starts_with("output.probabilities.");
    CHECK((is_name || find_key(path) != nullptr));
  }
  for (const KeyRow& row : case_keys()) {
    INFO(std::string(row.path));
    const bool stands_for_another = row.path == "output.frames" || row.path == "output.every";  // output.times
    const bool is_later = row.access.kind == KeyKind::later || row.path == "steady";
    CHECK(written.contains(std::string(row.path)) == !(stands_for_another || is_later));
  }
}
