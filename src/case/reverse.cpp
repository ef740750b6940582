#include <fmt/format.h>

#include <algorithm>

#include "case_reader.hpp"

// [reverse]: the run goes back from its end to 0.
namespace fokker {
namespace {

constexpr std::size_t most_lambdas = 16;
constexpr std::int64_t most_snapshots = 100'000;

std::optional<std::vector<double>> read_lambdas(CaseReader& reader, const Node& node) {
  const auto nodes = reader.list(node, true);
  if (!nodes) return std::nullopt;
  if (nodes->empty() || nodes->size() > most_lambdas) {
    reader.report(node, fmt::format("a list of {}, must be one number or up to {}", nodes->size(), most_lambdas));
    return std::nullopt;
  }
  std::vector<double> lambdas;
  for (const Node& entry : *nodes) {
    const auto lambda = reader.number(entry, Bounds::not_negative());
    if (!lambda) continue;
    if (std::find(lambdas.begin(), lambdas.end(), *lambda) != lambdas.end())
      reader.report(entry, fmt::format("{} is there twice", *lambda));
    lambdas.push_back(*lambda);
  }
  return lambdas;
}

}  // namespace

void read_reverse(CaseReader& reader, TableReader& root, Case& c) {
  const Node node = root.find("reverse");
  if (!node) return;
  TableReader table(node, reader.problems);
  if (!table.is_table()) return;
  const std::vector<std::string> scores = {"auto", "exact", "forward"}, starts = {"forward", "prior"};
  CaseReverse reverse;
  if (const auto lambdas = read_lambdas(reader, table.find("lambda"))) reverse.lambda = *lambdas;
  reverse.score = reader.word(table.find("score"), scores).value_or(reverse.score);
  reverse.start = reader.word(table.find("start"), starts).value_or(reverse.start);
  reverse.snapshots = reader.integer(table.find("snapshots"), 4, most_snapshots).value_or(reverse.snapshots);
  reverse.tolerance = reader.number(table.find("tolerance"), Bounds::positive()).value_or(reverse.tolerance);
  std::vector<std::string> steppers = {"auto"};
  const auto& able = reader.vocabulary.reverse_steppers;
  steppers.insert(steppers.end(), able.begin(), able.end());
  reverse.stepper = reader.word(table.find("stepper"), steppers).value_or(reverse.stepper);
  table.finish();
  for (const Axis& axis : c.axes)
    if (axis.at_lower == Boundary::absorbing || axis.at_upper == Boundary::absorbing) {
      reader.report(node,
                    fmt::format("axis {} absorbs, and what has left cannot be called back; reflecting or periodic "
                                "sides are needed",
                                axis.name));
      break;
    }
  c.reverse = std::move(reverse);
}

}  // namespace fokker
