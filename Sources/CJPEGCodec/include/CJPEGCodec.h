#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// libjpeg reports errors by a callback that must not return, so by longjmp, which must not cross Swift frames. These
// functions keep every jump inside C and work on memory only; files are the caller's business.

/// The reason of a failure: one sentence, terminated by a zero byte.
typedef struct {
  char message[256];
} jpeg_codec_error;

/// What a decoder accepts at most.
typedef struct {
  uint32_t side;
  uint64_t pixels;
  /// Passes over the picture: a small file can ask for thousands.
  int32_t scans;
} jpeg_codec_limits;

/// A decoded picture: rows from top to bottom, `channels` bytes a pixel: 3 for RGB, 4 for CMYK as the file has it.
typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;
  uint8_t *_Nullable pixels;
  /// The first APP1 segment that holds EXIF, without its `Exif` mark: a TIFF structure.
  uint8_t *_Nullable exif;
  size_t exif_count;
} jpeg_codec_image;

/// Decodes a JPEG; a picture that ends early or is damaged is an error, not a grey area.
///
/// On success the caller releases `image` with `jpeg_codec_release`.
bool jpeg_codec_decode(const uint8_t *_Nonnull bytes, size_t byte_count, jpeg_codec_limits limits,
                       jpeg_codec_image *_Nonnull image, jpeg_codec_error *_Nonnull error);

/// Frees what a decoded picture holds.
void jpeg_codec_release(jpeg_codec_image *_Nonnull image);

/// Encodes RGB pixels as a baseline JPEG, with `exif` (which begins with its `Exif` mark) in an APP1 segment.
///
/// From quality 90 on, colour has the resolution of brightness. On success the caller frees `*bytes`.
bool jpeg_codec_encode(const uint8_t *_Nonnull pixels, uint32_t width, uint32_t height, const uint8_t *_Nullable exif,
                       size_t exif_count, int32_t quality, uint8_t *_Nullable *_Nonnull bytes,
                       size_t *_Nonnull byte_count, jpeg_codec_error *_Nonnull error);
