#include "fokker/io/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "fokker/base/errors.hpp"
#include "fokker/base/stop.hpp"

namespace fokker {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw FileError(fmt::format("{}: {}", path.string(), what));
}
[[noreturn]] void fail_errno(const fs::path& path, const std::string& what) {
  fail(path, fmt::format("{}: {}", what, std::strerror(errno)));
}

// An open file descriptor; closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// Is all of it written?
bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t start = 0;;) {
    const std::size_t comma = line.find(',', start);
    fields.push_back(trimmed(line.substr(start, comma == std::string_view::npos ? comma : comma - start)));
    if (comma == std::string_view::npos) return fields;
    start = comma + 1;
  }
}

std::vector<std::string> header_names(const fs::path& path, std::string_view line) {
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);  // the byte-order mark that spreadsheets write
  std::vector<std::string> names;
  for (std::string_view field : split(line)) {
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
    if (field.empty()) fail(path, fmt::format("line 1: column {} has no name", names.size() + 1));
    names.emplace_back(field);
  }
  return names;
}

}  // namespace

Draft::Draft(fs::path target) : target_(std::move(target)) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) fail_errno(target_, "cannot draw a name");
  path_ = target_.string() + fmt::format(".{:016x}.tmp", random);
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file_ < 0) fail_errno(target_, "cannot write");
}

Draft::~Draft() {
  if (file_ >= 0) ::close(file_);
  if (!kept_) ::unlink(path_.c_str());
}

void Draft::write(std::string_view bytes) {
  if (!write_all(file_, bytes)) fail_errno(target_, "cannot write");
}

void Draft::keep() {
  if (::close(std::exchange(file_, -1)) != 0) fail_errno(target_, "cannot write");
  if (::rename(path_.c_str(), target_.c_str()) != 0) fail_errno(target_, "cannot rename into place");
  kept_ = true;
}

AppendedFile::AppendedFile(fs::path path) : path_(std::move(path)) {
  ::unlink(path_.c_str());
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file_ < 0) fail_errno(path_, "cannot write");
}

AppendedFile::~AppendedFile() { ::close(file_); }

void AppendedFile::append(std::string_view lines) {
  const off_t before = ::lseek(file_, 0, SEEK_END);
  if (write_all(file_, lines)) return;
  const int error = errno;
  static_cast<void>(!::ftruncate(file_, before));
  errno = error;
  fail_errno(path_, "cannot write");
}

void write_atomically(const fs::path& path, std::string_view bytes) {
  Draft draft(path);
  draft.write(bytes);
  draft.keep();
}

std::string read_at_most(const fs::path& path, std::size_t limit) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) fail_errno(path, "cannot read");
  std::string bytes;
  while (bytes.size() < limit) {
    const std::size_t before = bytes.size();
    bytes.resize(before + std::min(limit - before, std::max<std::size_t>(before, 1 << 16)));
    const ssize_t got = ::read(file.number(), bytes.data() + before, bytes.size() - before);
    if (got < 0 && errno != EINTR) fail_errno(path, "cannot read");
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  return bytes;
}

std::string read_file(const fs::path& path, std::size_t limit) {
  std::string bytes = read_at_most(path, limit + 1);
  if (bytes.size() > limit) fail(path, fmt::format("more than {} bytes", limit));
  return bytes;
}

const std::vector<double>* Csv::column(std::string_view name) const {
  for (std::size_t k = 0; k < names.size(); ++k)
    if (names[k] == name) return &columns[k];
  return nullptr;
}

Csv parse_csv(std::string_view bytes, const fs::path& path) {
  Csv csv;
  std::size_t number = 0;
  for (std::size_t start = 0; start < bytes.size();) {
    poll_stop();
    const std::size_t end = std::min(bytes.find('\n', start), bytes.size());
    const std::string_view line = trimmed(bytes.substr(start, end - start));
    start = end + 1;
    ++number;
    if (number == 1) {
      csv.names = header_names(path, line);
      csv.columns.resize(csv.names.size());
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    const std::vector<std::string_view> fields = split(line);
    if (fields.size() != csv.names.size())
      fail(path,
           fmt::format("line {}: {} values, the header names {} columns", number, fields.size(), csv.names.size()));
    for (std::size_t k = 0; k < fields.size(); ++k) {
      double value = 0;
      const std::string_view field = fields[k].starts_with('+') ? fields[k].substr(1) : fields[k];
      const auto [rest, error] = std::from_chars(field.data(), field.data() + field.size(), value);
      if (error != std::errc() || rest != field.data() + field.size())
        fail(path, fmt::format("line {}: column {}: '{}' is not a number", number, csv.names[k], fields[k]));
      csv.columns[k].push_back(value);
    }
    csv.lines.push_back(number);
  }
  if (csv.names.empty()) fail(path, "empty, a header line with column names was expected");
  return csv;
}

}  // namespace fokker
