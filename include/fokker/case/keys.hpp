#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The table of everything that a case may say. Reading, --set, "did you mean", what is not available yet and
/// resolved.toml come from its rows: a new key is one row in src/case/keys.cpp and the member of Case that it fills.
namespace fokker {

struct Case;
namespace input {
struct Reading;
}

enum class KeyKind {
  boolean,
  integer,
  number,
  word,  ///< one of a closed list
  text,
  formula,
  list,
  matrix,
  switched,  ///< a boolean, or something longer instead of `true`
  table,     ///< [path]
  names,     ///< [path] whose keys are the user's own
  tables,    ///< [[path]]; its keys are path.*.key
  inline_table,
  inline_tables,
  later,  ///< not available yet
};
[[nodiscard]] std::string_view to_string(KeyKind kind);

/// How a key meets the Case; `entry` counts the entries of the list that it stands in.
struct KeyAccess {
  KeyKind kind = KeyKind::later;
  std::string must_be = {};  ///< "a number > 0", as messages say it
  /// Also called where the key is absent (its node is empty then), to fill in a default that depends on other keys.
  /// Empty for keys that are read together with their table.
  std::function<void(input::Reading&)> read = {};
  /// The value as TOML, "" where it is not written. Empty where nothing is written under this key.
  std::function<std::string(const Case&, std::size_t entry)> write = {};
  /// Of a table: whether it is written, of a list how many entries.
  std::function<std::size_t(const Case&)> count = {};
  bool as_written = false;  ///< resolved.toml has the value as the case has it (Case::written)
};

/// What a key has to do with others of its table, which are named without their path.
struct KeyRules {
  struct Meaning {
    std::string_view key, value;
  };
  std::vector<Meaning> only_with = {};             ///< it has a meaning only with these, which stand above it
  std::string_view choice = {};                    ///< those of one choice exclude each other
  std::vector<std::string_view> replaces = {};     ///< --set takes these out of the file as well as those of its choice
  std::string_view of = {};                        ///< the variants of its table that know it: one, "a model"; all
  std::vector<std::string_view> only_beside = {};  ///< unknown where none of these stands
  std::optional<std::string_view> file_ending = {};  ///< text that ends so names a file or a folder
  bool entries_have_names = false;                   ///< of tables: paths call an entry by its `name`
  int late = 0;                                      ///< resolved.toml has it after its neighbours with less
  /// What holds for the keys of a table too: the verbs that read it ("": all that read a case), and where more is said.
  std::string_view verbs = {}, see = {};
};

struct KeyRow {
  std::string_view path;  ///< dotted; the entries of a list are *: check.*.below
  KeyAccess access;
  std::string_view unit;      ///< x stands for the unit of an axis, t for that of time, X^d for that of the box
  std::string_view standard;  ///< what stands where the key is absent, or one of those below
  std::string_view doc;       ///< what it means, as a sentence without a full stop
  std::string_view example;   ///< a value as a case has it; "" for tables
  KeyRules rules = {};

  [[nodiscard]] std::string_view key() const { return path.substr(path.rfind('.') + 1); }
  /// The path of its table; "" for the file itself.
  [[nodiscard]] std::string_view parent() const {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? "" : path.substr(0, dot);
  }
  /// The verbs that read it, and where more is said of it ("" where nowhere): its own, or those of a table around it.
  [[nodiscard]] std::string_view verbs() const;
  [[nodiscard]] std::string_view see() const;
  /// Does a variant of its table know it?
  [[nodiscard]] bool is_of(std::string_view variant) const;
};
inline constexpr std::string_view required = "required", required_to_run = "required, but for steady",
                                  first_of_list = "the first of its list";

[[nodiscard]] std::span<const KeyRow> case_keys();
/// Its path as people write it: "axis.cells" of every entry of [[axis]].
[[nodiscard]] std::string key_name(const KeyRow& row);
/// nullptr where there is none.
[[nodiscard]] const KeyRow* find_key(std::string_view path);
/// The keys of a table, in the order of the rows; "" for the file itself.
[[nodiscard]] std::vector<const KeyRow*> keys_of(std::string_view table);

}  // namespace fokker
