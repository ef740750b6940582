#pragma once
#include <Eigen/Core>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/base/expression.hpp"
#include "fokker/case/case.hpp"
#include "fokker/case/keys.hpp"
#include "fokker/model/named_model.hpp"
#include "table_reader.hpp"

// Nodes -> numbers, names and formulas. Whatever cannot be read is reported and left empty, so that one pass finds
// every problem.
namespace fokker::input {

// The characters of a name.
[[nodiscard]] inline bool starts_name(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
[[nodiscard]] inline bool goes_on_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

// Whatever looks like a name in a formula.
[[nodiscard]] std::set<std::string> names_in(std::string_view text);

// What a number must lie in; `text` says so.
struct Bounds {
  double lower = -std::numeric_limits<double>::infinity(), upper = std::numeric_limits<double>::infinity();
  bool lower_open = false;
  std::string text = "a finite number";

  static Bounds positive() { return {0, std::numeric_limits<double>::infinity(), true, "a number > 0"}; }
  static Bounds not_negative() { return {0, std::numeric_limits<double>::infinity(), false, "a number >= 0"}; }
};

// The names that formulas may use, and what they stand for.
class Symbols {
 public:
  std::vector<std::string> axes;              // usable names
  std::size_t dimension = 0;                  // axes asked for; 0 when that is not 1 or 2
  std::map<std::string, Expression> meaning;  // parameters (constants) and definitions, fully worked out
  std::set<std::string> broken;               // names whose own formula was reported: what uses them is passed over
  std::vector<std::string> all;               // every name, for the parser and its "did you mean"
  std::map<std::string, std::set<std::string>> mentions;  // key of a formula -> the names that stand in it
  std::size_t nodes_left = 100'000;  // of all formulas of a case together: memory and time stay bounded
};

// [schedule] on its way to a Schedule.
struct ScheduleClaim {
  std::optional<Expression> alpha, sigma;
  double mean = 0, variance = 1;
  bool blurred = false;
};

// "an integer from 1 to 9", or without an end ">= 1".
[[nodiscard]] std::string integers(std::int64_t least, std::int64_t most);

class CaseReader {
 public:
  CaseReader(const Value& root_value, const Vocabulary& words, std::filesystem::path relative_to, Problems& sink)
      : root{&root_value, ""}, vocabulary(words), inputs(relative_to), folder(std::move(relative_to)), problems(sink) {}

  const Node root;
  const Vocabulary& vocabulary;
  InputFinder inputs;
  const std::filesystem::path folder;
  Problems& problems;
  Symbols symbols;
  std::optional<NamedModel> model;  // of [sde] model
  CaseFor use = CaseFor::run;
  // What later keys must not hold against themselves, because its own fault was reported.
  bool end_known = false, times_known = false;
  std::set<std::string, std::less<>> faulty;  // paths of rows
  // What the keys of one table leave for each other.
  std::optional<std::size_t> noise_sources;  // columns of sde.noise
  ScheduleClaim claim;

  // A warning of the case: it is read all the same.
  void warn(const Node& node, const std::string& text) {
    warnings.push_back(problems.where(node.value->position) + ": " + node.key + ": " + text);
  }
  std::vector<std::string> warnings;

  void report(const Node& node, std::string text) const {
    problems.add(node.value->position, node.key, std::move(text));
  }

  // Each returns nothing for an absent node without a report, and nothing with a report for one that does not fit.
  [[nodiscard]] std::optional<double> number(const Node& node, const Bounds& bounds = {});
  [[nodiscard]] std::optional<std::int64_t> integer(const Node& node, std::int64_t least, std::int64_t most);
  [[nodiscard]] std::optional<bool> boolean(const Node& node) const;
  [[nodiscard]] std::optional<std::string> text(const Node& node) const;
  // One of the `allowed` words.
  [[nodiscard]] std::optional<std::string> word(const Node& node, std::span<const std::string> allowed) const;
  // A formula of parameters, definitions and `variables`, all put in; a number will do.
  [[nodiscard]] std::optional<Expression> formula(const Node& node, std::span<const std::string> variables);
  // The entries of a list; with `scalar_will_do` anything else counts as a list of one.
  [[nodiscard]] std::optional<std::vector<Node>> list(const Node& node, bool scalar_will_do = false) const;
  [[nodiscard]] std::optional<std::vector<double>> vector(const Node& node, std::size_t size);
  // Symmetric and positive semidefinite, size x size.
  [[nodiscard]] std::optional<Eigen::MatrixXd> covariance(const Node& node, std::size_t size);
  // Rows of equal length; in 1D a scalar is a 1 x 1 matrix.
  [[nodiscard]] std::optional<std::vector<std::vector<Node>>> matrix(const Node& node, std::size_t rows,
                                                                     std::optional<std::size_t> columns) const;

  // Reports a constant symmetric matrix that is not positive semidefinite, whatever its units; `where` is what it is
  // of.
  [[nodiscard]] bool semidefinite(const Node& node, const Eigen::MatrixXd& values, const std::string& where = "") const;

  [[nodiscard]] std::size_t dimension() const { return symbols.dimension; }
  [[nodiscard]] std::vector<std::string> axes_and_time() const;
  // Bookkeeping of one worked-out formula; false (reported) once a case holds too many.
  [[nodiscard]] bool charge(const Node& node, const Expression& expression);
};

// A key that is being read: its row, the table that it stands in and what it holds, which may be nothing.
struct Reading {
  CaseReader& reader;
  TableReader& table;
  const KeyRow& row;
  Node node;
  Case& c;
  std::size_t entry;  // of the list of tables that it stands in

  void report(std::string text) const { reader.report(node, std::move(text)); }
};

// The keys of a table by the rows of `variant` and of all, but for one that was read before.
void read_keys(CaseReader& reader, TableReader& table, std::string_view path, Case& c, std::size_t entry = 0,
               std::string_view variant = "", std::string_view but = "");
// The same for a node that must be a table, and unknown keys are reported; false (reported) when it is none.
bool read_table(const Reading& table);
bool read_entry(const Reading& list, const Node& node, std::size_t entry);
// One key of a table.
void read_key(const KeyRow& row, CaseReader& reader, TableReader& table, Case& c, std::size_t entry);

}  // namespace fokker::input
