#pragma once
#include <array>
#include <span>
#include <string>
#include <vector>

#include "fokker/output/figure.hpp"
#include "fokker/run/run_record.hpp"

namespace fokker {

/// What of a run is to be shown: the frames at which something happens, and how much of the box.
struct Story {
  const RunRecord* record = nullptr;
  CasePicture wishes;
  std::vector<std::size_t> looked_at;        ///< frames, ascending; all of them unless they are large
  std::vector<double> t;                     ///< of those
  std::vector<std::vector<double>> history;  ///< 1D: p of those
  std::vector<std::size_t> chosen;           ///< frames to be shown: first, between and last
  std::vector<Field> shown;                  ///< p of those
  std::vector<figure::FigureAxis> axes;      ///< of the box, cut to where p is
  std::vector<std::string> notes;            ///< what the subtitle has to say
  [[nodiscard]] double time(std::size_t k) const { return record->frames()[chosen[k]].t; }
  [[nodiscard]] const Grid& grid() const { return *shown.front().grid; }
};

/// At most `most` frames: first, last and those between them that part what happens (l1 distances) into equal parts; or
/// those nearest to the times that are wished for. Throws UsageError where no frame is near one of them.
[[nodiscard]] Story story_of(const RunRecord& record, const CasePicture& wishes, std::size_t most);

/// "t = 0.25".
[[nodiscard]] std::string time_text(double t);
[[nodiscard]] figure::FigureAxis time_axis(double lower, double upper);
[[nodiscard]] std::vector<double> faces_of(const Axis& axis);
[[nodiscard]] std::vector<double> centers_of(const Axis& axis);
/// A colour from early (0) to late (1).
[[nodiscard]] figure::Paint shade(std::size_t k, std::size_t of);

/// The largest of values that are finite; 0 where there is none above.
[[nodiscard]] double highest(std::span<const double> values);
/// Where the scale ends: at the highest of all, but a start that is much higher than what follows would hide it; then a
/// note says so.
[[nodiscard]] double scale_end(Story& story);

}  // namespace fokker
