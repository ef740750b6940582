#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fokker/run/sweep.hpp"

struct sqlite3;

namespace fokker {

/// sweep.sqlite: what was asked, and every member's state; every change is on the disk when it has been made. Locked
/// against another sweep for as long as it lives.
class SweepStore {
 public:
  /// Opens or creates it. Throws FileError, UsageError where another process has it.
  explicit SweepStore(const std::filesystem::path& file);
  ~SweepStore();
  SweepStore(const SweepStore&) = delete;
  SweepStore& operator=(const SweepStore&) = delete;

  /// What the sweep was when it began; "" before.
  [[nodiscard]] std::string identity() const;
  /// Begins anew, with all members waiting. `parameters`: a JSON object for each.
  void begin(const std::string& identity, const std::vector<std::string>& parameters);
  [[nodiscard]] std::vector<MemberState> members() const;
  void put(std::size_t number, const MemberState& state);

 private:
  void execute(const char* sql) const;
  class Statement;

  std::filesystem::path file_;
  int lock_ = -1;
  sqlite3* base_ = nullptr;
};

}  // namespace fokker
