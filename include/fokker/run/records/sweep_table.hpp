#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "fokker/output/json_text.hpp"

namespace fokker {

inline constexpr const char* sweep_table_name = "sweep.csv";

/// The table that a sweep leaves, as its sweep.csv has it.
struct SweepTable {
  struct Member {
    std::size_t number = 0;
    std::vector<std::string> values;      ///< one for each key
    std::string status;                   ///< waiting | running | stopped | done | short (of a check) | failed
    std::vector<std::string> quantities;  ///< "" where the member has none
    std::string seconds, host, message;
    [[nodiscard]] bool finished() const { return status == "done" || status == "short"; }
  };
  std::filesystem::path folder;
  std::vector<std::string> keys, quantities;
  std::vector<Member> members;
  bool outdated = false;  ///< members have moved on since it was written
  /// The run folder of a member.
  [[nodiscard]] std::filesystem::path folder_of(const Member& member) const;
};

/// The name of a member's run folder.
[[nodiscard]] std::string member_name(std::size_t member);

/// Does a sweep run in this folder?
[[nodiscard]] bool is_sweep_folder(const std::filesystem::path& folder);
/// Throws UsageError where no table has been written yet, FileError where it is none.
[[nodiscard]] SweepTable read_sweep_table(const std::filesystem::path& folder);
/// The summary of the first finished member; null where there is none.
[[nodiscard]] Json first_summary(const SweepTable& table);
/// "64 members: 62 done, 2 failed".
[[nodiscard]] std::string counts_text(const SweepTable& table);
/// At most so many members, evenly from the first to the last.
[[nodiscard]] SweepTable thinned(const SweepTable& table, std::size_t most);

/// A number as a cell of the table has it; NaN for anything else.
[[nodiscard]] double number_of(const std::string& cell);

/// A key whose values differ between members.
struct SweptAxis {
  std::size_t key = 0;              ///< of SweepTable::keys
  std::vector<std::string> values;  ///< each once; ascending where they are numbers, else as the members have them
  std::vector<double> numbers;      ///< those values; empty where one of them is no number
  std::vector<std::size_t> at;      ///< of each member, which of the values
  bool log = false;                 ///< they are positive, and more evenly spaced in the logarithm
};
/// In the order of the keys. A key that rises or falls with an earlier one, as in a zip, is left out.
[[nodiscard]] std::vector<SweptAxis> swept_axes(const SweepTable& table);
/// Is every combination of their values one member?
[[nodiscard]] bool is_product(const SweepTable& table, const std::vector<SweptAxis>& axes);

}  // namespace fokker
