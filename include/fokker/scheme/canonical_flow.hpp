#pragma once
#include <memory>

#include "fokker/model/formula_sde.hpp"
#include "fokker/operator/canonical_flow.hpp"

namespace fokker {

/// The formulas of a case as canonical Langevin dynamics on its grid.
struct CanonicalCase {
  std::unique_ptr<CanonicalFlow> flow;
  Canonical view;  ///< of it, or why there is none
};
[[nodiscard]] CanonicalCase make_canonical_flow(std::shared_ptr<const Grid> grid, const FormulaSde& sde);

}  // namespace fokker
