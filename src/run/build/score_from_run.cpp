#include "score_from_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/analysis/score_table.hpp"
#include "fokker/output/paraview.hpp"

namespace fokker {
namespace {

struct Frames {
  std::vector<double> times;
  std::vector<std::vector<double>> p;
  std::vector<Axis> axes;
};

[[noreturn]] void refuse_table(const Setup& setup, const std::string& text) {
  refuse(setup.config, "scheme.table", fmt::format("{}: {}", setup.config.scheme.table, text));
}

/// All density_NNNNNN.vti of the folder, with the bytes that the reader of the case has seen.
Frames read_frames(const Setup& setup) {
  Frames frames;
  for (const CaseInput* input : inputs_of(setup.config.inputs, setup.config.scheme.table)) {
    VtiContent content = parse_vti(read_input(*input), input->text());
    const auto p =
        std::find_if(content.arrays.begin(), content.arrays.end(), [](const auto& a) { return a.first == "p"; });
    if (p == content.arrays.end()) refuse_table(setup, fmt::format("{} holds no p", input->file));
    const bool first = frames.times.empty();
    if (first)
      for (std::size_t i = 0; i < content.cells.size(); ++i)
        frames.axes.push_back({"", content.lower[i], content.upper[i], content.cells[i]});
    if (!first && (content.time <= frames.times.back() || p->second.size() != frames.p.front().size()))
      refuse_table(setup, fmt::format("{} does not belong to the frames before it", input->file));
    frames.times.push_back(content.time);
    frames.p.push_back(std::move(p->second));
  }
  return frames;
}

void check(const Setup& setup, const Frames& frames) {
  const Case& config = setup.config;
  constexpr std::size_t fewest = 4;
  if (frames.times.size() < fewest)
    refuse_table(setup, fmt::format("{} frames, a score needs at least {}", frames.times.size(), fewest));
  if (frames.axes.size() != config.axes.size())
    refuse_table(setup, fmt::format("a run in {}D, this case has {} axes", frames.axes.size(), config.axes.size()));
  for (std::size_t k = 0; k < config.axes.size(); ++k) {
    const Axis &own = config.axes[k], &theirs = frames.axes[k];
    const double slack = 1e-9 * (own.upper - own.lower);
    if (theirs.lower > own.lower + slack || theirs.upper < own.upper - slack)
      refuse_table(setup, fmt::format("holds {} in [{:.6g}, {:.6g}], this case needs [{:.6g}, {:.6g}]", own.name,
                                      theirs.lower, theirs.upper, own.lower, own.upper));
  }
  if (frames.times.front() > 0 || frames.times.back() < config.time.end * (1 - 1e-9))
    refuse_table(setup, fmt::format("its frames go from t = {:.6g} to {:.6g}, this case from 0 to {:.6g}",
                                    frames.times.front(), frames.times.back(), config.time.end));
}

/// dp/dt of frame k: p times the slope of the parabola through log p of three neighbouring frames, 0 where one of them
/// has no logarithm.
std::vector<double> rate(const Frames& frames, std::size_t k) {
  const std::size_t middle = std::clamp<std::size_t>(k, 1, frames.times.size() - 2);
  const double a = frames.times[middle - 1], b = frames.times[middle], c = frames.times[middle + 1],
               t = frames.times[k];
  const double wa = (2 * t - b - c) / ((a - b) * (a - c)), wb = (2 * t - a - c) / ((b - a) * (b - c)),
               wc = (2 * t - a - b) / ((c - a) * (c - b));
  std::vector<double> out(frames.p[k].size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double slope = wa * std::log(frames.p[middle - 1][i]) + wb * std::log(frames.p[middle][i]) +
                         wc * std::log(frames.p[middle + 1][i]);
    out[i] = std::isfinite(slope) ? slope * frames.p[k][i] : 0;
  }
  return out;
}

}  // namespace

std::shared_ptr<ScoreSource> score_from_run(const Setup& setup) {
  Frames frames = read_frames(setup);
  check(setup, frames);
  for (std::size_t k = 0; k < frames.axes.size(); ++k) {  // a file of pictures knows no boundaries
    frames.axes[k].at_lower = setup.config.axes[k].at_lower;
    frames.axes[k].at_upper = setup.config.axes[k].at_upper;
  }
  const auto table = std::make_shared<LogSnapshots>(std::make_shared<const Grid>(frames.axes), std::nullopt);
  for (std::size_t k = 0; k < frames.times.size(); ++k) table->add(frames.times[k], frames.p[k], rate(frames, k));
  return std::make_shared<ScoreTable>(table);
}

}  // namespace fokker
