// libFuzzer target of the reader of tables: any bytes are columns of one length, or a FileError that names the place;
// what was read reads back to the bit from its own text.
#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "fokker/base/errors.hpp"
#include "fokker/case/csv.hpp"

namespace {

/// The numbers, under names that need no quotes.
std::string text_of(const fokker::Csv& csv) {
  std::string text;
  for (std::size_t k = 0; k < csv.columns.size(); ++k) text += fmt::format("{}c{}", k == 0 ? "" : ",", k);
  text += '\n';
  for (std::size_t row = 0; row < csv.lines.size(); ++row)
    for (std::size_t k = 0; k < csv.columns.size(); ++k)
      text += fmt::format("{:.17g}{}", csv.columns[k][row], k + 1 < csv.columns.size() ? ',' : '\n');
  return text;
}

bool same(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b)); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fokker::Csv csv;
  try {
    csv = fokker::parse_csv(bytes, "fuzz.csv");
  } catch (const fokker::FileError&) {
    return 0;
  }
  if (csv.names.size() != csv.columns.size()) std::abort();
  for (const auto& column : csv.columns)
    if (column.size() != csv.lines.size()) std::abort();
  const fokker::Csv back = fokker::parse_csv(text_of(csv), "back.csv");
  if (back.columns.size() != csv.columns.size() || back.lines.size() != csv.lines.size()) std::abort();
  for (std::size_t k = 0; k < csv.columns.size(); ++k)
    for (std::size_t row = 0; row < csv.lines.size(); ++row)
      if (!same(back.columns[k][row], csv.columns[k][row])) std::abort();
  return 0;
}
