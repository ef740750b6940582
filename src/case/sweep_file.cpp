#include "fokker/case/sweep_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>

#include "fokker/base/read_file.hpp"
#include "overrides.hpp"
#include "reader.hpp"
#include "toml_adapter.hpp"

namespace fokker {
namespace {

using namespace input;

constexpr std::size_t most_bytes = std::size_t{1} << 20, most_members = 10'000;
constexpr std::int64_t most_count = 10'000;

// A key of the case and the values it takes, in order.
struct Listed {
  SweptKey key;
  std::vector<std::string> values;
};

// The path of a key as the table of keys has it: a * for the number of an entry.
std::string path_of_rows(std::string_view name) {
  std::string rows;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::string_view step = name.substr(at, end - at);
    const bool number = !step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos;
    rows += fmt::format("{}{}", at == 0 ? "" : ".", number ? "*" : step);
    at = end + 1;
  }
  return rows;
}

// Numbers between two ends, evenly spaced in x or log x; `round` to the nearest integer.
struct Interval {
  double from = 0, to = 1;
  bool log = false, round = false;

  // At u in [0, 1]; 15 digits, which read better than 17 and are the ends themselves there.
  [[nodiscard]] std::string at(double u) const {
    const double x = log ? std::exp(std::log(from) + u * (std::log(to) - std::log(from))) : from + u * (to - from);
    if (round) return fmt::format("{:.0f}", std::round(x));
    if (u == 0 || u == 1) return toml_number(u == 0 ? from : to);
    return toml_number(std::strtod(fmt::format("{:.15g}", x).c_str(), nullptr));
  }
};

// False (reported) where there is none.
bool read_interval(CaseReader& reader, TableReader& table, Interval& interval) {
  const auto from = reader.number(table.require("from", "a number")),
             to = reader.number(table.require("to", "a number"));
  const Node spacing = table.find("spacing");
  const std::vector<std::string> words{"linear", "log"};
  if (const auto word = reader.word(spacing, words)) interval.log = *word == "log";
  if (const auto round = reader.boolean(table.find("round"))) interval.round = *round;
  if (!from || !to) return false;
  interval.from = *from;
  interval.to = *to;
  if (interval.from == interval.to) reader.report(table.find("to"), "equal to from, must be another number");
  if (interval.log && !(interval.from > 0 && interval.to > 0)) {
    reader.report(spacing, "log, from and to must be > 0");
    return false;
  }
  return true;
}

class SweepReader {
 public:
  SweepReader(const Value& tree, const std::filesystem::path& file, Problems& problems)
      : problems_(problems), reader_(tree, words_, file.parent_path(), problems) {
    sweep_.file = file;
  }

  Sweep read() {
    TableReader root(reader_.root, problems_);
    if (const auto name = reader_.text(root.require("case", "the path of a case, seen from this file")))
      sweep_.case_file = std::filesystem::absolute(reader_.folder / *name).lexically_normal();
    const std::vector<std::string> verbs{"run", "steady"};
    if (const auto verb = reader_.word(root.find("verb"), verbs))
      sweep_.use = *verb == "steady" ? CaseFor::steady : CaseFor::run;
    if (const auto threads = reader_.integer(root.find("threads"), 1, 1024))
      sweep_.threads = static_cast<int>(*threads);
    sweep_.members = {{}};
    for (Listed& listed : lists(root.find("grid"), &SweepReader::read_list)) combine({std::move(listed)});
    read_zip(root.find("zip"));
    read_sample(root.find("sample"));
    read_output(root.find("output"));
    root.finish();
    if (sweep_.keys.empty() && problems_.count() == 0)
      problems_.add({}, "", "sweeps nothing, must have a table [grid], [zip] or [sample] with keys of the case");
    problems_.raise();
    return std::move(sweep_);
  }

 private:
  using ReadValues = void (SweepReader::*)(const Node&, Listed&);

  // The keys of a table and what stands for their values: sde.parameters.T is a path, in quotes or without.
  std::vector<Listed> lists(const Node& table, ReadValues read_values, std::span<const std::string_view> but = {}) {
    std::vector<Listed> found;
    if (!table) return found;
    if (table.value->kind != Value::Kind::table) {
      reader_.report(table, fmt::format("{}, must be a table", kind_name(table.value->kind)));
      return found;
    }
    const auto collect = [&](const auto& self, const Value& here, const std::string& path) -> void {
      for (std::size_t i = 0; i < here.items.size(); ++i) {
        const auto& [name, position] = here.keys[i];
        if (path.empty() && std::find(but.begin(), but.end(), name) != but.end()) continue;
        const Value& value = here.items[i];
        const std::string full = path.empty() ? name : path + "." + name;
        const bool interval = value.find("from") || value.find("to") || value.find("count") || value.items.empty();
        if (value.kind == Value::Kind::table && !interval) {
          self(self, value, full);
          continue;
        }
        Listed listed{{full, problems_.where(position), false}, {}};
        take_name(full, position, table.key);
        (this->*read_values)({&value, table.key + "." + full}, listed);
        found.push_back(std::move(listed));
      }
    };
    collect(collect, *table.value, "");
    return found;
  }

  void take_name(const std::string& name, const Position& position, const std::string& table) {
    if (name.empty() || name.find('=') != std::string::npos)
      problems_.add(position, table, fmt::format("\"{}\" is no key of a case", name));
    if (!names_.insert(name).second)
      problems_.add(position, table + "." + name, "has two lists in this sweep, must have one");
  }

  // [0.1, 0.2] or { from = 0.1, to = 1, count = 4, spacing = "log" }
  void read_list(const Node& node, Listed& listed) {
    if (node.value->kind == Value::Kind::array) {
      const std::filesystem::path folder = std::filesystem::absolute(sweep_.file).parent_path();
      const std::string rows = path_of_rows(listed.key.name);
      for (Value item : node.value->items) {
        if (item.kind == Value::Kind::date) reader_.report({&item, node.key}, "a date, no key of a case takes one");
        see_files_from(folder, rows, item);
        listed.values.push_back(to_toml(item));
      }
      if (listed.values.empty()) reader_.report(node, "an empty list, must hold a value");
      return;
    }
    if (node.value->kind != Value::Kind::table)
      return reader_.report(node, fmt::format("{}, must be a list of values or {{ from, to, count, spacing, round }}",
                                              kind_name(node.value->kind)));
    TableReader table(node, problems_);
    const auto count = reader_.integer(table.require("count", integers(2, most_count)), 2, most_count);
    Interval interval;
    const bool good = read_interval(reader_, table, interval);
    table.finish();
    if (!count || !good) return;
    listed.key.log = interval.log;
    for (std::int64_t i = 0; i < *count; ++i)
      listed.values.push_back(interval.at(static_cast<double>(i) / static_cast<double>(*count - 1)));
    if (interval.round && std::adjacent_find(listed.values.begin(), listed.values.end()) != listed.values.end())
      reader_.report(node, "rounded to integers, two of the values are equal; must be fewer or farther apart");
  }

  void read_zip(const Node& node) {
    std::vector<Listed> found = lists(node, &SweepReader::read_list);
    bool equal = true;
    for (const Listed& listed : found) {
      if (listed.values.size() == found.front().values.size() || listed.values.empty() || found.front().values.empty())
        continue;
      equal = false;
      reader_.report(node, fmt::format("{} has {} values and {} has {}, must have as many", found.front().key.name,
                                       found.front().values.size(), listed.key.name, listed.values.size()));
    }
    if (equal && !found.empty()) combine(std::move(found));
  }

  void read_sample(const Node& node) {
    if (!node || node.value->kind != Value::Kind::table) {
      if (node) reader_.report(node, fmt::format("{}, must be a table", kind_name(node.value->kind)));
      return;
    }
    TableReader table(node, problems_);
    const auto count = reader_.integer(table.require("count", integers(1, most_count)), 1, most_count);
    const auto seed =
        reader_.integer(table.require("seed", "an integer >= 0"), 0, std::numeric_limits<std::int64_t>::max());
    const std::vector<std::string> methods{"latin", "random"};
    const auto method = reader_.word(table.find("method"), methods);
    points_ = count.value_or(1);
    seed_ = static_cast<std::uint64_t>(seed.value_or(0));
    latin_ = !method || *method == "latin";
    constexpr std::string_view own[] = {"count", "seed", "method"};
    std::vector<Listed> found = lists(node, &SweepReader::draw, own);
    if (found.empty())
      reader_.report(node, "draws nothing, must name keys of the case with { from, to, spacing, round }");
    if (!found.empty()) combine(std::move(found));
  }

  void draw(const Node& node, Listed& listed) {
    TableReader table(node, problems_);
    Interval interval;
    const bool good = table.is_table() && read_interval(reader_, table, interval);
    table.finish();
    if (!good) return;
    listed.key.log = interval.log;
    // The key is part of the seed: another key beside it leaves its values as they are.
    std::vector<std::uint32_t> seeds{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32U)};
    for (const unsigned char c : listed.key.name) seeds.push_back(c);
    std::seed_seq sequence(seeds.begin(), seeds.end());
    std::mt19937_64 engine(sequence);
    const auto uniform = [&] { return (static_cast<double>(engine() >> 11U) + 0.5) * 0x1p-53; };
    const auto n = static_cast<std::size_t>(points_);
    std::vector<std::size_t> strata(n);
    std::iota(strata.begin(), strata.end(), std::size_t{0});
    for (std::size_t i = n; latin_ && i > 1; --i) std::swap(strata[i - 1], strata[engine() % i]);
    for (std::size_t i = 0; i < n; ++i)
      listed.values.push_back(
          interval.at(latin_ ? (static_cast<double>(strata[i]) + uniform()) / static_cast<double>(n) : uniform()));
  }

  // Every member so far with every row of some keys.
  void combine(std::vector<Listed> rows) {
    const std::size_t length = rows.front().values.size();
    for (Listed& listed : rows) sweep_.keys.push_back(std::move(listed.key));
    if (std::any_of(rows.begin(), rows.end(), [&](const Listed& l) { return l.values.size() != length; })) return;
    if (sweep_.members.size() * length > most_members) {
      problems_.add({}, "", fmt::format("more than {} members", most_members));
      return;
    }
    std::vector<std::vector<std::string>> members;
    for (const auto& member : sweep_.members)
      for (std::size_t i = 0; i < length; ++i) {
        members.push_back(member);
        for (const Listed& listed : rows) members.back().push_back(listed.values[i]);
      }
    sweep_.members = std::move(members);
  }

  void read_output(const Node& node) {
    if (!node) return;
    TableReader table(node, problems_);
    if (const auto entries = reader_.list(table.require("quantities", "a list of dotted names of summary.json")))
      for (const Node& entry : *entries)
        if (const auto name = reader_.text(entry)) sweep_.quantities.push_back(*name);
    table.finish();
  }

  Problems& problems_;
  Vocabulary words_;
  CaseReader reader_;
  Sweep sweep_;
  std::set<std::string> names_;
  std::int64_t points_ = 1;
  std::uint64_t seed_ = 0;
  bool latin_ = true;
};

}  // namespace

std::vector<std::string> Sweep::overrides(std::size_t member) const {
  std::vector<std::string> settings;
  for (std::size_t k = 0; k < keys.size(); ++k) settings.push_back(keys[k].name + "=" + members[member][k]);
  return settings;
}

Sweep load_sweep(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw FileError(file.string(), "no such file");
  const std::string text = read_at_most(file, most_bytes + 1);
  Problems problems(file.string(), {});
  if (text.size() > most_bytes)
    throw CaseError({Problem{problems.where({}), "", fmt::format("more than {} bytes (1 MiB)", most_bytes)}});
  const Value tree = parse_toml(text, problems);
  if (!tree.find("case") && tree.find("sde") && tree.find("axis"))
    throw CaseError(
        {Problem{problems.where({}), "", "a case, must be a sweep file (case = \"CASE.toml\", [grid] ...)"}});
  return SweepReader(tree, file, problems).read();
}

}  // namespace fokker
