#include "fokker/run/records/info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/base/compensated_sum.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/printable.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/sha256.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/resume.hpp"
#include "frame_files.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

using Findings = std::vector<Finding>;

void add(Findings& findings, const std::string& key, Json value, const std::string& label, std::string text) {
  findings.push_back({key, std::move(value), label, std::move(text)});
}
void add(Findings& findings, const std::string& key, const std::string& text) {
  if (!text.empty()) add(findings, key, text, key, text);
}

std::string bytes_text(std::uintmax_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  return bytes < 10'000'000 ? fmt::format("{} kB", bytes / 1000) : fmt::format("{} MB", bytes / 1'000'000);
}

/// Size and hash.
void add_bytes(Findings& findings, const fs::path& path, const std::string& bytes) {
  add(findings, "bytes", fs::file_size(path), "size", bytes_text(fs::file_size(path)));
  const std::string hash = sha256_hex(bytes);
  add(findings, "sha256", hash, "sha256", hash);
}

Json parsed(const fs::path& path, const std::string& bytes) {
  Json json = Json::parse(bytes, nullptr, false);
  if (json.is_discarded() || !json.is_object()) throw FileError(path.string(), "damaged: no JSON object");
  return json;
}

/// The member of a summary at a path, as text; "" where there is none.
std::string member(const Json& summary, const char* path) {
  const Json::json_pointer at(path);
  if (!summary.contains(at)) return "";
  const Json& value = summary[at];
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Who made what stands beside a summary.
std::string maker(const Json& summary) {
  const std::string version = member(summary, "/fokker/version"), commit = member(summary, "/fokker/commit");
  return version.empty() ? "" : fmt::format("fokker {}{}", version, commit.empty() ? "" : " (" + commit + ")");
}

void add_summary(Findings& findings, const Json& summary) {
  add(findings, "made_by", maker(summary));
  add(findings, "title", member(summary, "/case/title"));
  add(findings, "cells", member(summary, "/grid/cells"));
  add(findings, "flux", member(summary, "/scheme/flux"));
  add(findings, "stepper", member(summary, "/time/stepper"));
  add(findings, "end", member(summary, "/time/end"));
  add(findings, "steps", member(summary, "/time/steps"));
  add(findings, "stop_reason", member(summary, "/stop_reason"));
  add(findings, "seconds", member(summary, "/seconds/total"));
  if (!summary.contains("checks") || !summary["checks"].is_array()) return;
  std::size_t failed = 0;
  for (const Json& check : summary["checks"]) failed += check.value("ok", true) ? 0 : 1;
  const std::size_t count = summary["checks"].size();
  add(findings, "checks", Json{{"count", count}, {"failed", failed}}, "checks",
      count == 0 ? "none" : fmt::format("{} of {} hold", count - failed, count));
}

/// The summary beside a file, where there is one.
void add_maker(Findings& findings, const fs::path& path) {
  const fs::path summary = fs::absolute(path).parent_path() / "summary.json";
  std::error_code error;
  if (!fs::is_regular_file(summary, error)) return;
  const Json json = Json::parse(read_file(summary), nullptr, false);
  if (json.is_object()) add(findings, "made_by", maker(json));
}

std::string axis_text(const Axis& axis) {
  const std::string lower = to_string(axis.at_lower), upper = to_string(axis.at_upper);
  return fmt::format("{} cells in [{:.6g}, {:.6g}], {}", axis.cells, axis.lower, axis.upper,
                     lower == upper ? lower : lower + " and " + upper);
}

void add_inputs(Findings& findings, std::span<const CaseInput> inputs) {
  std::vector<std::string> words;
  for (const CaseInput& input : inputs) {
    words.push_back(input.text());
    add(findings, "", nullptr, "reads", fmt::format("{}, sha256 {}", printable_line(input.text()), input.sha256));
  }
  add(findings, "reads", words, "", "");
}

Document of_case(const fs::path& path) {
  const std::string bytes = read_at_most(path, std::size_t{1} << 20);
  Findings findings;
  add(findings, "kind", "case");
  try {
    const Case config = load_case(path, {}, vocabulary(), CaseFor::steady);
    add(findings, "title", printable_line(config.title));
    for (const Axis& axis : config.axes)
      add(findings, "axis/" + axis.name, axis_text(axis), axis.name, axis_text(axis));
    add(findings, "sde", config.model.empty() ? "by formulas" : fmt::format("model {}", config.model));
    add(findings, "form", config.scheme.form);
    add(findings, "flux", config.scheme.flux);
    if (config.has_time) {
      add(findings, "stepper", config.time.stepper);
      add(findings, "end", config.time.end, "end", fmt::format("{}", config.time.end));
      add(findings, "frames", config.output.times.size(), "frames", fmt::format("{}", config.output.times.size()));
    }
    add(findings, "checks", config.checks.size(), "checks", fmt::format("{}", config.checks.size()));
    add_inputs(findings, config.inputs);
  } catch (const CaseError& error) {
    add(findings, "problems", error.problems().size(), "problems",
        fmt::format("{}, the first: {}", error.problems().size(), error.problems().front().message()));
  }
  add_bytes(findings, path, bytes);
  return {fmt::format("{}: a case", path.string()), {{.findings = std::move(findings), .label_width = 12}}};
}

Document of_folder(const fs::path& path) {
  const std::size_t frames = frame_files(path).size();
  std::size_t files = 0;
  std::uintmax_t bytes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    bytes += entry.file_size();
  }
  if (frames == 0 && !fs::exists(path / "resolved.toml"))
    throw FileError(path.string(), "a folder, but not that of a run: it has neither frames nor resolved.toml");
  Findings findings;
  add(findings, "kind", "run folder");
  if (fs::exists(path / "summary.json"))
    add_summary(findings, parsed(path / "summary.json", read_file(path / "summary.json")));
  else
    add(findings, "state", "no summary.json: the run goes on, or was killed");
  add(findings, "frames", frames, "frames", fmt::format("{}", frames));
  add_inputs(findings, read_inputs_index(path));
  add(findings, "files", files, "files", fmt::format("{}, {}", files, bytes_text(bytes)));
  add(findings, "bytes", bytes, "", "");
  return {fmt::format("{}: a run folder", path.string()), {{.findings = std::move(findings), .label_width = 12}}};
}

DocumentTable::Row row_of(const std::string& name, std::span<const double> values, std::size_t cells, double volume) {
  const std::size_t components = cells > 0 ? values.size() / cells : 1;
  double least = std::numeric_limits<double>::infinity(), largest = -least;
  CompensatedSum sum;
  std::size_t undefined = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      ++undefined;
      continue;
    }
    least = std::min(least, value);
    largest = std::max(largest, value);
    sum.add(value);
  }
  const auto number = [](double value) { return fmt::format("{:.6g}", value); };
  DocumentTable::Row row{name,
                         {{"name", name, "array", name},
                          {"components", components, "components", fmt::format("{}", components)},
                          {"min", least, "min", number(least)},
                          {"max", largest, "max", number(largest)},
                          {"undefined", undefined, "undefined", fmt::format("{}", undefined)}}};
  if (components == 1)
    row.cells.push_back({"integral", sum.value() * volume, "integral", number(sum.value() * volume)});
  return row;
}

Document of_vti(const fs::path& path) {
  const VtiContent content = read_vti(path);
  Findings findings;
  add(findings, "kind", "frame");
  add_maker(findings, path);
  add(findings, "t", content.time, "t", fmt::format("{}", content.time));
  double volume = 1;
  std::size_t cells = 1;
  std::string box;
  for (std::size_t k = 0; k < content.cells.size(); ++k) {
    volume *= (content.upper[k] - content.lower[k]) / static_cast<double>(content.cells[k]);
    cells *= static_cast<std::size_t>(content.cells[k]);
    const auto word = [&](const std::vector<std::string>& words) {
      return k < words.size() && !words[k].empty() ? " " + words[k] : "";
    };
    box += fmt::format("{}{} cells in{} [{:.6g}, {:.6g}]{}", k > 0 ? " x " : "", content.cells[k], word(content.names),
                       content.lower[k], content.upper[k], word(content.units));
  }
  add(findings, "cells", content.cells, "grid", box);
  add(findings, "lower", content.lower, "", "");
  add(findings, "upper", content.upper, "", "");
  add_bytes(findings, path, read_file(path));
  DocumentTable table{.key = "arrays", .columns = {"array", "components", "min", "max", "integral", "undefined"}};
  for (const auto& [name, values] : content.arrays) table.rows.push_back(row_of(name, values, cells, volume));
  return {fmt::format("{}: a frame for ParaView", path.string()),
          {{.findings = std::move(findings), .label_width = 12}, {.table = std::move(table)}}};
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  for (;;) {
    const std::size_t comma = line.find(',');
    fields.emplace_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

Document of_csv(const fs::path& path) {
  const std::string bytes = read_file(path);
  std::vector<std::string> names, first, last;
  std::size_t rows = 0;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos || line.front() == '#') continue;
    if (names.empty()) {
      names = fields_of(line);
      continue;
    }
    last = fields_of(line);
    if (rows++ == 0) first = last;
  }
  const bool series = names.size() > 2 && names[0] == "t" && names[1] == "dt",
             values = std::find(names.begin(), names.end(), "p") != names.end();
  const std::string kind = series ? "series of a run" : values ? "values of a density" : "table";
  Findings findings;
  add(findings, "kind", kind);
  add_maker(findings, path);
  add(findings, "columns", names, "columns", printable_line(fmt::format("{}", fmt::join(names, ", "))));
  add(findings, "rows", rows, "rows", fmt::format("{}", rows));
  if (rows > 0)
    add(findings, "span", Json::array({first[0], last[0]}), names[0],
        printable_line(fmt::format("{} in the first row, {} in the last", first[0], last[0])));
  add_bytes(findings, path, bytes);
  return {fmt::format("{}: a {}", path.string(), kind), {{.findings = std::move(findings), .label_width = 12}}};
}

Document of_json(const fs::path& path) {
  const std::string bytes = read_file(path);
  const Json json = parsed(path, bytes);
  Findings findings;
  const bool summary = !maker(json).empty();
  add(findings, "kind", summary ? "summary" : "json");
  add_summary(findings, json);
  std::vector<std::string> members;
  for (const auto& [key, value] : json.items()) members.push_back(key);
  add(findings, "members", members, "members", printable_line(fmt::format("{}", fmt::join(members, ", "))));
  add_bytes(findings, path, bytes);
  return {fmt::format("{}: {}", path.string(), summary ? "the summary of a run" : "a JSON file"),
          {{.findings = std::move(findings), .label_width = 12}}};
}

/// Damage is what it holds to say, not an error: another one may be whole.
Document of_checkpoint(const fs::path& path, const std::string& bytes) {
  Findings findings;
  add(findings, "kind", "checkpoint");
  try {
    const RunMemory memory = run_memory(parse_checkpoint(bytes));
    add(findings, "made_by", printable_line(memory.program));
    add(findings, "processor", printable_line(memory.processor));
    add(findings, "case", printable_line(memory.file));
    add(findings, "flux", printable_line(memory.flux));
    add(findings, "stepper", printable_line(memory.stepper));
    add(findings, "state", memory.state.size(), "state",
        memory.state.empty() ? "at t = 0" : bytes_text(memory.state.size()));
    add(findings, "next", fmt::format("fokker resume {}", fs::absolute(path).parent_path().string()));
  } catch (const std::exception& error) {
    add(findings, "damaged", printable_line(error.what()));
  }
  add_bytes(findings, path, bytes);
  return {fmt::format("{}: a checkpoint", path.string()), {{.findings = std::move(findings), .label_width = 12}}};
}

/// Its first lines say what it is: a film of frames, a matrix, or nothing known.
Document of_other(const fs::path& path) {
  const std::string bytes = read_file(path), ending = path.extension().string();
  Findings findings;
  std::string what = "a file that fokker knows nothing of";
  if (ending == ".pvd") {
    std::size_t frames = 0;
    for (std::size_t at = bytes.find("<DataSet"); at != std::string::npos; at = bytes.find("<DataSet", at + 1))
      ++frames;
    add(findings, "kind", "film");
    add(findings, "frames", frames, "frames", fmt::format("{}", frames));
    add_maker(findings, path);
    what = "the frames of a run, for ParaView";
  } else if (path.filename() == "view.py") {
    add(findings, "kind", "script");
    add_maker(findings, path);
    what = "opens the run in its folder in ParaView: pvpython view.py --out view.png, or File > Load State";
  } else if (bytes.starts_with("%%MatrixMarket")) {
    add(findings, "kind", "matrix");
    for (std::string_view rest = bytes; rest.starts_with("%");) {
      const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size()));
      if (line.starts_with("% ")) add(findings, "", nullptr, "says", printable_line(std::string(line.substr(2))));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    what = "a matrix (MatrixMarket)";
  } else {
    add(findings, "kind", "unknown");
  }
  add_bytes(findings, path, bytes);
  return {fmt::format("{}: {}", path.string(), what), {{.findings = std::move(findings), .label_width = 12}}};
}

}  // namespace

Document info(const fs::path& path) {
  if (fs::is_directory(path)) return of_folder(path);
  if (!fs::is_regular_file(path)) throw FileError(path.string(), fs::exists(path) ? "no plain file" : "no such file");
  const std::string ending = path.extension().string();
  if (ending == ".toml") return of_case(path);
  if (ending == ".vti") return of_vti(path);
  if (ending == ".csv") return of_csv(path);
  if (ending == ".json") return of_json(path);
  const std::string name = path.filename().string();
  if (name == checkpoint_name || name == previous_checkpoint_name) return of_checkpoint(path, read_file(path));
  return of_other(path);
}

}  // namespace fokker
