#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <list>

#include "fokker/analysis/score.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/output/files.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/observers.hpp"
#include "fokker/run/run_folder.hpp"
#include "view_script.hpp"

namespace fokker {
namespace {

using Clock = std::chrono::steady_clock;

/// Pictures for ParaView. A frame is compressed and written by a thread of its own while the
/// run steps on (with one thread for all: at once); what it says is gathered before, and at most one is on its way.
class Frames : public Observer {
 public:
  Frames(const Setup& setup, std::filesystem::path folder)
      : setup_(setup), folder_(std::move(folder)), asked_(std::ranges::count(setup.config.output.formats, "vti") > 0) {}

  void frame(const Moment& now, std::span<const Comparison> comparisons) override {
    arrive();
    if (asked_ && written_.empty()) write_view_script(setup_, now.t, *now.p, folder_);
    std::vector<CellArray> all = arrays(now, comparisons);
    if (setup_.grid->dimension() == 1) history_.emplace_back(now.p->values.begin(), now.p->values.end());
    const bool meanwhile = thread_count() > 1 && !now.last;
    on_its_way_ = std::async(meanwhile ? std::launch::async : std::launch::deferred,
                             [this, t = now.t, all = std::move(all)] { write(t, all); });
    if (!meanwhile) arrive();
  }

  /// Frames that came after are written once more. Throws FileError where one that came before is gone.
  void keep(Archive& archive) override {
    arrive();
    archive(written_, history_);
    if (archive.reads()) remove_frames_from(folder_, written_.size());  // the run may now end before them
    if (archive.reads() && asked_)
      for (const auto& [t, name] : written_)
        if (!std::filesystem::exists(folder_ / name))
          throw FileError((folder_ / name).string(), "is gone, and the frames before a checkpoint are not made again");
  }

  void end(const Moment&) override {
    arrive();
    if (written_.empty()) return;
    if (asked_) list();
    std::vector<double> times;
    for (const auto& [t, name] : written_) times.push_back(t);
    if (asked_ && setup_.grid->dimension() == 1)
      write_spacetime_vti(folder_ / "spacetime.vti", setup_.grid->axis(0), times, history_);
  }

 private:
  /// What kept the last frame from being written is thrown here.
  void arrive() {
    if (on_its_way_.valid()) on_its_way_.get();
  }

  void write(double t, const std::vector<CellArray>& all) {
    const std::string name = fmt::format("density_{:06}.vti", written_.size());
    if (asked_) write_vti(folder_ / name, *setup_.grid, all, t);
    written_.emplace_back(t, name);
    if (asked_ && (written_.size() == 1 || Clock::now() - listed_ > std::chrono::seconds(1))) list();
  }

  /// The list of all frames is long where they are many: not written anew for each.
  void list() {
    write_pvd(folder_ / "density.pvd", written_);
    listed_ = Clock::now();
  }

  std::vector<CellArray> arrays(const Moment& now, std::span<const Comparison> comparisons) {
    storage_.clear();
    std::vector<CellArray> all;
    bool masked = false;
    for (const std::string& name : setup_.config.output.fields) {
      const FieldRow& row = field_row(name);
      const FieldValues& values = storage_.emplace_back(row.values(setup_, now.t, *now.p));
      all.push_back(values.y.empty() ? CellArray{name, {values.x}, row.vector}
                                     : CellArray{name, {values.x, values.y}, row.vector});
      masked = masked || row.masked;
    }
    const auto scalar = [&](const std::string& name, std::vector<double> values) {
      all.push_back({name, {storage_.emplace_back(std::move(values)).x}});
    };
    if (masked) scalar(mask_field, carried_by_doubles(now.p->view()));
    for (const Comparison& comparison : comparisons) {
      scalar("p_" + comparison.witness, {comparison.density.values.begin(), comparison.density.values.end()});
      const Eigen::VectorXd error = now.p->values - comparison.density.values;
      scalar(&comparison == comparisons.data() ? "error" : "error_" + comparison.witness, {error.begin(), error.end()});
    }
    return all;
  }

  const Setup& setup_;
  std::filesystem::path folder_;
  bool asked_;  // files of frames
  std::vector<std::pair<double, std::string>> written_;
  Clock::time_point listed_;
  std::vector<std::vector<double>> history_;
  std::list<FieldValues> storage_;  // owns the columns of one frame; a list, so that views stay valid
  std::future<void>
      on_its_way_;  // writes storage_, written_ and listed_: the last member, so the first to be waited for
};

}  // namespace

std::unique_ptr<Observer> make_frames(const Setup& setup, std::filesystem::path folder) {
  return std::make_unique<Frames>(setup, std::move(folder));
}

}  // namespace fokker
