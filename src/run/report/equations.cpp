#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/mathml.hpp"
#include "fokker/model/formula_sde.hpp"
#include "fokker/output/html.hpp"
#include "parts.hpp"

namespace fokker {
namespace {

std::string sign(std::string_view text) { return fmt::format("<mo>{}</mo>", text); }
std::string differential(const std::string& of) {
  return "<mspace width=\"0.15em\"/><mi mathvariant=\"normal\">d</mi>" + of;
}
std::string letter(std::string_view text) { return fmt::format("<mi>{}</mi>", text); }
std::string with_index(std::string_view text, const std::string& index) {
  return fmt::format("<msub><mi>{}</mi><mrow>{}</mrow></msub>", text, index);
}
std::string block(const std::string& parts) {
  return fmt::format("<div class=\"equation\"><math display=\"block\"><mrow>{}</mrow></math></div>\n", parts);
}
std::string partial(const std::string& above, const std::string& below) {
  return fmt::format("<mfrac><mrow><mo>&#8706;</mo>{}</mrow><mrow><mo>&#8706;</mo>{}</mrow></mfrac>", above, below);
}
std::string fenced(const std::string& parts) { return "<mrow>" + sign("(") + parts + sign(")") + "</mrow>"; }

std::string factor(const Expression& e) { return e.is_constant() ? mathml_of(e) : fenced(mathml_of(e)); }

std::string reading(Interpretation interpretation) {
  switch (interpretation) {
    case Interpretation::ito:
      return "Ito";
    case Interpretation::stratonovich:
      return "Stratonovich";
    case Interpretation::klimontovich:
      return "Klimontovich";
  }
  return {};
}

class Equations {
 public:
  explicit Equations(const Case& config) : config_(config), given_(config.sde), sde_(config.sde) {
    for (const Axis& axis : config.axes) names_.push_back(mathml_of_name(axis.name));
  }

  std::string html() {
    std::string text = "<p>" + intro() + "</p>\n";
    for (std::size_t i = 0; i < names_.size(); ++i) text += block(line_of_sde(i));
    if (given_.noise_covariance.size() > 0)
      text += "<p>where per unit of time W has the covariance</p>\n" + covariance();
    text += "<p>Its density solves</p>\n" + block(equation_of_p());
    text += is_ito() && !given_.potential ? "<p>with f in front of dt and</p>\n" : "<p>with the Ito drift and</p>\n";
    const std::vector<Expression>& f = sde_.ito_drift();
    if (!is_ito() || given_.potential)
      for (std::size_t i = 0; i < names_.size(); ++i)
        text += block(with_index("f", names_[i]) + sign("=") + mathml_of(f[i]));
    for (std::size_t i = 0; i < names_.size(); ++i)
      for (std::size_t k = i; k < names_.size(); ++k)
        text += block(with_index("D", names_[i] + names_[k]) + sign("=") + mathml_of(diffusion(i, k)));
    return text;
  }

 private:
  [[nodiscard]] bool is_ito() const { return given_.interpretation == Interpretation::ito; }

  [[nodiscard]] std::string intro() const {
    if (given_.potential)
      return fmt::format(
          "A particle in the potential <math><mrow><mi>U</mi><mo>=</mo>{}</mrow></math> at the "
          "temperature <math><mrow><mi>T</mi><mo>=</mo>{}</mrow></math> ({}) moves by",
          mathml_of(*given_.potential), mathml_of(*given_.temperature), reading(given_.interpretation));
    return fmt::format("The stochastic differential equation ({})", reading(given_.interpretation));
  }

  [[nodiscard]] std::string line_of_sde(std::size_t i) const {
    const char* const product = is_ito()                                                ? "&#8290;"
                                : given_.interpretation == Interpretation::stratonovich ? "&#8728;"
                                                                                        : "&#8226;";
    std::string text = differential(names_[i]) + sign("=");
    if (given_.potential) {
      return text + sign("&#8722;") + partial(letter("U"), names_[i]) + differential(letter("t")) + sign("+") +
             "<msqrt><mn>2</mn><mi>T</mi></msqrt>" + sign(product) + differential(with_index("W", names_[i]));
    }
    text += fenced(mathml_of(given_.drift[i])) + differential(letter("t"));
    if (given_.noise.empty())
      return text + sign("+") + "<msub><mrow><mo>(</mo><msqrt><mn>2</mn><mi>D</mi></msqrt><mo>)</mo></mrow>" +
             "<mrow>" + names_[i] + "</mrow></msub>" + sign(product) + differential(letter("W"));
    for (std::size_t k = 0; k < given_.noise[i].size(); ++k)
      if (const Expression& G = given_.noise[i][k]; !G.is_zero())
        text += sign("+") + (G == Expression(1) ? "" : factor(G)) + sign(product) +
                differential(with_index("W", fmt::format("<mn>{}</mn>", k + 1)));
    return text;
  }

  [[nodiscard]] std::string covariance() const {
    std::string rows;
    for (const auto& row : given_.noise_covariance.rowwise()) {
      rows += "<mtr>";
      for (const double value : row) rows += "<mtd>" + mathml_of_number(value) + "</mtd>";
      rows += "</mtr>";
    }
    return block(letter("Q") + sign("=") + fenced("<mtable>" + rows + "</mtable>"));
  }

  /// D_ik = (1/2) (G Q G^T)_ik, as given, or the temperature.
  [[nodiscard]] Expression diffusion(std::size_t i, std::size_t k) const {
    if (given_.potential) return i == k ? *given_.temperature : Expression(0.0);
    if (given_.noise.empty()) return given_.diffusion[i][k];
    Expression sum;
    const std::size_t sources = given_.noise[i].size();
    for (std::size_t a = 0; a < sources; ++a)
      for (std::size_t b = 0; b < sources; ++b) {
        const double Q = given_.noise_covariance.size() > 0
                             ? given_.noise_covariance(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b))
                         : a == b ? 1
                                  : 0;
        if (Q != 0) sum = sum + 0.5 * Q * given_.noise[i][a] * given_.noise[k][b];
      }
    return sum;
  }

  [[nodiscard]] std::string equation_of_p() const {
    const std::string change =
        partial(letter("p"), letter("t")) + sign("=") + sign("&#8722;") + sign("&#8711;") + sign("&#183;");
    if (config_.scheme.form == "effective_drift")
      return change + fenced(letter("F") + letter("p")) + sign(",") + "<mspace width=\"1em\"/>" + letter("F") +
             sign("=") + letter("f") + sign("&#8722;") + sign("&#8711;") + sign("&#183;") + letter("D") +
             sign("&#8722;") + letter("D") + sign("&#8711;") + letter("log") + sign("&#8289;") + letter("p");
    return change + fenced(letter("f") + letter("p") + sign("&#8722;") + sign("&#8711;") + sign("&#183;") +
                           fenced(letter("D") + letter("p")));
  }

  const Case& config_;
  const SdeFormulas& given_;
  FormulaSde sde_;
  std::vector<std::string> names_;
};

std::string parameters_html(const Case& config) {
  if (config.parameters.empty()) return "";
  std::string text;
  for (const auto& [name, value] : config.parameters)
    text += fmt::format("{}<math><mrow>{}<mo>=</mo>{}</mrow></math>", text.empty() ? "" : ", ", mathml_of_name(name),
                        mathml_of_number(value));
  return "<p>Parameters: " + text + ".</p>\n";
}

std::string axes_html(const Case& config) {
  DocumentTable table{.columns = {"axis", "from", "to", "cells", "lower side", "upper side"}};
  for (const Axis& axis : config.axes) {
    const std::string said[] = {axis.label.empty() ? axis.title_with_unit() : axis.name + ": " + axis.title_with_unit(),
                                fmt::format("{:.6g}", axis.lower),
                                fmt::format("{:.6g}", axis.upper),
                                std::to_string(axis.cells),
                                to_string(axis.at_lower),
                                to_string(axis.at_upper)};
    table.rows.emplace_back();
    for (std::size_t k = 0; k < table.columns.size(); ++k)
      table.rows.back().cells.push_back({.label = table.columns[k], .text = said[k]});
  }
  return html_of(DocumentSection{.table = std::move(table)});
}

}  // namespace

std::string equations_html(const Case& config) {
  std::string formulas;
  try {
    formulas = Equations(config).html();
  } catch (const std::length_error&) {
    formulas = "<p>The formulas are too long to be set here; they stand in the case below.</p>\n";
  }
  return "<h2>The equation</h2>\n" + formulas + parameters_html(config) + axes_html(config);
}

}  // namespace fokker
