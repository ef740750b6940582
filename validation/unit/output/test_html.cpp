// Documents as parts of a page, and what a page carries for programs.
#include <doctest/doctest.h>

#include "fokker/output/html.hpp"
#include "fokker/output/markup.hpp"

using namespace fokker;

namespace {

const Document said{
    "a <b> & </script>",
    {{.findings = {{"time", {{"steps", 3}}, "time", "0 < t"}, {"silent", 1}}, .heading = "How"},
     {.table = {"checks", {"check", ""}, {{"", {{"q", 1, "check", "l1 \"x\""}, {"ok", false, "", "FAILS"}}}}},
      .notes = {{"", {}, "", "a note"}}},
     {.findings = {{"stop_reason", "end"}}, .heading = "Nothing is said here"}}};

}  // namespace

TEST_CASE("a document is a page of what people are told and of nothing else") {
  CHECK(html_of(said) ==
        "<h2>How</h2>\n<table class=\"findings\">\n<tr><th scope=\"row\">time</th><td>0 &lt; t</td></tr>\n</table>\n"
        "<div class=\"wide\"><table class=\"rows\">\n<tr><th scope=\"col\">check</th><th scope=\"col\"></th></tr>\n"
        "<tr><td>l1 &quot;x&quot;</td><td class=\"alarm\">FAILS</td></tr>\n</table></div>\n<p>a note</p>\n");
}

TEST_CASE("the words of a document come back from the page that carries them") {
  const std::string page = "<p>" + html_data("words", words_of(said)) + "</p>";
  CHECK(page.find("</script>") == page.rfind("</script>"));
  const auto kept = data_of_html(page, "words");
  REQUIRE(kept);
  const Document again = document_of_words(*kept);
  CHECK(again.title == said.title);
  CHECK(html_of(again) == html_of(said));
  CHECK_FALSE(data_of_html(page, "other"));
  CHECK_FALSE(data_of_html("<script type=\"application/json\" id=\"words\">{</script>", "words"));
}

TEST_CASE("every value of a summary stands under its path") {
  const std::string rows =
      html_of_values({{"a", {{"b", 0.1}, {"c", nullptr}}}, {"d", {1, "x<y"}}, {"e", Json::array()}});
  for (const char* row :
       {">a.b</th><td>0.1<", ">a.c</th><td>null<", ">d.0</th><td>1<", ">d.1</th><td>x&lt;y<", ">e</th><td>[]<"})
    CHECK_MESSAGE(rows.find(row) != std::string::npos, row);
}

TEST_CASE("bytes are base64 and deflated as browsers read them") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\xff\xfe") == "///+");
  const std::string small = deflated(std::string(10'000, 'a'));
  CHECK(small.size() < 100);
  CHECK(static_cast<unsigned char>(small[0]) == 0x78);
}
