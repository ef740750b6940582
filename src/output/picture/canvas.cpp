#include "canvas.hpp"

#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPNGWriter.h>
#include <vtkPointData.h>
#include <vtkUnsignedCharArray.h>

#include <algorithm>
#include <cmath>

#include "fokker/output/files.hpp"

namespace fokker::picture {
namespace {

double distance_to_segment(Pixel p, Pixel a, Pixel b) {
  const double dx = b.x - a.x, dy = b.y - a.y, squared = dx * dx + dy * dy;
  const double along = squared > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / squared, 0.0, 1.0) : 0.0;
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

/// How much of each pixel of a box a pen has covered so far.
class Coverage {
 public:
  explicit Coverage(const Box& box) : box_(box), covered_(static_cast<std::size_t>(box.width) * box.height) {}

  void segment(Pixel a, Pixel b, double thickness) {
    const double reach = thickness / 2 + 1;
    const int x0 = column(std::min(a.x, b.x) - reach), x1 = column(std::max(a.x, b.x) + reach);
    const int y0 = row(std::min(a.y, b.y) - reach), y1 = row(std::max(a.y, b.y) + reach);
    for (int y = y0; y < y1; ++y) {
      for (int x = x0; x < x1; ++x) {
        const double distance = distance_to_segment({box_.left + x + 0.5, box_.top + y + 0.5}, a, b);
        float& covered = covered_[static_cast<std::size_t>(y) * box_.width + x];
        covered = std::max(covered, static_cast<float>(std::clamp(thickness / 2 + 0.5 - distance, 0.0, 1.0)));
      }
    }
  }
  [[nodiscard]] float at(int x, int y) const { return covered_[static_cast<std::size_t>(y) * box_.width + x]; }

 private:
  // Clamped before the conversion, so that a vertex far outside is harmless.
  [[nodiscard]] int column(double x) const {
    return static_cast<int>(std::clamp(x - box_.left, 0.0, double(box_.width)));
  }
  [[nodiscard]] int row(double y) const { return static_cast<int>(std::clamp(y - box_.top, 0.0, double(box_.height))); }

  Box box_;
  std::vector<float> covered_;
};

bool is_finite(Pixel p) { return std::isfinite(p.x) && std::isfinite(p.y); }

/// The parts of [start, start + length] of a line's length that are strokes, as fractions of the segment.
template <class Draw>
void for_each_stroke(double start, double length, double dash, const Draw& draw) {
  for (double from = 2 * dash * std::floor(start / (2 * dash)); from < start + length; from += 2 * dash) {
    const double a = std::max(from, start), b = std::min(from + dash, start + length);
    if (a < b) draw((a - start) / length, (b - start) / length);
  }
}

}  // namespace

Canvas::Canvas(int width, int height)
    : width_(width), height_(height), rgb_(static_cast<std::size_t>(width) * height * 3, 255) {}

void Canvas::blend(int x, int y, Color color, double coverage) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  std::uint8_t* pixel = &rgb_[(static_cast<std::size_t>(y) * width_ + x) * 3];
  const std::array<std::uint8_t, 3> target{color.red, color.green, color.blue};
  for (std::size_t k = 0; k < 3; ++k) {
    pixel[k] = static_cast<std::uint8_t>(std::lround(pixel[k] + coverage * (target[k] - pixel[k])));
  }
}

void Canvas::fill(const Box& box, Color color, double coverage) {
  for (int y = box.top; y < box.bottom(); ++y) {
    for (int x = box.left; x < box.right(); ++x) blend(x, y, color, coverage);
  }
}

void Canvas::outline(const Box& box, Color color) {
  fill({box.left - 1, box.top - 1, box.width + 2, 1}, color);
  fill({box.left - 1, box.bottom(), box.width + 2, 1}, color);
  fill({box.left - 1, box.top, 1, box.height}, color);
  fill({box.right(), box.top, 1, box.height}, color);
}

void Canvas::text(int x, int y, std::string_view text, Font font, Color color, Align align) {
  const int length = static_cast<int>(text.size()) * font.width;
  x -= align == Align::left ? 0 : align == Align::center ? length / 2 : length;
  for (const char c : text) {
    const auto rows = font.glyph(c);
    for (int row = 0; row < font.height; ++row) {
      for (int column = 0; column < font.width; ++column) {
        if ((rows[row] >> (font.width - 1 - column) & 1) != 0) blend(x + column, y + row, color);
      }
    }
    x += font.width;
  }
}

void Canvas::text_upwards(int x, int y, std::string_view text, Font font, Color color) {
  x -= font.height / 2;
  y += static_cast<int>(text.size()) * font.width / 2;
  for (const char c : text) {
    const auto rows = font.glyph(c);
    for (int row = 0; row < font.height; ++row) {
      for (int column = 0; column < font.width; ++column) {
        if ((rows[row] >> (font.width - 1 - column) & 1) != 0) blend(x + row, y - column, color);
      }
    }
    y -= font.width;
  }
}

void Canvas::polyline(std::span<const Pixel> vertices, double thickness, Color color, const Box& clip, double dash) {
  Coverage pen(clip);
  double length = 0;
  for (std::size_t i = 1; i < vertices.size(); ++i) {
    const Pixel a = vertices[i - 1], b = vertices[i];
    if (!is_finite(a) || !is_finite(b)) continue;
    const double step = std::hypot(b.x - a.x, b.y - a.y);
    if (dash > 0 && step > 0) {
      for_each_stroke(length, step, dash, [&](double from, double to) {
        pen.segment({a.x + from * (b.x - a.x), a.y + from * (b.y - a.y)},
                    {a.x + to * (b.x - a.x), a.y + to * (b.y - a.y)}, thickness);
      });
    } else {
      pen.segment(a, b, thickness);
    }
    length += step;
  }
  for (int y = 0; y < clip.height; ++y) {
    for (int x = 0; x < clip.width; ++x) {
      if (pen.at(x, y) > 0) blend(clip.left + x, clip.top + y, color, pen.at(x, y));
    }
  }
}

void Canvas::write_png(const std::filesystem::path& path) const {
  vtkNew<vtkImageData> image;
  image->SetDimensions(width_, height_, 1);
  image->AllocateScalars(VTK_UNSIGNED_CHAR, 3);
  for (int y = 0; y < height_; ++y) {  // VTK's rows go upwards
    const auto bytes = static_cast<std::ptrdiff_t>(width_) * 3;
    const auto row = rgb_.begin() + y * bytes;
    std::copy(row, row + bytes, static_cast<std::uint8_t*>(image->GetScalarPointer(0, height_ - 1 - y, 0)));
  }
  vtkNew<vtkPNGWriter> writer;
  writer->SetInputData(image);
  writer->WriteToMemoryOn();
  writer->Write();
  vtkUnsignedCharArray* bytes = writer->GetResult();
  write_atomically(path, {reinterpret_cast<const char*>(bytes->GetPointer(0)),
                          static_cast<std::size_t>(bytes->GetNumberOfValues())});
}

}  // namespace fokker::picture
