#include <stdlib.h>
#include <string.h>

#include "failure.h"

// The whole state lives outside the function that calls setjmp, so that it is defined after a jump.
typedef struct {
  struct jpeg_compress_struct info;
  jpeg_codec_failure failure;
  struct jpeg_destination_mgr destination;
  uint8_t *bytes;
  size_t capacity;
  size_t count;
  bool is_created;
} encoder;

static void grow(encoder *e) {
  size_t capacity = e->capacity == 0 ? 1 << 16 : e->capacity * 2;
  uint8_t *bytes = capacity < e->capacity ? NULL : realloc(e->bytes, capacity);
  if (bytes == NULL) jpeg_codec_fail((j_common_ptr)&e->info, "not enough memory for the encoded picture");
  e->destination.next_output_byte = bytes + e->capacity;
  e->destination.free_in_buffer = capacity - e->capacity;
  e->bytes = bytes;
  e->capacity = capacity;
}

static void begin(j_compress_ptr info) { grow(info->client_data); }

/// libjpeg calls this when the buffer is full to its end, whatever `free_in_buffer` says.
static boolean empty(j_compress_ptr info) {
  grow(info->client_data);
  return TRUE;
}

static void finish(j_compress_ptr info) {
  encoder *e = info->client_data;
  e->count = e->capacity - e->destination.free_in_buffer;
}

static bool run(encoder *e, const uint8_t *pixels, uint32_t width, uint32_t height, const uint8_t *exif,
                size_t exif_count, int32_t quality, jpeg_codec_error *error) {
  struct jpeg_compress_struct *info = &e->info;
  info->err = jpeg_codec_failure_begin(&e->failure, error);
  if (setjmp(e->failure.place)) return false;
  jpeg_create_compress(info);
  e->is_created = true;
  info->client_data = e;
  e->destination.init_destination = begin;
  e->destination.empty_output_buffer = empty;
  e->destination.term_destination = finish;
  info->dest = &e->destination;
  info->image_width = width;
  info->image_height = height;
  info->input_components = 3;
  info->in_color_space = JCS_RGB;
  jpeg_set_defaults(info);
  jpeg_set_quality(info, quality, TRUE);
  info->optimize_coding = TRUE;
  if (quality >= 90) info->comp_info[0].h_samp_factor = info->comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(info, TRUE);
  if (exif != NULL) jpeg_write_marker(info, JPEG_APP0 + 1, exif, (unsigned int)exif_count);
  while (info->next_scanline < info->image_height) {
    // libjpeg's rows are not const, but it only reads them.
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)info->next_scanline * width * 3);
    jpeg_write_scanlines(info, &row, 1);
  }
  jpeg_finish_compress(info);
  return true;
}

bool jpeg_codec_encode(const uint8_t *pixels, uint32_t width, uint32_t height, const uint8_t *exif, size_t exif_count,
                       int32_t quality, uint8_t **bytes, size_t *byte_count, jpeg_codec_error *error) {
  encoder e = {0};
  strcpy(error->message, "not enough memory for libjpeg");
  bool succeeded = run(&e, pixels, width, height, exif, exif_count, quality, error);
  if (e.is_created) jpeg_destroy_compress(&e.info);
  if (!succeeded) {
    free(e.bytes);
    return false;
  }
  *bytes = e.bytes;
  *byte_count = e.count;
  return true;
}
