#pragma once
#include "story.hpp"

namespace fokker {

using Panels = std::vector<figure::Panel>;

/// Values of cells at their middles.
[[nodiscard]] figure::Line curve(const std::vector<double>& faces, std::span<const double> values, figure::Paint paint,
                                 std::string label);
/// The density of a witness over one axis as its kind asks for: particles in bars of some cells, as many as `view` has
/// room for, with their counting noise; any other as a line of its own.
[[nodiscard]] figure::Mark witness_mark(const RunRecord& record, const std::string& name,
                                        const std::vector<double>& faces, const std::vector<double>& density,
                                        std::pair<double, double> view);

/// A column of a table over time; rows without a number are passed over.
[[nodiscard]] figure::Line column_line(const std::vector<double>& t, const std::vector<double>& values,
                                       figure::Paint paint, std::string label);

/// A panel of lines whose heights go from the least to the largest of them, with some air.
void fit_heights(figure::Panel& panel);

/// What a run has beside its densities.
[[nodiscard]] std::optional<figure::Panel> passage_panel(const RunRecord& record);
[[nodiscard]] std::optional<figure::Panel> questions_panel(const RunRecord& record);
/// l1 of p from its witnesses over time, in logarithmic heights.
[[nodiscard]] std::optional<figure::Panel> distance_panel(const Story& story);

/// Colours of p up to `top`, with keys to what of it is negative or not finite.
[[nodiscard]] figure::ColourScale density_scale(const Story& story, double top);

/// Colours of lines of equal rank, six before the first returns.
[[nodiscard]] figure::Paint paint_in_turn(std::size_t k);
/// Colours of witnesses.
[[nodiscard]] figure::Paint paint_of(const std::string& witness);
[[nodiscard]] figure::Dash dash_of(const std::string& witness);
[[nodiscard]] std::string words_of(const std::string& witness);

/// Panels in rows of two, or of three where their number is odd.
void add_rows(Panels panels, double height, figure::Figure& figure);

[[nodiscard]] figure::Figure line_figure(Story story);
[[nodiscard]] figure::Figure plane_figure(Story story);

/// Lines along a field of vectors on the middles of cells, about evenly far from each other, where `shown` holds; wider
/// where it is stronger.
[[nodiscard]] std::vector<figure::Line> streamlines(const Grid& grid, const FieldValues& field,
                                                    const std::vector<bool>& shown,
                                                    const std::vector<figure::FigureAxis>& axes, figure::Paint paint);

}  // namespace fokker
