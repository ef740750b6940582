#include "view_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/printable.hpp"
#include "fokker/output/files.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/page_files.hpp"
#include "fokker/run/fields.hpp"
#include "picture_words.hpp"

namespace fokker {

namespace {

/// The sum of |current| over all cells below which it is none.
double balanced(const Setup& setup, double t, const Field& p) {
  const FieldValues f = field_row("drift").values(setup, t, p);
  double sum = 0;
  for (std::size_t i = 0; i < f.x.size(); ++i)
    if (const double flow = std::hypot(f.x[i], f.y[i]) * p.view()[i]; flow < 1e150) sum += flow;
  return balanced_part * sum;
}

/// A literal of Python, which reads those of JSON.
std::string quoted(const std::string& text) { return Json(printable_line(text)).dump(); }
const char* truth(bool value) { return value ? "True" : "False"; }

}  // namespace

void write_view_script(const Setup& setup, double t, const Field& p, const std::filesystem::path& folder) {
  const Case& config = setup.config;
  const auto asked = [](const std::vector<std::string>& names, const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!asked(config.output.formats, "vti") || !asked(config.output.fields, "p")) return;
  const std::string unit = density_unit(config.axes);
  std::string titles, rings;
  for (const Axis& axis : config.axes) {
    titles += quoted(axis.title_with_unit()) + ", ";
    rings += fmt::format("{}, ", truth(axis.periodic()));
  }
  const double still = config.axes.size() > 1 && asked(config.output.fields, "current") ? balanced(setup, t, p) : 0;
  write_atomically(
      folder / "view.py",
      fmt::format("#!/usr/bin/env pvpython\n"
                  "# Opens this run in ParaView: File > Load State, Tools > Run Script, or\n"
                  "#   pvpython view.py --out view.png [--time T]\n"
                  "TITLE = {}\n"
                  "AXES = [{}]\n"
                  "PERIODIC = [{}]\n"
                  "DENSITY = {}\n"
                  "LOG = {}  # densities\n"
                  "EQUAL = {}  # one unit of an axis as long as one of the other\n"
                  "BALANCED = {}  # a current whose sum over cells is less is none\n{}",
                  quoted(title_of(config)), titles, rings, quoted("density" + (unit.empty() ? "" : " [" + unit + "]")),
                  truth(config.output.picture.log), truth(equal_axes(config, config.output.picture)), still, view_py));
}

}  // namespace fokker
