#pragma once
#include <memory>

#include "fokker/model/score.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// The score of the run in the folder scheme.table (its density_NNNNNN.vti files): log p interpolated in space and, by
/// cubics through its frames, in time. The rates are those of the frames, so frames must be dense enough for log p to
/// be followed. Throws CaseError at that key when the frames do not cover the box and the time of the case, FileError
/// when one cannot be read.
[[nodiscard]] std::shared_ptr<ScoreSource> score_from_run(const Setup& setup);

}  // namespace fokker
