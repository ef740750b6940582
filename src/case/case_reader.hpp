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
#include "fokker/model/named_model.hpp"
#include "table_reader.hpp"

// Nodes -> numbers, names and formulas, and the sections of a case made of them. Whatever cannot be read is reported
// and left empty, so that one pass finds every problem.
namespace fokker {

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

class CaseReader {
 public:
  CaseReader(const Value& root_value, const Vocabulary& words, std::filesystem::path relative_to, Problems& sink)
      : root{&root_value, ""}, vocabulary(words), folder(std::move(relative_to)), problems(sink) {}

  const Node root;
  const Vocabulary& vocabulary;
  const std::filesystem::path folder;
  Problems& problems;
  Symbols symbols;
  std::optional<NamedModel> model;  // of [sde] model
  CaseFor use = CaseFor::run;
  // What later sections must not hold against themselves, because its own fault was reported.
  bool end_known = false, times_known = false;
  bool exact_faulty = false, monte_carlo_faulty = false, spectral_faulty = false, log_likelihood_asked = false;

  // A warning of the case: it is read all the same.
  void warn(const Node& node, const std::string& text) {
    warnings.push_back(problems.where(node.value->place) + ": " + node.key + ": " + text);
  }
  std::vector<std::string> warnings;

  void report(const Node& node, std::string text) const { problems.add(node.value->place, node.key, std::move(text)); }

  // Each returns nothing for an absent node without a report, and nothing with a report for one that does not fit.
  [[nodiscard]] std::optional<double> number(const Node& node, const Bounds& bounds = {});
  [[nodiscard]] std::optional<std::int64_t> integer(const Node& node, std::int64_t least, std::int64_t most);
  [[nodiscard]] std::optional<bool> boolean(const Node& node) const;
  [[nodiscard]] std::optional<std::string> text(const Node& node) const;
  // One of the `allowed` words; those of `later` are not available yet.
  [[nodiscard]] std::optional<std::string> word(const Node& node, std::span<const std::string> allowed,
                                                std::span<const std::string> later = {}) const;
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

// The sections, in the order in which they need each other.
void read_axis_names(CaseReader& reader, TableReader& root);
void read_symbols(CaseReader& reader, TableReader& root, Case& c);  // [sde.parameters], [sde.definitions]
void warn_of_unused(CaseReader& reader, TableReader& root);         // names that stand in no formula; last of all
void read_axes(CaseReader& reader, TableReader& root, Case& c);
void read_sde(CaseReader& reader, TableReader& root, Case& c);
// A named model in place of the formulas; `sde` is the section.
void read_model(CaseReader& reader, TableReader& sde, Case& c);
void check_model(CaseReader& reader, const Case& c);                 // once the end is known
void read_schedule(CaseReader& reader, TableReader& root, Case& c);  // [schedule]
void read_initial(CaseReader& reader, TableReader& root, Case& c);
void read_scheme(CaseReader& reader, TableReader& root, Case& c);
void read_time(CaseReader& reader, TableReader& root, Case& c);
void read_output(CaseReader& reader, TableReader& root, Case& c);
void read_compare(CaseReader& reader, TableReader& root, Case& c);
void read_reverse(CaseReader& reader, TableReader& root, Case& c);
void read_checks(CaseReader& reader, TableReader& root, Case& c);
void read_steady(CaseReader& reader, TableReader& root);

// A section that only a stationary density can do without.
[[nodiscard]] Node section(CaseReader& reader, TableReader& root, std::string_view name, std::string_view must_be);

// A point inside the box or on its walls.
[[nodiscard]] std::optional<std::vector<double>> read_point(CaseReader& reader, const Node& node, const Case& c);

inline constexpr std::size_t most_output_times = 100'000;
inline constexpr double most_fixed_steps = 1e9;  // a fixed dt that would need more is a slip

}  // namespace fokker
