#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "CPNGCodec.h"
#include "failure.h"

// The whole state lives outside the function that calls setjmp, so that it is defined after a jump.
typedef struct {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t remaining;
} decoder;

static void take(png_structp png, png_bytep data, size_t length) {
  decoder *d = png_get_io_ptr(png);
  if (length > d->remaining) png_error(png, "the file ends too early");
  memcpy(data, d->bytes, length);
  d->bytes += length;
  d->remaining -= length;
}

static void distrust(decoder *d, png_codec_limits limits) {
  png_set_user_limits(d->png, limits.side, limits.side);
  png_set_chunk_malloc_max(d->png, limits.text_chunk_bytes);
  // libpng counts down and refuses the chunk that leaves it at one.
  png_set_chunk_cache_max(d->png, (png_uint_32)limits.text_chunks + 2);
  png_set_crc_action(d->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_benign_errors(d->png, 0);
  // Colour profiles and the like are not used: what is wrong in them shall not matter.
  png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  static const png_byte text_chunks[] = "tEXt\0zTXt\0iTXt";
  png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_AS_DEFAULT, text_chunks, 3);
}

static void read_pixels(decoder *d, png_codec_limits limits, png_codec_image *image) {
  image->width = png_get_image_width(d->png, d->info);
  image->height = png_get_image_height(d->png, d->info);
  if ((uint64_t)image->width * image->height > limits.pixels) png_error(d->png, "the picture has too many pixels");

  png_set_scale_16(d->png);
  png_set_expand(d->png);
  png_set_gray_to_rgb(d->png);
  int passes = png_set_interlace_handling(d->png);
  png_read_update_info(d->png, d->info);
  image->channels = png_get_channels(d->png, d->info);
  size_t stride = (size_t)image->width * image->channels;
  if (png_get_rowbytes(d->png, d->info) != stride) png_error(d->png, "unexpected pixel layout");

  image->pixels = calloc(image->height, stride);
  if (image->pixels == NULL) png_error(d->png, "not enough memory for the picture");
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < image->height; y++) png_read_row(d->png, image->pixels + y * stride, NULL);
  }
}

static char *copy(png_structp png, const char *bytes, size_t length) {
  char *result = malloc(length + 1);
  if (result == NULL) png_error(png, "not enough memory for the text chunks");
  memcpy(result, bytes, length);
  result[length] = 0;
  return result;
}

static void read_texts(decoder *d, png_codec_image *image) {
  png_textp texts = NULL;
  int count = 0;
  png_get_text(d->png, d->info, &texts, &count);
  if (count <= 0) return;
  image->texts = calloc((size_t)count, sizeof *image->texts);
  if (image->texts == NULL) png_error(d->png, "not enough memory for the text chunks");
  for (int i = 0; i < count; i++) {
    png_codec_text *text = &image->texts[i];
    text->is_utf8 = texts[i].compression >= PNG_ITXT_COMPRESSION_NONE;
    text->length = texts[i].text == NULL ? 0 : text->is_utf8 ? texts[i].itxt_length : texts[i].text_length;
    // Counted first, so that a half-made entry is freed as well.
    image->text_count++;
    text->keyword = copy(d->png, texts[i].key, strlen(texts[i].key));
    text->value = copy(d->png, texts[i].text == NULL ? "" : texts[i].text, text->length);
  }
}

static bool run(decoder *d, png_codec_limits limits, png_codec_image *image) {
  if (setjmp(png_jmpbuf(d->png))) return false;
  png_set_read_fn(d->png, d, take);
  distrust(d, limits);
  png_read_info(d->png, d->info);
  read_pixels(d, limits, image);
  png_read_end(d->png, d->info);
  read_texts(d, image);
  return true;
}

bool png_codec_decode(const uint8_t *bytes, size_t byte_count, png_codec_limits limits, png_codec_image *image,
                      png_codec_error *error) {
  decoder d = {.bytes = bytes, .remaining = byte_count};
  bool succeeded = false;
  *image = (png_codec_image){0};
  strcpy(error->message, "not enough memory for libpng");
  d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, error, png_codec_fail, png_codec_ignore_warning);
  if (d.png != NULL) d.info = png_create_info_struct(d.png);
  if (d.info != NULL) succeeded = run(&d, limits, image);
  png_destroy_read_struct(&d.png, &d.info, NULL);
  if (!succeeded) png_codec_release(image);
  return succeeded;
}

void png_codec_release(png_codec_image *image) {
  for (size_t i = 0; i < image->text_count; i++) {
    free(image->texts[i].keyword);
    free(image->texts[i].value);
  }
  free(image->texts);
  free(image->pixels);
  *image = (png_codec_image){0};
}
