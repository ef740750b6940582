#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fokker/output/document.hpp"

namespace fokker {

/// Kinds of names that a case may use: "fluxes", "steppers", ...
[[nodiscard]] std::vector<std::string> catalogue_topics();
/// What this build has of one kind, from its tables: a document per name. Empty for an unknown kind.
[[nodiscard]] std::vector<Document> catalogue(std::string_view topic);
/// The names alone, each by itself.
[[nodiscard]] std::vector<std::string> catalogue_names(std::string_view topic);

}  // namespace fokker
