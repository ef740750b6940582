#include <fmt/format.h>

#include <algorithm>

#include "sections.hpp"

// [reverse]: the run goes back from its end to 0.
namespace fokker::input {

void read_reverse(Reading& r) {
  if (!r.node || r.node.value->kind != Value::Kind::table)
    return static_cast<void>(TableReader(r.node, r.reader.problems));
  r.c.reverse.emplace();
  read_table(r);
  for (const Axis& axis : r.c.axes)
    if (axis.at_lower == Boundary::absorbing || axis.at_upper == Boundary::absorbing)
      return r.report(
          fmt::format("axis {} absorbs, and what has left cannot be called back; reflecting or periodic "
                      "sides are needed",
                      axis.name));
}

void read_lambdas(Reading& r) {
  constexpr std::size_t most_lambdas = 16;
  const auto nodes = r.reader.list(r.node, true);
  if (!nodes) return;
  if (nodes->empty() || nodes->size() > most_lambdas)
    return r.report(fmt::format("a list of {}, must be one number or up to {}", nodes->size(), most_lambdas));
  std::vector<double>& lambdas = r.c.reverse->lambda;
  lambdas.clear();
  for (const Node& entry : *nodes) {
    const auto lambda = r.reader.number(entry, Bounds::not_negative());
    if (!lambda) continue;
    if (std::find(lambdas.begin(), lambdas.end(), *lambda) != lambdas.end())
      r.reader.report(entry, fmt::format("{} is there twice", *lambda));
    lambdas.push_back(*lambda);
  }
}

std::string write_lambdas(const Case& c, std::size_t) { return toml_list(c.reverse->lambda); }

}  // namespace fokker::input
