#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sections.hpp"

// [output]: the times that are written, and what of them.
namespace fokker::input {
namespace {

constexpr std::int64_t default_frames = 20;
constexpr double most_rows = 1e6;  // of series.csv

// Times come from an index, t_k = k * end / N: adding up intervals would drift.
std::vector<double> equal_frames(double end, std::int64_t frames) {
  std::vector<double> times;
  for (std::int64_t k = 0; k < frames; ++k) times.push_back(static_cast<double>(k) * end / static_cast<double>(frames));
  times.push_back(end);
  return times;
}

// Multiples of the interval, and the end; a multiple that is the end up to rounding is the end.
std::vector<double> multiples(double end, double every) {
  std::vector<double> times;
  for (double k = 0; k * every < end * (1 - 1e-9); ++k) times.push_back(k * every);
  times.push_back(end);
  return times;
}

const std::vector<std::string> file_formats{"vti", "csv", "npy"};

// Some of a closed list, each once.
std::vector<std::string> distinct_words(const Reading& r, const std::vector<Node>& nodes,
                                        const std::vector<std::string>& allowed) {
  std::vector<std::string> words;
  if (nodes.empty()) r.report(fmt::format("an empty list, allowed: {}", fmt::join(allowed, ", ")));
  for (const Node& entry : nodes) {
    const auto word = r.reader.word(entry, allowed);
    if (!word) continue;
    if (std::find(words.begin(), words.end(), *word) != words.end())
      r.reader.report(entry, fmt::format("{} is there twice", toml_string(*word)));
    words.push_back(*word);
  }
  return words;
}

}  // namespace

void read_output(Reading& r) {
  r.c.output.times = equal_frames(r.c.time.end, default_frames);
  bool good = !r.node || read_table(r);
  constexpr double rows = 50;  // in the first interval
  if (!(r.c.output.series > 0)) r.c.output.series = std::max(r.c.output.times[1] / rows, r.c.time.end / most_rows);
  for (const char* key : {"output.frames", "output.every", "output.times"})
    good = good && !r.reader.faulty.contains(key);
  r.reader.times_known = r.reader.end_known && good;
}

void read_frames(Reading& r) {
  if (const auto frames = r.reader.integer(r.node, 1, static_cast<std::int64_t>(most_output_times)))
    r.c.output.times = equal_frames(r.c.time.end, *frames);
}

void read_every(Reading& r) {
  const double end = r.c.time.end;
  const auto every = r.reader.number(r.node, Bounds::positive());
  if (!every || !r.reader.end_known) return;
  if (end / *every > static_cast<double>(most_output_times))
    return r.report(fmt::format("{} makes {:.3g} output times, at most {}", *every, end / *every, most_output_times));
  if (*every > end)
    r.reader.warn(r.node,
                  fmt::format("{} is beyond time.end = {}: the start and the end alone are written", *every, end));
  r.c.output.times = multiples(end, *every);
}

void read_times(Reading& r) {
  const double end = r.c.time.end, rounding = same_time * end;
  const auto nodes = r.reader.list(r.node);
  if (!nodes || !r.reader.end_known) return;
  if (nodes->size() > most_output_times)
    return r.report(fmt::format("{} output times, at most {}", nodes->size(), most_output_times));
  std::vector<double> times = {0};
  bool first = true;
  for (const Node& entry : *nodes) {
    const auto t = r.reader.number(entry);
    if (!t) continue;
    if (!(*t >= 0 && *t <= end)) {
      r.reader.report(entry, fmt::format("{}, must be in [0, {}]", *t, end));
    } else if (!first && (*t == times.back() || *t < times.back() - rounding)) {
      r.reader.report(entry, fmt::format("{}, must be greater than the time before it, {}", *t, times.back()));
    } else if (*t > times.back() + rounding) {
      times.push_back(*t);
    }
    first = false;
  }
  if (times.back() > end - rounding) times.pop_back();
  times.push_back(end);
  r.c.output.times = std::move(times);
}

std::string write_times(const Case& c, std::size_t) { return c.has_time ? toml_list(c.output.times) : ""; }

void read_series(Reading& r) {
  const auto interval = r.reader.number(r.node, Bounds::positive());
  if (!interval || !r.reader.end_known) return;
  r.c.output.series = *interval;
  if (r.c.time.end / *interval > most_rows)
    r.report(fmt::format("{} makes {:.3g} rows, at most {:.0e}", *interval, r.c.time.end / *interval, most_rows));
}

std::string write_series(const Case& c, std::size_t) { return c.has_time ? toml_number(c.output.series) : ""; }

void read_fields(Reading& r) {
  const auto nodes = r.reader.list(r.node);
  if (nodes) r.c.output.fields = distinct_words(r, *nodes, r.reader.vocabulary.fields);
}

std::string write_fields(const Case& c, std::size_t) { return toml_list(c.output.fields); }

void read_formats(Reading& r) {
  const auto nodes = r.reader.list(r.node);
  if (nodes) r.c.output.formats = distinct_words(r, *nodes, file_formats);
}

std::string write_formats(const Case& c, std::size_t) { return toml_list(c.output.formats); }

void read_marginals(Reading& r) {
  const bool asked = r.reader.boolean(r.node).value_or(false);
  r.c.output.marginals = asked && r.reader.dimension() == 2;
  if (asked && r.reader.dimension() == 1)
    r.reader.warn(r.node, "along one axis p is its own marginal, nothing more is written");
}

void read_picture_times(Reading& r) {
  const auto nodes = r.reader.list(r.node);
  if (!nodes || !r.reader.end_known) return;
  const std::vector<double>& frames = r.c.output.times;
  const double slack = 1e-6 * r.c.time.end;
  for (const Node& entry : *nodes) {
    const auto t = r.reader.number(entry);
    if (!t) continue;
    const auto near = std::min_element(frames.begin(), frames.end(),
                                       [&](double a, double b) { return std::abs(a - *t) < std::abs(b - *t); });
    if (std::abs(*near - *t) > slack)
      r.reader.report(entry, fmt::format("{}, must be an output time; the nearest is {}", *t, *near));
    else if (!r.c.output.picture.times.empty() && *t <= r.c.output.picture.times.back())
      r.reader.report(entry, fmt::format("{}, must be greater than the time before it", *t));
    else
      r.c.output.picture.times.push_back(*t);
  }
}

std::string write_picture_times(const Case& c, std::size_t) {
  return c.output.picture.times.empty() ? "" : toml_list(c.output.picture.times);
}

void read_picture_fields(Reading& r) {
  if (const auto nodes = r.reader.list(r.node))
    r.c.output.picture.fields = distinct_words(r, *nodes, r.reader.vocabulary.fields);
}

std::string write_picture_fields(const Case& c, std::size_t) {
  return c.output.picture.fields.empty() ? "" : toml_list(c.output.picture.fields);
}

void read_picture_aspect(Reading& r) {
  const std::vector<std::string> allowed{"free", "equal"};
  if (const auto word = r.reader.word(r.node, allowed)) r.c.output.picture.aspect = *word;
}

namespace {

void read_questions(Reading& r, bool condition) {
  const std::vector<std::string> variables = r.reader.axes_and_time();
  for (const auto& [name, node] : named_entries(r.reader, r.node))
    if (const auto formula = r.reader.formula(node, variables))
      r.c.output.questions.push_back({name, to_toml(*node.value), *formula, condition});
    else
      r.reader.symbols.broken.insert(name);
}

std::string write_questions(const Case& c, bool conditions) {
  std::string out;
  for (const CaseQuestion& asked : c.output.questions)
    if (asked.condition == conditions) out += fmt::format("{} = {}\n", asked.name, asked.text);
  return out;
}

}  // namespace

void read_expectations(Reading& r) { read_questions(r, false); }
void read_probabilities(Reading& r) { read_questions(r, true); }
std::string write_expectations(const Case& c, std::size_t) { return write_questions(c, false); }
std::string write_probabilities(const Case& c, std::size_t) { return write_questions(c, true); }

}  // namespace fokker::input
