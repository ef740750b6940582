#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fokker/case/csv.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// A frame of a run folder.
struct RecordedFrame {
  double t = 0;                ///< [t]
  std::filesystem::path file;  ///< .vti, or a table where the case asked for no .vti
};

/// What the folder of a run or of `steady` holds, read from its files when it is asked for; what was read is kept,
/// up to 64 MB. Figures and reports are made from it, of a run that has just ended as of an old one.
class RunRecord {
 public:
  /// Throws UsageError where this is no folder of a run, FileError where a file of it cannot be read.
  explicit RunRecord(std::filesystem::path folder);
  /// Of a run that is at hand, before its summary has been written; `setup` outlives the record.
  RunRecord(std::filesystem::path folder, const Setup& setup, Json summary);

  /// Spares reading arrays of the frame at this time; those without values are known by their names.
  void remember(double t, const std::vector<std::pair<std::string, std::vector<double>>>& arrays);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const Case& config() const;
  [[nodiscard]] const std::vector<Axis>& axes() const { return config().axes; }
  /// The objects of its case, made anew where none were given. Throws CaseError where files that the case reads are
  /// gone.
  [[nodiscard]] const Setup& setup() const;
  /// What figures are to show, as far as the run has come.
  [[nodiscard]] CasePicture picture() const;
  /// Is it the folder of `steady`?
  [[nodiscard]] bool steady() const;

  /// In order of time.
  [[nodiscard]] const std::vector<RecordedFrame>& frames() const { return frames_; }
  /// Names of the arrays of a frame.
  [[nodiscard]] std::vector<std::string> arrays(std::size_t frame) const;
  /// The values of an array of a frame as they stand in its file (vectors: three for every cell); empty where there is
  /// none.
  [[nodiscard]] std::vector<double> array(std::size_t frame, std::string_view name) const;
  /// p of a frame. Throws FileError where it holds none for the cells of the case.
  [[nodiscard]] Field density(std::size_t frame) const;
  /// A field of `list fields`: from the file, or from p by the case's own scheme.
  [[nodiscard]] FieldValues field(std::size_t frame, std::string_view name) const;
  /// Witnesses whose density stands in a frame: NAME of its arrays p_NAME.
  [[nodiscard]] std::vector<std::string> witnesses(std::size_t frame) const;

  /// Frames of the time reversal, in order of t: each holds p_reverse_LAMBDA; the first also p, where the way began.
  [[nodiscard]] const std::vector<RecordedFrame>& reverse_frames() const { return reverse_; }
  /// The names p_reverse_LAMBDA in one of them, and the values of an array.
  [[nodiscard]] std::vector<std::string> ways_back(std::size_t frame) const;
  [[nodiscard]] std::vector<double> reverse_array(std::size_t frame, std::string_view name) const;

  /// series.csv, passage.csv (an empty field is NaN); none where there is no such file.
  [[nodiscard]] std::optional<Csv> table(const char* name) const;
  /// A sentence about a run that did not come to its end; "" of one that did.
  [[nodiscard]] std::string unfinished() const;
  /// summary.json; null where there is none yet.
  [[nodiscard]] const Json& summary() const { return summary_; }

 private:
  void find_frames();
  [[nodiscard]] const std::vector<double>& values(const std::filesystem::path& file, std::string_view name) const;

  [[nodiscard]] std::vector<std::string> names_in(const std::filesystem::path& file) const;

  std::filesystem::path folder_;
  const Setup* setup_ = nullptr;
  mutable std::unique_ptr<Setup> own_;
  std::optional<Case> config_;  ///< where no setup was given
  Json summary_;
  std::vector<RecordedFrame> frames_, reverse_;
  using Arrays = std::map<std::string, std::vector<double>, std::less<>>;
  mutable std::map<std::filesystem::path, Arrays> kept_;  ///< empty: known by its name alone
  mutable std::size_t kept_values_ = 0;
};

/// The numbers of at most `most` of `count` frames, but of two at least, evenly from the first to the last.
[[nodiscard]] std::vector<std::size_t> evenly_chosen(std::size_t count, std::size_t most);

/// A table of numbers in which fields may be empty: NaN. Throws FileError.
[[nodiscard]] Csv read_table(const std::filesystem::path& file);

}  // namespace fokker
