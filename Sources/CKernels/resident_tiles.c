// Products of tiles that stay in their registers: what the tile unit does where no memory holds it up.
#include "kernels.h"
#include "parallel.h"

#include <time.h>

#define CK_WIDTH 4
#include "template/vector.h"
// What tiles in software read numbers with.
INLINE float element(ck_type type, const void *row) { return load_part(type, row, 0, 1)[0]; }
#include "template/pair_tile_software.h"

// Registers 0 to 3 are sums, 4 and 5 the first two tiles, 6 and 7 the others.
#define MULTIPLY_RESIDENT(ZERO, LOAD, ADD_PRODUCT, STORE) \
  ZERO(0); ZERO(1); ZERO(2); ZERO(3); \
  LOAD(4, tiles, 64); LOAD(5, tiles + 512, 64); LOAD(6, tiles + 1024, 64); LOAD(7, tiles + 1536, 64); \
  for (size_t i = 0; i < rounds; i++) { \
    ADD_PRODUCT(0, 4, 6); ADD_PRODUCT(1, 4, 7); ADD_PRODUCT(2, 5, 6); ADD_PRODUCT(3, 5, 7); \
  } \
  STORE(0, sums, 64); STORE(1, sums + 256, 64); STORE(2, sums + 512, 64); STORE(3, sums + 768, 64);

typedef void (*resident_loop)(const uint16_t *tiles, size_t rounds, float *sums);

static void multiply_in_software(const uint16_t *tiles, size_t rounds, float *sums) {
  begin_tiles();
  MULTIPLY_RESIDENT(TILE_ZERO, TILE_LOAD, TILE_ADD_PRODUCT, TILE_STORE)
  end_tiles();
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("amx-tile,amx-bf16")))
static void multiply_in_hardware(const uint16_t *tiles, size_t rounds, float *sums) {
  const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } configuration = {
    .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16},
  };
  _tile_loadconfig(&configuration);
  MULTIPLY_RESIDENT(_tile_zero, _tile_loadd, _tile_dpbf16ps, _tile_stored)
  _tile_release();
}
#endif

static resident_loop loop_of(ck_device device) {
#if defined(__x86_64__)
  if (device.kernels == &ck_amx_kernels) return multiply_in_hardware;
#endif
  return ck_has_tiles(device) ? multiply_in_software : NULL;
}

typedef struct {
  resident_loop loop;
  const uint16_t *tiles;
  size_t rounds, passes;
  double *seconds;
  float *sums;
} resident_job;

// The thread's own time, since that in which others have its processor says nothing of tiles.
static double thread_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void resident_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const resident_job *job = context;
  for (size_t piece = begin; piece < end; piece++) {
    float own[4 * 256], *sums = piece == 0 ? job->sums : own;
    // Processors lower their clock for products of tiles: those before that has happened do not count.
    for (size_t pass = 0; pass < job->passes / 4; pass++) job->loop(job->tiles, job->rounds, sums);
    const double start = thread_seconds();
    for (size_t pass = 0; pass < job->passes; pass++) job->loop(job->tiles, job->rounds, sums);
    job->seconds[piece] = (thread_seconds() - start) / (double)(4 * job->rounds * job->passes);
  }
}

bool ck_multiply_resident_tiles(
  ck_device device, const uint16_t *tiles, size_t rounds, size_t passes, float *sums, double *seconds
) {
  resident_job job = {
    .loop = loop_of(device), .tiles = tiles, .rounds = rounds, .passes = passes, .seconds = seconds, .sums = sums,
  };
  if (job.loop == NULL) return false;
  ck_parallel(device, device.threads, 1, resident_piece, &job);
  return true;
}
