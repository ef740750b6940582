#pragma once
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// What can go wrong, sorted by who has to act. `main` maps each class to the exit code of the contract.
namespace fokker {

/// One thing wrong with a case: `where` is `file:line:column` (or `--set` for an override), `key` the dotted key,
/// `text` what was found, what is allowed and the nearest valid name.
struct Problem {
  std::string where;
  std::string key;
  std::string text;
  [[nodiscard]] std::string message() const { return where + ": " + (key.empty() ? "" : key + ": ") + text; }
};

/// A case that cannot run; carries every problem found (exit code 2).
class CaseError : public std::runtime_error {
 public:
  explicit CaseError(std::vector<Problem> problems) : runtime_error(join(problems)), problems_(std::move(problems)) {}
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  static std::string join(const std::vector<Problem>& problems) {
    std::string all;
    for (const Problem& problem : problems) {
      if (!all.empty()) all += '\n';
      all += problem.message();
    }
    return all;
  }
  std::vector<Problem> problems_;
};

/// A command line that makes no sense (exit code 2).
class UsageError : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// A file that cannot be read or written (exit code 3).
class FileError : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
  FileError(const std::string& path, const std::string& what) : runtime_error(path + ": " + what) {}
};

/// Non-finite values, negative ones where p >= 0 was promised, or a step that shrank to nothing (exit code 4).
/// `index` is the unknown on which it appeared (-1: none in particular); `run` adds the cell's coordinates.
class NumericalError : public std::runtime_error {
 public:
  NumericalError(const std::string& text, double t, std::ptrdiff_t index = -1)
      : runtime_error(text), t_(t), index_(index) {}
  [[nodiscard]] double time() const { return t_; }
  [[nodiscard]] std::ptrdiff_t index() const { return index_; }

 private:
  double t_;
  std::ptrdiff_t index_;
};

}  // namespace fokker
