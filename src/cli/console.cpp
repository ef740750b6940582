#include "fokker/cli/console.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "fokker/base/errors.hpp"
#include "fokker/base/printable.hpp"
#include "fokker/cli/verbs.hpp"

namespace fokker {
namespace {

/// Green and red for the words that close the line of a check.
std::string painted(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const auto paint = [&](std::string_view word, const char* colour) {
      if (!line.ends_with(word) || line.size() < word.size() + 2 || line[line.size() - word.size() - 1] != ' ')
        return false;
      out += fmt::format("{}{}{}\033[0m", line.substr(0, line.size() - word.size()), colour, word);
      return true;
    };
    if (!paint("ok", "\033[32m") && !paint("FAILS", "\033[31m")) out += line;
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Is all of it written?
bool write_all(int stream, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(stream, text.data(), text.size());
    if (written < 0 && errno == EAGAIN) {  // whoever reads it has made it not to wait
      pollfd ready{stream, POLLOUT, 0};
      static_cast<void>(::poll(&ready, 1, -1));
    } else if (written < 0 && errno != EINTR) {
      return false;
    }
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

void say(std::string_view text) {
  const std::string shown = printable(text);
  if (!write_all(STDOUT_FILENO, ::isatty(STDOUT_FILENO) != 0 ? painted(shown) : shown))
    throw FileError(fmt::format("standard output: cannot write: {}", std::strerror(errno)));
}

void say(const Document& found, const Command& command) {
  if (command.json)
    say(json_text(json_of(found)));
  else if (!command.quiet)
    say(text_of(found));
}

void complain(std::string_view text) { static_cast<void>(write_all(STDERR_FILENO, printable(text))); }

std::function<void(std::string_view)> progress_of(const Command& command) {
  if (command.quiet || command.progress == "never") return {};
  if (command.progress != "always" && !stderr_draws()) return {};
  return draw_progress;
}

void tell_note(const std::string& note) { complain(fmt::format("note: {}\n", note)); }

void draw_progress(std::string_view bar) {
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("\r\033[K{}", bar)));
}

void draw_on_stderr(std::string_view text) { static_cast<void>(write_all(STDERR_FILENO, text)); }

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) != 0; }

bool stderr_draws() {
  const char* const kind = std::getenv("TERM");
  return stderr_is_terminal() && kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
}

void prepare_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF) static_cast<void>(::open("/dev/null", O_RDWR));  // the lowest
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace fokker
