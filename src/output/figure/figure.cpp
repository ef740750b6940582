#include "fokker/output/figure.hpp"

#include <fmt/format.h>

#include "canvas.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/output/files.hpp"

namespace fokker::figure {

std::string figure_bytes(const Figure& figure, std::string_view extension) {
  const double height = height_of(figure);
  const std::string title = clean_text(figure.title);
  const std::unique_ptr<Canvas> canvas = extension == ".svg"   ? svg_canvas(figure.width, height, title)
                                         : extension == ".png" ? png_canvas(figure.width, height)
                                         : extension == ".pdf" ? pdf_canvas(figure.width, height, title)
                                                               : nullptr;
  if (!canvas) throw UsageError(fmt::format("a figure is a .png, a .svg or a .pdf file, not '{}'", extension));
  draw(figure, *canvas);
  return canvas->bytes();
}

std::string svg_of(const Figure& figure) { return figure_bytes(figure, ".svg"); }

void write_figure(const std::filesystem::path& path, const Figure& figure) {
  write_atomically(path, figure_bytes(figure, path.extension().string()));
}

}  // namespace fokker::figure
