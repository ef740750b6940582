// Scratch files hold what they are given, have no name, and say what is wrong with their folder.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/base/scratch_file.hpp"

using namespace fokker;
namespace fs = std::filesystem;

TEST_CASE("a scratch file reads back what was appended and shows up nowhere") {
  const fs::path folder = fs::temp_directory_path() / ("fokker_test_scratch_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  {
    ScratchFile file(folder);
    CHECK(fs::is_empty(folder));
    file.append(std::vector<double>{1, 2, 3});
    file.append(std::vector<double>{4, 5});
    std::vector<double> values(3);
    file.read(1, values);
    CHECK(values == std::vector<double>{2, 3, 4});
    CHECK_THROWS_AS(file.read(3, values), FileError);
  }
  CHECK(fs::is_empty(folder));
  fs::remove(folder);
}

TEST_CASE("a folder for temporary files that is none is named") {
  const char* const before = std::getenv("TMPDIR");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("TMPDIR", "/nonexistent", 1);
  CHECK_THROWS_WITH_AS(ScratchFile(std::nullopt),
                       "TMPDIR is /nonexistent, which is no folder; a run needs one for its snapshots", FileError);
  before != nullptr ? ::setenv("TMPDIR", kept.c_str(), 1) : ::unsetenv("TMPDIR");
  CHECK_THROWS_WITH_AS(ScratchFile("/proc"), "cannot make a scratch file in /proc: No such file or directory",
                       FileError);
}
