#include <stdio.h>
#include <stdlib.h>
#include <webp/decode.h>

#include "CWebPCodec.h"

static bool fail(webp_codec_error *error, const char *message) {
  snprintf(error->message, sizeof error->message, "%s", message);
  return false;
}

static const char *reason(VP8StatusCode status) {
  switch (status) {
  case VP8_STATUS_OUT_OF_MEMORY: return "not enough memory for the picture";
  case VP8_STATUS_UNSUPPORTED_FEATURE: return "the picture uses a feature that is not supported";
  case VP8_STATUS_NOT_ENOUGH_DATA:
  case VP8_STATUS_SUSPENDED: return "the file ends too early";
  default: return "the picture is damaged";
  }
}

bool webp_codec_decode(const uint8_t *bytes, size_t byte_count, webp_codec_limits limits, webp_codec_image *image,
                       webp_codec_error *error) {
  *image = (webp_codec_image){0};
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return fail(error, "libwebp is of another version");
  VP8StatusCode status = WebPGetFeatures(bytes, byte_count, &config.input);
  if (status != VP8_STATUS_OK) return fail(error, reason(status));
  if (config.input.has_animation) {
    return fail(error, "it is animated, and only still pictures can be read; save one of its frames as PNG");
  }
  if (config.input.width <= 0 || config.input.height <= 0) return fail(error, "the picture is damaged");
  image->width = (uint32_t)config.input.width;
  image->height = (uint32_t)config.input.height;
  image->channels = config.input.has_alpha ? 4 : 3;
  if (image->width > limits.side || image->height > limits.side ||
      (uint64_t)image->width * image->height > limits.pixels) {
    return fail(error, "the picture has too many pixels");
  }
  size_t stride = (size_t)image->width * image->channels;
  image->pixels = calloc(image->height, stride);
  if (image->pixels == NULL) return fail(error, "not enough memory for the picture");
  config.output.colorspace = config.input.has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image->pixels;
  config.output.u.RGBA.stride = (int)stride;
  config.output.u.RGBA.size = stride * image->height;
  status = WebPDecode(bytes, byte_count, &config);
  WebPFreeDecBuffer(&config.output);
  if (status == VP8_STATUS_OK) return true;
  free(image->pixels);
  image->pixels = NULL;
  return fail(error, reason(status));
}
