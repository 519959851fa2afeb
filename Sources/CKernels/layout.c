#include "kernels.h"
#include "parallel.h"

#include <string.h>

// Bytes of a piece of a copy.
enum { PIECE = 65536 };

typedef struct {
  const char *source;
  char *target;
  size_t source_stride, target_stride, row_bytes, pieces_per_row;
} copy_job;

static void copy_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const copy_job *job = context;
  for (size_t piece = begin; piece < end; piece++) {
    const size_t row = piece / job->pieces_per_row, at = piece % job->pieces_per_row * PIECE;
    const size_t count = job->row_bytes - at < PIECE ? job->row_bytes - at : PIECE;
    memcpy(job->target + row * job->target_stride + at, job->source + row * job->source_stride + at, count);
  }
}

void ck_copy_rows(
  ck_device device, const void *source, size_t source_stride, void *target, size_t target_stride, size_t row_bytes,
  size_t rows
) {
  copy_job job = {
    .source = source, .target = target, .source_stride = source_stride, .target_stride = target_stride,
    .row_bytes = row_bytes, .pieces_per_row = (row_bytes + PIECE - 1) / PIECE,
  };
  ck_parallel(device, rows * job.pieces_per_row, PIECE / (row_bytes + 1) + 1, copy_piece, &job);
}

typedef struct {
  size_t element_size, rank;
  const char *source;
  char *out;
  const size_t *extents, *strides;
} permute_job;

static void permute_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const permute_job *job = context;
  const size_t last = job->rank - 1, columns = job->extents[last], size = job->element_size;
  for (size_t row = begin; row < end; row++) {
    size_t at = 0, rest = row;
    for (size_t axis = last; axis-- > 0; rest /= job->extents[axis]) {
      at += rest % job->extents[axis] * job->strides[axis];
    }
    const char *source = job->source + at * size;
    char *out = job->out + row * columns * size;
    const size_t step = job->strides[last];
    if (step == 1) {
      memcpy(out, source, columns * size);
    } else if (size == 4) {
      for (size_t i = 0; i < columns; i++) memcpy(out + 4 * i, source + 4 * i * step, 4);
    } else {
      for (size_t i = 0; i < columns; i++) memcpy(out + 2 * i, source + 2 * i * step, 2);
    }
  }
}

void ck_permute(
  ck_device device, size_t element_size, const void *source, void *out, size_t rank, const size_t *extents,
  const size_t *strides
) {
  size_t rows = 1;
  for (size_t axis = 0; axis + 1 < rank; axis++) rows *= extents[axis];
  permute_job job = {
    .element_size = element_size, .rank = rank, .source = source, .out = out, .extents = extents, .strides = strides,
  };
  ck_parallel(device, rows, PIECE / (extents[rank - 1] * element_size + 1) + 1, permute_piece, &job);
}

typedef struct {
  const char *x;
  char *out;
  size_t height, width, out_height, out_width, pixel_bytes;
} upsample_job;

static void upsample_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const upsample_job *job = context;
  for (size_t row = begin; row < end; row++) {
    const size_t image = row / job->out_height, y = row % job->out_height * job->height / job->out_height;
    const char *source = job->x + (image * job->height + y) * job->width * job->pixel_bytes;
    char *out = job->out + row * job->out_width * job->pixel_bytes;
    for (size_t i = 0; i < job->out_width; i++) {
      const size_t x = i * job->width / job->out_width;
      memcpy(out + i * job->pixel_bytes, source + x * job->pixel_bytes, job->pixel_bytes);
    }
  }
}

void ck_upsample_nearest(
  ck_device device, const void *x, void *out, size_t images, size_t height, size_t width, size_t out_height,
  size_t out_width, size_t pixel_bytes
) {
  upsample_job job = {
    .x = x, .out = out, .height = height, .width = width, .out_height = out_height, .out_width = out_width,
    .pixel_bytes = pixel_bytes,
  };
  ck_parallel(device, images * out_height, 1, upsample_piece, &job);
}

typedef struct {
  const int32_t *ids;
  const char *table;
  char *out;
  size_t row_bytes;
} gather_job;

static void gather_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const gather_job *job = context;
  for (size_t row = begin; row < end; row++) {
    memcpy(job->out + row * job->row_bytes, job->table + (size_t)job->ids[row] * job->row_bytes, job->row_bytes);
  }
}

void ck_gather_rows(ck_device device, const int32_t *ids, const void *table, void *out, size_t rows, size_t row_bytes) {
  gather_job job = {.ids = ids, .table = table, .out = out, .row_bytes = row_bytes};
  ck_parallel(device, rows, PIECE / (row_bytes + 1) + 1, gather_piece, &job);
}
