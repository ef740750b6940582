#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>

namespace fokker {

/// A file for numbers that do not fit into memory. It has no name: nobody can guess, link or find it, and it is gone
/// with the process however that ends.
class ScratchFile {
 public:
  /// In `folder`, or where TMPDIR says (else /tmp). Throws FileError.
  explicit ScratchFile(const std::optional<std::filesystem::path>& folder);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  /// Behind what is there. Throws FileError.
  void append(std::span<const double> values);
  /// From the value number `first` on. Throws FileError, also when there are not that many.
  void read(std::size_t first, std::span<double> values) const;

 private:
  [[noreturn]] void fail(const char* what, const std::string& why) const;

  std::filesystem::path folder_;
  int file_ = -1;
  std::size_t bytes_ = 0;
};

}  // namespace fokker
