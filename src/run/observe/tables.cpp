#include "fokker/output/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/output/files.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/run/observers.hpp"

namespace fokker {
namespace {

/// p integrated over the other axis.
Field marginal(const Field& p, int axis) {
  const Grid& grid = *p.grid;
  Field along(std::make_shared<const Grid>(std::vector<Axis>{grid.axis(axis)}));
  for (Index cell = 0; cell < grid.cells(); ++cell)
    along.values[axis == 0 ? cell % grid.nx() : cell / grid.nx()] += p.values[cell];
  along.values *= grid.axis(1 - axis).width();
  return along;
}

/// p of every frame as tables, and its marginals in every format.
class Tables : public Observer {
 public:
  Tables(const Setup& setup, std::filesystem::path folder) : setup_(setup), folder_(std::move(folder)) {}

  void frame(const Moment& now, std::span<const Comparison>) override {
    write_tables("density", *now.p);
    if (setup_.config.output.marginals)
      for (int axis = 0; axis < 2; ++axis) write_marginal(axis, now);
    ++written_;
  }

  void keep(Archive& archive) override { archive(written_, listed_); }

  void end(const Moment&) override {
    for (std::size_t axis = 0; axis < 2; ++axis)
      if (!listed_[axis].empty()) write_pvd(folder_ / (stem_of(static_cast<int>(axis)) + ".pvd"), listed_[axis]);
  }

 private:
  [[nodiscard]] std::string stem_of(int axis) const { return "marginal_" + setup_.grid->axis(axis).name; }
  [[nodiscard]] std::string file(const std::string& stem, const char* format) const {
    return fmt::format("{}_{:06}.{}", stem, written_, format);
  }
  [[nodiscard]] bool asked(const char* format) const {
    const std::vector<std::string>& formats = setup_.config.output.formats;
    return std::find(formats.begin(), formats.end(), format) != formats.end();
  }

  void write_tables(const std::string& stem, const Field& p) const {
    if (asked("csv")) write_atomically(folder_ / file(stem, "csv"), csv_text(*p.grid, p.view()));
    if (asked("npy")) write_atomically(folder_ / file(stem, "npy"), npy_bytes(*p.grid, p.view()));
  }
  void write_marginal(int axis, const Moment& now) {
    const Field p = marginal(*now.p, axis);
    write_tables(stem_of(axis), p);
    if (!asked("vti")) return;
    const CellArray array{"p", {p.view()}};
    const std::string name = file(stem_of(axis), "vti");
    write_vti(folder_ / name, *p.grid, {&array, 1}, now.t);
    listed_[static_cast<std::size_t>(axis)].emplace_back(now.t, name);
  }

  const Setup& setup_;
  std::filesystem::path folder_;
  std::size_t written_ = 0;
  std::array<std::vector<std::pair<double, std::string>>, 2> listed_;
};

}  // namespace

std::unique_ptr<Observer> make_tables(const Setup& setup, std::filesystem::path folder) {
  return std::make_unique<Tables>(setup, std::move(folder));
}

}  // namespace fokker
