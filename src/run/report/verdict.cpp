#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "fokker/output/html.hpp"
#include "parts.hpp"

namespace fokker {
namespace {

struct Sentence {
  std::string text;
  bool alarm = false;
};

/// A number of the summary; NaN where it has none.
double number_at(const Json& json, const char* path) {
  const Json::json_pointer where(path);
  return json.contains(where) && json[where].is_number() ? json[where].get<double>() : NAN;
}

std::string text_at(const Json& json, const char* path) {
  const Json::json_pointer where(path);
  return json.contains(where) && json[where].is_string() ? json[where].get<std::string>() : "";
}

Sentence of_checks(const Json& summary) {
  const Json checks = summary.value("checks", Json::array());
  std::size_t hold = 0;
  std::string failing;
  for (const Json& check : checks)
    if (check.value("ok", false))
      ++hold;
    else
      failing += (failing.empty() ? "" : ", ") + check.value("quantity", std::string("?"));
  if (checks.empty()) return {"The case has no checks."};
  if (failing.empty())
    return {checks.size() == 1 ? "Its check holds." : fmt::format("All {} checks hold.", checks.size())};
  return {fmt::format("{} of {} checks hold; short of what was asked: {}.", hold, checks.size(), failing), true};
}

std::string name_of(const std::string& witness) {
  if (witness == "exact") return "The exact density";
  if (witness == "monte_carlo") return "The ensemble of particles";
  if (witness == "spectral") return "The spectral solution";
  if (witness == "twin") return "The companion run";
  return witness;
}

Sentence of_particles(const std::string& name, const Json& row) {
  const std::string word = text_at(row, "/agrees/verdict");
  const char* const meaning = word == "agrees"     ? "agrees: it differs by no more than counting noise"
                              : word == "doubtful" ? "is doubtful: more than counting noise, as it seems"
                                                   : "differs by more than counting noise";
  return {fmt::format("{} {} (p-value {:.2g}).", name_of(name), meaning, number_at(row, "/agrees/p_value")),
          word != "agrees"};
}

Sentence of_witness(const std::string& name, const Json& row) {
  if (row.contains("agrees")) return of_particles(name, row);
  const double l1 = number_at(row, "/l1"), own = number_at(row, "/own_error");
  if (!text_at(row, "/distrust").empty())
    return {fmt::format("{} is not to be trusted here: {}.", name_of(name), text_at(row, "/distrust")), true};
  if (!std::isfinite(l1)) return {fmt::format("{}: its distance is no number.", name_of(name)), true};
  constexpr double much = 0.02;
  return {fmt::format("{} {}: at the end {:.2g} % of the mass lies elsewhere (l1 {:.2e}){}.", name_of(name),
                      l1 > much ? "differs" : "agrees", 50 * l1, l1,
                      std::isfinite(own) ? fmt::format("; its own error is about {:.1g}", own) : ""),
          l1 > much};
}

Sentence of_mass(const Json& summary) {
  const double off = number_at(summary, "/mass/max_error"), final_mass = number_at(summary, "/mass/final");
  if (!std::isfinite(off)) return {fmt::format("The mass is {:.10g}.", final_mass), !std::isfinite(final_mass)};
  const double out = number_at(summary, "/mass/outflow");
  return {fmt::format("The balance of mass is kept to {:.1e}{}.", off,
                      out > 0 ? fmt::format("; {:.4g} has left through absorbing sides", out) : ""),
          off > 1e-9};
}

/// What coarser grids say of p; a run that was asked for them and has none is a cause for alarm.
Sentence of_estimate(const Json& summary) {
  const double within = number_at(summary, "/estimate/uncertainty"), order = number_at(summary, "/estimate/order");
  if (!std::isfinite(within)) return {"How far to believe it is not known: the runs on coarser grids failed.", true};
  const std::string why = text_at(summary, "/estimate/why");
  return {fmt::format("By coarser grids the density is within l1 {:.1e} of the solution in this box{}.", within,
                      why.empty() ? fmt::format(" (order {:.2f})", order) : fmt::format(", without an order: {}", why)),
          !why.empty()};
}

std::vector<Sentence> sentences_of(const Json& summary) {
  std::vector<Sentence> all{of_checks(summary)};
  const Json witnesses = summary.value("compare", Json::object());
  for (const auto& [name, row] : witnesses.items())
    if (row.is_object() && (row.contains("l1") || row.contains("agrees"))) all.push_back(of_witness(name, row));
  if (witnesses.empty()) all.push_back({"No witness was asked: nothing but its own estimates speaks for the density."});
  const Json reverse = summary.value(Json::json_pointer("/reverse/lambda"), Json::array());
  for (const Json& row : reverse)
    all.push_back(
        {fmt::format("The time reversal with lambda = {:.4g} comes back to the initial density within l1 {:.2g}.",
                     number_at(row, "/lambda"), number_at(row, "/l1"))});
  if (const double cost = number_at(summary, "/self_check/flux_l1"); cost > 0)
    all.push_back({fmt::format("By its own estimate the cells cost about l1 {:.1e} at the end.", cost)});
  if (summary.contains("estimate")) all.push_back(of_estimate(summary));
  all.push_back(of_mass(summary));
  const std::size_t warnings = summary.value("warnings", Json::array()).size();
  if (warnings > 0)
    all.push_back(
        {warnings == 1 ? "There is a warning, below." : fmt::format("There are {} warnings, below.", warnings), true});
  return all;
}

}  // namespace

std::string verdict_html(const Json& summary) {
  if (!summary.is_object()) return "";
  std::string lines;
  bool alarm = false;
  for (const Sentence& sentence : sentences_of(summary)) {
    lines += fmt::format("<li{}>{}</li>\n", sentence.alarm ? " class=\"alarm\"" : "", html_text(sentence.text));
    alarm = alarm || sentence.alarm;
  }
  return fmt::format("<div class=\"verdict{}\"><ul>\n{}</ul></div>\n", alarm ? " falls-short" : "", lines);
}

}  // namespace fokker
