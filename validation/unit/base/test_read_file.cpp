#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"

using namespace fokker;
namespace fs = std::filesystem;

TEST_CASE("reading is bounded") {
  const fs::path file = fs::temp_directory_path() / ("fokker_test_read_file_" + std::to_string(getpid()));
  std::ofstream(file, std::ios::binary) << std::string(1000, 'x');
  CHECK(read_file(file, 1000).size() == 1000);
  CHECK_THROWS_WITH_AS(static_cast<void>(read_file(file, 999)), (file.string() + ": more than 999 bytes").c_str(),
                       FileError);
  CHECK(read_at_most(file, 10) == "xxxxxxxxxx");
  fs::remove(file);
  CHECK_THROWS_AS(static_cast<void>(read_file(file)), FileError);
  CHECK_THROWS_AS(static_cast<void>(read_file(file.parent_path())), FileError);
  CHECK(read_at_most("/dev/zero", 10).size() == 10);
}
