#include <fmt/format.h>

#include <algorithm>

#include "sections.hpp"

// [[stop]]: what may end a run before time.end.
namespace fokker::input {
namespace {

constexpr std::size_t most_stops = 100;
constexpr auto mass_name = "mass";  // what is left in the box, in conditions

}  // namespace

void read_stops(Reading& r) {
  const auto entries = r.reader.list(r.node);
  if (!entries) return;
  if (entries->size() > most_stops) return r.report(fmt::format("{} stops, at most {}", entries->size(), most_stops));
  if (r.c.reverse && !entries->empty())
    r.reader.report(entries->front(),
                    "[reverse] goes back from time.end, which the run may not come to; leave one of the two out");
  for (const Node& entry : *entries) {
    r.c.stops.emplace_back();
    if (!read_entry(r, entry, r.c.stops.size() - 1)) continue;
    const auto keys = keys_of("stop.*");
    if (std::none_of(keys.begin(), keys.end(), [&](const KeyRow* row) { return entry.value->find(row->key()); }))
      r.reader.report(entry, "says nothing, must have one of stationary, when, file");
  }
  if (r.reader.use != CaseFor::steady || r.c.stops.empty()) return;
  r.reader.warn(r.node, "a stationary density has no time at which it could end: left out");
  r.c.stops.clear();
}

// Axes that it names are known to the parser, so that a condition on a position is answered with what to do.
void read_when(Reading& r) {
  if (!r.node) return;
  auto& symbols = r.reader.symbols;
  std::vector<std::string> variables{"t", mass_name};
  for (const CaseQuestion& asked : r.c.output.questions) variables.push_back(asked.name);
  variables.insert(variables.end(), symbols.axes.begin(), symbols.axes.end());
  const std::vector<std::string> all = symbols.all;
  const std::set<std::string> named = names_in(r.node.value->text);
  std::erase_if(symbols.all, [&](const std::string& name) {
    return !named.contains(name) && std::find(symbols.axes.begin(), symbols.axes.end(), name) != symbols.axes.end();
  });
  const bool taken = std::find(symbols.all.begin(), symbols.all.end(), mass_name) != symbols.all.end();
  if (!taken) symbols.all.emplace_back(mass_name);
  const auto formula = r.reader.formula(r.node, variables);
  symbols.all = all;
  if (!formula) return;
  if (taken && symbols.mentions[r.node.key].contains(mass_name))
    return r.report("mass is what is left in the box here, and a name of this case as well; rename that");
  for (const std::string& axis : symbols.axes)
    if (formula->depends_on(axis))
      return r.report(
          fmt::format("depends on {}, of which p is a density; give the average or the probability that is meant a "
                      "name in output.expectations or output.probabilities, and take that",
                      axis));
  if (formula->is_constant())
    return r.report(formula->is_zero() ? "never holds: it depends on neither t, mass nor an answer"
                                       : "always holds: it depends on neither t, mass nor an answer");
  r.c.stops[r.entry].when = *formula;
  std::string& text = r.c.stops[r.entry].when_text = formula_text(r.node);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32; }, ' ');  // it becomes a reason, a line
}

std::string write_when(const Case& c, std::size_t entry) {
  return c.stops[entry].when ? toml_string(c.stops[entry].when_text) : "";
}

void read_stop_file(Reading& r) {
  constexpr std::size_t longest = 200;
  const auto name = r.reader.text(r.node);
  if (!name) return;
  const bool plain =
      !name->empty() && name->size() <= longest && *name != "." && *name != ".." &&
      std::none_of(name->begin(), name->end(), [](unsigned char c) { return c < 32 || c == '/' || c == 127; });
  if (!plain)
    return r.report(
        fmt::format("{} is not the plain name of a file in the run folder, like \"STOP\"", toml_string(*name)));
  r.c.stops[r.entry].file = *name;
}

}  // namespace fokker::input
