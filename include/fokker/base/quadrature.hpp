#pragma once
#include <array>
#include <cstddef>

/// Quadrature rules on [-1, 1]; weights sum to 2. Nodes ascending.
namespace fokker {

/// Of Gauss-Legendre rules, the nodes that are not negative, ascending, and their weights.
template <std::size_t n>
inline constexpr std::array<double, (n + 1) / 2> gauss_nodes;
template <std::size_t n>
inline constexpr std::array<double, (n + 1) / 2> gauss_weights;
template <>
inline constexpr std::array<double, 2> gauss_nodes<4>{0.33998104358485626, 0.86113631159405258};
template <>
inline constexpr std::array<double, 2> gauss_weights<4>{0.65214515486254614, 0.34785484513745386};
template <>
inline constexpr std::array<double, 3> gauss_nodes<5>{0, 0.53846931010568311, 0.90617984593866396};
template <>
inline constexpr std::array<double, 3> gauss_weights<5>{0.56888888888888889, 0.47862867049936647, 0.23692688505618911};
template <>
inline constexpr std::array<double, 3> gauss_nodes<6>{0.23861918608319693, 0.66120938646626459, 0.93246951420315205};
template <>
inline constexpr std::array<double, 3> gauss_weights<6>{0.46791393457269104, 0.36076157304813855, 0.17132449237917025};
template <>
inline constexpr std::array<double, 4> gauss_nodes<8>{0.18343464249564980, 0.52553240991632899, 0.79666647741362674,
                                                      0.96028985649753623};
template <>
inline constexpr std::array<double, 4> gauss_weights<8>{0.36268378337836198, 0.31370664587788729, 0.22238103445337447,
                                                        0.10122853629037626};
template <>
inline constexpr std::array<double, 5> gauss_nodes<10>{0.14887433898163122, 0.43339539412924721, 0.67940956829902444,
                                                       0.86506336668898454, 0.97390652851717174};
template <>
inline constexpr std::array<double, 5> gauss_weights<10>{0.29552422471475287, 0.26926671930999635, 0.21908636251598204,
                                                         0.14945134915058059, 0.066671344308688138};

/// Gauss-Legendre: exact for polynomials of degree 2n - 1. Mirrored nodes and weights have the same bits.
template <std::size_t n>
struct GaussRule {
 private:
  static constexpr std::array<double, n> mirrored(const std::array<double, (n + 1) / 2>& upper, double sign) {
    std::array<double, n> all{};
    for (std::size_t k = 0; k < upper.size(); ++k) {
      all[upper.size() - 1 - k] = sign * upper[k];
      all[n / 2 + k] = upper[k];
    }
    return all;
  }

 public:
  static constexpr std::array<double, n> node = mirrored(gauss_nodes<n>, -1), weight = mirrored(gauss_weights<n>, 1);
};

/// Gauss 7 inside Kronrod 15 (degrees 13 and 23): two orders from one set of points. `gauss` is 0 on the points that
/// Kronrod added. Piessens et al., QUADPACK (1983).
struct KronrodRule15 {
  static constexpr std::array<double, 15> node{
      -0.99145537112081264, -0.94910791234275852, -0.86486442335976907, -0.74153118559939444,
      -0.58608723546769113, -0.40584515137739717, -0.20778495500789847, 0.0,
      0.20778495500789847,  0.40584515137739717,  0.58608723546769113,  0.74153118559939444,
      0.86486442335976907,  0.94910791234275852,  0.99145537112081264};
  static constexpr std::array<double, 15> weight{
      0.022935322010529225, 0.063092092629978553, 0.10479001032225018, 0.14065325971552592,  0.16900472663926790,
      0.19035057806478541,  0.20443294007529889,  0.20948214108472783, 0.20443294007529889,  0.19035057806478541,
      0.16900472663926790,  0.14065325971552592,  0.10479001032225018, 0.063092092629978553, 0.022935322010529225};
  static constexpr std::array<double, 15> gauss{0, 0.12948496616886969, 0, 0.27970539148927664, 0, 0.38183005050511894,
                                                0, 0.41795918367346939, 0, 0.38183005050511894, 0, 0.27970539148927664,
                                                0, 0.12948496616886969, 0};
};

}  // namespace fokker
