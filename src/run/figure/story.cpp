#include "story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/errors.hpp"

namespace fokker {

namespace {

constexpr std::uintmax_t most_bytes = 16'000'000;  // of files that are read to find out where something happens

double l1(const Field& p, std::span<const double> q) {
  double sum = 0;
  for (std::size_t i = 0; i < q.size(); ++i) sum += std::abs(p.view()[i] - q[i]);
  return sum * p.grid->volume();
}

/// Numbers in `change` (ascending from 0) that part it into equal parts.
std::vector<std::size_t> equal_parts(const std::vector<double>& change, std::size_t most) {
  std::vector<std::size_t> chosen{0};
  const std::size_t last = change.size() - 1;
  for (std::size_t k = 1; k + 1 < most && change.back() > 1e-6; ++k) {
    const double wanted = change.back() * static_cast<double>(k) / static_cast<double>(most - 1);
    const auto above =
        static_cast<std::size_t>(std::lower_bound(change.begin(), change.end(), wanted) - change.begin());
    const std::size_t near = above > 0 && wanted - change[above - 1] < change[above] - wanted ? above - 1 : above;
    const std::size_t next = std::max(near, chosen.back() + 1);
    if (next < last) chosen.push_back(next);
  }
  if (last > 0) chosen.push_back(last);
  return chosen;
}

std::vector<std::size_t> nearest_frames(const RunRecord& record, const std::vector<double>& times) {
  std::vector<std::size_t> chosen;
  const std::vector<RecordedFrame>& frames = record.frames();
  const double slack = 1e-6 * std::max(std::abs(frames.back().t), std::abs(frames.front().t));
  for (const double t : times) {
    const auto near = std::min_element(
        frames.begin(), frames.end(),
        [&](const RecordedFrame& a, const RecordedFrame& b) { return std::abs(a.t - t) < std::abs(b.t - t); });
    if (std::abs(near->t - t) > slack)
      throw UsageError(fmt::format("picture: there is no frame at t = {:.6g}; the nearest of {} is at t = {:.6g}", t,
                                   frames.size(), near->t));
    chosen.push_back(static_cast<std::size_t>(near - frames.begin()));
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

/// Of an axis, the part outside of which no frame that is shown has more than a part of its peak, if it is small.
void cut_to_mass(const std::vector<Field>& shown, int k, bool log, figure::FigureAxis& axis) {
  const Grid& grid = *shown.front().grid;
  const double part = log ? 1e-7 : grid.dimension() > 1 ? 2e-3 : 2e-4;
  constexpr double small = 0.85, margin = 0.06;
  Index first = grid.axis(k).cells, last = -1;
  for (const Field& p : shown) {
    const double least = part * highest(p.view());
    for (Index cell = 0; cell < grid.cells(); ++cell)
      if (p.values[cell] > least) {
        const Index i = k == 0 ? cell % grid.nx() : cell / grid.nx();
        first = std::min(first, i);
        last = std::max(last, i);
      }
  }
  if (last < first || grid.axis(k).periodic()) return;
  const double lower = grid.axis(k).face(first), upper = grid.axis(k).face(last + 1), width = upper - lower;
  if (width * (1 + 2 * margin) > small * (axis.upper - axis.lower)) return;
  axis.lower = std::max(axis.lower, lower - margin * width);
  axis.upper = std::min(axis.upper, upper + margin * width);
}

/// Reads frames on the way from first to last. Returns how far p has gone by each of them, in l1.
std::vector<double> look(Story& story) {
  const RunRecord& record = *story.record;
  Field before;
  std::vector<double> gone;
  const bool line = record.axes().size() == 1;
  for (std::size_t k = 0; k < story.looked_at.size(); ++k) {
    const std::size_t frame = story.looked_at[k];
    Field p = record.density(frame);
    const double step = k == 0 ? 0 : l1(p, before.view());
    gone.push_back((k == 0 ? 0 : gone.back()) + (std::isfinite(step) ? step : 0));
    story.t.push_back(record.frames()[frame].t);
    if (line) story.history.emplace_back(p.values.begin(), p.values.end());
    before = std::move(p);
  }
  return gone;
}

figure::FigureAxis whole(const Axis& axis) {
  return {.label = axis.title(), .unit = axis.unit, .lower = axis.lower, .upper = axis.upper};
}

}  // namespace

Story story_of(const RunRecord& record, const CasePicture& wishes, std::size_t most) {
  if (record.frames().empty()) throw UsageError(fmt::format("{} holds no frames to draw", record.folder().string()));
  if (record.array(0, "p").empty())
    throw UsageError("the frames hold no p, of which figures are made; output.fields leaves it out");
  Story story;
  story.record = &record;
  story.wishes = wishes;
  std::error_code unseen;
  const std::uintmax_t bytes =
      std::max<std::uintmax_t>(1, std::filesystem::file_size(record.frames().back().file, unseen));
  story.looked_at = evenly_chosen(record.frames().size(), std::max<std::size_t>(most, most_bytes / bytes));
  const std::vector<double> gone = look(story);
  if (!wishes.times.empty() && !record.steady())
    story.chosen = nearest_frames(record, wishes.times);
  else
    for (const std::size_t k : equal_parts(gone, most)) story.chosen.push_back(story.looked_at[k]);
  for (const std::size_t frame : story.chosen) story.shown.push_back(record.density(frame));
  for (std::size_t k = 0; k < record.axes().size(); ++k) {
    story.axes.push_back(whole(record.axes()[k]));
    cut_to_mass(story.shown, static_cast<int>(k), wishes.log, story.axes.back());
  }
  return story;
}

std::string time_text(double t) { return fmt::format("t = {:.4g}", t); }

figure::FigureAxis time_axis(double lower, double upper) { return {.label = "t", .lower = lower, .upper = upper}; }

std::vector<double> faces_of(const Axis& axis) {
  std::vector<double> faces;
  for (Index i = 0; i <= axis.cells; ++i) faces.push_back(axis.face(i));
  return faces;
}

std::vector<double> centers_of(const Axis& axis) {
  std::vector<double> centers;
  for (Index i = 0; i < axis.cells; ++i) centers.push_back(axis.center(i));
  return centers;
}

figure::Paint shade(std::size_t k, std::size_t of) {
  constexpr double first = 0.0, last = 0.82;  // yellow is too pale for a line
  const double part = of > 1 ? static_cast<double>(k) / static_cast<double>(of - 1) : 1;
  return {.shade = first + (last - first) * part};
}

double highest(std::span<const double> values) {
  double most = 0;
  for (const double value : values)
    if (value < 1e150) most = std::max(most, value);
  return most;
}

double scale_end(Story& story) {
  constexpr double narrow = 3, air = 1.2;
  const double start = highest(story.shown.front().view());
  double later = 0;
  for (std::size_t k = 1; k < story.shown.size(); ++k) later = std::max(later, highest(story.shown[k].view()));
  const double most = std::max(start, later);
  if (!(most > 0)) return 1;
  if (!(later > 0) || start <= narrow * later) return most;
  story.notes.push_back(fmt::format("p reaches {:.3g} at {}, beyond the scale", start, time_text(story.time(0))));
  return air * later;
}

}  // namespace fokker
