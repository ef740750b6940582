#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/errors.hpp"
#include "fokker/base/expression.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/catalogue.hpp"

namespace fokker {

int verb_list(const Command& command) {
  const std::vector<std::string> topics = catalogue_topics();
  if (command.arguments.empty()) {
    say(fmt::format("fokker list {}\n", fmt::join(topics, " | ")));
    return exit_ok;
  }
  const std::string& asked = command.arguments[0];
  if (std::find(topics.begin(), topics.end(), asked) == topics.end()) {
    const std::string near = nearest_name(asked, topics);
    throw UsageError(fmt::format("list: unknown '{}'; allowed: {}{}", asked, fmt::join(topics, ", "),
                                 near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
  }
  const std::vector<Document> entries = catalogue(asked);
  if (command.json) say(json_text(json_of(entries)));
  for (const Document& entry : entries)
    if (!command.json) say(text_of(entry));
  return exit_ok;
}

}  // namespace fokker
