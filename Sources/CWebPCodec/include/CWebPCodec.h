#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// libwebp's settings and buffers in the few terms that are needed of them; the container around its pictures, with their
// notes, is the caller's business.

/// The reason of a failure: one sentence, terminated by a zero byte.
typedef struct {
  char message[256];
} webp_codec_error;

/// What a decoder accepts at most.
typedef struct {
  uint32_t side;
  uint64_t pixels;
} webp_codec_limits;

/// A decoded picture: rows from top to bottom, `channels` (3 or 4: RGB, RGBA) bytes a pixel, alpha not premultiplied.
typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;
  uint8_t *_Nullable pixels;
} webp_codec_image;

/// Decodes a WebP file of one picture.
///
/// On success the caller frees `image->pixels`.
bool webp_codec_decode(const uint8_t *_Nonnull bytes, size_t byte_count, webp_codec_limits limits,
                       webp_codec_image *_Nonnull image, webp_codec_error *_Nonnull error);

/// Encodes pixels as a WebP file, `channels` (3 or 4: RGB, RGBA) bytes a pixel, alpha not premultiplied: one chunk in a RIFF
/// header, or with transparency the chunks of an extended file.
///
/// On success the caller frees `*bytes`.
bool webp_codec_encode(const uint8_t *_Nonnull pixels, uint32_t width, uint32_t height, uint32_t channels,
                       int32_t quality, bool is_lossless, uint8_t *_Nullable *_Nonnull bytes, size_t *_Nonnull byte_count,
                       webp_codec_error *_Nonnull error);
