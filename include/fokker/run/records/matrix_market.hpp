#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "fokker/output/document.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// The files of `operator`, and what they hold.
struct WrittenOperator {
  std::filesystem::path matrix, volumes, outflow;  ///< outflow: empty where no side absorbs
  Index cells = 0, entries = 0;
  std::vector<std::string> sides;
};

/// The operator of a case at t = 0 as MatrixMarket: `target` holds A of dp/dt = A p [1/t] on the cells, x fastest,
/// TARGET_volumes.mtx the sizes of the cells [x^d], and TARGET_outflow.mtx a row per absorbing side, the rates at which
/// p leaves there [x^d/t], so that volumes^T A + the sum of the outflow rows is 0. Throws CaseError where the operator
/// is no matrix, FileError.
[[nodiscard]] WrittenOperator write_operator(const Setup& setup, const std::filesystem::path& target);
[[nodiscard]] Document document(const WrittenOperator& written);

}  // namespace fokker
