// Files are whole or untouched.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "../scratch.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/files.hpp"

using namespace fokker;
namespace fs = std::filesystem;

TEST_CASE("a written file reads back and leaves nothing beside it") {
  const Scratch folder;
  const std::string bytes("a\0b\n\r\n", 6);
  write_atomically(folder.path / "f", "old and longer than the new one");
  write_atomically(folder.path / "f", bytes);
  CHECK(read_file(folder.path / "f") == bytes);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("a failed write says why and leaves the old file") {
  const Scratch folder;
  fs::create_directory(folder.path / "taken");
  write_atomically(folder.path / "taken" / "inside", "x");
  CHECK_THROWS_AS(write_atomically(folder.path / "taken", "new"), FileError);
  CHECK(read_file(folder.path / "taken" / "inside") == "x");
  CHECK_THROWS_AS(write_atomically(folder.path / "no" / "such" / "folder", "new"), FileError);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("a draft follows no link and an unfinished one is taken away") {
  const Scratch folder;
  write_atomically(folder.path / "target", "mine");
  fs::create_symlink(folder.path / "target", folder.path / "link");
  write_atomically(folder.path / "link", "new");  // the link is replaced, not what it points at
  CHECK(read_file(folder.path / "target") == "mine");
  CHECK_FALSE(fs::is_symlink(folder.path / "link"));
  {
    Draft draft(folder.path / "f");
    draft.write("half of it");
    CHECK(draft.path() != Draft(folder.path / "f").path());
  }
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 2);
}

TEST_CASE("an appended file holds whole lines whenever it is read; one that does not fit is taken back") {
  const Scratch folder;
  write_atomically(folder.path / "target", "mine");
  fs::create_symlink(folder.path / "target", folder.path / "f");
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  {
    AppendedFile file(folder.path / "f");
    file.append("a,b\n");
    CHECK(read_file(folder.path / "f") == "a,b\n");
    file.append("1,2\n3,4\n");
    const rlimit small{16, before.rlim_max};
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    CHECK_THROWS_AS(file.append("5,6\n7,8\n"), FileError);
    CHECK_THROWS_AS(write_atomically(folder.path / "g", std::string(17, 'x')), FileError);
    ::setrlimit(RLIMIT_FSIZE, &before);
  }
  CHECK(read_file(folder.path / "f") == "a,b\n1,2\n3,4\n");
  CHECK(read_file(folder.path / "target") == "mine");
  CHECK_FALSE(fs::exists(folder.path / "g"));
}
