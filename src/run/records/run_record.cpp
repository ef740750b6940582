#include "fokker/run/run_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/output/tables.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/stop_reason.hpp"
#include "frame_files.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

/// File name -> time of a .pvd, as far as it is one.
std::map<std::string, double> times_of(const fs::path& pvd) {
  std::map<std::string, double> times;
  std::error_code unseen;
  if (!fs::exists(pvd, unseen)) return times;
  const std::string text = read_file(pvd), time = "timestep=\"", file = "file=\"";
  for (std::size_t at = text.find(time); at != std::string::npos; at = text.find(time, at)) {
    at += time.size();
    const std::size_t name = text.find(file, at);
    if (name == std::string::npos) break;
    const std::size_t start = name + file.size(), end = text.find('"', start);
    if (end == std::string::npos) break;
    times[text.substr(start, end - start)] = std::strtod(text.c_str() + at, nullptr);
  }
  return times;
}

/// With their times: from the .pvd, which is quick, or from themselves.
std::vector<RecordedFrame> timed(const std::vector<fs::path>& files, const fs::path& pvd) {
  const std::map<std::string, double> times = times_of(pvd);
  std::vector<RecordedFrame> frames;
  for (const fs::path& file : files) {
    const auto listed = times.find(file.filename().string());
    frames.push_back({listed != times.end() ? listed->second : read_vti(file).time, file});
  }
  std::stable_sort(frames.begin(), frames.end(),
                   [](const RecordedFrame& a, const RecordedFrame& b) { return a.t < b.t; });
  return frames;
}

Json summary_of(const fs::path& folder) {
  std::error_code unseen;
  if (!fs::exists(folder / "summary.json", unseen)) return nullptr;
  Json summary = Json::parse(read_file(folder / "summary.json"), nullptr, false);
  if (!summary.is_object()) throw FileError((folder / "summary.json").string(), "damaged: it is no JSON object");
  return summary;
}

}  // namespace

RunRecord::RunRecord(fs::path folder) : folder_(std::move(folder)) {
  if (!fs::is_directory(folder_)) throw UsageError(fmt::format("{} is no folder of a run", folder_.string()));
  if (!fs::exists(folder_ / "resolved.toml"))
    throw UsageError(fmt::format("{} holds no resolved.toml: no folder of a run", folder_.string()));
  config_ = load_case(folder_ / "resolved.toml", {}, vocabulary(), CaseFor::record);
  summary_ = summary_of(folder_);
  find_frames();
}

RunRecord::RunRecord(fs::path folder, const Setup& setup, Json summary)
    : folder_(std::move(folder)), setup_(&setup), summary_(std::move(summary)) {
  find_frames();
}

void RunRecord::remember(double t, const std::vector<std::pair<std::string, std::vector<double>>>& arrays) {
  for (const RecordedFrame& frame : frames_) {
    if (frame.t != t) continue;
    Arrays& kept = kept_[frame.file] = Arrays(arrays.begin(), arrays.end());
    if (frame.file.extension() != ".vti")  // tables hold no arrays that could be read later
      std::erase_if(kept, [](const auto& array) { return array.second.empty(); });
  }
}

const Case& RunRecord::config() const { return setup_ != nullptr ? setup_->config : *config_; }

const Setup& RunRecord::setup() const {
  if (setup_ != nullptr) return *setup_;
  if (!own_) own_ = std::make_unique<Setup>(assemble(side_case(*config_)));
  return *own_;
}

CasePicture RunRecord::picture() const {
  CasePicture wishes = config().output.picture;
  if (!frames_.empty()) std::erase_if(wishes.times, [&](double t) { return t > frames_.back().t * (1 + 1e-6); });
  return wishes;
}

bool RunRecord::steady() const { return summary_.is_object() && summary_.contains("steady"); }

/// Tables say nothing of their time: the output times of the case come in the order of their numbers, and the last of a
/// run that ended early is that of the last row of series.csv.
void RunRecord::find_frames() {
  frames_ = timed(frame_files(folder_), folder_ / "density.pvd");
  reverse_ = timed(frame_files(folder_, "reverse"), folder_ / "reverse.pvd");
  for (const char* ending : {".npy", ".csv"}) {
    if (!frames_.empty()) break;
    const std::vector<fs::path> files = frame_files(folder_, "density", ending);
    const std::vector<double>& times = config().output.times;
    for (std::size_t k = 0; k < files.size() && k < times.size(); ++k) frames_.push_back({times[k], files[k]});
    if (const auto series = table("series.csv"); series && !frames_.empty() && series->column("t") != nullptr)
      if (const std::vector<double>& t = *series->column("t"); !t.empty() && t.back() < frames_.back().t)
        frames_.back().t = t.back();
  }
}

/// Of a .vti the array too, and the names of all others.
const std::vector<double>& RunRecord::values(const fs::path& file, std::string_view name) const {
  constexpr std::size_t most_values = 8'000'000;
  static const std::vector<double> none;
  auto place = kept_.find(file);
  if (place != kept_.end()) {
    const auto known = place->second.find(name);
    if (known == place->second.end()) return none;
    if (!known->second.empty()) return known->second;
  }
  if (kept_values_ > most_values) {
    kept_.clear();
    kept_values_ = 0;
  }
  Arrays& arrays = kept_[file];
  if (file.extension() == ".vti") {
    for (auto& [own, values] : read_vti(file, name).arrays)
      if (std::vector<double>& kept = arrays[own]; kept.empty()) kept = std::move(values);
  } else if (const std::string bytes = read_file(file); file.extension() == ".npy") {
    arrays["p"] = npy_values(Grid(axes()), bytes);
  } else if (const Csv csv = parse_csv(bytes, file); csv.column("p") != nullptr) {
    arrays["p"] = *csv.column("p");
  }
  const auto found = arrays.find(name);
  if (found == arrays.end()) return none;
  kept_values_ += found->second.size();
  return found->second;
}

std::vector<std::string> RunRecord::names_in(const fs::path& file) const {
  static_cast<void>(values(file, "p"));
  std::vector<std::string> names;
  for (const auto& [name, values] : kept_[file]) names.push_back(name);
  return names;
}

std::vector<std::string> RunRecord::arrays(std::size_t frame) const { return names_in(frames_.at(frame).file); }

std::vector<double> RunRecord::array(std::size_t frame, std::string_view name) const {
  return values(frames_.at(frame).file, name);
}

Field RunRecord::density(std::size_t frame) const {
  Field p(setup_ != nullptr ? setup_->grid : std::make_shared<const Grid>(axes()));
  const std::vector<double> values = array(frame, "p");
  if (static_cast<Index>(values.size()) != p.grid->cells())
    throw FileError(frames_.at(frame).file.string(),
                    fmt::format("it holds no p on {} cells, as resolved.toml says", p.grid->cells()));
  std::copy(values.begin(), values.end(), p.values.begin());
  return p;
}

FieldValues RunRecord::field(std::size_t frame, std::string_view name) const {
  const FieldRow& row = field_row(name);
  // With the objects at hand it takes less time to work it out than to read it.
  const std::vector<double> stored = setup_ != nullptr ? std::vector<double>{} : array(frame, name);
  if (stored.empty()) return row.values(setup(), frames_.at(frame).t, density(frame));
  if (!row.vector) return {stored};
  const bool plane = axes().size() > 1;
  FieldValues values;
  for (std::size_t cell = 0; cell + 2 < stored.size(); cell += 3) {
    values.x.push_back(stored[cell]);
    if (plane) values.y.push_back(stored[cell + 1]);
  }
  return values;
}

std::vector<std::string> RunRecord::witnesses(std::size_t frame) const {
  std::vector<std::string> names;
  for (const std::string& name : arrays(frame))
    if (name.starts_with("p_")) names.push_back(name.substr(2));
  return names;
}

std::vector<std::string> RunRecord::ways_back(std::size_t frame) const {
  std::vector<std::string> names = names_in(reverse_.at(frame).file);
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("p_reverse_"); });
  return names;
}

std::vector<double> RunRecord::reverse_array(std::size_t frame, std::string_view name) const {
  return values(reverse_.at(frame).file, name);
}

std::string RunRecord::unfinished() const {
  if (!summary_.is_object()) return "This run is not finished: it has no summary yet.";
  const std::string reason = summary_.value("stop_reason", std::string("end"));
  return is_final(reason) ? "" : fmt::format("This run did not come to its end: {}.", reason);
}

std::optional<Csv> RunRecord::table(const char* name) const {
  std::error_code unseen;
  const fs::path file = folder_ / name;
  if (!fs::exists(file, unseen)) return std::nullopt;
  return read_table(file);
}

std::vector<std::size_t> evenly_chosen(std::size_t count, std::size_t most) {
  std::vector<std::size_t> all;
  const std::size_t wanted = std::min(count, std::max<std::size_t>(most, 2));
  for (std::size_t k = 0; k < wanted; ++k)
    all.push_back(wanted > 1 ? (k * (count - 1) + (wanted - 1) / 2) / (wanted - 1) : 0);
  return all;
}

Csv read_table(const fs::path& file) {
  const std::string bytes = read_file(file);
  std::string filled;
  for (std::size_t k = 0; k < bytes.size(); ++k) {
    const bool begins = k == 0 || bytes[k - 1] == '\n' || bytes[k - 1] == ',';
    const bool ends = bytes[k] == ',' || ((bytes[k] == '\n' || bytes[k] == '\r') && k > 0 && bytes[k - 1] == ',');
    if (begins && ends) filled += "nan";
    filled += bytes[k];
  }
  return parse_csv(filled, file);
}

}  // namespace fokker
