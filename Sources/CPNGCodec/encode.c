#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "CPNGCodec.h"
#include "failure.h"

// The whole state lives outside the function that calls setjmp, so that it is defined after a jump.
typedef struct {
  png_structp png;
  png_infop info;
  png_textp texts;
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} encoder;

static void append(png_structp png, png_bytep data, size_t length) {
  encoder *e = png_get_io_ptr(png);
  if (length > e->capacity - e->count) {
    size_t capacity = e->capacity + (e->capacity > length ? e->capacity : length);
    uint8_t *bytes = capacity < e->capacity ? NULL : realloc(e->bytes, capacity);
    if (bytes == NULL) png_error(png, "not enough memory for the encoded picture");
    e->bytes = bytes;
    e->capacity = capacity;
  }
  memcpy(e->bytes + e->count, data, length);
  e->count += length;
}

static void flush(png_structp png) { (void)png; }

static void set_texts(encoder *e, const png_codec_text *texts, size_t count) {
  if (count == 0) return;
  e->texts = count > INT32_MAX ? NULL : calloc(count, sizeof *e->texts);
  if (e->texts == NULL) png_error(e->png, "not enough memory for the text chunks");
  for (size_t i = 0; i < count; i++) {
    e->texts[i].compression = texts[i].is_utf8 ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE;
    e->texts[i].key = texts[i].keyword;
    e->texts[i].text = texts[i].value;
  }
  png_set_text(e->png, e->info, e->texts, (int)count);
}

static bool run(encoder *e, const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels,
                const png_codec_text *texts, size_t text_count, int level) {
  if (setjmp(png_jmpbuf(e->png))) return false;
  png_set_write_fn(e->png, e, append, flush);
  png_set_IHDR(e->png, e->info, width, height, 8, channels == 4 ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(e->png, level);
  png_set_compression_buffer_size(e->png, 1 << 16);
  png_set_filter(e->png, PNG_FILTER_TYPE_BASE, PNG_FAST_FILTERS);
  set_texts(e, texts, text_count);
  png_write_info(e->png, e->info);
  for (uint32_t y = 0; y < height; y++) png_write_row(e->png, pixels + (size_t)y * width * channels);
  png_write_end(e->png, NULL);
  return true;
}

bool png_codec_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels,
                      const png_codec_text *texts, size_t text_count, int compression_level, uint8_t **bytes,
                      size_t *byte_count, png_codec_error *error) {
  encoder e = {0};
  bool succeeded = false;
  strcpy(error->message, "not enough memory for libpng");
  e.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, error, png_codec_fail, png_codec_ignore_warning);
  if (e.png != NULL) e.info = png_create_info_struct(e.png);
  if (e.info != NULL) succeeded = run(&e, pixels, width, height, channels, texts, text_count, compression_level);
  png_destroy_write_struct(&e.png, &e.info);
  free(e.texts);
  if (!succeeded) {
    free(e.bytes);
    return false;
  }
  *bytes = e.bytes;
  *byte_count = e.count;
  return true;
}
