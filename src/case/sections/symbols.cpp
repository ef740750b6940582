#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sections.hpp"

// The names of a case: axes, parameters, definitions. The latter two refer to each other in any order.
namespace fokker::input {
namespace {

constexpr std::size_t most_names = 256, longest_name = 64;

bool is_identifier(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && starts_name(name.front()) &&
         std::all_of(name.begin(), name.end(), goes_on_name);
}

// What is wrong with a new name, "" when nothing is.
std::string name_fault(const Symbols& symbols, const std::string& name) {
  const std::string quoted = toml_string(name);
  if (!is_identifier(name)) return quoted + " is not a name, must be letters, digits and _, a letter or _ first";
  if (is_reserved(name)) return quoted + " is reserved (t, e, pi and the functions are)";
  if (std::find(symbols.all.begin(), symbols.all.end(), name) != symbols.all.end())
    return quoted + " is taken, axes, parameters, definitions, expectations and probabilities need names of their own";
  return "";
}

// Names -> formulas, each worked out after those it refers to.
class Resolver {
 public:
  Resolver(CaseReader& reader, std::span<const std::string> variables) : reader_(reader), variables_(variables) {}

  void add(const std::string& name, const Node& node) { nodes_.emplace(name, node); }

  void resolve_all() {
    for (const auto& [name, node] : nodes_) resolve(name);
  }

 private:
  void resolve(const std::string& name) {
    Symbols& symbols = reader_.symbols;
    if (symbols.meaning.count(name) > 0 || symbols.broken.count(name) > 0) return;
    const Node& node = nodes_.at(name);
    if (const auto first = std::find(path_.begin(), path_.end(), name); first != path_.end()) {
      std::string cycle;
      for (auto step = first; step != path_.end(); ++step) {
        cycle += *step + " -> ";
        symbols.broken.insert(*step);
      }
      reader_.report(node, fmt::format("refers to itself: {}{}", cycle, name));
      return;
    }
    path_.push_back(name);
    for (const std::string& other : references(node))
      if (nodes_.count(other) > 0) resolve(other);
    path_.pop_back();
    if (symbols.broken.count(name) > 0) return;
    if (const auto formula = reader_.formula(node, variables_))
      symbols.meaning.emplace(name, *formula);
    else
      symbols.broken.insert(name);
  }

  // A text that cannot be parsed refers to nothing; it is reported when its own turn comes.
  [[nodiscard]] std::vector<std::string> references(const Node& node) const {
    if (node.value->kind != Value::Kind::string) return {};
    try {
      return parse_expression(node.value->text, reader_.symbols.all).variables();
    } catch (const std::exception&) {
      return {};
    }
  }

  CaseReader& reader_;
  std::span<const std::string> variables_;
  std::map<std::string, Node> nodes_;
  std::vector<std::string> path_;
};

}  // namespace

std::vector<std::pair<std::string, Node>> named_entries(CaseReader& reader, const Node& table) {
  std::vector<std::pair<std::string, Node>> entries;
  TableReader names(table, reader.problems);
  if (!table || !names.is_table()) return entries;
  if (table.value->items.size() > most_names) {
    reader.report(table, fmt::format("{} names, at most {}", table.value->items.size(), most_names));
    return entries;
  }
  for (std::size_t i = 0; i < table.value->items.size(); ++i) {
    const auto& [name, position] = table.value->keys[i];
    const std::string fault = name_fault(reader.symbols, name);
    if (!fault.empty()) {
      reader.problems.add(position, names.path(name), fault);
      continue;
    }
    reader.symbols.all.push_back(name);
    entries.emplace_back(name, Node{&table.value->items[i], names.path(name)});
  }
  return entries;
}

// The names of all axes, before anything else is read.
void read_axis_names(Reading& r) {
  Symbols& symbols = r.reader.symbols;
  symbols.all.emplace_back("t");
  const auto axes = r.reader.list(r.node);
  if (!axes) return;
  if (axes->empty() || axes->size() > 2) return r.report(fmt::format("{} axes, must be one or two", axes->size()));
  symbols.dimension = axes->size();
  for (std::size_t k = 0; k < axes->size(); ++k) {
    TableReader table((*axes)[k], r.reader.problems);
    read_key(*find_key("axis.*.name"), r.reader, table, r.c, k);
  }
}

void read_axis_name(Reading& r) {
  const auto name = r.reader.text(r.node);
  if (!name) return;
  Symbols& symbols = r.reader.symbols;
  if (const std::string fault = name_fault(symbols, *name); !fault.empty()) return r.report(fault);
  symbols.axes.push_back(*name);
  symbols.all.push_back(*name);
}

// From the formulas outside of the two tables, by way of definitions and parameters that refer to others.
void warn_of_unused(CaseReader& reader) {
  const Value* const sde = reader.root.value->find("sde");
  if (!sde || sde->kind != Value::Kind::table) return;
  const std::array<std::string, 2> tables = {"sde.parameters.", "sde.definitions."};
  auto& mentions = reader.symbols.mentions;
  std::set<std::string> used;
  std::vector<std::string> left;
  const auto use = [&](const std::string& key) {
    for (const std::string& name : mentions[key])
      if (used.insert(name).second) left.push_back(name);
  };
  for (const auto& [key, names] : mentions)
    if (!key.starts_with(tables[0]) && !key.starts_with(tables[1])) use(key);
  while (!left.empty()) {
    const std::string name = left.back();
    left.pop_back();
    for (const std::string& table : tables) use(table + name);
  }
  for (const std::string& table : tables) {
    const Value* const names = sde->find(table.substr(4, table.size() - 5));
    if (names == nullptr || names->kind != Value::Kind::table) continue;
    for (std::size_t i = 0; i < names->items.size(); ++i)
      if (const std::string& name = names->keys[i].first; !used.contains(name))
        reader.warn({&names->items[i], table + name}, "is never used");
  }
}

// [sde.parameters] and [sde.definitions].
void read_symbols(Reading& r) {
  CaseReader& reader = r.reader;
  Case& c = r.c;
  const Value* const sde = reader.root.value->find("sde");
  if (!sde || sde->kind != Value::Kind::table) return;
  const auto node = [&](const char* key) { return Node{sde->find(key), fmt::format("sde.{}", key)}; };
  const auto parameters = named_entries(reader, node("parameters"));
  const auto definitions = named_entries(reader, node("definitions"));

  Resolver constants(reader, {});
  for (const auto& [name, entry] : parameters) constants.add(name, entry);
  constants.resolve_all();
  for (const auto& [name, entry] : parameters)
    if (const auto found = reader.symbols.meaning.find(name); found != reader.symbols.meaning.end())
      c.parameters[name] = found->second.value();

  const std::vector<std::string> variables = reader.axes_and_time();
  Resolver formulas(reader, variables);
  for (const auto& [name, entry] : definitions) {
    formulas.add(name, entry);
    if (entry.value->kind != Value::Kind::table) c.definitions.emplace_back(name, to_toml(*entry.value));
  }
  formulas.resolve_all();
}

std::string write_parameters(const Case& c, std::size_t) {
  std::string out;
  for (const auto& [name, value] : c.parameters) out += fmt::format("{} = {}\n", name, toml_number(value));
  return out;
}

std::string write_definitions(const Case& c, std::size_t) {
  std::string out;
  for (const auto& [name, value] : c.definitions) out += fmt::format("{} = {}\n", name, value);
  return out;
}

}  // namespace fokker::input
