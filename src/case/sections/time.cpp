#include <fmt/format.h>

#include <algorithm>

#include "sections.hpp"

// [time]: how far, and with which steps.
namespace fokker::input {

void read_time(Reading& r) {
  if (!r.node) {
    r.c.has_time = r.reader.use == CaseFor::run;
    r.c.time.tolerance = 1e-6;
  } else if (read_table(r)) {
    check_model(r.reader, r.c);
  }
}

void read_end(Reading& r) {
  const auto end = r.reader.number(r.node, Bounds::positive());
  if (!end) return;
  // Spans beyond leave no digits for the steps, or none for their number.
  constexpr double shortest = 1e-250, longest = 1e250;
  if (!(*end >= shortest && *end <= longest))
    return r.report(
        fmt::format("{}, must lie in [{:.0e}, {:.0e}]: take another unit of time", *end, shortest, longest));
  r.c.time.end = *end;
  r.reader.end_known = true;
}

// Filled in, or refused, by what the stepper can estimate.
void read_tolerance(Reading& r) {
  CaseTime& time = r.c.time;
  const auto& adaptive = r.reader.vocabulary.adaptive_steppers;
  const bool estimates =
      time.stepper == "auto" || std::find(adaptive.begin(), adaptive.end(), time.stepper) != adaptive.end();
  if (r.node) time.tolerance = r.reader.number(r.node, Bounds::positive());
  if (!r.node && estimates && !r.table.find("dt")) time.tolerance = 1e-6;
  if (r.node && !estimates && !adaptive.empty())
    r.report(
        fmt::format("{} has no error estimate, give dt or one of auto, {}", time.stepper, fmt::join(adaptive, ", ")));
}

void check_steps(const Reading& r, double dt) {
  if (!(r.c.time.end / dt <= most_fixed_steps))
    r.report(fmt::format("{} would take {:.3g} steps to {}, at most {:.0e}", dt, r.c.time.end / dt, r.c.time.end,
                         most_fixed_steps));
}

void read_dt(Reading& r) {
  const auto dt = r.reader.number(r.node, Bounds::positive());
  r.c.time.dt = dt;
  if (!dt || !r.reader.end_known) return;
  if (*dt > r.c.time.end)
    r.reader.warn(r.node, fmt::format("{} is beyond time.end = {}: one step goes all the way", *dt, r.c.time.end));
  check_steps(r, *dt);
}

}  // namespace fokker::input
