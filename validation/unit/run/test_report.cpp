// The page of a run by what it says; tools/report_check looks at it in a browser.
#include <doctest/doctest.h>

#include "../scratch.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/files.hpp"
#include "fokker/output/html.hpp"
#include "fokker/run/report.hpp"
#include "fokker/run/run_figure.hpp"
#include "fokker/run/run_folder.hpp"
#include "small_case.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

struct Reported {
  Scratch scratch;
  Setup setup;
  fs::path folder = scratch.path / "run <i>";
  RunResult result;
  Document words;
  explicit Reported(const std::vector<std::string>& overrides = {}) : setup(setup_of(ou, overrides)) {
    const RunFolder kept(folder, false, setup.config);
    result = run(setup, {.folder = folder});
    words = document(setup, result, folder);
  }
  [[nodiscard]] std::string page() const {
    const RunRecord record(folder, setup, json_of(words));
    return report_of(record, words);
  }
  void finish() const {
    write_atomically(folder / "summary.json", json_text(json_of(words)));
    const RunRecord record(folder);
    write_report(record, words, svg_of(figure_of(record, {})));
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a page says what was solved and found and carries every number of the summary") {
  const Reported ran({"title=\"a <b> & </script><script>alert(1)</script>\""});
  const std::string page = ran.page();
  CHECK(has(page, "<h1>a &lt;b&gt; &amp; &lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;</h1>"));
  CHECK_FALSE(has(page, "<script>alert"));
  CHECK_FALSE(has(page, "run <i>"));
  for (const char* part : {"The exact density agrees", "<math", "<svg", "Moments over time", "How it was solved",
                           "Witnesses", "How to repeat it", "id=\"frames\"", "off by at most 0.0004 of themselves"})
    CHECK_MESSAGE(has(page, part), part);
  CHECK(has(page, html_of_values(json_of(ran.words))));
  CHECK(has(page, html_of(ran.words)));
  CHECK_FALSE(has(page, "http://www.w3.org/1999"));
  CHECK(page.size() < report_bytes);
}

TEST_CASE("a page that is made again from its folder is the same") {
  const Reported ran;
  ran.finish();
  const std::string page = read_file(ran.folder / report_name);
  const RunRecord old(ran.folder);
  CHECK(report_of(old, words_kept(old)) == page);
}

TEST_CASE("words that belong to another summary are not shown") {
  const Reported ran;
  ran.finish();
  Json summary = Json::parse(read_file(ran.folder / "summary.json"));
  summary["mass"]["final"] = 0.5;
  write_atomically(ran.folder / "summary.json", json_text(summary));
  const RunRecord changed(ran.folder);
  const std::string page = report_of(changed, words_kept(changed));
  CHECK(has(page, "mass.final</th><td>0.5<"));
  CHECK_FALSE(has(page, "How it was solved"));
  CHECK(has(page, "What the run said in words is not kept here"));
}

TEST_CASE("the page of a run without a summary or without its end says so first") {
  const Reported ran;
  const RunRecord begun(ran.folder);
  const std::string page = report_of(begun, words_kept(begun));
  CHECK(page.find("This run is not finished") < page.find("<h1>"));
  Json stopped = json_of(ran.words);
  stopped["stop_reason"] = "p is <not> finite";
  const std::string failed = report_of(RunRecord(ran.folder, ran.setup, stopped), ran.words);
  CHECK(failed.find("did not come to its end: p is &lt;not&gt; finite") < failed.find("<h1>"));
}
