#include <cairo-pdf.h>
#include <cairo.h>
#include <fontconfig/fontconfig.h>

#include <new>
#include <stdexcept>

#include "canvas.hpp"
#include "colours.hpp"

namespace fokker::figure {
namespace {

cairo_status_t append(void* text, const unsigned char* bytes, unsigned int count) {
  try {
    static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), count);
    return CAIRO_STATUS_SUCCESS;
  } catch (const std::bad_alloc&) {
    return CAIRO_STATUS_NO_MEMORY;
  }
}

void require(cairo_status_t status) {
  if (status == CAIRO_STATUS_NO_MEMORY) throw std::bad_alloc();
  if (status != CAIRO_STATUS_SUCCESS) throw std::runtime_error(std::string("cairo: ") + cairo_status_to_string(status));
}

using Surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;
using Context = std::unique_ptr<cairo_t, decltype(&cairo_destroy)>;

Surface surface_of(const Raster& raster) {
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, raster.width, raster.height), cairo_surface_destroy);
  require(cairo_surface_status(surface.get()));
  cairo_surface_flush(surface.get());
  unsigned char* row = cairo_image_surface_get_data(surface.get());
  const std::uint8_t* in = raster.rgb.data();
  for (int y = 0; y < raster.height; ++y, row += cairo_image_surface_get_stride(surface.get())) {
    auto* pixels = reinterpret_cast<std::uint32_t*>(row);  // rows are aligned, as cairo asks
    for (int x = 0; x < raster.width; ++x, in += 3)
      pixels[x] = 0xFF000000u | std::uint32_t{in[0]} << 16 | std::uint32_t{in[1]} << 8 | std::uint32_t{in[2]};
  }
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

std::string png_bytes(cairo_surface_t* surface) {
  std::string bytes;
  require(cairo_surface_write_to_png_stream(surface, append, &bytes));
  return bytes;
}

class CairoCanvas : public Canvas {
 public:
  void paper(const Box& box) override {
    cairo_set_source_rgb(context_.get(), 1, 1, 1);
    cairo_rectangle(context_.get(), box.left, box.top, box.width, box.height);
    cairo_fill(context_.get());
  }

  void stroke(const std::vector<Polyline>& lines, const Paint& paint, double width, Dash dash) override {
    constexpr double dashed[] = {6, 3.5}, dotted[] = {1.5, 2.5};
    path(lines, false);
    take(paint);
    cairo_set_line_width(context_.get(), width);
    cairo_set_line_join(context_.get(), CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(context_.get(), dash == Dash::dotted ? dotted : dashed, dash == Dash::solid ? 0 : 2, 0);
    cairo_stroke(context_.get());
  }

  void fill(const std::vector<Polyline>& areas, const Paint& paint) override {
    path(areas, true);
    take(paint);
    cairo_fill(context_.get());
  }

  void image(const Box& box, const Raster& raster) override {
    const Surface pixels = surface_of(raster);
    cairo_save(context_.get());
    cairo_rectangle(context_.get(), box.left, box.top, box.width, box.height);
    cairo_clip(context_.get());
    cairo_translate(context_.get(), box.left, box.top);
    cairo_scale(context_.get(), box.width / raster.width, box.height / raster.height);
    cairo_set_source_surface(context_.get(), pixels.get(), 0, 0);
    cairo_pattern_set_filter(cairo_get_source(context_.get()), CAIRO_FILTER_NEAREST);
    cairo_paint(context_.get());
    cairo_restore(context_.get());
  }

  void text(Pixel at, const std::string& text, const Words& words, const Paint& paint) override {
    cairo_t* c = context_.get();
    cairo_save(c);
    cairo_select_font_face(c, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           words.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, words.size);
    cairo_text_extents_t extents;
    cairo_text_extents(c, text.c_str(), &extents);
    cairo_translate(c, at.x, at.y);
    if (words.upwards) cairo_rotate(c, -1.5707963267948966);
    const double part = words.align == Align::left ? 0 : words.align == Align::centre ? 0.5 : 1;
    cairo_move_to(c, -part * extents.x_advance, 0);
    take(paint);
    cairo_show_text(c, text.c_str());
    cairo_restore(c);
  }

  void clip(const Box& box) override {
    cairo_save(context_.get());
    cairo_rectangle(context_.get(), box.left, box.top, box.width, box.height);
    cairo_clip(context_.get());
  }
  void unclip() override { cairo_restore(context_.get()); }

 protected:
  explicit CairoCanvas(cairo_surface_t* surface)
      : surface_(surface, cairo_surface_destroy), context_(cairo_create(surface), cairo_destroy) {
    require(cairo_status(context_.get()));
  }

  Surface surface_;
  Context context_;

 private:
  void take(const Paint& paint) {
    const Rgb c = colour_of(paint);
    cairo_set_source_rgba(context_.get(), c.red / 255.0, c.green / 255.0, c.blue / 255.0, paint.opacity);
  }
  void path(const std::vector<Polyline>& lines, bool closed) {
    cairo_new_path(context_.get());
    for (const Polyline& line : lines) {
      for (std::size_t k = 0; k < line.size(); ++k)
        (k == 0 ? cairo_move_to : cairo_line_to)(context_.get(), line[k].x, line[k].y);
      if (closed && !line.empty()) cairo_close_path(context_.get());
    }
  }
};

class PngCanvas final : public CairoCanvas {
 public:
  PngCanvas(double width, double height)
      : CairoCanvas(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(factor * width + 0.5),
                                               static_cast<int>(factor * height + 0.5))) {
    cairo_scale(context_.get(), factor, factor);
  }
  std::string bytes() override {
    require(cairo_status(context_.get()));
    return png_bytes(surface_.get());
  }

 private:
  static constexpr double factor = 2;
};

class PdfCanvas final : public CairoCanvas {
 public:
  PdfCanvas(double width, double height, const std::string& title,
            std::unique_ptr<std::string> out = std::make_unique<std::string>())
      : CairoCanvas(cairo_pdf_surface_create_for_stream(append, out.get(), width, height)), out_(std::move(out)) {
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_TITLE, title.c_str());
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_CREATE_DATE, "");
  }
  ~PdfCanvas() override { cairo_surface_finish(surface_.get()); }
  std::string bytes() override {
    require(cairo_status(context_.get()));
    cairo_show_page(context_.get());
    cairo_surface_finish(surface_.get());
    require(cairo_surface_status(surface_.get()));
    return *out_;
  }

 private:
  std::unique_ptr<std::string> out_;  // there before the surface, which writes into it
};

}  // namespace

std::unique_ptr<Canvas> png_canvas(double width, double height) { return std::make_unique<PngCanvas>(width, height); }
std::unique_ptr<Canvas> pdf_canvas(double width, double height, const std::string& title) {
  return std::make_unique<PdfCanvas>(width, height, title);
}
std::string png_of(const Raster& raster) { return png_bytes(surface_of(raster).get()); }

std::string font_problem() {
  const FcFontSet* fonts = FcInit() == FcTrue ? FcConfigGetFonts(nullptr, FcSetSystem) : nullptr;
  if (fonts != nullptr && fonts->nfont > 0) return "";
  return "no font is installed (fontconfig finds none): words in PNG and PDF figures are drawn with bare strokes, and "
         "only in ASCII; fonts-dejavu-core has what figures are made for";
}

}  // namespace fokker::figure
