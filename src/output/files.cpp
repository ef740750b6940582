#include "fokker/output/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "fokker/base/errors.hpp"

namespace fokker {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view draft_ending = ".tmp";

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw FileError(path.string(), fmt::format("{}: {}", what, std::strerror(errno)));
}

/// Is all of it written?
bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string target_of_draft(std::string name) {
  constexpr std::size_t digits = 16;
  if (!name.ends_with(draft_ending) || name.size() < 1 + digits + draft_ending.size()) return "";
  name.resize(name.size() - draft_ending.size());
  const std::size_t dot = name.size() - digits - 1;
  if (name[dot] != '.' || name.find_first_not_of("0123456789abcdef", dot + 1) != std::string::npos) return "";
  name.resize(dot);
  return name;
}

Draft::Draft(fs::path target) : target_(std::move(target)) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) fail(target_, "cannot draw a name");
  path_ = target_.string() + fmt::format(".{:016x}{}", random, draft_ending);
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file_ < 0) fail(target_, "cannot write");
}

Draft::~Draft() {
  if (file_ >= 0) ::close(file_);
  if (!kept_) ::unlink(path_.c_str());
}

void Draft::write(std::string_view bytes) {
  if (!write_all(file_, bytes)) fail(target_, "cannot write");
}

// The name is durable when the folder is.
void Draft::keep(Durable durable) {
  if (durable == Durable::yes && ::fsync(file_) != 0) fail(target_, "cannot write");
  if (::close(std::exchange(file_, -1)) != 0) fail(target_, "cannot write");
  if (::rename(path_.c_str(), target_.c_str()) != 0) fail(target_, "cannot rename into place");
  kept_ = true;
  if (durable == Durable::no) return;
  const fs::path folder = target_.parent_path();
  const int opened = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) fail(target_, "cannot write");
  const bool synchronised = ::fsync(opened) == 0 || errno == EINVAL;  // some file systems know no such thing
  ::close(opened);
  if (!synchronised) fail(target_, "cannot write");
}

AppendedFile::AppendedFile(fs::path path, Begin begin) : path_(std::move(path)) {
  if (begin == Begin::empty) ::unlink(path_.c_str());
  const int fresh = begin == Begin::empty ? O_CREAT | O_EXCL : 0;
  file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | fresh, 0666);
  if (file_ < 0) fail(path_, "cannot write");
}

AppendedFile::~AppendedFile() { ::close(file_); }

void AppendedFile::append(std::string_view lines) {
  const off_t before = ::lseek(file_, 0, SEEK_END);
  if (write_all(file_, lines)) return;
  const int error = errno;
  static_cast<void>(!::ftruncate(file_, before));
  errno = error;
  fail(path_, "cannot write");
}

std::uint64_t AppendedFile::size() const { return static_cast<std::uint64_t>(::lseek(file_, 0, SEEK_END)); }

void AppendedFile::cut(std::uint64_t bytes) {
  if (size() < bytes)
    throw FileError(path_.string(), fmt::format("has lost lines: {} bytes of {} are left", size(), bytes));
  if (::ftruncate(file_, static_cast<off_t>(bytes)) != 0) fail(path_, "cannot write");
}

void write_atomically(const fs::path& path, std::string_view bytes, Durable durable) {
  Draft draft(path);
  draft.write(bytes);
  draft.keep(durable);
}

}  // namespace fokker
