#include <fmt/format.h>

#include <stdexcept>

#include "fokker/model/named_model.hpp"
#include "sections.hpp"

// [sde] model = "...": how a named model meets the keys of a case, and [schedule]: what a user claims about formulas of
// his own.
namespace fokker::input {
namespace {

std::vector<std::string> variables_of(const Case& c) {
  std::vector<std::string> names;
  for (const Axis& axis : c.axes) names.push_back(axis.name);
  return names;
}

// One number for all axes, or a list of one per axis.
std::optional<std::vector<double>> per_axis(CaseReader& reader, const Node& node, const Bounds& bounds) {
  const auto nodes = reader.list(node, true);
  if (!nodes) return std::nullopt;
  const std::size_t d = reader.dimension();
  const bool same = node.value->kind != Value::Kind::array;
  if (!same && nodes->size() != d) {
    reader.report(node, fmt::format("a list of {}, must be one number, or a list of {}", nodes->size(), d));
    return std::nullopt;
  }
  std::vector<double> values;
  for (const Node& entry : *nodes)
    if (const auto value = reader.number(entry, bounds)) values.push_back(*value);
  if (values.size() != nodes->size()) return std::nullopt;
  if (same) values.resize(d, values.front());
  return values;
}

// [sde] of a case for a named model.
class KeysOfModel : public ModelKeys {
 public:
  KeysOfModel(const Reading& r, TableReader& sde) : r_(r), sde_(sde) {}

  std::vector<std::string> variables() const override { return variables_of(r_.c); }
  bool has(std::string_view key) override { return static_cast<bool>(sde_.find(key)); }
  void require(std::string_view key, std::string_view must_be) override {
    static_cast<void>(sde_.require(key, must_be));
  }
  bool one_of(std::span<const std::string_view> keys) override { return !sde_.one_of(keys).empty(); }
  std::optional<std::vector<double>> per_axis(std::string_view key, bool positive) override {
    return input::per_axis(r_.reader, sde_.find(key), positive ? Bounds::positive() : Bounds());
  }
  std::optional<double> positive_number(std::string_view key) override {
    return r_.reader.number(sde_.find(key), Bounds::positive());
  }
  std::optional<Expression> formula(std::string_view key) override {
    return r_.reader.formula(sde_.find(key), std::vector<std::string>{"t"});
  }
  std::optional<std::string> word(std::string_view key, std::span<const std::string> allowed) override {
    return r_.reader.word(sde_.find(key), allowed);
  }
  bool flag(std::string_view key) override { return r_.reader.boolean(sde_.find(key)).value_or(false); }
  void report(std::string_view key, const std::string& text) override {
    r_.reader.report(sde_.find(has(key) ? key : "model"), text);
  }

 private:
  const Reading& r_;
  TableReader& sde_;
};

// Formulas and a name exclude each other.
void refuse_formulas(CaseReader& reader, TableReader& sde) {
  for (const KeyRow* row : keys_of("sde"))
    if (row->rules.of == "formulas" && sde.table()->find(row->key()))
      reader.report(sde.find(row->key()), "excludes sde.model, give one of them");
}

std::optional<NamedModel> make_model(const Reading& r, TableReader& sde, std::string_view name) {
  KeysOfModel keys(r, sde);
  try {
    return find_model(name)->read(keys);
  } catch (const std::length_error& error) {
    r.reader.report(sde.find("model"), fmt::format("its formulas grow too large: {}", error.what()));
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const ModelRow& row : models()) names.emplace_back(row.name);
  return names;
}

void read_model(Reading& r, TableReader& sde) {
  const std::size_t before = r.reader.problems.count();
  const auto name = r.reader.word(sde.find("model"), model_names());
  if (!name || r.reader.problems.count() > before) return;  // whose keys the others are is not known
  read_keys(r.reader, sde, "sde", r.c, 0, *name);
  refuse_formulas(r.reader, sde);
  std::optional<NamedModel> model = make_model(r, sde, *name);
  sde.finish();
  r.c.model = *name;
  if (!model) return;
  r.c.sde = model->formulas;
  r.c.schedule = model->schedule;
  r.c.no_schedule = model->no_schedule;
  r.reader.model = std::move(model);
}

void check_model(CaseReader& reader, const Case& c) {
  if (!reader.model || !reader.end_known) return;
  const auto fault = rate_fault(*reader.model, c.time.end);
  if (!fault) return;
  const Value* sde = reader.root.value->find("sde");
  const Value* at = sde->find(fault->key);
  const std::string key = at ? fault->key : "model";
  reader.report({at ? at : sde->find(key), "sde." + key}, fault->text);
}

void read_schedule(Reading& r) {
  if (!r.node) return;
  if (!r.c.model.empty()) return r.report(fmt::format("the model {} states its own", r.c.model));
  if (!read_table(r)) return;
  const ScheduleClaim& claim = r.reader.claim;
  if (claim.alpha && claim.sigma)
    r.c.schedule = Schedule{std::vector<AxisSchedule>(r.reader.dimension(), {*claim.alpha, *claim.sigma * *claim.sigma,
                                                                             claim.mean, claim.variance}),
                            claim.blurred};
}

}  // namespace fokker::input
