#pragma once
#include <filesystem>

#include "fokker/grid/grid.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// view.py, which opens the run in this folder in ParaView: what it is called and what its axes are, and behind that
/// the script that is the same for all (view.py beside this file), which looks at the files there are. `p` at time t
/// tells from which size on a current is one. Nothing where the frames are no .vti or hold no p. Throws FileError.
void write_view_script(const Setup& setup, double t, const Field& p, const std::filesystem::path& folder);

}  // namespace fokker
