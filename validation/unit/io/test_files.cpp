// Files are whole or untouched, and tables of numbers are refused by line and column.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "fokker/base/errors.hpp"
#include "fokker/io/files.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

// A folder of its own for one test, gone afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("fokker_test_files_" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

std::string fault(const fs::path& path) {
  try {
    static_cast<void>(parse_csv(read_file(path), path));
  } catch (const FileError& error) {
    return std::string(error.what()).substr(path.string().size());
  }
  return "";
}

}  // namespace

TEST_CASE("a written file reads back and leaves nothing beside it") {
  const Folder folder;
  const std::string bytes("a\0b\n\r\n", 6);
  write_atomically(folder.path / "f", "old and longer than the new one");
  write_atomically(folder.path / "f", bytes);
  CHECK(read_file(folder.path / "f") == bytes);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("a failed write says why and leaves the old file") {
  const Folder folder;
  fs::create_directory(folder.path / "taken");
  write_atomically(folder.path / "taken" / "inside", "x");
  CHECK_THROWS_AS(write_atomically(folder.path / "taken", "new"), FileError);
  CHECK(read_file(folder.path / "taken" / "inside") == "x");
  CHECK_THROWS_AS(write_atomically(folder.path / "no" / "such" / "folder", "new"), FileError);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("a draft follows no link and an unfinished one is taken away") {
  const Folder folder;
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
  const Folder folder;
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

TEST_CASE("reading is bounded") {
  const Folder folder;
  write_atomically(folder.path / "f", std::string(1000, 'x'));
  CHECK(read_file(folder.path / "f", 1000).size() == 1000);
  CHECK_THROWS_WITH_AS(static_cast<void>(read_file(folder.path / "f", 999)),
                       ((folder.path / "f").string() + ": more than 999 bytes").c_str(), FileError);
  CHECK(read_at_most(folder.path / "f", 10) == "xxxxxxxxxx");
  CHECK(read_at_most("/dev/zero", 10).size() == 10);
  CHECK_THROWS_AS(static_cast<void>(read_file(folder.path / "none")), FileError);
  CHECK_THROWS_AS(static_cast<void>(read_file(folder.path)), FileError);
}

TEST_CASE("a table of numbers reads by column") {
  const Folder folder;
  const fs::path file = folder.path / "t.csv";
  write_atomically(file, "\xEF\xBB\xBFx, \"p\" ,t\r\n1,+2.5,-3e-7\r\n\r\n# a remark\n4,inf, 5");
  const Csv csv = parse_csv(read_file(file), file);
  CHECK(csv.names == std::vector<std::string>{"x", "p", "t"});
  CHECK(*csv.column("x") == std::vector<double>{1, 4});
  CHECK((*csv.column("p"))[0] == 2.5);
  CHECK(std::isinf((*csv.column("p"))[1]));
  CHECK(*csv.column("t") == std::vector<double>{-3e-7, 5});
  CHECK(csv.column("q") == nullptr);
  CHECK(csv.lines == std::vector<std::size_t>{2, 5});
}

TEST_CASE("a table that is none is refused by line and column") {
  const Folder folder;
  const fs::path file = folder.path / "t.csv";
  write_atomically(file, "x,p\n1,2\n1,2,3\n");
  CHECK(fault(file) == ": line 3: 3 values, the header names 2 columns");
  write_atomically(file, "x,p\n1,two\n");
  CHECK(fault(file) == ": line 2: column p: 'two' is not a number");
  write_atomically(file, "x,p\n1,2.5.6\n");
  CHECK(fault(file) == ": line 2: column p: '2.5.6' is not a number");
  write_atomically(file, "x,,p\n");
  CHECK(fault(file) == ": line 1: column 2 has no name");
  write_atomically(file, "");
  CHECK(fault(file) == ": empty, a header line with column names was expected");
}
