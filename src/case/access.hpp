#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "reader.hpp"

// How most keys meet the Case: a member of one of its parts, read and written by its kind.
namespace fokker::input {

// The part of a Case (or const Case) that holds the members of a table's keys.
template <class Part, class AnyCase>
auto& part_of(AnyCase& c, std::size_t entry) {
  if constexpr (std::is_same_v<Part, Case>) return c;
  if constexpr (std::is_same_v<Part, Axis>) return c.axes[entry];
  if constexpr (std::is_same_v<Part, Gaussian>) return std::get<InitialMixture>(c.initial).components[entry];
  if constexpr (std::is_same_v<Part, CaseScheme>) return c.scheme;
  if constexpr (std::is_same_v<Part, CaseTime>) return c.time;
  if constexpr (std::is_same_v<Part, CaseOutput>) return c.output;
  if constexpr (std::is_same_v<Part, CasePicture>) return c.output.picture;
  if constexpr (std::is_same_v<Part, CaseCheckpoint>) return c.checkpoint;
  if constexpr (std::is_same_v<Part, CaseCompare>) return c.compare;
  if constexpr (std::is_same_v<Part, CaseMonteCarlo>) return *c.compare.monte_carlo;
  if constexpr (std::is_same_v<Part, CaseSpectral>) return *c.compare.spectral;
  if constexpr (std::is_same_v<Part, CaseLogLikelihood>) return *c.compare.log_likelihood;
  if constexpr (std::is_same_v<Part, CaseReverse>) return *c.reverse;
  if constexpr (std::is_same_v<Part, CaseStop>) return c.stops[entry];
  if constexpr (std::is_same_v<Part, CaseCheck>) return c.checks[entry];
}

inline std::string toml(double value) { return toml_number(value); }
inline std::string toml(std::int64_t value) { return std::to_string(value); }
inline std::string toml(std::uint64_t value) { return std::to_string(value); }
inline std::string toml(int value) { return std::to_string(value); }
inline std::string toml(bool value) { return value ? "true" : "false"; }
inline std::string toml(const std::string& text) { return toml_string(text); }
template <class T>
std::string toml(const std::optional<T>& value) {
  return value ? toml(*value) : "";
}
template <class Range>
std::string toml_list(const Range& values) {
  std::string out;
  for (const auto& value : values) out += (out.empty() ? "" : ", ") + toml(value);
  return "[" + out + "]";
}
// What stands for a file or folder: resolved.toml stands in another folder than the case.
inline std::string toml_input(const Case& c, const std::string& word) {
  return word.empty() ? "" : toml_string(word_in_run_folder(c.inputs, word));
}
// A formula or a number as text.
inline std::string formula_text(const Node& node) {
  return node.value->kind == Value::Kind::string ? node.value->text : to_toml(*node.value);
}

// A member as TOML; lists and what is unusual have writers of their own.
template <class Part, class T>
auto writer(T Part::*member) {
  return [member](const Case& c, std::size_t entry) { return toml(part_of<Part>(c, entry).*member); };
}

// A word that may be absent.
template <class Part>
auto word_writer(std::string Part::*member) {
  return [member](const Case& c, std::size_t entry) {
    const std::string& word = part_of<Part>(c, entry).*member;
    return word.empty() ? "" : toml_string(word);
  };
}

template <class Part, class T>  // double or an optional one
KeyAccess number(T Part::*member, const Bounds& bounds = {}) {
  const auto read = [member, bounds](Reading& r) {
    if (const auto value = r.reader.number(r.node, bounds)) part_of<Part>(r.c, r.entry).*member = *value;
  };
  return {KeyKind::number, bounds.text, read, writer(member)};
}

template <class Part, class T>
KeyAccess integer(T Part::*member, std::int64_t least, std::int64_t most) {
  const auto read = [=](Reading& r) {
    if (const auto value = r.reader.integer(r.node, least, most))
      part_of<Part>(r.c, r.entry).*member = static_cast<T>(*value);
  };
  return {KeyKind::integer, integers(least, most), read, writer(member)};
}

template <class Part, class T>  // bool or an optional one
KeyAccess boolean(T Part::*member) {
  const auto read = [member](Reading& r) {
    if (const auto value = r.reader.boolean(r.node)) part_of<Part>(r.c, r.entry).*member = *value;
  };
  return {KeyKind::boolean, "true or false", read, writer(member)};
}

template <class Part>
KeyAccess text(std::string Part::*member) {
  const auto read = [member](Reading& r) {
    if (const auto value = r.reader.text(r.node)) part_of<Part>(r.c, r.entry).*member = *value;
  };
  return {KeyKind::text, "a string", read, writer(member)};
}

// One of a list that the vocabulary has.
using Words = std::vector<std::string> (*)(const Vocabulary&);
template <class Part>
KeyAccess word(std::string Part::*member, Words words, std::string must_be) {
  const auto read = [=](Reading& r) {
    if (const auto value = r.reader.word(r.node, words(r.reader.vocabulary)))
      part_of<Part>(r.c, r.entry).*member = *value;
  };
  return {KeyKind::word, std::move(must_be), read, writer(member)};
}

// The same, and absent unless it is given.
template <class Part>
KeyAccess word_or_none(std::string Part::*member, Words words, std::string must_be) {
  KeyAccess access = word(member, words, std::move(must_be));
  access.write = word_writer(member);
  return access;
}

// The same, with the first one as the default.
template <class Part>
KeyAccess word_or_first(std::string Part::*member, std::vector<std::string> Vocabulary::*words, std::string must_be) {
  const auto read = [=](Reading& r) {
    const std::vector<std::string>& allowed = r.reader.vocabulary.*words;
    part_of<Part>(r.c, r.entry).*member = r.reader.word(r.node, allowed).value_or(allowed.empty() ? "" : allowed[0]);
  };
  const auto write = [member](const Case& c, std::size_t entry) {
    const std::string& word = part_of<Part>(c, entry).*member;
    return word.empty() ? "" : toml_string(word);  // a vocabulary without such words
  };
  return {KeyKind::word, std::move(must_be), read, write};
}

// A formula or a number as it is written, with what comes of it.
inline KeyAccess as_written(KeyKind kind, std::string must_be, std::function<void(Reading&)> read = {}) {
  return {kind, std::move(must_be), std::move(read), {}, {}, true};
}

// A table with keys of its own, in place of `true`, which stands for all of their defaults; `keys` names them.
template <class Part>
KeyAccess switched(std::optional<Part> CaseCompare::*member, const std::string& keys) {
  const auto read = [=](Reading& r) {
    std::optional<Part>& part = r.c.compare.*member;
    if (!r.node) return;
    const Value& value = *r.node.value;
    if (value.kind == Value::Kind::table) {
      part.emplace();
      read_table(r);
    } else if (value.kind != Value::Kind::boolean) {
      r.report(std::string(kind_name(value.kind)) + ", must be " + r.row.access.must_be);
    } else if (value.flag) {
      part.emplace();
    }
  };
  const auto count = [member](const Case& c) { return std::size_t{(c.compare.*member).has_value()}; };
  return {KeyKind::inline_table, "true or a table " + keys, read, {}, count};
}

}  // namespace fokker::input
