#pragma once
#include <Eigen/Core>
#include <array>
#include <complex>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fokker {

/// What was read is not what was written.
struct ArchiveError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Values in a row of bytes. One description of a class serves both ways, writing and reading back to the bit:
///
///   void keep(Archive& archive) { archive(t_, dt_, state_); }
///
/// For the program that wrote it alone: bytes are those of this machine. Reading is safe on any bytes: nothing is taken
/// beyond their end, and no more memory asked for than they could fill.
class Archive {
 public:
  /// To write into.
  Archive() = default;
  /// To read from; the bytes are borrowed.
  explicit Archive(std::string_view bytes) : from_(bytes), reads_(true) {}

  [[nodiscard]] bool reads() const { return reads_; }
  [[nodiscard]] const std::string& bytes() const { return to_; }
  /// What was written; nothing is left of it.
  [[nodiscard]] std::string take() { return std::exchange(to_, {}); }
  /// Throws ArchiveError where something is left to read.
  void finish() const {
    if (!from_.empty()) throw ArchiveError("there is more in it than there should be");
  }

  /// All of them, in order. Throws ArchiveError.
  template <class... Values>
  void operator()(Values&... values) {
    (one(values), ...);
  }

 private:
  template <class T>
  static constexpr bool plain = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::complex<double>>;

  void raw(void* data, std::size_t size) {
    if (reads_) {
      if (size > from_.size()) throw ArchiveError("it ends too early");
      if (size > 0) std::memcpy(data, from_.data(), size);
      from_.remove_prefix(size);
    } else {
      to_.append(static_cast<const char*>(data), size);
    }
  }
  /// The length of what follows, of at least `each` bytes per entry.
  std::size_t length(std::size_t own, std::size_t each) {
    auto count = static_cast<std::uint64_t>(own);
    raw(&count, sizeof count);
    if (reads_ && count > from_.size() / each) throw ArchiveError("it holds a length that it cannot have");
    return static_cast<std::size_t>(count);
  }

  template <class T>
  void one(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = value ? 1 : 0;
      raw(&byte, 1);
      value = byte != 0;
    } else if constexpr (plain<T>) {
      raw(&value, sizeof value);
    } else {
      value.keep(*this);
    }
  }
  void one(std::string& text) {
    text.resize(length(text.size(), 1));
    raw(text.data(), text.size());
  }
  template <class T, class Allocator>
  void one(std::vector<T, Allocator>& values) {
    static_assert(!std::is_same_v<T, bool>);
    values.resize(length(values.size(), plain<T> ? sizeof(T) : 1));
    if constexpr (plain<T>)
      raw(values.data(), values.size() * sizeof(T));
    else
      for (T& value : values) one(value);
  }
  template <class T, std::size_t N>
  void one(std::array<T, N>& values) {
    for (T& value : values) one(value);
  }
  template <class A, class B>
  void one(std::pair<A, B>& pair) {
    one(pair.first);
    one(pair.second);
  }
  template <class T>
  void one(std::optional<T>& value) {
    bool has = value.has_value();
    one(has);
    if (!has) value.reset();
    if (has && !value) value.emplace();
    if (has) one(*value);
  }
  template <int Rows, int Columns>
  void one(Eigen::Matrix<double, Rows, Columns>& matrix) {
    std::int64_t rows = matrix.rows(), columns = matrix.cols();
    raw(&rows, sizeof rows);
    raw(&columns, sizeof columns);
    if (reads_) {
      const auto left = static_cast<std::int64_t>(from_.size() / sizeof(double));
      if (rows < 0 || columns < 0 || rows > left || columns > left || (columns > 0 && rows > left / columns))
        throw ArchiveError("it holds a length that it cannot have");
      if ((Rows != Eigen::Dynamic && rows != Rows) || (Columns != Eigen::Dynamic && columns != Columns))
        throw ArchiveError("it holds a matrix of another shape");
      matrix.resize(rows, columns);
    }
    raw(matrix.data(), static_cast<std::size_t>(rows * columns) * sizeof(double));
  }

  std::string to_;
  std::string_view from_;
  bool reads_ = false;
};

}  // namespace fokker
