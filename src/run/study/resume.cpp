#include "fokker/run/resume.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/instruction_set.hpp"
#include "fokker/base/line_difference.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/commit.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/stop_reason.hpp"
#include "fokker/version.hpp"

namespace fokker {
namespace {

namespace fs = std::filesystem;

std::string program_text() {
  return fmt::format("fokker {} ({}, {}), {}; {}", FOKKER_VERSION, FOKKER_COMMIT, FOKKER_BUILD_TYPE, FOKKER_COMPILER,
                     FOKKER_LIBRARIES);
}

/// The model, and the vector instructions that loops (FOKKER_ISA) and libraries choose by.
std::string processor_text() {
  std::string model = "unknown processor";
  const fs::path info = "/proc/cpuinfo";
  std::error_code unseen;
  if (fs::exists(info, unseen))
    for (const std::string& line : lines_of(read_at_most(info, std::size_t{1} << 16)))
      if (line.starts_with("model name") && line.find(": ") != std::string::npos) {
        model = line.substr(line.find(": ") + 2);
        break;
      }
  model += fmt::format(" ({})", name_of(instruction_set()));
#if defined(__x86_64__)
  if (__builtin_cpu_supports("fma") != 0) model += " fma";  // libm chooses by it
#endif
  return model;
}

/// Why a run has come to its end, "" where it has not; and whether it has an estimate.
std::pair<std::string, bool> final_reason(const fs::path& folder) {
  std::error_code unseen;
  if (!fs::exists(folder / "summary.json", unseen)) return {};
  const Json summary = Json::parse(read_file(folder / "summary.json"), nullptr, false);
  const std::string reason = summary.is_object() ? summary.value("stop_reason", "") : "";
  return {is_final(reason) ? reason : "", summary.is_object() && summary.contains("estimate")};
}

/// UsageError where it is not, unless `force`.
bool is_same_program(const RunMemory& memory, bool force, std::vector<std::string>& notes) {
  bool same = true;
  const auto look = [&](const char* what, const std::string& was, const std::string& is) {
    if (was == is) return;
    same = false;
    const std::string text = fmt::format("the run was begun by another {}: {}; this is {}", what, was, is);
    if (!force) throw UsageError(text + "; --force goes on without the promise of the same bits");
    notes.push_back(text + ": its bits are not those of an unbroken run");
  };
  look("program", memory.program, program_text());
  look("processor", memory.processor, processor_text());
  return same;
}

/// Keys that may be set for a run that goes on.
void require_allowed(const std::vector<std::string>& overrides) {
  for (const std::string& each : overrides) {
    const std::string key = each.substr(0, each.find('='));
    if (key != "time.end" && key != "output.times" && key != "output.every")
      throw UsageError(
          fmt::format("--set {}: a run goes on as it was begun; only a later time.end, with output.times or "
                      "output.every, may be set. Start another run for anything else",
                      each));
  }
}

void require_inputs(const RunMemory& memory, const Case& config) {
  for (const CaseInput& input : config.inputs)
    for (const auto& [file, sha256] : memory.inputs)
      if (file == input.text() && sha256 != input.sha256)
        throw UsageError(fmt::format("{} is not the file that the run was begun with (sha256 {}, now {})", file, sha256,
                                     input.sha256));
}

/// The case of a run, its files as the run folder has them.
Case case_of(const RunMemory& memory, const fs::path& folder, const std::vector<std::string>& more) {
  std::vector<std::string> overrides = memory.overrides;
  overrides.insert(overrides.end(), more.begin(), more.end());
  Case config = parse_case(memory.text, memory.file, folder, overrides, vocabulary(), CaseFor::run, memory.begun_in);
  memory.box.put(config);
  return config;
}

std::string number(double value) { return fmt::format("{}", value); }  // the shortest that reads back to the same

/// What "auto" took for the run is taken again.
void keep_choices(Case& config, const RunMemory& memory) {
  if (config.scheme.flux == "auto") config.scheme.flux_chosen = memory.flux;
  if (config.time.stepper == "auto") config.time.stepper_chosen = memory.stepper;
}

/// The case with a later end: its output times are those of before and those to come.
Case extended(const RunMemory& memory, const fs::path& folder, const Case& before,
              const std::vector<std::string>& overrides) {
  if (before.reverse) throw UsageError("a run that goes back from time.end cannot end later; start another run");
  const auto sets_times = [](const std::string& each) {
    const std::string key = each.substr(0, each.find('='));
    return key == "output.times" || key == "output.every" || key == "output.frames";
  };
  RunMemory asking = memory;
  if (std::any_of(overrides.begin(), overrides.end(), sets_times)) std::erase_if(asking.overrides, sets_times);
  std::vector<std::string> times_alone =
      overrides;  // what speaks of times of before is asked when all of them are known
  for (const char* const key : {"check=[]", "output.picture={}"}) times_alone.emplace_back(key);
  const Case asked = case_of(asking, folder, times_alone);
  const double end = before.time.end;
  if (!(asked.time.end > end))
    throw UsageError(fmt::format("time.end = {} is not later than that of the run, {}", asked.time.end, end));
  const auto given = [&](const char* key) { return asked.positions.find(key) != asked.positions.end(); };
  if (!given("output.every") && !given("output.times"))
    throw UsageError(
        "the output times of this run are equal parts of its length (output.frames), which a later time.end would "
        "move; "
        "add --set output.every=... or --set output.times=[...]");
  std::string times;
  for (const double t : before.output.times) times += number(t) + ", ";
  for (const double t : asked.output.times)
    if (t > end * (1 + same_time)) times += number(t) + ", ";

  RunMemory later = memory;
  std::erase_if(later.overrides, [&](const std::string& each) {
    return sets_times(each) || each.starts_with("time.end=") || each.starts_with("output.series=");
  });
  Case config = case_of(later, folder,
                        {"time.end=" + number(asked.time.end), "output.times=[" + times + "]",
                         "output.series=" + number(before.output.series)});
  keep_choices(config, memory);
  for (InfiniteSide& side : config.infinite) side.kept = true;
  return config;
}

}  // namespace

std::vector<CheckpointBlock> checkpoint_of(const Setup& setup, bool estimates, std::string state) {
  const Case& c = setup.config;
  RunMemory memory{.program = program_text(),
                   .processor = processor_text(),
                   .file = c.file.string(),
                   .text = c.text,
                   .overrides = c.overrides,
                   .begun_in = c.begun_in.string(),
                   .inputs = {},
                   .resolved = resolved_toml(c),
                   .flux = std::string(setup.flux->name),
                   .stepper = std::string(setup.stepper_row->name),
                   .estimates = estimates,
                   .box = ChosenBox(c),
                   .state = {}};  // a block of its own
  for (const CaseInput& input : c.inputs) memory.inputs.emplace_back(input.text(), input.sha256);
  Archive archive;
  archive(memory);
  std::vector<CheckpointBlock> blocks;
  blocks.push_back({"run", archive.take()});
  blocks.push_back({"state", std::move(state)});
  return blocks;
}

RunMemory run_memory(std::vector<CheckpointBlock> blocks) {
  if (blocks.size() != 2) throw ArchiveError("it has other parts than a run has");
  RunMemory memory;
  Archive archive(blocks[0].bytes);
  archive(memory);
  archive.finish();
  memory.state = std::move(blocks[1].bytes);
  return memory;
}

Resumption resume_from(const fs::path& folder, const std::vector<std::string>& overrides, bool force, bool estimates) {
  require_allowed(overrides);
  Resumption going;
  const auto [reason, estimated] = final_reason(folder);
  going.finished = !reason.empty() && overrides.empty() && (estimated || !estimates);
  if (going.finished) return going;
  if (!reason.empty() && reason != "end" && !overrides.empty())
    throw UsageError(
        fmt::format("the run was ended by its [[stop]] ({}), not by time.end: a later one changes nothing; "
                    "start another run without that entry",
                    reason));

  FoundCheckpoint found = find_checkpoint(folder);
  for (const std::string& damage : found.damaged) going.notes.push_back(damage);
  if (!found.good())
    throw UsageError(fmt::format("{} holds no checkpoint that is whole{}; run the case again with --force",
                                 folder.string(), found.damaged.empty() ? "" : ": " + found.damaged.front()));
  RunMemory memory;
  try {
    memory = run_memory(std::move(found.blocks));
  } catch (const ArchiveError& error) {
    throw UsageError(fmt::format("{}: made by a program that this one does not know: {}",
                                 (folder / found.file).string(), error.what()));
  }
  if (!found.damaged.empty()) {
    std::error_code gone;
    fs::remove(folder / checkpoint_name, gone);  // the next one must not push the good one out
    going.notes.push_back(fmt::format("going on from {}", (folder / found.file).string()));
  }
  const bool same = is_same_program(memory, force, going.notes);
  const bool begun = fs::exists(folder / "case.toml");  // else it was killed before that was written
  if (!begun && !memory.state.empty())
    throw UsageError(fmt::format("{} holds no case.toml; run the case again with --force", folder.string()));
  if (const std::string now = begun ? read_file(folder / "case.toml") : memory.text; now != memory.text)
    throw UsageError(fmt::format("{} is not the case that the run was begun with:{}", (folder / "case.toml").string(),
                                 line_difference(memory.text, now)));
  const Case before = case_of(memory, folder, {});
  require_inputs(memory, before);
  Case kept = before;
  keep_choices(kept, memory);
  if (const std::string now = resolved_toml(kept); now != memory.resolved)
    throw UsageError(fmt::format("the case comes out in another way than when the run was begun:{}",
                                 line_difference(memory.resolved, now)));
  going.estimates = estimates || memory.estimates;
  // The program that chose comes to the same, and says why.
  going.config = !overrides.empty() ? extended(memory, folder, before, overrides) : same ? before : std::move(kept);
  if (!memory.state.empty()) going.state = std::move(memory.state);
  return going;
}

}  // namespace fokker
