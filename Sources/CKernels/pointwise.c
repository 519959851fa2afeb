#include "kernels.h"
#include "parallel.h"

// Elements of a piece: small enough to share work, large enough to be worth a call.
enum { PIECE = 16384 };

const ck_kernels *ck_kernels_for(uint32_t features) {
  const bool tiles = features & CK_SOFTWARE_TILES;
#if defined(__x86_64__)
  if (tiles && features & CK_AVX512_BF16) return &ck_software_tile_avx512_kernels;
  if (tiles) return &ck_software_tile_kernels;
  if (features & CK_AMX_BF16) return &ck_amx_kernels;
  if (features & CK_AVX512_BF16) return &ck_avx512_bf16_kernels;
  if (features & CK_AVX512) return &ck_avx512_kernels;
  if (features & CK_AVX2) return &ck_avx2_kernels;
#elif defined(__aarch64__)
  if (!tiles && features & CK_ARM_BF16) return &ck_arm_bf16_kernels;
#endif
  return tiles ? &ck_software_tile_kernels : &ck_generic_kernels;
}

typedef struct {
  const ck_kernels *kernels;
  ck_type type;
  ck_activation activation;
  float factor;
  const void *x;
  void *out;
  size_t columns;
} row_job;

static const void *at(const void *row, ck_type type, size_t i) { return (const char *)row + i * ck_element_size(type); }
static void *to(void *row, ck_type type, size_t i) { return (char *)row + i * ck_element_size(type); }

static void widen_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const row_job *job = context;
  job->kernels->widen((const uint16_t *)job->x + begin, (float *)job->out + begin, end - begin);
}

void ck_widen(ck_device device, const uint16_t *x, float *out, size_t count) {
  row_job job = {.kernels = device.kernels, .x = x, .out = out};
  ck_parallel(device, count, PIECE, widen_piece, &job);
}

static void narrow_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const row_job *job = context;
  job->kernels->narrow((const float *)job->x + begin, (uint16_t *)job->out + begin, end - begin);
}

void ck_narrow(ck_device device, const float *x, uint16_t *out, size_t count) {
  row_job job = {.kernels = device.kernels, .x = x, .out = out};
  ck_parallel(device, count, PIECE, narrow_piece, &job);
}

typedef struct {
  const ck_kernels *kernels;
  ck_stored from;
  ck_type to;
  const void *x;
  void *out;
} conversion_job;

static void convert_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const conversion_job *job = context;
  const char *x = (const char *)job->x + begin * ck_stored_size(job->from);
  job->kernels->convert(job->from, x, job->to, to(job->out, job->to, begin), end - begin);
}

void ck_convert(ck_device device, ck_stored from, const void *x, ck_type to, void *out, size_t count) {
  conversion_job job = {.kernels = device.kernels, .from = from, .to = to, .x = x, .out = out};
  ck_parallel(device, count, PIECE, convert_piece, &job);
}

static void activate_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const row_job *job = context;
  const void *x = at(job->x, job->type, begin);
  job->kernels->activate(job->type, job->activation, x, to(job->out, job->type, begin), end - begin);
}

void ck_activate(ck_device device, ck_type type, ck_activation activation, const void *x, void *out, size_t count) {
  row_job job = {.kernels = device.kernels, .type = type, .activation = activation, .x = x, .out = out};
  ck_parallel(device, count, PIECE, activate_piece, &job);
}

typedef struct {
  const ck_kernels *kernels;
  ck_type type;
  const void *x;
  const float *slopes;
  void *out;
  size_t channels;
} prelu_job;

static void prelu_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const prelu_job *job = context;
  const size_t first = begin * job->channels;
  job->kernels->prelu(
    job->type, at(job->x, job->type, first), job->slopes, to(job->out, job->type, first), end - begin, job->channels);
}

void ck_prelu(
  ck_device device, ck_type type, const void *x, const float *slopes, void *out, size_t rows, size_t channels
) {
  prelu_job job = {
    .kernels = device.kernels, .type = type, .x = x, .slopes = slopes, .out = out, .channels = channels,
  };
  ck_parallel(device, rows, PIECE / (channels + 1) + 1, prelu_piece, &job);
}

static void scale_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const row_job *job = context;
  const void *x = at(job->x, job->type, begin);
  job->kernels->scale(job->type, job->factor, x, to(job->out, job->type, begin), end - begin);
}

void ck_scale(ck_device device, ck_type type, float factor, const void *x, void *out, size_t count) {
  row_job job = {.kernels = device.kernels, .type = type, .factor = factor, .x = x, .out = out};
  ck_parallel(device, count, PIECE, scale_piece, &job);
}

static void glu_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const row_job *job = context;
  for (size_t row = begin; row < end; row++) {
    const void *x = at(job->x, job->type, 2 * row * job->columns);
    job->kernels->glu(job->type, job->activation, x, to(job->out, job->type, row * job->columns), job->columns);
  }
}

void ck_glu(
  ck_device device, ck_type type, ck_activation activation, const void *x, void *out, size_t rows, size_t columns
) {
  row_job job = {
    .kernels = device.kernels, .type = type, .activation = activation, .x = x, .out = out, .columns = columns,
  };
  ck_parallel(device, rows, PIECE / (columns + 1) + 1, glu_piece, &job);
}

typedef struct {
  const ck_kernels *kernels;
  ck_binary_op op;
  ck_type type;
  const void *a, *b;
  void *out;
  size_t rank;
  const size_t *extents, *strides;
  size_t pieces_per_row;
} binary_job;

static void binary_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const binary_job *job = context;
  const size_t last = job->rank - 1, columns = job->extents[last];
  for (size_t piece = begin; piece < end; piece++) {
    const size_t row = piece / job->pieces_per_row, column = piece % job->pieces_per_row * PIECE;
    const size_t count = columns - column < PIECE ? columns - column : PIECE;
    size_t b = column * job->strides[last], rest = row;
    for (size_t axis = last; axis-- > 0; rest /= job->extents[axis]) {
      b += rest % job->extents[axis] * job->strides[axis];
    }
    const size_t a = row * columns + column;
    job->kernels->binary(
      job->op, job->type, at(job->a, job->type, a), at(job->b, job->type, b), job->strides[last] == 0,
      to(job->out, job->type, a), count);
  }
}

void ck_binary(
  ck_device device, ck_binary_op op, ck_type type, const void *a, const void *b, void *out, size_t rank,
  const size_t *extents, const size_t *strides
) {
  const size_t columns = extents[rank - 1];
  size_t rows = 1;
  for (size_t axis = 0; axis + 1 < rank; axis++) rows *= extents[axis];
  binary_job job = {
    .kernels = device.kernels, .op = op, .type = type, .a = a, .b = b, .out = out, .rank = rank, .extents = extents,
    .strides = strides, .pieces_per_row = (columns + PIECE - 1) / PIECE,
  };
  ck_parallel(device, rows * job.pieces_per_row, PIECE / (columns + 1) + 1, binary_piece, &job);
}
