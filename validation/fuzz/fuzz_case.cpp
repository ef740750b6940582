// libFuzzer target of the case reader: any bytes give a case or a CaseError, in bounded time and memory. The first line
// may be an override (`--set` and a blank before it). An accepted case must survive resolved.toml and back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fokker/io/case.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fokker::Vocabulary words{{"scharfetter_gummel", "upwind"},
                                 {"rk4", "tr_bdf2"},
                                 {"tr_bdf2"},
                                 {"upwind"},
                                 {"minmod"},
                                 {"js"},
                                 {{"euler_maruyama"}, {"probability_flow", true, true}}};
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> overrides;
  if (constexpr std::string_view mark = "--set "; text.starts_with(mark)) {
    const std::size_t end = text.find('\n');
    overrides.emplace_back(text.substr(mark.size(), end == std::string_view::npos ? end : end - mark.size()));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  fokker::Case c;
  try {
    c = fokker::parse_case(text, "fuzz.toml", "/nonexistent", overrides, words);
  } catch (const fokker::CaseError&) {
    return 0;
  }
  const std::string resolved = fokker::resolved_toml(c);
  const fokker::Case back = fokker::parse_case(resolved, "fuzz.toml", "/nonexistent", {}, words);
  if (fokker::resolved_toml(back) != resolved) std::abort();
  return 0;
}
