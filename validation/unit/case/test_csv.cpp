// Tables of numbers are refused by line and column.
#include <doctest/doctest.h>

#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/case/csv.hpp"

using namespace fokker;

namespace {

std::string fault(const char* text) {
  try {
    static_cast<void>(parse_csv(text, "t.csv"));
  } catch (const FileError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a table of numbers reads by column") {
  const Csv csv = parse_csv("\xEF\xBB\xBFx, \"p\" ,t\r\n1,+2.5,-3e-7\r\n\r\n# a remark\n4,inf, 5", "t.csv");
  CHECK(csv.names == std::vector<std::string>{"x", "p", "t"});
  CHECK(*csv.column("x") == std::vector<double>{1, 4});
  CHECK((*csv.column("p"))[0] == 2.5);
  CHECK(std::isinf((*csv.column("p"))[1]));
  CHECK(*csv.column("t") == std::vector<double>{-3e-7, 5});
  CHECK(csv.column("q") == nullptr);
  CHECK(csv.lines == std::vector<std::size_t>{2, 5});
}

TEST_CASE("a table that is none is refused by line and column") {
  CHECK(fault("x,p\n1,2\n1,2,3\n") == "t.csv: line 3: 3 values, the header names 2 columns");
  CHECK(fault("x,p\n1,two\n") == "t.csv: line 2: column p: 'two' is not a number");
  CHECK(fault("x,p\n1,2.5.6\n") == "t.csv: line 2: column p: '2.5.6' is not a number");
  CHECK(fault("x,,p\n") == "t.csv: line 1: column 2 has no name");
  CHECK(fault("") == "t.csv: empty, a header line with column names was expected");
}
