// A case from a stranger: small files that ask for unbounded memory, time or stack get an error, and get it quickly.
#include <doctest/doctest.h>

#include <chrono>

#include "case_support.hpp"

using namespace case_support;

namespace {

std::string repeated(const std::string& piece, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += piece;
  return out;
}

// The answer, which must come within seconds (sanitizers included; milliseconds are usual).
std::string answer(const std::string& text) {
  const auto start = std::chrono::steady_clock::now();
  std::string message = refusal(text);
  CHECK(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < 20);
  CHECK(message.size() < 1'000'000);
  return message;
}

std::string defined(const std::string& formula) { return with("slope = \"x^3 - x\"", "slope = \"" + formula + "\""); }

bool holds(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

}  // namespace

TEST_CASE("a file beyond 1 MiB is refused unread") {
  CHECK(answer(good() + "#" + std::string(1 << 20, ' ')) == "c.toml:1:1: more than 1048576 bytes (1 MiB)");
}

TEST_CASE("nesting without end is refused") {
  CHECK(holds(answer("a = " + std::string(500'000, '[')), "nested value depth"));
  CHECK(holds(answer("a = " + repeated("{a=", 300'000)), "nested value depth"));
  CHECK(answer(repeated("a.", 300'000) + "a = 1") == "c.toml:1:1: a key of more than 16 parts");
  CHECK(answer("\n[" + repeated("a.", 300'000) + "a]") == "c.toml:2:1: a key of more than 16 parts");
  CHECK(answer(repeated("\"a\" . ", 100'000) + "a = 1") == "c.toml:1:1: a key of more than 16 parts");
}

TEST_CASE("dots in strings and comments are not keys") {
  CHECK(answer(with("title = \"Two axes\"", "title = \"" + repeated(".", 100) + "\" # " + repeated(".", 100))) == "");
  CHECK(answer(with("title = \"Two axes\"", "title = '''" + repeated("it's. ", 100) + "'''")) == "");
}

TEST_CASE("a grid that no memory holds is refused with its size") {
  CHECK(answer(with("cells = 64", "cells = 1_000_000_000")) ==
        "c.toml:2:1: axis: a grid of 32000000000 cells (256 GB per field), at most 67108864");
  CHECK(answer(with("cells = 64", "cells = 9223372036854775807")) ==
        "c.toml:2:1: axis: a grid of 2.95147905179353e+20 cells (2.36e+06 PB per field), at most 67108864");
}

TEST_CASE("formulas without end are refused") {
  CHECK(holds(answer(defined(std::string(8'000, '(') + "x" + std::string(8'000, ')'))), "nested deeper"));
  CHECK(holds(answer(defined(std::string(20'000, '(') + "x" + std::string(20'000, ')'))), "16384 bytes"));
  CHECK(holds(answer(defined("sin()")), "c.toml:21:"));
  CHECK(holds(answer(defined("10^(10^10)")), "not a finite number"));
  CHECK(holds(answer(defined("1e999999999*x")), "c.toml:21:"));
}

TEST_CASE("definitions that double stay bounded") {
  std::string text = "slope = \"d59\"\nd0 = \"x + 1\"\n";
  for (int i = 1; i < 60; ++i)
    text += "d" + std::to_string(i) + " = \"sin(d" + std::to_string(i - 1) + ") + x*d" + std::to_string(i - 1) + "\"\n";
  static_cast<void>(answer(with("slope = \"x^3 - x\"", text)));  // shared sub-formulas: accepting it is cheap too

  std::string sum = "sin(x)";
  for (int i = 2; i < 1000; ++i) sum += " + sin(" + std::to_string(i) + "*x)";
  text = "slope = \"d39\"\nd0 = \"" + sum + "\"\n";
  for (int i = 1; i < 40; ++i) text += "d" + std::to_string(i) + " = \"" + sum + "\"\n";
  CHECK(holds(answer(with("slope = \"x^3 - x\"", text)), "the formulas of this case are too large together"));
}

TEST_CASE("lists without end are refused") {
  CHECK(holds(answer(with("frames = 4", "times = [" + repeated("1,", 100'001) + "]")), "100001 output times, at most"));
  CHECK(holds(answer(good() + repeated("[[check]]\n", 1'000)), "1002 checks, at most 1000"));
  CHECK(holds(answer(good() + repeated("[[axis]]\n", 1'000)), "1002 axes, must be one or two"));
  CHECK(holds(answer(with("noise = [[\"s\", 0]", "noise = [[" + repeated("1,", 65) + "]")), "must have 65"));
  std::string names;
  for (int i = 0; i < 300; ++i) names += "p" + std::to_string(i) + " = 1\n";
  CHECK(holds(answer(with("a = 1.5\n", "a = 1.5\n" + names)), "302 names, at most 256"));
  CHECK(holds(answer(with("gaussian = { mean = [-1.0, 0.0], covariance = [[0.05, 0.01], [0.01, 0.05]] }",
                          "mixture = [" + repeated("{},", 10'001) + "]")),
              "10001 components, must be 1 to 10000"));
}

TEST_CASE("thousands of problems are counted and not all printed") {
  std::string keys;
  for (int i = 0; i < 50'000; ++i) keys += "key" + std::to_string(i) + " = 1\n";
  CHECK(holds(answer(with("[output]\n", keys + "[output]\n")), "c.toml: and 49800 more problems"));
  CHECK(holds(answer(with("frames = 4", "times = [" + repeated("\"wrong\",", 50'000) + "]")), "output.times.0"));
}

TEST_CASE("bytes that are no text are refused") {
  CHECK(holds(answer(std::string("\0\0\0", 3)), "not valid TOML"));
  CHECK(holds(answer("\xff\xfe"), "not valid TOML"));
  CHECK(holds(answer("title = \"\xC3\x28\""), "not valid TOML"));
  CHECK(holds(answer(""), "axis: missing"));
}
