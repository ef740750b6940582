#include "fokker/output/tables.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <iterator>

namespace fokker {

std::string npy_bytes(const Grid& grid, std::span<const double> values) {
  static_assert(std::endian::native == std::endian::little);
  const Index nx = grid.nx(), ny = grid.ny();
  std::string header = fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},{}), }}", nx,
                                   grid.dimension() > 1 ? fmt::format(" {}", ny) : "");
  constexpr std::size_t before = 10, multiple = 64;  // magic, version and length; all of it is padded, with a line end
  header.resize((before + header.size() + multiple) / multiple * multiple - before - 1, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.reserve(bytes.size() + values.size_bytes());
  for (Index i = 0; i < nx; ++i)
    for (Index j = 0; j < ny; ++j)
      bytes.append(reinterpret_cast<const char*>(&values[static_cast<std::size_t>(i + nx * j)]), sizeof(double));
  return bytes;
}

std::vector<double> npy_values(const Grid& grid, std::string_view bytes) {
  const std::vector<double> none(static_cast<std::size_t>(grid.cells()));
  const std::string like = npy_bytes(grid, none);
  const std::size_t header = like.size() - none.size() * sizeof(double);
  if (bytes.size() != like.size() || bytes.substr(0, header) != std::string_view(like).substr(0, header)) return {};
  std::vector<double> values(none.size());
  const char* next = bytes.data() + header;
  for (Index i = 0; i < grid.nx(); ++i)
    for (Index j = 0; j < grid.ny(); ++j, next += sizeof(double))
      std::memcpy(&values[static_cast<std::size_t>(i + grid.nx() * j)], next, sizeof(double));
  return values;
}

std::string csv_text(const Grid& grid, std::span<const double> values) {
  std::string text;
  for (const Axis& axis : grid.axes()) text += axis.name + ",";
  text += "p\n";
  const auto out = std::back_inserter(text);
  for (Index j = 0; j < grid.ny(); ++j)
    for (Index i = 0; i < grid.nx(); ++i) {
      fmt::format_to(out, "{},", grid.axis(0).center(i));
      if (grid.dimension() > 1) fmt::format_to(out, "{},", grid.axis(1).center(j));
      fmt::format_to(out, "{}\n", values[static_cast<std::size_t>(i + grid.nx() * j)]);
    }
  return text;
}

}  // namespace fokker
