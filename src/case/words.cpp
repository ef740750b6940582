#include "fokker/case/words.hpp"

#include <algorithm>
#include <array>

namespace fokker {
namespace {

constexpr std::array interpretations{
    WordRow{"ito", "noise is taken at the start of a step: f is the mean velocity itself"},
    WordRow{"stratonovich",
            "noise is taken in the middle of a step, the limit of noise with a short memory: the drift "
            "gains G (dG/dx)/2",
            "strat"},
    WordRow{"klimontovich",
            "noise is taken at the end of a step, where it keeps exp(-V/T) for any mobility: the drift "
            "gains div D",
            "hanggi, isothermal, anti_ito, kinetic, postpoint"},
};
constexpr std::array boundaries{
    WordRow{"reflecting", "no probability crosses the side", "neumann, no_flux, zero_flux, noflux, wall, closed"},
    WordRow{"absorbing", "p is 0 at the side: what gets there has left, and is counted as outflow",
            "dirichlet, outflow"},
    WordRow{"periodic", "what leaves at one end comes in at the other: both sides of the axis at once",
            "cyclic, wrap, circular, ring"},
};
constexpr std::array forms{
    WordRow{"drift_diffusion", "dp/dt = -div(f p) + div div(D p): linear in p, the matrix of a Markov chain"},
    WordRow{"effective_drift",
            "dp/dt = -div(F p) with F = f - div D - D grad log p: the probability flow, for which "
            "the score must be known"},
};
constexpr std::array reverse_scores{
    WordRow{"auto", "exact where there is a closed form, else forward"},
    WordRow{"exact", "the closed form of linear drift, additive noise and Gaussian data"},
    WordRow{"forward", "log p of the forward run, interpolated between snapshots"},
};
constexpr std::array reverse_starts{
    WordRow{"forward", "what the forward run has arrived at"},
    WordRow{"prior", "the normal density that the model claims all data go to"},
};

struct List {
  std::string_view name;
  std::span<const WordRow> rows;
};
constexpr List lists[] = {{"interpretations", interpretations},
                          {"boundaries", boundaries},
                          {"forms", forms},
                          {"reverse_scores", reverse_scores},
                          {"reverse_starts", reverse_starts}};

}  // namespace

std::span<const WordRow> words(std::string_view list) {
  for (const List& known : lists)
    if (known.name == list) return known.rows;
  return {};
}

std::string_view word_for(std::string_view name) {
  for (const List& list : lists)
    for (const WordRow& row : list.rows)
      for (std::string_view rest = row.also; !rest.empty();) {
        const std::string_view other = rest.substr(0, rest.find(", "));
        if (other == name) return row.name;
        rest.remove_prefix(std::min(other.size() + 2, rest.size()));
      }
  return "";
}

std::vector<std::string> names_of(std::span<const WordRow> rows) {
  std::vector<std::string> names;
  for (const WordRow& row : rows) names.emplace_back(row.name);
  return names;
}

}  // namespace fokker
