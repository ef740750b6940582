#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/semidefinite.hpp"
#include "fokker/case/words.hpp"
#include "reader.hpp"

namespace fokker::input {
// Everything in a text that looks like a name.
std::set<std::string> names_in(std::string_view text) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && (starts_name(text[end]) || (end > i && goes_on_name(text[end])))) ++end;
    if (end > i) names.emplace(text.substr(i, end - i));
    i = std::max(end, i + 1);
  }
  return names;
}

namespace {

// Where `name` stands in a formula, npos when it came in through a definition.
std::size_t find_name(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool starts = at == 0 || !goes_on_name(text[at - 1]);
    const std::size_t end = at + name.size();
    if (starts && (end == text.size() || !goes_on_name(text[end]))) return at;
  }
  return std::string_view::npos;
}

std::string joined(std::span<const std::string> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

bool is_scalar(const Value& value) { return value.kind != Value::Kind::array && value.kind != Value::Kind::table; }

}  // namespace

std::string integers(std::int64_t least, std::int64_t most) {
  if (most == std::numeric_limits<std::int64_t>::max()) return fmt::format("an integer >= {}", least);
  return fmt::format("an integer from {} to {}", least, most);
}

std::vector<std::string> CaseReader::axes_and_time() const {
  std::vector<std::string> names = symbols.axes;
  names.emplace_back("t");
  return names;
}

bool CaseReader::charge(const Node& node, const Expression& expression) {
  const std::size_t nodes = expression.size();
  if (nodes <= symbols.nodes_left) {
    symbols.nodes_left -= nodes;
    return true;
  }
  if (symbols.nodes_left > 0) report(node, "the formulas of this case are too large together, at most 100000 terms");
  symbols.nodes_left = 0;
  return false;
}

std::optional<Expression> CaseReader::formula(const Node& node, std::span<const std::string> variables) {
  if (!node) return std::nullopt;
  const Value& value = *node.value;
  if (value.kind == Value::Kind::integer || value.kind == Value::Kind::real) {
    if (std::isfinite(value.real)) return Expression(value.real);
    report(node, fmt::format("{}, must be finite", toml_number(value.real)));
    return std::nullopt;
  }
  if (value.kind != Value::Kind::string) {
    report(node, fmt::format("{}, must be a number or a formula", kind_name(value.kind)));
    return std::nullopt;
  }
  symbols.mentions[node.key].merge(names_in(value.text));
  // What hangs on a name that was reported, or on axes that are, would only repeat the report.
  if (symbols.nodes_left == 0 || problems.count() >= most_problems ||
      (!variables.empty() && symbols.axes.size() != symbols.dimension))
    return std::nullopt;
  try {
    const Expression parsed = parse_expression(value.text, symbols.all);
    for (const std::string& name : parsed.variables())
      if (symbols.broken.count(name) > 0) return std::nullopt;
    const Expression whole = substitute(parsed, symbols.meaning);
    for (const std::string& name : whole.variables()) {
      if (std::find(variables.begin(), variables.end(), name) != variables.end()) continue;
      const std::size_t at = find_name(value.text, name);
      const std::string allowed = variables.empty() ? "must be constant (parameters, pi and e)"
                                                    : "may depend on " + joined(variables) + " only";
      problems.add(at == std::string_view::npos ? value.position : value.position_of(at), node.key,
                   fmt::format("depends on {}, {}", name, allowed));
      return std::nullopt;
    }
    if (whole.is_constant() && !std::isfinite(whole.value())) {
      report(node, fmt::format("is {}, must be finite", toml_number(whole.value())));
      return std::nullopt;
    }
    if (charge(node, whole)) return whole;
  } catch (const ExpressionError& error) {
    std::string what = error.what();
    if (what.starts_with("unknown name") && what.find("; known here: ") != std::string::npos)
      what += "; new names stand in [sde.parameters] (numbers) or [sde.definitions] (formulas)";
    problems.add(value.position_of(error.position()), node.key, what);
  } catch (const std::exception& error) {  // too large, or not a number, once names are put in
    report(node, error.what());
  }
  return std::nullopt;
}

std::optional<double> CaseReader::number(const Node& node, const Bounds& bounds) {
  if (!node) return std::nullopt;
  const Value::Kind kind = node.value->kind;
  if (kind != Value::Kind::integer && kind != Value::Kind::real && kind != Value::Kind::string) {
    report(node, fmt::format("{}, must be {}", kind_name(kind), bounds.text));
    return std::nullopt;
  }
  const std::optional<Expression> expression = formula(node, {});
  if (!expression) return std::nullopt;
  const double value = expression->value();
  if (value >= bounds.lower && value <= bounds.upper && !(bounds.lower_open && value == bounds.lower)) return value;
  report(node, fmt::format("{}, must be {}", value, bounds.text));
  return std::nullopt;
}

std::optional<std::int64_t> CaseReader::integer(const Node& node, std::int64_t least, std::int64_t most) {
  if (!node) return std::nullopt;
  const std::string must_be = integers(least, most);
  if (node.value->kind == Value::Kind::integer) {
    if (node.value->integer >= least && node.value->integer <= most) return node.value->integer;
    report(node, fmt::format("{}, must be {}", node.value->integer, must_be));
    return std::nullopt;
  }
  // 1e6 and "2*n" are integers too where they come out as one.
  const std::optional<double> value = number(node, {.text = must_be});
  if (!value) return std::nullopt;
  constexpr double exact = 9007199254740992.0;
  if (*value == std::floor(*value) && std::abs(*value) <= exact && *value >= static_cast<double>(least) &&
      *value <= static_cast<double>(most))
    return static_cast<std::int64_t>(*value);
  report(node, fmt::format("{}, must be {}", *value, must_be));
  return std::nullopt;
}

std::optional<bool> CaseReader::boolean(const Node& node) const {
  if (!node) return std::nullopt;
  if (node.value->kind == Value::Kind::boolean) return node.value->flag;
  report(node, fmt::format("{}, must be true or false", kind_name(node.value->kind)));
  return std::nullopt;
}

std::optional<std::string> CaseReader::text(const Node& node) const {
  if (!node) return std::nullopt;
  if (node.value->kind == Value::Kind::string) return node.value->text;
  report(node, fmt::format("{}, must be a string", kind_name(node.value->kind)));
  return std::nullopt;
}

std::optional<std::string> CaseReader::word(const Node& node, std::span<const std::string> allowed) const {
  const std::optional<std::string> given = text(node);
  if (!given || std::find(allowed.begin(), allowed.end(), *given) != allowed.end()) return given;
  const std::string_view ours = word_for(*given);
  const bool is_ours = std::find(allowed.begin(), allowed.end(), ours) != allowed.end();
  report(node,
         fmt::format("{} is unknown{}", toml_string(*given), is_ours ? fmt::format(", it is {} here", ours) : "") +
             allowed_names(*given, allowed));
  return std::nullopt;
}

std::optional<std::vector<Node>> CaseReader::list(const Node& node, bool scalar_will_do) const {
  if (!node) return std::nullopt;
  if (node.value->kind == Value::Kind::array) {
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < node.value->items.size(); ++i)
      nodes.push_back({&node.value->items[i], fmt::format("{}.{}", node.key, i)});
    return nodes;
  }
  if (scalar_will_do && is_scalar(*node.value)) return std::vector<Node>{node};
  report(node, fmt::format("{}, must be a list", kind_name(node.value->kind)));
  return std::nullopt;
}

std::optional<std::vector<double>> CaseReader::vector(const Node& node, std::size_t size) {
  if (node && size > 1 && is_scalar(*node.value)) {
    report(node, fmt::format("{}, must be a list of {} numbers", kind_name(node.value->kind), size));
    return std::nullopt;
  }
  const auto nodes = list(node, size == 1);
  if (!nodes) return std::nullopt;
  if (nodes->size() != size) {
    const bool pairs_of_integers =
        nodes->size() == 2 * size && std::all_of(nodes->begin(), nodes->end(), [](const Node& entry) {
          return entry.value->kind == Value::Kind::integer;
        });
    report(node, fmt::format("a list of {}, must have {}{}", nodes->size(), size,
                             pairs_of_integers ? "; decimals are written with a point" : ""));
    return std::nullopt;
  }
  std::vector<double> values;
  for (const Node& entry : *nodes)
    if (const auto value = number(entry)) values.push_back(*value);
  if (values.size() != size) return std::nullopt;
  return values;
}

std::optional<std::vector<std::vector<Node>>> CaseReader::matrix(const Node& node, std::size_t rows,
                                                                 std::optional<std::size_t> columns) const {
  if (!node) return std::nullopt;
  if (rows == 1 && is_scalar(*node.value)) return std::vector<std::vector<Node>>{{node}};
  const auto outer = list(node);
  if (!outer) return std::nullopt;
  if (outer->size() != rows) {
    report(node, fmt::format("a list of {}, must have {} row{}", outer->size(), rows, rows == 1 ? "" : "s"));
    return std::nullopt;
  }
  std::vector<std::vector<Node>> result;
  bool good = true;
  for (const Node& entry : *outer) {
    const auto row = list(entry);
    if (!row) {
      good = false;
      continue;
    }
    const std::size_t wanted = columns          ? *columns
                               : result.empty() ? std::max<std::size_t>(row->size(), 1)
                                                : result[0].size();
    if (row->size() != wanted) {
      report(entry, fmt::format("a row of {}, must have {}", row->size(), wanted));
      good = false;
    }
    result.push_back(*row);
  }
  if (!good) return std::nullopt;
  return result;
}

std::optional<Eigen::MatrixXd> CaseReader::covariance(const Node& node, std::size_t size) {
  const auto nodes = matrix(node, size, size);
  if (!nodes) return std::nullopt;
  const auto n = static_cast<Eigen::Index>(size);
  Eigen::MatrixXd values(n, n);
  bool good = true;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j) {
      const auto value = number((*nodes)[i][j]);
      good = good && value;
      values(i, j) = value.value_or(0);
    }
  if (!good) return std::nullopt;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < i; ++j)
      if (values(i, j) != values(j, i)) {
        report(node, fmt::format("not symmetric: entry {}.{} is {} and entry {}.{} is {}", j, i, values(j, i), i, j,
                                 values(i, j)));
        return std::nullopt;
      }
  if (!semidefinite(node, values)) return std::nullopt;
  return values;
}

bool CaseReader::semidefinite(const Node& node, const Eigen::MatrixXd& values, const std::string& where) const {
  // Singular is allowed; what rounding makes of a zero eigenvalue is not held against it.
  const double in_own_units = smallest_in_own_units(values);
  if (in_own_units >= -1e-12) return true;
  Eigen::Index lowest = 0;
  const double least = values.diagonal().minCoeff(&lowest);
  std::string what = fmt::format("entry {0}.{0} is {1:.6g}", lowest, least);
  if (least >= 0) {
    const double smallest = symmetric_eigen(values).values[0];
    what = smallest < 0 ? fmt::format("its smallest eigenvalue is {:.6g}", smallest)
                        : fmt::format("scaled to a diagonal of 1 its smallest eigenvalue is {:.6g}", in_own_units);
  }
  report(node, fmt::format("not positive semidefinite{}: {}", where, what));
  return false;
}

}  // namespace fokker::input
