#include "fokker/run/records/matrix_market.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/case/case.hpp"
#include "fokker/operator/operator.hpp"
#include "fokker/output/files.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

struct Entry {
  Index column = 0, row = 0;
  double value = 0;
  [[nodiscard]] std::pair<Index, Index> place() const { return {column, row}; }
};

/// In the order of columns; what stands at one place is added up.
std::vector<Entry> entries_of(const LinearOperator& op, double t) {
  std::vector<Entry> all;
  op.assemble(t, [&](Index row, Index column, double value) { all.push_back({column, row, value}); });
  std::stable_sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.place() < b.place(); });
  std::vector<Entry> sums;
  for (const Entry& entry : all)
    if (!sums.empty() && sums.back().place() == entry.place())
      sums.back().value += entry.value;
    else
      sums.push_back(entry);
  std::erase_if(sums, [](const Entry& entry) { return entry.value == 0; });
  return sums;
}

std::string coordinates(std::span<const Entry> entries, Index first_row, Index rows, Index columns,
                        const std::string& says) {
  std::string text = fmt::format("%%MatrixMarket matrix coordinate real general\n{}", says);
  text += fmt::format("{} {} {}\n", rows, columns, entries.size());
  for (const Entry& entry : entries)
    text += fmt::format("{} {} {:.17g}\n", entry.row - first_row + 1, entry.column + 1, entry.value);
  return text;
}

fs::path beside(const fs::path& target, const char* what) {
  return target.parent_path() / fmt::format("{}_{}.mtx", target.stem().string(), what);
}

const LinearOperator& matrix_of(const Setup& setup) {
  const LinearOperator* const op = setup.scheme->op().linear();
  if (op == nullptr)
    refuse(setup.config, "scheme",
           setup.score != nullptr
               ? "the effective drift depends on p: there is no matrix; take form = \"drift_diffusion\""
               : "drift runs along an axis without diffusion, where the flux is limited and no matrix; take flux = "
                 "\"upwind\", \"central\" or \"upwind5\"");
  return *op;
}

}  // namespace

WrittenOperator write_operator(const Setup& setup, const fs::path& target) {
  const LinearOperator& op = matrix_of(setup);
  const Index cells = op.cells(), sides = op.outflows();
  std::vector<Entry> entries = entries_of(op, 0), leaving;
  for (const Entry& entry : entries)
    if (entry.row >= cells && entry.row < cells + sides) leaving.push_back(entry);
  std::erase_if(entries, [&](const Entry& entry) { return entry.row >= cells || entry.column >= cells; });
  std::string grid;
  for (const Axis& axis : setup.grid->axes())
    grid += fmt::format("{}{}: {} cells in [{}, {}]", grid.empty() ? "" : "; ", axis.name, axis.cells, axis.lower,
                        axis.upper);
  const std::string source =
      fmt::format("% {} ({}), flux {}, t = 0\n% {}; the first axis is fastest\n", setup.config.title,
                  setup.config.file.filename().string(), setup.flux->name, grid);
  WrittenOperator written{target, beside(target, "volumes"), {},
                          cells,  std::ssize(entries),       setup.grid->absorbing_sides()};
  write_atomically(target, coordinates(entries, 0, cells, cells, source + "% A of dp/dt = A p\n"));
  std::string volumes =
      fmt::format("%%MatrixMarket matrix array real general\n{}% sizes of the cells\n{} 1\n", source, cells);
  for (Index i = 0; i < cells; ++i) volumes += fmt::format("{:.17g}\n", setup.grid->volume());
  write_atomically(written.volumes, volumes);
  if (sides > 0) {
    written.outflow = beside(target, "outflow");
    write_atomically(written.outflow, coordinates(leaving, cells, sides, cells,
                                                  source + fmt::format("% what leaves per time at p = 1, rows: {}\n",
                                                                       fmt::join(written.sides, ", "))));
  }
  return written;
}

Document document(const WrittenOperator& written) {
  DocumentSection section{.label_width = 8};
  section.findings = {
      {"matrix", written.matrix.string(), "matrix",
       fmt::format("{}: {} x {}, {} entries", written.matrix.string(), written.cells, written.cells, written.entries)},
      {"volumes", written.volumes.string(), "volumes", written.volumes.string()},
      {"cells", written.cells},
      {"entries", written.entries}};
  if (!written.outflow.empty())
    section.findings.push_back({"outflow", written.outflow.string(), "outflow",
                                fmt::format("{}: rows {}", written.outflow.string(), fmt::join(written.sides, ", "))});
  section.findings.push_back({"sides", written.sides});
  return {"The operator of dp/dt = A p", {std::move(section)}};
}

}  // namespace fokker
