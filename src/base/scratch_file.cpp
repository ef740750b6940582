#include "fokker/base/scratch_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "fokker/base/errors.hpp"

namespace fokker {
namespace {

std::filesystem::path temporary_folder() {
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(failed);
  if (!failed) return folder;
  const char* const named = std::getenv("TMPDIR");
  throw FileError(fmt::format("TMPDIR is {}, which is no folder; a run needs one for its snapshots",
                              named != nullptr ? named : "not set"));
}

/// A file without a name where the file system knows such, else one whose name is taken away at once.
int open_unnamed(const std::filesystem::path& folder) {
  const int unnamed = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (unnamed >= 0) return unnamed;
  std::string name = (folder / "fokker_XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

}  // namespace

ScratchFile::ScratchFile(const std::optional<std::filesystem::path>& folder)
    : folder_(folder ? *folder : temporary_folder()), file_(open_unnamed(folder_)) {
  if (file_ < 0) fail("make", std::strerror(errno));
}

ScratchFile::~ScratchFile() { ::close(file_); }

void ScratchFile::append(std::span<const double> values) {
  const char* from = reinterpret_cast<const char*>(values.data());
  for (std::size_t left = values.size_bytes(); left > 0;) {
    const ssize_t written = ::pwrite(file_, from, left, static_cast<off_t>(bytes_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("write", std::strerror(errno));
    from += written;
    bytes_ += static_cast<std::size_t>(written);
    left -= static_cast<std::size_t>(written);
  }
}

void ScratchFile::read(std::size_t first, std::span<double> values) const {
  char* to = reinterpret_cast<char*>(values.data());
  auto at = static_cast<off_t>(first * sizeof(double));
  for (std::size_t left = values.size_bytes(); left > 0;) {
    const ssize_t got = ::pread(file_, to, left, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("read", got == 0 ? "it ends too early" : std::strerror(errno));
    to += got;
    at += got;
    left -= static_cast<std::size_t>(got);
  }
}

void ScratchFile::fail(const char* what, const std::string& why) const {
  throw FileError(fmt::format("cannot {} a scratch file in {}: {}", what, folder_.string(), why));
}

}  // namespace fokker
