#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/errors.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/catalogue.hpp"

namespace fokker {

namespace {

std::vector<Document> verb_rows() {
  std::vector<Document> rows;
  for (const Verb& verb : verbs()) {
    const std::string name(verb.name), usage(verb.usage), help(verb.help);
    rows.push_back({name,
                    {{.findings = {{"name", name}, {"takes", usage, "takes", usage}, {"is", help, "is", help}},
                      .label_width = 10,
                      .indent = 4}}});
  }
  return rows;
}

std::vector<Document> option_rows() {
  std::vector<Document> rows;
  for (const Option& option : options()) {
    const std::string name(option.name), takes(option.argument), help(option.help);
    rows.push_back({name,
                    {{.findings = {{"name", name}, {"takes", takes, "takes", takes}, {"is", help, "is", help}},
                      .label_width = 10,
                      .indent = 4}}});
  }
  return rows;
}

}  // namespace

std::vector<std::string> list_topics() {
  std::vector<std::string> topics = catalogue_topics();
  for (const char* own : {"verbs", "options", "starters"}) topics.emplace_back(own);
  return topics;
}

int verb_list(const Command& command) {
  const std::vector<std::string> topics = list_topics();
  if (command.arguments.empty()) {
    if (command.json)
      say(json_text(Json{{"topics", topics}}));
    else
      say(fmt::format("fokker list {}\n", fmt::join(topics, " | ")));
    return exit_ok;
  }
  const std::string& asked = command.arguments[0];
  if (std::find(topics.begin(), topics.end(), asked) == topics.end()) {
    throw UsageError(fmt::format("list: unknown '{}'{} allowed: {}", asked, did_you_mean(asked, topics, ","),
                                 fmt::join(topics, ", ")));
  }
  const std::vector<Document> entries = asked == "verbs"      ? verb_rows()
                                        : asked == "options"  ? option_rows()
                                        : asked == "starters" ? starter_rows()
                                                              : catalogue(asked);
  if (command.json) say(json_text(Json{{"list", asked}, {"rows", json_of(entries)}}));
  for (const Document& entry : entries)
    if (!command.json) say(text_of(entry));
  return exit_ok;
}

}  // namespace fokker
