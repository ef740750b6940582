#include "fokker/run/records/compare_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../observe/checks.hpp"
#include "fokker/analysis/norms.hpp"
#include "fokker/analysis/other_cells.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/case/csv.hpp"
#include "fokker/case/point_table.hpp"
#include "fokker/run/run_record.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

RunRecord read_run(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw UsageError(fmt::format("compare: {} is no folder of a run; a run comes first, then what it is held against",
                                 folder.string()));
  RunRecord run(folder);
  if (run.frames().empty()) throw UsageError(fmt::format("compare: {} holds no frames", folder.string()));
  return run;
}

bool same_axis(const Axis& a, const Axis& b) {
  return a.cells == b.cells && a.lower == b.lower && a.upper == b.upper && a.at_lower == b.at_lower &&
         a.at_upper == b.at_upper;
}

/// The axis of the comparison: the coarser cells, as far as both boxes go.
Axis common_axis(const Axis& a, const Axis& b) {
  if (same_axis(a, b)) return a;
  Axis axis = a.width() >= b.width() ? a : b;
  const double width = axis.width();
  const bool whole = a.lower == b.lower && a.upper == b.upper;
  axis.lower = std::max(a.lower, b.lower);
  axis.upper = std::min(a.upper, b.upper);
  if (!(axis.upper - axis.lower > 0.5 * width))
    throw UsageError(fmt::format("compare: the boxes have nothing in common along {}", a.name));
  axis.cells = std::max<Index>(2, std::lround((axis.upper - axis.lower) / width));
  if (!whole || a.periodic() != b.periodic()) axis.at_lower = axis.at_upper = Boundary::reflecting;
  return axis;
}

std::string times_text(const RunRecord& run) {
  return fmt::format("{} has {} frames from t = {:.6g} to {:.6g}", run.folder().string(), run.frames().size(),
                     run.frames().front().t, run.frames().back().t);
}

void compare_folders(const RunRecord& a, const RunRecord& b, RunComparison& found) {
  const auto names = [](const RunRecord& run) {
    std::vector<std::string> all;
    for (const Axis& axis : run.axes()) all.push_back(axis.name);
    return all;
  };
  if (names(a) != names(b))
    throw UsageError(fmt::format("compare: the axes differ: {} has {}, {} has {}", a.folder().string(),
                                 fmt::join(names(a), ", "), b.folder().string(), fmt::join(names(b), ", ")));
  std::vector<Axis> axes;
  for (std::size_t k = 0; k < a.axes().size(); ++k) {
    axes.push_back(common_axis(a.axes()[k], b.axes()[k]));
    found.averaged = found.averaged || !same_axis(a.axes()[k], b.axes()[k]);
    found.cells.push_back(axes.back().cells);
  }
  const auto grid = std::make_shared<const Grid>(axes);
  const double same = 1e-9 * std::max(std::abs(a.frames().back().t), std::abs(b.frames().back().t));
  std::size_t j = 0;
  for (std::size_t k = 0; k < a.frames().size(); ++k) {
    const double t = a.frames()[k].t;
    while (j < b.frames().size() && b.frames()[j].t < t - same) ++j;
    if (j == b.frames().size() || b.frames()[j].t > t + same) continue;
    const Field p = a.density(k), q = b.density(j++), own = averaged_over(p, grid), other = averaged_over(q, grid);
    found.frames.push_back({t, verdict_on(t, own, other), p.mass() - own.mass(), q.mass() - other.mass()});
  }
  found.only_a = a.frames().size() - found.frames.size();
  found.only_b = b.frames().size() - found.frames.size();
  if (found.frames.empty())
    throw UsageError(fmt::format("compare: no two frames are of one time: {}; {}", times_text(a), times_text(b)));
}

void compare_samples(const RunRecord& run, const Csv& csv, RunComparison& found) {
  const auto grid = std::make_shared<const Grid>(run.axes());
  const double end = run.frames().back().t;
  const Field p = averaged_over(run.density(run.frames().size() - 1), grid);
  std::vector<double> counts(static_cast<std::size_t>(grid->cells()));
  const std::size_t rows = csv.columns.front().size();
  for (std::size_t n = 0; n < rows; ++n) {
    std::array<double, 2> point{};
    for (std::size_t k = 0; k < run.axes().size(); ++k) point[k] = (*csv.column(run.axes()[k].name))[n];
    const Index cell = grid->find(std::span(point).first(run.axes().size()));
    if (cell >= 0) ++counts[cell];
  }
  Field histogram(grid);
  const double total = static_cast<double>(rows);
  double inside = 0;
  for (Index i = 0; i < grid->cells(); ++i) {
    inside += counts[i];
    histogram.values[i] = counts[i] / total / grid->volume();
  }
  if (!(inside > 0)) throw UsageError(fmt::format("compare: none of the {} samples lies in the box", rows));
  found.agreement = agreement(*grid, p.view(), counts, total);
  found.frames.push_back({end, verdict_on(end, p, histogram), 0, 1 - inside / total});
  found.only_a = run.frames().size() - 1;
}

void compare_values(const RunRecord& run, const fs::path& file, RunComparison& found) {
  const auto grid = std::make_shared<const Grid>(run.axes());
  const double end = run.frames().back().t;
  const Field p = averaged_over(run.density(run.frames().size() - 1), grid);
  const PointNorms norms = norms_over(read_point_table(file, run.axes()), p);
  if (!norms.sees(p))
    throw UsageError(
        fmt::format("compare: {:.4g} of the mass is {:.4g} by trapezoids over the points of {}: they miss "
                    "where p is, or are too few for it",
                    p.mass(), norms.seen, file.string()));
  Verdict verdict;
  verdict.t = end;
  verdict.norms = norms.norms;
  found.frames.push_back({end, verdict, 0, 0});
  found.only_a = run.frames().size() - 1;
}

void compare_with_file(const RunRecord& run, const fs::path& file, RunComparison& found) {
  const Csv csv = parse_csv(read_file(file), file);
  for (const Axis& axis : run.axes())
    if (csv.column(axis.name) == nullptr)
      throw UsageError(
          fmt::format("compare: {} has no column {}, it has {}; columns of the axes are samples, with p "
                      "beside them values of a density",
                      file.string(), axis.name, fmt::join(csv.names, ", ")));
  if (csv.columns.front().empty()) throw UsageError(fmt::format("compare: {} holds no rows", file.string()));
  for (const Axis& axis : run.axes()) found.cells.push_back(axis.cells);
  found.with = csv.column("p") != nullptr ? "values" : "samples";
  if (csv.column("p") != nullptr)
    compare_values(run, file, found);
  else
    compare_samples(run, csv, found);
}

std::string number(double value) { return fmt::format("{:.3g}", value); }

DocumentTable::Row row_of(const ComparedFrame& frame, bool values) {
  const Verdict& v = frame.verdict;
  DocumentTable::Row row{"",
                         {{"t", frame.t, "t", fmt::format("{:.6g}", frame.t)},
                          {"l1", v.norms.l1, "l1", number(v.norms.l1)},
                          {"l2", v.norms.l2, "l2", number(v.norms.l2)},
                          {"linf", v.norms.linf, "linf", number(v.norms.linf)},
                          {"kl", v.norms.kl, "kl", number(v.norms.kl)}}};
  if (values) return row;
  if (v.w1) row.cells.push_back({"w1", *v.w1, "w1", number(*v.w1)});
  row.cells.push_back({"ks", v.ks, "ks", number(v.ks)});
  row.cells.push_back({"mean_error", v.mean_error, "mean off", number(v.mean_error)});
  row.cells.push_back({"covariance_error", v.covariance_error, "covariance off", number(v.covariance_error)});
  row.cells.push_back({"outside_a", frame.outside_a});
  row.cells.push_back({"outside_b", frame.outside_b});
  return row;
}

}  // namespace

RunComparison compare_runs(const fs::path& a, const fs::path& b) {
  RunComparison found{};
  found.a = a.string();
  found.b = b.string();
  found.with = "run";
  for (const fs::path& path : {a, b})
    if (!fs::exists(path)) throw FileError(path.string(), "no such file or folder");
  const RunRecord run = read_run(a);
  if (!fs::is_directory(b) && b.extension() != ".csv")
    throw UsageError(fmt::format("compare: {} is neither a run folder nor a .csv file", b.string()));
  if (fs::is_directory(b))
    compare_folders(run, read_run(b), found);
  else
    compare_with_file(run, b, found);
  return found;
}

Document document(const RunComparison& found) {
  DocumentSection facts{.findings = {{"a", found.a}, {"b", found.b}, {"with", found.with}, {"cells", found.cells}},
                        .label_width = 10};
  facts.findings.push_back({"averaged", found.averaged});
  if (found.averaged)
    facts.findings.push_back(
        {"", nullptr, "grid",
         fmt::format("the grids differ: both averaged over {} cells", fmt::join(found.cells, " x "))});
  facts.findings.push_back({"only_a", found.only_a});
  facts.findings.push_back({"only_b", found.only_b});
  if (found.with == "run" && found.only_a + found.only_b > 0)
    facts.findings.push_back(
        {"", nullptr, "frames",
         fmt::format("{} in common; {} and {} of one run alone", found.frames.size(), found.only_a, found.only_b)});
  double outside = 0;
  for (const ComparedFrame& frame : found.frames) outside = std::max({outside, frame.outside_a, frame.outside_b});
  if (outside > 1e-9)
    facts.findings.push_back(
        {"", nullptr, "outside", fmt::format("up to {:.3g} of the mass lies outside of what is compared", outside)});
  if (found.agreement) {
    const Agreement& agrees = *found.agreement;
    const JointVerdict verdict = agrees.verdict();
    facts.findings.push_back({"agreement",
                              Json{{"l1_expected", agrees.l1_expected},
                                   {"z", agrees.z ? Json(*agrees.z) : Json()},
                                   {"ks_p_value", agrees.ks_p_value},
                                   {"chi2_p_value", agrees.chi2_p_value},
                                   {"p_value", verdict.p_value},
                                   {"verdict", verdict.word}},
                              "samples",
                              fmt::format("noise alone: l1 {:.3g}; KS p = {:.2g}, chi-square p = {:.2g}: {}",
                                          agrees.l1_expected, agrees.ks_p_value, agrees.chi2_p_value, verdict.word)});
  }
  DocumentTable table{.key = "frames", .columns = {"t", "l1", "l2", "linf", "kl"}};
  const bool values = found.with == "values";
  if (!values && found.cells.size() == 1) table.columns.emplace_back("w1");
  if (!values)
    for (const char* column : {"ks", "mean off", "covariance off"}) table.columns.emplace_back(column);
  for (const ComparedFrame& frame : found.frames) table.rows.push_back(row_of(frame, values));
  return {fmt::format("{} against {}", found.a, found.b), {std::move(facts), {.table = std::move(table)}}};
}

}  // namespace fokker
