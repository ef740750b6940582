// Stands in for fourier.cpp in a build without FFTW.
#include <stdexcept>

#include "fokker/spectral/fourier.hpp"

namespace fokker {

std::string fourier_library() { return ""; }

struct FourierTransform::Plans {};

FourierTransform::FourierTransform(Index nx, Index ny) : nx_(nx), ny_(ny) {
  throw std::logic_error("this build has no FFTW (it was configured with -DFOKKER_FFTW=OFF)");
}
FourierTransform::~FourierTransform() = default;
void FourierTransform::forward(const double* /*values*/, Complex* /*modes*/) const {}
void FourierTransform::backward(Complex* /*modes*/, double* /*values*/) const {}

}  // namespace fokker
