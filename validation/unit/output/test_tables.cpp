// Freezes the bytes of frames for numpy and of tables: whatever reads them must find cell (i, j) where it was.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "fokker/output/tables.hpp"

using namespace fokker;

TEST_CASE("an array for numpy has its header on 64 bytes and its cells in C order") {
  const Grid line({{"x", 0, 3, 3}}), plane({{"x", 0, 2, 2}, {"y", 0, 3, 3}});
  const std::vector<double> three{1, 2.5, -3}, six{0, 1, 10, 11, 20, 21};  // i + 10 j
  const std::string flat = npy_bytes(line, three), deep = npy_bytes(plane, six);
  CHECK(flat.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  const auto length = [](const std::string& bytes) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[8])) +
           256 * static_cast<std::size_t>(static_cast<unsigned char>(bytes[9]));
  };
  CHECK((10 + length(flat)) % 64 == 0);
  CHECK(flat[9 + length(flat)] == '\n');
  CHECK(flat.find("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }") == 10);
  CHECK(deep.find("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }") == 10);
  std::vector<double> values(6);
  REQUIRE(deep.size() == 10 + length(deep) + 48);
  std::memcpy(values.data(), deep.data() + 10 + length(deep), 48);
  CHECK(values == std::vector<double>{0, 10, 20, 1, 11, 21});
}

TEST_CASE("a table has the cell centres and reads back to the bit") {
  const Grid plane({{"x", 0, 2, 2}, {"y", 0, 1, 2}});
  CHECK(csv_text(plane, std::vector<double>{0.1, 1e-320, -3, 1. / 3}) ==
        "x,y,p\n0.5,0.25,0.1\n1.5,0.25,1e-320\n0.5,0.75,-3\n1.5,0.75,0.3333333333333333\n");
  CHECK(csv_text(Grid({{"v", 0, 2, 2}}), std::vector<double>{1, 2}) == "v,p\n0.5,1\n1.5,2\n");
}
