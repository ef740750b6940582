// What the hardware allows on W1 (rotating Ornstein-Uhlenbeck, tools/bench_cases/w1.toml): kernels written by hand for
// this one problem, without its generality, its promises or its looking after itself. Prints one JSON object per line:
// method, grid, l1 to the closed form, seconds (the least of several runs; set-up is not counted).
//
//     bench_limit [--threads N] [--repeat N]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "fokker/base/large_array.hpp"
#include "fokker/base/parallel.hpp"

namespace fokker {
namespace {

constexpr double theta = 1, omega = 2, D = 0.5, reach = 5, variance = 0.1, start = 1.5;
constexpr Index lanes = 16;

/// Averages over the cells of an isotropic Gaussian, at time t.
LargeArray closed_form(Index n, double t) {
  const double h = 2 * reach / static_cast<double>(n), decay = std::exp(-theta * t);
  const double deviation = std::sqrt(variance * decay * decay + D / theta * (1 - decay * decay));
  const double mean[] = {start * decay * std::cos(omega * t), start * decay * std::sin(omega * t)};
  std::vector<double> along[2];
  for (const int axis : {0, 1})
    for (Index i = 0; i < n; ++i) {
      const double low = -reach + h * static_cast<double>(i) - mean[axis], scale = 1 / (deviation * std::sqrt(2.0));
      along[axis].push_back((std::erf((low + h) * scale) - std::erf(low * scale)) / (2 * h));
    }
  LargeArray p(static_cast<std::size_t>(n * n));
  for (Index k = 0; k < n * n; ++k) p[k] = along[0][k % n] * along[1][k / n];
  return p;
}

// ------------------------------------------------------------------------------------- Peaceman and Rachford

/// (I - g A)^-1 along lines of n cells, 16 side by side: y_i = inverse_i b_i + lower_i y_(i-1), x_i = y_i + upper_i
/// x_(i+1).
struct Lines {
  LargeArray inverse, lower, upper;  // [panel][cell][lane]

  /// velocity(line, face): along the lines, at the face above cell `face`.
  template <class Velocity>
  Lines(Index n, double g, const Velocity& velocity) {
    const double h = 2 * reach / static_cast<double>(n), rate = D / (h * h);
    const auto bernoulli = [](double z) { return std::abs(z) < 1e-8 ? 1 - z / 2 : z / std::expm1(z); };
    for (auto* each : {&inverse, &lower, &upper}) each->resize(n * n);
    for (Index line = 0; line < n; ++line) {
      double up_before = 0, down_before = 0, upper_before = 0;
      for (Index i = 0; i < n; ++i) {
        const double peclet = velocity(line, i) * h / D;
        const double up = i + 1 < n ? g * rate * bernoulli(-peclet) : 0,
                     down = i + 1 < n ? g * rate * bernoulli(peclet) : 0;
        const std::size_t at = (line / lanes * n + i) * lanes + line % lanes;
        inverse[at] = 1 / (1 + up + down_before - up_before * upper_before);
        lower[at] = up_before * inverse[at];
        upper[at] = upper_before = down * inverse[at];
        up_before = up, down_before = down;
      }
    }
  }

  /// x = (I - g A)^-1 b for one panel.
  void solve(Index panel, Index n, const double* b, double* x) const {
    const double *in = inverse.data() + panel * n * lanes, *lo = lower.data() + panel * n * lanes,
                 *up = upper.data() + panel * n * lanes;
    double carry[lanes] = {};
    for (Index i = 0; i < n; ++i)
#pragma omp simd
      for (Index k = 0; k < lanes; ++k)
        x[i * lanes + k] = carry[k] = in[i * lanes + k] * b[i * lanes + k] + lo[i * lanes + k] * carry[k];
    std::fill_n(carry, lanes, 0.0);
    for (Index i = n - 1; i >= 0; --i)
#pragma omp simd
      for (Index k = 0; k < lanes; ++k) x[i * lanes + k] = carry[k] = x[i * lanes + k] + up[i * lanes + k] * carry[k];
  }
};

using Eight [[gnu::vector_size(64)]] = double;
using Which [[gnu::vector_size(64)]] = long long;

/// to[c][r] = from[r][c] for 8 x 8: three rounds of exchanges between rows 1, 2 and 4 apart.
void transpose(const double* from, Index from_stride, double* to, Index to_stride) {
  Eight a[8], b[8];
  for (int r = 0; r < 8; ++r) std::memcpy(&a[r], from + r * from_stride, sizeof(Eight));
  for (int r = 0; r < 8; r += 2) {
    b[r] = __builtin_shuffle(a[r], a[r + 1], Which{0, 8, 2, 10, 4, 12, 6, 14});
    b[r + 1] = __builtin_shuffle(a[r], a[r + 1], Which{1, 9, 3, 11, 5, 13, 7, 15});
  }
  for (const int r : {0, 1, 4, 5}) {
    a[r] = __builtin_shuffle(b[r], b[r + 2], Which{0, 1, 8, 9, 4, 5, 12, 13});
    a[r + 2] = __builtin_shuffle(b[r], b[r + 2], Which{2, 3, 10, 11, 6, 7, 14, 15});
  }
  for (int r = 0; r < 4; ++r) {
    b[r] = __builtin_shuffle(a[r], a[r + 4], Which{0, 1, 2, 3, 8, 9, 10, 11});
    b[r + 4] = __builtin_shuffle(a[r], a[r + 4], Which{4, 5, 6, 7, 12, 13, 14, 15});
  }
  for (int r = 0; r < 8; ++r) std::memcpy(to + r * to_stride, &b[r], sizeof(Eight));
}

/// 40 steps to t = 1. The explicit half along y is 2 p - m of the step before, m the right side that p was solved from.
class Alternating {
 public:
  explicit Alternating(Index n)
      : n_(n),
        along_x_(n, g, [&](Index row, Index i) { return -theta * face(i) - omega * centre(row); }),
        along_y_(n, g, [&](Index column, Index j) { return omega * centre(column) - theta * face(j); }),
        middle_(static_cast<std::size_t>(n * n)),
        right_(static_cast<std::size_t>(n * n)) {}

  void solve(LargeArray& p) {
    explicit_half(p);
    for (int step = 0; step < steps; ++step) {
      sweep_x();
      sweep_y(p);
    }
  }

 private:
  static constexpr int steps = 40;
  static constexpr double g = 0.5 / steps;
  [[nodiscard]] double face(Index i) const {
    return -reach + 2 * reach / static_cast<double>(n_) * static_cast<double>(i + 1);
  }
  [[nodiscard]] double centre(Index i) const { return face(i) - reach / static_cast<double>(n_); }

  /// right = (I + g A_y) p = p + (d - 1) p - ..., from what is left of the factors: once, so it need not be fast.
  void explicit_half(const LargeArray& p) {
    const double h = 2 * reach / static_cast<double>(n_), rate = g * D / (h * h);
    const auto bernoulli = [](double z) { return std::abs(z) < 1e-8 ? 1 - z / 2 : z / std::expm1(z); };
    std::copy(p.begin(), p.end(), right_.begin());
    for (Index j = 0; j + 1 < n_; ++j)
      for (Index i = 0; i < n_; ++i) {
        const double peclet = (omega * centre(i) - theta * face(j)) * h / D;
        const double flux = rate * (bernoulli(-peclet) * p[j * n_ + i] - bernoulli(peclet) * p[(j + 1) * n_ + i]);
        right_[j * n_ + i] -= flux, right_[(j + 1) * n_ + i] += flux;
      }
  }

  /// middle, in panels of columns, = (2 (I - g A_x)^-1 - I) right
  void sweep_x() {
    parallel_for(0, n_ / lanes, std::max<Index>(1, n_ / lanes / thread_count()), [&](Index first, Index last) {
      std::vector<double>&b = buffer(0), &x = buffer(1);
      for (Index panel = first; panel < last; ++panel) {
        for (Index r = 0; r < lanes; r += 8)
          for (Index c = 0; c < n_; c += 8)
            transpose(right_.data() + (panel * lanes + r) * n_ + c, n_, b.data() + c * lanes + r, lanes);
        along_x_.solve(panel, n_, b.data(), x.data());
        for (Index k = 0; k < n_ * lanes; ++k) x[k] = 2 * x[k] - b[k];
        for (Index r = 0; r < lanes; r += 8)
          for (Index c = 0; c < n_; c += 8)
            transpose(x.data() + c * lanes + r, lanes,
                      middle_.data() + (c / lanes * n_ + panel * lanes + r) * lanes + c % lanes, lanes);
      }
    });
  }

  /// p = (I - g A_y)^-1 middle, right = 2 p - middle
  void sweep_y(LargeArray& p) {
    parallel_for(0, n_ / lanes, std::max<Index>(1, n_ / lanes / thread_count()), [&](Index first, Index last) {
      std::vector<double>& x = buffer(1);
      for (Index panel = first; panel < last; ++panel) {
        const double* m = middle_.data() + panel * n_ * lanes;
        along_y_.solve(panel, n_, m, x.data());
        for (Index j = 0; j < n_; ++j)
#pragma omp simd
          for (Index k = 0; k < lanes; ++k) {
            p[j * n_ + panel * lanes + k] = x[j * lanes + k];
            right_[j * n_ + panel * lanes + k] = 2 * x[j * lanes + k] - m[j * lanes + k];
          }
      }
    });
  }

  std::vector<double>& buffer(int which) const {
    thread_local std::vector<double> buffers[2];
    buffers[which].resize(static_cast<std::size_t>(n_ * lanes));
    return buffers[which];
  }

  Index n_;
  Lines along_x_, along_y_;
  LargeArray middle_, right_;
};

// ------------------------------------------------------------------------------ fourth order, Chebyshev series

/// exp(A) p as a Chebyshev series on [-w, 0], A with fourth-order face averages (-1, 7, 7, -1)/12, differences
/// (1, -15, 15, -1)/12h and the transverse term of a drift that is linear. Two rings of empty cells stand for the
/// walls.
class Fourth {
 public:
  Fourth(Index n, int products) : n_(n), stride_((n + 4 + 7) / 8 * 8), h_(2 * reach / static_cast<double>(n)) {
    const double w = 2 * D / (h_ * h_) * 16 / 3 + 2 * 1.38 * reach * (theta + omega) / h_;
    scale_ = 2 / w;
    coefficients(w / 2, products);
    for (auto* each : {&before_, &now_, &sum_}) each->resize(static_cast<std::size_t>(stride_ * (n + 4)));
  }

  void solve(LargeArray& p) {
    for (auto* each : {&before_, &now_, &sum_}) std::fill(each->begin(), each->end(), 0.0);
    for (Index j = 0; j < n_; ++j)
      for (Index i = 0; i < n_; ++i) now_[at(i, j)] = p[j * n_ + i];
    for (std::size_t k = 0; k < now_.size(); ++k) sum_[k] = series_[0] * now_[k];
    for (std::size_t k = 1; k < series_.size(); ++k) {
      advance(k == 1 ? 1 : 2, k == 1 ? 0 : 1, series_[k]);
      std::swap(before_, now_);
    }
    for (Index j = 0; j < n_; ++j)
      for (Index i = 0; i < n_; ++i) p[j * n_ + i] = sum_[at(i, j)];
  }

 private:
  [[nodiscard]] std::size_t at(Index i, Index j) const { return (j + 2) * stride_ + i + 2; }

  /// exp(-tau) I_k(tau) by Miller's recurrence, doubled but for k = 0.
  void coefficients(double tau, int products) {
    const int most = static_cast<int>(20 * std::sqrt(tau) + 60);
    std::vector<double> I(most + 2, 0.0);
    I[most] = 1e-300;
    double sum = 0;
    for (int k = most; k > 0; --k) {
      I[k - 1] = I[k + 1] + 2 * k / tau * I[k];
      sum += 2 * I[k];
      if (I[k - 1] > 1e200) {
        for (double& v : I) v *= 1e-250;
        sum *= 1e-250;
      }
    }
    sum += I[0];
    for (int k = 0; k <= products; ++k) series_.push_back((k > 0 ? 2 : 1) * I[k] / sum);
  }

  /// before = factor (1 + scale A) now - rest before, and sum += weight before
  void advance(double factor, double rest, double weight) {
    const Index rows = std::max<Index>(8, n_ / (2 * thread_count()));
    parallel_for(0, n_, rows, [&](Index first, Index last) { rows_of(first, last, factor, rest, weight); });
  }

  void rows_of(Index first, Index last, double factor, double rest, double weight) {
    constexpr double mean = 1.0 / 12;
    const double slope = D / (12 * h_), turn = omega * h_ / 24, per = factor * scale_ / h_;
    thread_local std::vector<double> storage;
    storage.assign(static_cast<std::size_t>(6 * stride_), 0.0);
    double* sx[3] = {storage.data(), storage.data() + stride_, storage.data() + 2 * stride_};
    double *sy = storage.data() + 3 * stride_, *low = storage.data() + 4 * stride_,
           *high = storage.data() + 5 * stride_;
    const auto row = [&](Index j) { return now_.data() + at(0, j); };
    // Averages over the faces below the cells of row j, slot i + 1: the face to the left of cell i.
    const auto average = [&](Index j, double* s) {
      const double* q = row(j);
#pragma omp simd
      for (Index i = 1; i < n_; ++i) s[i + 1] = mean * (7 * (q[i - 1] + q[i]) - (q[i - 2] + q[i + 1]));
    };
    const auto upward = [&](Index j, double* flux) {  // through the face between rows j - 1 and j
      if (j == 0 || j == n_) return std::fill(flux, flux + stride_, 0.0);
      const double *a = row(j - 2), *b = row(j - 1), *c = row(j), *d = row(j + 1);
      const double drift = -theta * (-reach + h_ * static_cast<double>(j)), x0 = -reach + h_ / 2;
#pragma omp simd
      for (Index i = 0; i < n_; ++i) sy[i + 1] = mean * (7 * (b[i] + c[i]) - (a[i] + d[i]));
#pragma omp simd
      for (Index i = 0; i < n_; ++i) {
        const double v = omega * (x0 + h_ * static_cast<double>(static_cast<int>(i))) + drift;
        flux[i] = v * sy[i + 1] + turn * (sy[i + 2] - sy[i]) - slope * ((a[i] - d[i]) + 15 * (c[i] - b[i]));
      }
    };
    for (Index j = first - 1; j <= first; ++j) average(j, sx[(j + 3) % 3]);
    upward(first, low);
    for (Index j = first; j < last; ++j) {
      average(j + 1, sx[(j + 4) % 3]);
      upward(j + 1, high);
      const double *q = row(j), *below = sx[(j + 2) % 3], *here = sx[j % 3], *above = sx[(j + 4) % 3];
      double *out = before_.data() + at(0, j), *sum = sum_.data() + at(0, j), *flux = sy;
      const double drift = -omega * (-reach + h_ * (static_cast<double>(j) + 0.5));
      flux[0] = flux[n_] = 0;
#pragma omp simd
      for (Index i = 1; i < n_; ++i) {
        const double v = drift - theta * (-reach + h_ * static_cast<double>(static_cast<int>(i)));
        flux[i] = v * here[i + 1] - turn * (above[i + 1] - below[i + 1]) -
                  slope * ((q[i - 2] - q[i + 1]) + 15 * (q[i] - q[i - 1]));
      }
#pragma omp simd
      for (Index i = 0; i < n_; ++i) {
        const double next = factor * q[i] - rest * out[i] - per * ((flux[i + 1] - flux[i]) + (high[i] - low[i]));
        out[i] = next;
        sum[i] += weight * next;
      }
      sy[0] = sy[n_ + 1] = 0;
      std::swap(low, high);
    }
  }

  Index n_, stride_;
  double h_, scale_ = 0;
  std::vector<double> series_;
  LargeArray before_, now_, sum_;
};

void measure(const char* method, Index n, int repeat, const std::function<void(LargeArray&)>& solve) {
  const LargeArray first = closed_form(n, 0), exact = closed_form(n, 1);
  const double h = 2 * reach / static_cast<double>(n);
  double least = 1e300, l1 = 0;
  for (int k = 0; k < repeat; ++k) {
    LargeArray p = first;
    const auto begin = std::chrono::steady_clock::now();
    solve(p);
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    l1 = 0;
    for (std::size_t i = 0; i < p.size(); ++i) l1 += std::abs(p[i] - exact[i]) * h * h;
  }
  std::printf(
      "{\"work\": \"W1\", \"by\": \"limit\", \"method\": \"%s\", \"grid\": %d, \"l1\": %.4g, \"seconds\": %.5g}\n",
      method, static_cast<int>(n), l1, least);
}

int option(int argc, char** argv, const char* name, int otherwise) {
  for (int k = 1; k + 1 < argc; ++k)
    if (std::string(argv[k]) == name) return std::atoi(argv[k + 1]);
  return otherwise;
}

void measure_all(int repeat) {
  Alternating alternating(256);
  measure("by hand: Peaceman and Rachford, 40 steps", 256, repeat, [&](LargeArray& p) { alternating.solve(p); });
  // So few products that the error in space (6.9e-5, 1.4e-6) is most of what is left.
  for (const auto& [n, products] : {std::pair<Index, int>{96, 170}, {256, 400}}) {
    Fourth fourth(n, products);
    measure(("by hand: fourth order, " + std::to_string(products) + " products").c_str(), n, repeat,
            [&](LargeArray& p) { fourth.solve(p); });
  }
}

}  // namespace
}  // namespace fokker

int main(int argc, char** argv) {
  const fokker::ThreadLimit limit(fokker::option(argc, argv, "--threads", 0));
  fokker::measure_all(fokker::option(argc, argv, "--repeat", 20));
}
