// Formulas as MathML, by what stands where.
#include <doctest/doctest.h>

#include "fokker/base/mathml.hpp"
#include "formulas.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

std::string shown(const std::string& text) { return mathml_of(parse(text)); }
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("quotients are fractions and powers stand above") {
  CHECK(shown("x/y") == "<mrow><mfrac><mrow><mi>x</mi></mrow><mrow><mi>y</mi></mrow></mfrac></mrow>");
  CHECK(shown("x^3") == "<mrow><msup><mrow><mi>x</mi></mrow><mrow><mn>3</mn></mrow></msup></mrow>");
  CHECK(has(shown("sqrt(x)"), "<msqrt><mi>x</mi></msqrt>"));
  CHECK(has(shown("(x + y)^2"), "<msup><mrow><mrow><mo>(</mo>"));
  CHECK(has(shown("1 - x"), "<mn>1</mn><mo>&#8722;</mo><mi>x</mi>"));
  CHECK(has(shown("exp(-x)"), "<msup><mi>e</mi><mrow><mo>&#8722;</mo><mi>x</mi></mrow></msup>"));
  CHECK(has(shown("sin(x)"), "<mi>sin</mi><mo>&#8289;</mo>"));
}

TEST_CASE("a product never reads as another number") {
  CHECK(has(shown("2*3^x"), "<mn>2</mn><mo>&#183;</mo>"));
  CHECK(has(shown("2*x"), "<mn>2</mn><mo>&#8290;</mo><mi>x</mi>"));
  CHECK(has(shown("x*(1 + y)"), "<mo>(</mo>"));
}

TEST_CASE("names of Greek letters are letters and signs of markup are escaped") {
  CHECK(mathml_of_name("theta") == "<mi>&#952;</mi>");
  CHECK(mathml_of_name("Omega") == "<mi>&#937;</mi>");
  CHECK(mathml_of_name("sigma_x") == "<msub><mi>&#963;</mi><mi>x</mi></msub>");
  CHECK(mathml_of_name("psi") == "<mi>&#968;</mi>");
  CHECK(mathml_of_name("sigmas") == "<mi>sigmas</mi>");
  CHECK(has(shown("if(x < y, 1, 2)"), "<mo>&lt;</mo>"));
  CHECK(mathml_of_number(-2.5e-7) ==
        "<mrow><mo>&#8722;</mo><mn>2.5</mn><mo>&#215;</mo><msup><mn>10</mn><mrow><mo>&#8722;</mo><mn>7</mn></mrow>"
        "</msup></mrow>");
}
