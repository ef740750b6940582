// One description of what was found, and two walks over it.
#include <doctest/doctest.h>

#include "fokker/output/document.hpp"

using namespace fokker;

namespace {

DocumentTable two_rows(bool by_name) {
  return {"all",
          {"name", "", "l1"},
          {{"a", {{"l1", 0.25, "l1", "0.25"}, {"", {}, "name", "a"}, {"steps", 3}}},
           {"b", {{"", {}, "name", "b"}, {"ok", true, "", "ok"}}}},
          by_name};
}

}  // namespace

TEST_CASE("a finding speaks to programs by its key and to people by its text") {
  const Document document{"title",
                          {{.findings = {{"time", {{"steps", 3}}, "time", "in 3 steps"},
                                         {"mass"},
                                         {"silent", 1},
                                         {"time/reached", 2.5},
                                         {"", {}, "", "for people alone"},
                                         {"mass", 1.0, "mass", "1 on the grid"}}}}};
  CHECK(json_of(document).dump() == R"({"time":{"steps":3,"reached":2.5},"mass":1.0,"silent":1})");
  CHECK(text_of(document) ==
        "title\n"
        "  time     in 3 steps\n"
        "           for people alone\n"
        "  mass     1 on the grid\n");
}

TEST_CASE("a table shows the columns that it names and keeps every key of a row") {
  const Document array{"t", {{.table = two_rows(false)}}}, object{"t", {{.table = two_rows(true)}}};
  CHECK(json_of(array).dump() == R"({"all":[{"l1":0.25,"steps":3},{"ok":true}]})");
  CHECK(json_of(object).dump() == R"({"all":{"a":{"l1":0.25,"steps":3},"b":{"ok":true}}})");
  CHECK(text_of(array) ==
        "t\n"
        "  name        l1\n"
        "  a         0.25\n"
        "  b     ok\n");
}

TEST_CASE("sections stand apart and those without a text leave no gap") {
  const Document document{"t",
                          {{.findings = {{"a", 1}}},
                           {.findings = {{"b", 2, "b", "two"}}, .label_width = 3, .indent = 4},
                           {.table = {"none", {"column"}}},
                           {.findings = {{"", {}, "", "last"}}, .notes = {{"", {}, "", "note"}}, .label_width = 0}}};
  CHECK(text_of(document) == "t\n    b   two\n\n  last\n  note\n");
  CHECK(json_of(document).dump() == R"({"a":1,"b":2,"none":[]})");
  CHECK(json_of(std::vector{document, document}).dump() == R"([{"a":1,"b":2,"none":[]},{"a":1,"b":2,"none":[]}])");
}
