#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// libpng reports errors by longjmp, which must not cross Swift frames. These functions keep every jump inside C and
// work on memory only; files are the caller's business.

/// A text chunk. `value` is `length` bytes of Latin-1, or of UTF-8 if `is_utf8` (an iTXt chunk).
typedef struct {
  char *_Nonnull keyword;
  char *_Nonnull value;
  size_t length;
  bool is_utf8;
} png_codec_text;

/// The reason of a failure: one sentence of libpng, terminated by a zero byte.
typedef struct {
  char message[256];
} png_codec_error;

/// What a decoder accepts at most.
typedef struct {
  uint32_t side;
  uint64_t pixels;
  size_t text_chunks;
  size_t text_chunk_bytes;
} png_codec_limits;

/// A decoded picture: rows from top to bottom, `channels` (3 or 4: RGB, RGBA) bytes a pixel, alpha not premultiplied.
typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;
  uint8_t *_Nullable pixels;
  png_codec_text *_Nullable texts;
  size_t text_count;
} png_codec_image;

/// Encodes pixels as a PNG with text chunks before the pixels: `channels` (3 or 4: RGB, RGBA) bytes a pixel, alpha not
/// premultiplied.
///
/// On success the caller frees `*bytes`. The keywords and values of `texts` must be terminated by a zero byte.
bool png_codec_encode(const uint8_t *_Nonnull pixels, uint32_t width, uint32_t height, uint32_t channels,
                      const png_codec_text *_Nullable texts, size_t text_count, int compression_level,
                      uint8_t *_Nullable *_Nonnull bytes, size_t *_Nonnull byte_count, png_codec_error *_Nonnull error);

/// Decodes a PNG of any colour type to 8 bits a channel.
///
/// On success the caller releases `image` with `png_codec_release`.
bool png_codec_decode(const uint8_t *_Nonnull bytes, size_t byte_count, png_codec_limits limits,
                      png_codec_image *_Nonnull image, png_codec_error *_Nonnull error);

/// Frees what a decoded picture holds.
void png_codec_release(png_codec_image *_Nonnull image);
