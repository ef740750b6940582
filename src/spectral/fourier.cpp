#include "fokker/spectral/fourier.hpp"

#include <fftw3.h>

#include <stdexcept>
#include <vector>

namespace fokker {

std::string fourier_library() {
  const std::string version = fftw_version;  // "fftw-3.3.10-sse2-avx-..."
  const std::size_t first = version.find('-') + 1;
  return "FFTW " + version.substr(first, version.find('-', first) - first);
}

namespace {

fftw_complex* raw(Complex* modes) { return reinterpret_cast<fftw_complex*>(modes); }

/// A plan made for aligned columns would misread others.
void check_alignment(const double* values, Complex* modes) {
  if (fftw_alignment_of(const_cast<double*>(values)) != 0 || fftw_alignment_of(reinterpret_cast<double*>(modes)) != 0)
    throw std::logic_error("FourierTransform: a column does not begin on 16 bytes");
}

}  // namespace

struct FourierTransform::Plans {
  Plans(Index nx, Index ny) {
    std::vector<double> values(nx * ny);
    std::vector<Complex> modes((nx / 2 + 1) * ny);
    const int sizes[] = {static_cast<int>(ny), static_cast<int>(nx)}, rank = ny > 1 ? 2 : 1;  // slowest first
    const int* first = sizes + 2 - rank;
    forward = fftw_plan_dft_r2c(rank, first, values.data(), raw(modes.data()), FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
    backward = fftw_plan_dft_c2r(rank, first, raw(modes.data()), values.data(), FFTW_ESTIMATE);
    if (forward == nullptr || backward == nullptr) throw std::logic_error("FourierTransform: FFTW made no plan");
  }
  ~Plans() {
    fftw_destroy_plan(forward);
    fftw_destroy_plan(backward);
  }
  Plans(const Plans&) = delete;
  fftw_plan forward = nullptr, backward = nullptr;
};

FourierTransform::FourierTransform(Index nx, Index ny) : nx_(nx), ny_(ny), plans_(std::make_unique<Plans>(nx, ny)) {}
FourierTransform::~FourierTransform() = default;

void FourierTransform::forward(const double* values, Complex* modes) const {
  check_alignment(values, modes);
  fftw_execute_dft_r2c(plans_->forward, const_cast<double*>(values), raw(modes));  // the plan preserves its input
  const double scale = 1 / static_cast<double>(points());
  for (Index m = 0; m < this->modes(); ++m) modes[m] *= scale;
}

void FourierTransform::backward(Complex* modes, double* values) const {
  check_alignment(values, modes);
  fftw_execute_dft_c2r(plans_->backward, raw(modes), values);
}

}  // namespace fokker
