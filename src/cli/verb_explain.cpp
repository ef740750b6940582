#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/errors.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/catalogue.hpp"
#include "fokker/run/explain.hpp"

namespace fokker {
namespace {

Document document(const Verb& verb) {
  const std::string name(verb.name), usage = fmt::format("fokker {} {}", verb.name, verb.usage);
  return {fmt::format("{}  (a verb)", name),
          {{.findings = {{"name", name},
                         {"kind", "verb"},
                         {"meaning", std::string(verb.help), "meaning", std::string(verb.help)},
                         {"usage", usage, "usage", usage}},
            .label_width = 10}}};
}

/// What can be asked.
Document overview() {
  DocumentSection section{.label_width = 10};
  const auto say = [&](const std::string& key, const std::vector<std::string>& names) {
    section.findings.push_back({key, names, key, fmt::format("{}", fmt::join(names, ", "))});
  };
  for (const char* topic : {"keys", "words"}) say(topic, catalogue_names(topic));
  std::vector<std::string> topics = catalogue_topics();
  std::erase_if(topics, [](const std::string& topic) { return topic == "keys" || topic == "words"; });
  say("rows of", topics);
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) names.emplace_back(verb.name);
  say("verbs", names);
  section.findings[2].key = "lists";
  return {"fokker explain NAME, where NAME is one of these (`fokker list KIND` shows the rows of a list)",
          {std::move(section)}};
}

}  // namespace

int verb_explain(const Command& command) {
  if (command.arguments.empty()) {
    say(overview(), command);
    return exit_ok;
  }
  const std::string asked = fmt::format("{}", fmt::join(command.arguments, " "));
  std::vector<Document> found = explain(asked);
  if (const Verb* const verb = find_verb(asked)) found.push_back(document(*verb));
  if (found.empty()) {
    std::vector<std::string> names = explained_names();
    for (const Verb& verb : verbs()) names.emplace_back(verb.name);
    throw UsageError(fmt::format("explain: nothing is called '{}'{} (fokker explain lists what can be asked)", asked,
                                 did_you_mean(asked, names)));
  }
  if (command.json) say(json_text(Json{{"asked", asked}, {"entries", json_of(found)}}));
  for (const Document& entry : found)
    if (!command.json) say(fmt::format("{}{}", &entry == found.data() ? "" : "\n", text_of(entry)));
  return exit_ok;
}

}  // namespace fokker
