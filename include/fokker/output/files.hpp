#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace fokker {

/// Whether a file must be on the disk, and not only on its way there, when it has been put in place.
enum class Durable { no, yes };

/// A file in the making: under a name beside its own that nobody can guess, created by us and nobody else (links are
/// not followed), and put in place whole or not at all.
class Draft {
 public:
  /// Throws FileError.
  explicit Draft(std::filesystem::path target);
  /// Takes away what was not kept.
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Throws FileError.
  void write(std::string_view bytes);
  /// Renames it to its target. Throws FileError.
  void keep(Durable durable = Durable::no);

 private:
  std::filesystem::path target_, path_;
  int file_ = -1;
  bool kept_ = false;
};

/// The name that a file in the making will have, by the name it has; empty where that is none of a Draft.
[[nodiscard]] std::string target_of_draft(std::string name);

/// A file that grows by whole lines: a kill at any moment leaves it readable.
class AppendedFile {
 public:
  enum class Begin {
    empty,  ///< in place of what was there
    behind  ///< what is there
  };
  /// Throws FileError.
  explicit AppendedFile(std::filesystem::path path, Begin begin = Begin::empty);
  ~AppendedFile();
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  /// All of `lines` or, with a FileError, none of them.
  void append(std::string_view lines);
  [[nodiscard]] std::uint64_t size() const;
  /// Leaves so many bytes of it. Throws FileError, also where there are fewer.
  void cut(std::uint64_t size);

 private:
  std::filesystem::path path_;
  int file_ = -1;
};

/// Writes via a temporary file in the same folder and rename, so that a kill leaves the old file or the new one.
/// Throws FileError.
void write_atomically(const std::filesystem::path& path, std::string_view bytes, Durable durable = Durable::no);

}  // namespace fokker
