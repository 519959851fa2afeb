#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webp/encode.h>

#include "CWebPCodec.h"

static bool fail(webp_codec_error *error, const char *message) {
  snprintf(error->message, sizeof error->message, "%s", message);
  return false;
}

static const char *reason(WebPEncodingError code) {
  switch (code) {
  case VP8_ENC_ERROR_OUT_OF_MEMORY:
  case VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY: return "not enough memory for the encoded picture";
  case VP8_ENC_ERROR_BAD_DIMENSION: return "a WebP is at most 16383 pixels wide and high";
  case VP8_ENC_ERROR_PARTITION0_OVERFLOW:
  case VP8_ENC_ERROR_PARTITION_OVERFLOW:
  case VP8_ENC_ERROR_FILE_TOO_BIG: return "it is too large for a WebP";
  default: return "libwebp cannot encode it";
  }
}

/// A growing piece of memory. libwebp's own is freed by its own function, which older versions lack.
typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} output;

static int append(const uint8_t *data, size_t size, const WebPPicture *picture) {
  output *o = picture->custom_ptr;
  if (size > o->capacity - o->count) {
    size_t capacity = o->capacity + (o->capacity > size ? o->capacity : size);
    uint8_t *bytes = capacity < o->capacity ? NULL : realloc(o->bytes, capacity);
    if (bytes == NULL) return 0;
    o->bytes = bytes;
    o->capacity = capacity;
  }
  memcpy(o->bytes + o->count, data, size);
  o->count += size;
  return 1;
}

bool webp_codec_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int32_t quality,
                       bool is_lossless, uint8_t **bytes, size_t *byte_count, webp_codec_error *error) {
  WebPConfig config;
  WebPPicture picture;
  if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) return fail(error, "libwebp is of another version");
  if (width > WEBP_MAX_DIMENSION || height > WEBP_MAX_DIMENSION) {
    return fail(error, reason(VP8_ENC_ERROR_BAD_DIMENSION));
  }
  config.quality = (float)quality;
  // Level 6 of 9: what libwebp takes by itself, and beyond which time grows much faster than size shrinks.
  if (is_lossless) WebPConfigLosslessPreset(&config, 6);
  if (!WebPValidateConfig(&config)) return fail(error, "the quality is not 0 to 100");
  output o = {0};
  picture.use_argb = is_lossless;
  picture.width = (int)width;
  picture.height = (int)height;
  picture.writer = append;
  picture.custom_ptr = &o;
  // Colours of what is not seen stay as they are.
  config.exact = 1;
  const int stride = (int)(width * channels);
  bool succeeded = (channels == 4 ? WebPPictureImportRGBA(&picture, pixels, stride)
                                  : WebPPictureImportRGB(&picture, pixels, stride)) &&
                   WebPEncode(&config, &picture);
  WebPEncodingError code = picture.error_code;
  WebPPictureFree(&picture);
  if (!succeeded) {
    free(o.bytes);
    return fail(error, reason(code));
  }
  *bytes = o.bytes;
  *byte_count = o.count;
  return true;
}
