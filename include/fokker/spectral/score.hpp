#pragma once
#include <array>
#include <span>
#include <vector>

#include "fokker/model/score.hpp"
#include "fokker/spectral/spectral_grid.hpp"

namespace fokker {

/// The score of the run's own density by Fourier derivatives: grad p / p with p and grad p evaluated between the cells
/// by a half-cell shift in Fourier space; on a box that is periodic on every axis, and where p stays above the mask
/// everywhere, grad log p from the modes of log p instead. Ends that are not periodic are mirrored, so that mass at a
/// wall is no jump (a slope there still costs accuracy: the image has a kink).
///
/// A double carries p in Fourier space to about 1e-15 of its largest value, so the quotient is believed only where
/// p > 1e-11 max p (the mask). Beyond it the cells themselves, which hold relative accuracy far into the tails, give
/// differences of log p (second order); where a cell is not positive, 0. Both are counted.
class SpectralScore : public ScoreSource {
 public:
  /// Throws std::logic_error in a build without FFTW.
  explicit SpectralScore(const std::shared_ptr<const Grid>& grid);

  [[nodiscard]] int dimension() const override { return torus_.grid().dimension(); }
  [[nodiscard]] bool follows_p() const override { return true; }
  /// Throws std::invalid_argument when p does not hold one value per cell.
  void prepare(double t, std::span<const double> p) override;
  /// At centres of cells and of faces (to 1e-6 of a cell; the points of a scheme), looked up. Any other point is a
  /// std::invalid_argument.
  void score(const PointsIn& x, PointsOut s) const override;

  /// Where values stand: the centres of the cells, or those of the upper faces of the cells along an axis.
  enum class Nodes { faces_x, faces_y, cells };
  /// Component `i` of s at `nodes`, one value per cell [1/x]. Of the last `prepare`.
  [[nodiscard]] std::span<const double> values(Nodes nodes, int i) const;
  /// 1 where p is above the mask, 0 where s was continued; one entry per cell.
  [[nodiscard]] std::span<const unsigned char> mask(Nodes nodes) const;
  /// Faces (upper, of every cell and along every axis) beyond the mask in the last `prepare`, and those among them
  /// without a score because a cell was not positive.
  [[nodiscard]] Index continued() const { return continued_; }
  [[nodiscard]] Index without_score() const { return without_score_; }

  static constexpr double mask_limit = 1e-11;  ///< of the largest p

 private:
  struct Table {
    std::array<std::vector<double>, 2> s;
    std::vector<unsigned char> valid;
  };
  void evaluate(const Complex* modes, Nodes nodes, int derivative, std::vector<double>& out);
  void fill(Nodes nodes, const Complex* modes, bool of_log, double most);
  void continue_beyond_mask(Nodes nodes, std::span<const double> p);
  [[nodiscard]] double log_difference(std::span<const double> p, Index i, Index j, Nodes nodes, int axis) const;

  SpectralGrid torus_;
  std::array<Table, 3> tables_;
  std::vector<double> log_p_, values_, torus_values_;
  std::vector<Complex> modes_, work_;
  Index continued_ = 0, without_score_ = 0;
};

}  // namespace fokker
