#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "fokker/base/errors.hpp"
#include "fokker/base/expression.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/files.hpp"

namespace fokker {

namespace {

constexpr std::string_view double_well = R"toml(title = "{}"

[[axis]]                          # one or two; the name is a variable of every formula
name = "x"
range = [-3.0, 3.0]               # wide enough that next to no mass reaches the walls
cells = 300
boundary = "reflecting"           # reflecting | absorbing | periodic, or [lower side, upper side]

[sde]                             # dX = f dt + G dW; t is time
interpretation = "ito"            # ito | stratonovich | klimontovich
drift = ["x - x^3"]               # f: two wells, at -1 and 1
noise = [["sigma"]]               # G; D = G G^T / 2
[sde.parameters]
sigma = 0.7

[initial]                         # exactly one of gaussian, mixture, density, point, uniform
gaussian = {{ mean = [-1.0], covariance = [[0.04]] }}

[scheme]
flux = "scharfetter_gummel"       # `fokker list fluxes`

[time]
end = 4.0
stepper = "auto"                  # `fokker list steppers`; `fokker check` says what it takes and why
tolerance = 1e-6                  # estimated error per step in the integral l1 norm; or dt = ... for a fixed step

[output]
frames = 20                       # files for ParaView at k*end/20
fields = ["p", "current"]

[compare]                         # independent solutions for the same density
monte_carlo = {{ particles = 100_000, dt = 2e-3, seed = 1 }}   # without dt one is chosen, on the safe side

[[check]]                         # the case is its own regression test: exit code 5 when a check falls short
quantity = "mass_error"
below = 1e-12

[[check]]                         # particles and density agree within counting noise
quantity = "z"
against = "monte_carlo"
within = 3
)toml";

constexpr std::string_view vp = R"toml(title = "{}"

[[axis]]                          # one or two; a second axis needs means and covariances of two
name = "x"
range = [-5.0, 5.0]               # the prior is Normal(0, 1)
cells = 800
boundary = "reflecting"

[sde]                             # dX = -beta X/2 dt + sqrt(beta) dW: data dissolve into noise
model = "vp"                      # `fokker list models`: ou | vp | ve | sub_vp | alpha_sigma
beta = "0.1 + 19.9*t"             # any formula of t; or schedule = "linear" | "cosine"

[initial]                         # the data
mixture = [
  {{ weight = 0.4, mean = [-1.5], covariance = [[0.04]] }},
  {{ weight = 0.6, mean = [1.0], covariance = [[0.16]] }},
]

[time]
end = 1.0

[output]
frames = 20
fields = ["p", "current"]

[compare]
exact = true                      # linear drift and additive noise: a mixture stays a mixture
monte_carlo = {{ particles = 100_000, seed = 1 }}

[[check]]
quantity = "l1"
against = "exact"
below = 1e-4

[[check]]
quantity = "z"
against = "monte_carlo"
within = 3
)toml";

struct Starter {
  std::string_view name, text;
};
constexpr Starter starters[] = {{"double_well", double_well}, {"vp", vp}};

std::string_view starter_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Starter& starter : starters) {
    if (starter.name == name) return starter.text;
    names.emplace_back(starter.name);
  }
  const std::string near = nearest_name(name, names);
  throw UsageError(fmt::format("init: no starter '{}'; allowed: {}{}", name, fmt::join(names, ", "),
                               near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
}

}  // namespace

int verb_init(const Command& command) {
  if (command.arguments.empty() || command.arguments.size() > 2)
    throw UsageError("init takes a name and maybe a starter: fokker init NAME [double_well | vp] writes NAME.toml");
  const std::string_view starter = starter_named(command.arguments.size() > 1 ? command.arguments[1] : "double_well");
  std::string name = command.arguments[0];
  if (name.ends_with(".toml")) name.resize(name.size() - 5);
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (!plain) throw UsageError(fmt::format("init: '{}' is not a name; letters, digits, _ and - are allowed", name));
  const std::filesystem::path file = name + ".toml";
  if (std::filesystem::exists(file) && !command.force)
    throw UsageError(fmt::format("{} exists; --force replaces it", file.string()));
  write_atomically(file, fmt::format(fmt::runtime(starter), name));
  if (!command.quiet) say(fmt::format("{0}: a commented starter case; next: fokker run {0}\n", file.string()));
  return exit_ok;
}

}  // namespace fokker
