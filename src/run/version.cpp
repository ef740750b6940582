#include "fokker/version.hpp"

#include <fmt/format.h>

#include "fokker/commit.hpp"
#include "fokker/run/verbs.hpp"

namespace fokker {

std::string version_text() {
  return fmt::format("fokker {} ({}, {}), {}\n{}", FOKKER_VERSION, FOKKER_COMMIT, FOKKER_BUILD_TYPE, FOKKER_COMPILER,
                     FOKKER_LIBRARIES);
}

}  // namespace fokker
