#include <stdlib.h>
#include <string.h>

#include "failure.h"

// The whole state lives outside the function that calls setjmp, so that it is defined after a jump.
typedef struct {
  struct jpeg_decompress_struct info;
  jpeg_codec_failure failure;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  jpeg_codec_limits limits;
  bool is_created;
} decoder;

static void begin(j_decompress_ptr info) { (void)info; }

static boolean refill(j_decompress_ptr info) { jpeg_codec_fail((j_common_ptr)info, "the file ends too early"); }

static void skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if ((size_t)count > info->src->bytes_in_buffer) jpeg_codec_fail((j_common_ptr)info, "the file ends too early");
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= (size_t)count;
}

static void count_scans(j_common_ptr info) {
  decoder *d = info->client_data;
  if (d->info.input_scan_number > d->limits.scans) jpeg_codec_fail(info, "the picture has too many scans");
}

static void keep_exif(decoder *d, jpeg_codec_image *image) {
  static const uint8_t mark[6] = {'E', 'x', 'i', 'f', 0, 0};
  for (jpeg_saved_marker_ptr marker = d->info.marker_list; marker != NULL; marker = marker->next) {
    if (marker->data_length <= sizeof mark || memcmp(marker->data, mark, sizeof mark) != 0) continue;
    size_t count = marker->data_length - sizeof mark;
    image->exif = malloc(count);
    if (image->exif == NULL) jpeg_codec_fail((j_common_ptr)&d->info, "not enough memory for the picture's notes");
    memcpy(image->exif, marker->data + sizeof mark, count);
    image->exif_count = count;
    return;
  }
}

static void read_pixels(decoder *d, jpeg_codec_image *image) {
  struct jpeg_decompress_struct *info = &d->info;
  if (info->image_width > d->limits.side || info->image_height > d->limits.side ||
      (uint64_t)info->image_width * info->image_height > d->limits.pixels) {
    jpeg_codec_fail((j_common_ptr)info, "the picture has too many pixels");
  }
  bool is_cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
  info->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(info);
  image->width = info->output_width;
  image->height = info->output_height;
  image->channels = (uint32_t)info->output_components;
  if (image->width != info->image_width || image->height != info->image_height ||
      image->channels != (is_cmyk ? 4u : 3u)) {
    jpeg_codec_fail((j_common_ptr)info, "unexpected pixel layout");
  }
  size_t stride = (size_t)image->width * image->channels;
  image->pixels = calloc(image->height, stride);
  if (image->pixels == NULL) jpeg_codec_fail((j_common_ptr)info, "not enough memory for the picture");
  while (info->output_scanline < info->output_height) {
    JSAMPROW row = image->pixels + info->output_scanline * stride;
    jpeg_read_scanlines(info, &row, 1);
  }
  jpeg_finish_decompress(info);
}

static bool run(decoder *d, const uint8_t *bytes, size_t count, jpeg_codec_error *error, jpeg_codec_image *image) {
  d->info.err = jpeg_codec_failure_begin(&d->failure, error);
  if (setjmp(d->failure.place)) return false;
  jpeg_create_decompress(&d->info);
  d->is_created = true;
  d->info.client_data = d;
  d->source.next_input_byte = bytes;
  d->source.bytes_in_buffer = count;
  d->source.init_source = begin;
  d->source.fill_input_buffer = refill;
  d->source.skip_input_data = skip;
  d->source.resync_to_restart = jpeg_resync_to_restart;
  d->source.term_source = begin;
  d->info.src = &d->source;
  d->progress.progress_monitor = count_scans;
  d->info.progress = &d->progress;
  jpeg_save_markers(&d->info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&d->info, TRUE);
  keep_exif(d, image);
  read_pixels(d, image);
  return true;
}

bool jpeg_codec_decode(const uint8_t *bytes, size_t byte_count, jpeg_codec_limits limits, jpeg_codec_image *image,
                       jpeg_codec_error *error) {
  decoder d = {.limits = limits};
  *image = (jpeg_codec_image){0};
  strcpy(error->message, "not enough memory for libjpeg");
  bool succeeded = run(&d, bytes, byte_count, error, image);
  if (d.is_created) jpeg_destroy_decompress(&d.info);
  if (!succeeded) jpeg_codec_release(image);
  return succeeded;
}

void jpeg_codec_release(jpeg_codec_image *image) {
  free(image->pixels);
  free(image->exif);
  *image = (jpeg_codec_image){0};
}
