#include "store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fokker/base/errors.hpp"

namespace fokker {

class SweepStore::Statement {
 public:
  Statement(const SweepStore& store, const char* sql) : store_(store) {
    check(sqlite3_prepare_v2(store.base_, sql, -1, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& text(const std::string& value) {
    check(sqlite3_bind_text(statement_, ++bound_, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT));
    return *this;
  }
  Statement& number(double value) {
    check(sqlite3_bind_double(statement_, ++bound_, value));
    return *this;
  }
  Statement& integer(std::int64_t value) {
    check(sqlite3_bind_int64(statement_, ++bound_, value));
    return *this;
  }
  /// Is there a row (more)?
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
    return code == SQLITE_ROW;
  }
  [[nodiscard]] std::string text_of(int column) const {
    const auto* bytes = sqlite3_column_text(statement_, column);
    return bytes == nullptr ? "" : reinterpret_cast<const char*>(bytes);
  }
  [[nodiscard]] double number_of(int column) const { return sqlite3_column_double(statement_, column); }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) throw FileError(store_.file_.string(), sqlite3_errmsg(store_.base_));
  }

  const SweepStore& store_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

SweepStore::SweepStore(const std::filesystem::path& file) : file_(file) {
  const std::filesystem::path lock = file.parent_path() / ".sweep.lock";
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (lock_ < 0) throw FileError(lock.string(), fmt::format("cannot write: {}", std::strerror(errno)));
  const bool taken = ::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (taken || sqlite3_open(file.c_str(), &base_) != SQLITE_OK) {
    const std::string problem = taken ? "" : sqlite3_errmsg(base_);
    sqlite3_close(base_);
    ::close(lock_);
    if (taken) throw UsageError(fmt::format("{} is in use by another fokker sweep", file.parent_path().string()));
    throw FileError(file.string(), problem);
  }
  execute("CREATE TABLE IF NOT EXISTS sweep (identity TEXT NOT NULL)");
  execute(
      "CREATE TABLE IF NOT EXISTS member (number INTEGER PRIMARY KEY, parameters TEXT NOT NULL, status TEXT NOT NULL, "
      "exit_code INTEGER NOT NULL, message TEXT NOT NULL, seconds REAL NOT NULL, host TEXT NOT NULL, "
      "summary TEXT NOT NULL)");
}

SweepStore::~SweepStore() {
  sqlite3_close(base_);
  ::close(lock_);
}

void SweepStore::execute(const char* sql) const { Statement(*this, sql).step(); }

std::string SweepStore::identity() const {
  Statement row(*this, "SELECT identity FROM sweep");
  return row.step() ? row.text_of(0) : "";
}

void SweepStore::begin(const std::string& identity, const std::vector<std::string>& parameters) {
  execute("BEGIN IMMEDIATE");
  execute("DELETE FROM sweep");
  execute("DELETE FROM member");
  Statement(*this, "INSERT INTO sweep VALUES (?)").text(identity).step();
  for (std::size_t i = 0; i < parameters.size(); ++i)
    Statement(*this, "INSERT INTO member VALUES (?, ?, 'waiting', 0, '', 0, '', '')")
        .integer(static_cast<std::int64_t>(i))
        .text(parameters[i])
        .step();
  execute("COMMIT");
}

std::vector<MemberState> SweepStore::members() const {
  std::vector<MemberState> all;
  Statement row(*this, "SELECT status, exit_code, message, seconds, host, summary FROM member ORDER BY number");
  while (row.step())
    all.push_back({row.text_of(0), static_cast<int>(row.number_of(1)), row.text_of(2), row.number_of(3), row.text_of(4),
                   row.text_of(5)});
  return all;
}

void SweepStore::put(std::size_t number, const MemberState& state) {
  Statement(*this,
            "UPDATE member SET status = ?, exit_code = ?, message = ?, seconds = ?, host = ?, summary = ? "
            "WHERE number = ?")
      .text(state.status)
      .integer(state.exit_code)
      .text(state.message)
      .number(state.seconds)
      .text(state.host)
      .text(state.summary)
      .integer(static_cast<std::int64_t>(number))
      .step();
}

}  // namespace fokker
