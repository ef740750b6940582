#include "fokker/version.hpp"

#include <fmt/format.h>

#include "fokker/cli/verbs.hpp"
#include "fokker/commit.hpp"
#include "fokker/spectral/fourier.hpp"

namespace fokker {

std::string version_text() {
  const std::string fourier = fourier_library();
  return fmt::format("fokker {} ({}, {}), {}\n{}, {}", FOKKER_VERSION, FOKKER_COMMIT, FOKKER_BUILD_TYPE,
                     FOKKER_COMPILER, FOKKER_LIBRARIES, fourier.empty() ? "no FFTW (no spectral witness)" : fourier);
}

}  // namespace fokker
