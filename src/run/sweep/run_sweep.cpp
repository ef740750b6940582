#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <list>
#include <thread>

#include "fokker/base/exit_code.hpp"
#include "fokker/base/line_difference.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/observers.hpp"
#include "fokker/run/records/sweep_table.hpp"
#include "fokker/run/report.hpp"
#include "fokker/run/run_figure.hpp"
#include "fokker/run/sweep.hpp"
#include "job_list.hpp"
#include "member.hpp"
#include "table.hpp"

namespace fokker {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::size_t SweepResult::count(std::string_view status) const {
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(), [&](const MemberState& m) { return m.status == status; }));
}

namespace {

std::string host_name() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

/// The members of a sweep on their way.
class Runner {
 public:
  Runner(const Sweep& sweep, const SweepPlan& plan, const SweepOptions& options, SweepStore& store, SweepResult& result)
      : sweep_(sweep), plan_(plan), options_(options), store_(store), members_(result.members) {}

  [[nodiscard]] fs::path folder(std::size_t member) const { return options_.folder / member_name(member); }

  /// Begins anew with a member, whatever became of it.
  void forget(std::size_t member) {
    if (is_locked(folder(member)))
      throw UsageError(fmt::format("member {} is running ({}); wait for it", member, folder(member).string()));
    forget_run(folder(member));
    change(member, {});
  }

  /// What was killed, or was run by a list, as its folder has it.
  void look(std::size_t member) {
    MemberState state = state_on_disk(sweep_, plan_, member, folder(member));
    if (state.status != members_[member].status) change(member, std::move(state));
  }

  /// Runs them; false when it was stopped.
  bool run(const std::vector<std::size_t>& wanted) {
    for (const std::size_t member : wanted)
      if (members_[member].status == "running")
        elsewhere_.push_back(member);
      else
        waiting_.push_back(member);
    total_ = wanted.size();
    begin_ = Clock::now();
    while (!waiting_.empty() || !processes_.empty() || !elsewhere_.empty()) {
      if (stop_requested()) {
        stop();
        return false;
      }
      while (!waiting_.empty() && processes_.size() + elsewhere_.size() < options_.jobs) start(waiting_);
      reap();
      look_elsewhere();
      draw();
      std::this_thread::sleep_for(4ms);
    }
    if (drawn_) options_.draw_progress("");
    return true;
  }

 private:
  void change(std::size_t member, MemberState state) {
    members_[member] = std::move(state);
    store_.put(member, members_[member]);
  }

  void start(std::deque<std::size_t>& queue) {
    const std::size_t member = queue.front();
    queue.pop_front();
    look(member);
    if (members_[member].status == "running") return elsewhere_.push_back(member);
    if (members_[member].over() && members_[member].status != "failed") return;
    launch(member, members_[member].status == "stopped");
  }

  void launch(std::size_t member, bool resume) {
    change(member, {.status = "running", .seconds = resume ? members_[member].seconds : 0});
    processes_.emplace_back(member, member_command(sweep_, options_.program, member, folder(member), resume), resume);
  }

  void reap() {
    for (auto process = processes_.begin(); process != processes_.end();) {
      int code = 0;
      if (!process->ended(code)) {
        ++process;
        continue;
      }
      const MemberProcess done = std::move(*process);
      process = processes_.erase(process);
      take(done, code);
    }
  }

  /// What became of a member whose process has ended.
  void take(const MemberProcess& process, int code) {
    const std::size_t member = process.member();
    const double seconds = members_[member].seconds + process.seconds();
    MemberState state = state_on_disk(sweep_, plan_, member, folder(member));
    if (state.status == "running") return elsewhere_.push_back(member);  // of a sweep that was killed
    if (process.resumed() && (code == exit_usage || code == exit_file)) return launch(member, false);
    if (code < 0)
      state = {.status = "failed", .message = fmt::format("ended by signal {}", -code)};
    else if (code == exit_stopped)
      state.status = "stopped";
    else if (!state.over() || state.exit_code != code)
      state = {.status = "failed", .message = process.last_words(), .summary = std::move(state.summary)};
    if (state.status == "failed" && state.message.empty()) state.message = process.last_words();
    state.exit_code = code;
    state.seconds = seconds;
    state.host = host_name();
    change(member, std::move(state));
  }

  /// Members that another process runs, every half a second.
  void look_elsewhere() {
    if (elsewhere_.empty() || Clock::now() - looked_ < 500ms) return;
    looked_ = Clock::now();
    std::vector<std::size_t> running;
    for (const std::size_t member : elsewhere_) {
      look(member);
      if (members_[member].status == "running") running.push_back(member);
      if (!members_[member].over() && members_[member].status != "running") waiting_.push_back(member);
    }
    elsewhere_ = std::move(running);
  }

  /// Asks all to stop, and gives them as long as the program itself has to answer; who needs longer goes on alone to
  /// its checkpoint, and is found by the next sweep.
  void stop() {
    const StopAnswer answer;
    for (const MemberProcess& process : processes_) process.stop();
    for (const auto end = Clock::now() + 600ms; !processes_.empty() && Clock::now() < end;
         std::this_thread::sleep_for(4ms))
      reap();
    if (drawn_) options_.draw_progress("");
  }

  void draw() {
    if (!options_.draw_progress || Clock::now() - last_ < 100ms) return;
    last_ = Clock::now();
    drawn_ = true;
    const std::size_t left = waiting_.size() + processes_.size() + elsewhere_.size(),
                      done = total_ - std::min(left, total_);
    const auto failed =
        std::count_if(members_.begin(), members_.end(), [](const auto& m) { return m.status == "failed"; });
    const double part = static_cast<double>(done) / static_cast<double>(std::max<std::size_t>(1, total_)),
                 elapsed = std::chrono::duration<double>(last_ - begin_).count();
    options_.draw_progress(fmt::format("{} {} of {} members, {} running, {} failed, {}", progress_bar(part), done,
                                       total_, processes_.size() + elsewhere_.size(), failed,
                                       time_left(part, elapsed)));
  }

  const Sweep& sweep_;
  const SweepPlan& plan_;
  const SweepOptions& options_;
  SweepStore& store_;
  std::vector<MemberState>& members_;
  std::deque<std::size_t> waiting_;
  std::list<MemberProcess> processes_;
  std::vector<std::size_t> elsewhere_;
  std::size_t total_ = 0;
  Clock::time_point begin_, last_, looked_;
  bool drawn_ = false;
};

/// Begins, or goes on with what was begun.
void begin(const Sweep& sweep, const SweepPlan& plan, const SweepOptions& options, SweepStore& store) {
  const std::string before = store.identity();
  if (before == plan.identity && !options.force) return;
  if (!before.empty() && !options.force)
    throw UsageError(fmt::format("{} holds another sweep; --force begins anew, --out DIR writes elsewhere:{}",
                                 options.folder.string(), line_difference(before, plan.identity, 20)));
  std::vector<std::string> parameters;
  for (std::size_t i = 0; i < sweep.members.size(); ++i) {
    if (options.force && is_locked(options.folder / member_name(i)))
      throw UsageError(fmt::format("member {} is running; wait for it", i));
    parameters.push_back(parameters_of(sweep, i).dump());
  }
  for (std::size_t i = 0; options.force && i < sweep.members.size(); ++i) forget_run(options.folder / member_name(i));
  for (const char* name : {sweep_table_name, play_name, "figure.png", "figure.svg"}) fs::remove(options.folder / name);
  store.begin(plan.identity, parameters);
}

}  // namespace

SweepResult run_sweep(const Sweep& sweep, const SweepOptions& options) {
  if (options.only && *options.only >= sweep.members.size())
    throw UsageError(fmt::format("--only {}: the members are 0 to {}", *options.only, sweep.members.size() - 1));
  const SweepPlan plan = plan_sweep(sweep, options.force || !fs::exists(options.folder / "sweep.sqlite"));
  fs::create_directories(options.folder);
  SweepStore store(options.folder / "sweep.sqlite");
  begin(sweep, plan, options, store);

  SweepResult result;
  result.members = store.members();
  Runner runner(sweep, plan, options, store, result);
  for (std::size_t i = 0; i < result.members.size(); ++i) {
    const bool failed = result.members[i].status == "failed";
    if (!result.members[i].over()) runner.look(i);
    if (options.only == i || (options.rerun_failed && failed)) runner.forget(i);
  }
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < result.members.size(); ++i)
    if (!result.members[i].over() && (!options.only || *options.only == i)) wanted.push_back(i);
  if (!options.list_for.empty())
    result.list = write_job_list(sweep, options, wanted);
  else if (!options.collect)
    result.stopped = !runner.run(wanted);
  choose_quantities(sweep, result);
  write_atomically(options.folder / sweep_table_name, sweep_csv(sweep, result));
  return result;
}

void show_sweep(const fs::path& folder) {
  const SweepTable table = read_sweep_table(folder);
  std::string svg;
  try {
    svg = write_figures(folder, figure_of_sweep(table, {}, false));
  } catch (const UsageError&) {  // nothing to draw; the page says so
    for (const char* name : {"figure.png", "figure.svg"}) fs::remove(folder / name);
  }
  write_atomically(folder / play_name, play_of(table, svg));
}

}  // namespace fokker
