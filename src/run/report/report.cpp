#include "fokker/run/report.hpp"

#include <fmt/format.h>

#include "fokker/base/printable.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/sha256.hpp"
#include "fokker/output/files.hpp"
#include "fokker/output/html.hpp"
#include "fokker/page_files.hpp"
#include "fokker/run/run_figure.hpp"
#include "fokker/version.hpp"
#include "parts.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

constexpr const char* words_id = "words";

/// A part, or a word about why there is none. The page is worth more than any part of it.
template <class Make>
std::string part(const char* what, Make make) {
  try {
    return make();
  } catch (const std::exception& error) {
    return fmt::format("<p class=\"soft\">No {}: {}</p>\n", what, html_text(error.what()));
  }
}

std::string moments_html(const RunRecord& record) {
  const auto series = record.table("series.csv");
  if (!series || series->columns.empty() || series->columns[0].size() < 2) return "";
  std::vector<std::string> columns;
  for (const std::string& name : series->names)
    if (name.starts_with("mean_") || name.starts_with("variance_") || name.starts_with("covariance"))
      if (!name.starts_with("mean_velocity")) columns.push_back(name);
  if (columns.empty()) return "";
  figure::Figure made = figure_of_table(record.folder() / "series.csv", columns, false);
  made.title = "";
  return "<h2>Moments over time</h2>\n" + figure_html(figure::svg_of(made), "From series.csv.");
}

std::string command_of(const RunRecord& record) {
  const Json facts = record.summary().is_object() ? record.summary().value("case", Json::object()) : Json::object();
  std::string command = fmt::format("fokker {} {}", record.steady() ? "steady" : "run",
                                    shell_word(facts.value("file", record.config().file.filename().string())));
  for (const Json& set : facts.value("overrides", Json::array()))
    command += " --set " + shell_word(set.get<std::string>());
  return command;
}

std::string file_html(const fs::path& file, const char* summary) {
  std::error_code unseen;
  if (!fs::exists(file, unseen)) return "";
  std::string text = read_file(file);
  for (std::size_t at = text.find('\t'); at != std::string::npos; at = text.find('\t', at)) text.replace(at, 1, "    ");
  return fmt::format("<details><summary>{}</summary><pre><code>{}</code></pre></details>\n", summary, html_text(text));
}

std::string repeat_html(const RunRecord& record) {
  const Json& summary = record.summary();
  const auto fact = [&](const char* path) {
    return summary.is_object() ? summary.value(Json::json_pointer(path), std::string("unknown")) : "unknown";
  };
  return fmt::format(
             "<h2>How to repeat it</h2>\n<pre><code>{}</code></pre>\n<p>fokker {}; sha256 of the case {}.</p>\n",
             html_text(command_of(record)), html_text(fact("/fokker/version")), html_text(fact("/case/sha256"))) +
         file_html(record.folder() / "case.toml", "The case (case.toml)") +
         file_html(record.folder() / "resolved.toml", "The case with all defaults written out (resolved.toml)");
}

std::string values_html(const RunRecord& record) {
  if (!record.summary().is_object()) return "";
  return "<details id=\"values\"><summary>Every number of summary.json</summary>\n" + html_of_values(record.summary()) +
         "</details>\n";
}

/// What is kept for the page to be made again: the words, and which summary they are about.
std::string kept_html(const RunRecord& record, const Document& words) {
  return html_data(words_id,
                   {{"summary_sha256", sha256_hex(json_text(record.summary()))}, {"document", words_of(words)}});
}

std::string title_of(const RunRecord& record, const Document& words) {
  if (!words.title.empty()) return words.title;
  return record.config().title.empty() ? record.folder().filename().string() : record.config().title;
}

}  // namespace

std::string head_html(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n<meta name=\"generator\" "
      "content=\"fokker {}\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
      FOKKER_VERSION, html_text(title), report_css);
}

std::string foot_html() { return fmt::format("<script>\n{}</script>\n</body>\n</html>\n", viewer_js); }

std::string figure_html(const std::string& svg, const std::string& caption) {
  return fmt::format("<figure>\n{}<figcaption>{}</figcaption></figure>\n", svg, caption);
}

std::string report_of(const RunRecord& record, const Document& words, const std::string& svg) {
  const std::string title = title_of(record, words), open = record.unfinished();
  std::string before = head_html(title);
  if (!open.empty()) before += "<p class=\"unfinished\">" + html_text(open) + "</p>\n";
  before += fmt::format("<h1>{}</h1>\n", html_text(title)) +
            part("verdict", [&] { return verdict_html(record.summary()); }) +
            part("equations", [&] { return equations_html(record.config()); }) + "<h2>What it looks like</h2>\n" +
            part("figure", [&] {
              return figure_html(svg.empty() ? figure::svg_of(figure_of(record, record.picture())) : svg,
                                 "The figure of the run.");
            });
  std::string after = part("moments", [&] { return moments_html(record); });
  after += words.sections.empty() ? "<p class=\"soft\">What the run said in words is not kept here; its numbers "
                                    "stand below.</p>\n"
                                  : html_of(words);
  after += repeat_html(record) + values_html(record) + kept_html(record, words);
  after += foot_html();
  const std::size_t taken = before.size() + after.size() + 4096;
  return before + part("viewer", [&] { return viewer_html(record, report_bytes > taken ? report_bytes - taken : 0); }) +
         after;
}

void write_report(const RunRecord& record, const Document& words, const std::string& svg) {
  write_atomically(record.folder() / report_name, report_of(record, words, svg));
}

Document words_kept(const RunRecord& record) {
  std::error_code unseen;
  const fs::path file = record.folder() / report_name;
  if (!fs::exists(file, unseen)) return {};
  const std::optional<Json> kept = data_of_html(read_file(file), words_id);
  try {
    if (kept && kept->at("summary_sha256") == sha256_hex(json_text(record.summary())))
      return document_of_words(kept->at("document"));
  } catch (const Json::exception&) {  // of another version
  }
  return {};
}

}  // namespace fokker
