#include "fokker/base/read_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fokker/base/errors.hpp"

namespace fokker {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail_errno(const fs::path& path) {
  throw FileError(path.string(), fmt::format("cannot read: {}", std::strerror(errno)));
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

}  // namespace

std::string read_at_most(const fs::path& path, std::size_t limit) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) fail_errno(path);
  std::string bytes;
  while (bytes.size() < limit) {
    const std::size_t before = bytes.size();
    bytes.resize(before + std::min(limit - before, std::max<std::size_t>(before, 1 << 16)));
    const ssize_t got = ::read(file.number(), bytes.data() + before, bytes.size() - before);
    if (got < 0 && errno != EINTR) fail_errno(path);
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  return bytes;
}

std::string read_file(const fs::path& path, std::size_t limit) {
  std::string bytes = read_at_most(path, limit + 1);
  if (bytes.size() > limit) throw FileError(path.string(), fmt::format("more than {} bytes", limit));
  return bytes;
}

}  // namespace fokker
