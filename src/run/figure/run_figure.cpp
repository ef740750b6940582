#include "fokker/run/run_figure.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/output/files.hpp"
#include "panels.hpp"

namespace fokker {

figure::Figure figure_of(const RunRecord& record, const CasePicture& wishes) {
  constexpr std::size_t most_frames = 6;
  Story story = story_of(record, wishes, most_frames);
  if (record.axes().size() > 1 && story.chosen.size() == 5 && wishes.times.empty())
    story = story_of(record, wishes, 4);  // two rows of two
  if (const std::string open = record.unfinished(); !open.empty())
    story.notes.push_back(
        fmt::format("{} Drawn up to t = {:.4g} of {:.4g}.", open, record.frames().back().t, record.config().time.end));
  figure::Figure made = record.axes().size() == 1 ? line_figure(std::move(story)) : plane_figure(std::move(story));
  if (made.title.empty()) made.title = record.folder().filename().string();
  return made;
}

std::string write_figures(const std::filesystem::path& folder, const figure::Figure& made) {
  figure::write_figure(folder / "figure.png", made);
  std::string svg = figure::svg_of(made);
  write_atomically(folder / "figure.svg", svg);
  return svg;
}

}  // namespace fokker
