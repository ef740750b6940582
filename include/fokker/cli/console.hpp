#pragma once
#include <string>
#include <string_view>

/// What the program says: the one door for each stream. Text is escaped here (base/printable.hpp), and nowhere else.
namespace fokker {

/// Prints to stdout, at once. On a terminal the word that ends the line of a check, `ok` or `FAILS`, is green or red.
/// Throws FileError when it cannot be written (a full disk, a closed pipe).
void say(std::string_view text);

/// Prints to stderr; what cannot be printed there is lost.
void complain(std::string_view text);

/// Replaces the bar of progress on stderr by another one; an empty one takes it away.
void draw_progress(std::string_view bar);
/// "note: ..." on stderr.
void tell_note(const std::string& note);

[[nodiscard]] bool stderr_is_terminal();
/// Is it one whose cursor can be moved?
[[nodiscard]] bool stderr_draws();
/// Lines and escapes for a terminal, as they are.
void draw_on_stderr(std::string_view text);

/// To be called first. Opens /dev/null in place of standard streams that are closed: the next file to be opened would
/// take their place, and what is printed would end up in it. A pipe that nobody reads and a file that grows too large
/// are errors of a write from now on, no signals that end the program.
void prepare_streams();

}  // namespace fokker
