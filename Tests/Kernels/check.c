// Runs computations on every instruction set, and keeps the worst of each kind.
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Half a unit of 8 significant bits is at most 2^-8 of a number; over many numbers its square is a twelfth of a unit's, at
// most 5e-6 of theirs. Activations of numbers that will be rounded are off by up to 2e-4.
const limits BITS = {0, 0}, SUMS = {1e-11, 1e-5}, ROUNDED = {5e-6, 0x1.1p-8}, TWICE = {1e-5, 0x1p-7};

// Rooms.

enum { BEHIND = 64 };

typedef struct allocation {
  struct allocation *next;
  size_t bytes;
  _Alignas(64) unsigned char memory[];
} allocation;

static allocation *rooms;
static bool all_is_well = true;

void *room(size_t bytes) {
  allocation *made = aligned_alloc(64, (sizeof *made + bytes + BEHIND + 63) / 64 * 64);
  if (made == NULL) {
    fprintf(stderr, "There is no memory for %zu bytes.\n", bytes);
    exit(1);
  }
  made->next = rooms;
  made->bytes = bytes;
  memset(made->memory, 0xff, bytes + BEHIND);
  rooms = made;
  return made->memory;
}

void release_rooms(void) {
  while (rooms != NULL) {
    allocation *last = rooms;
    for (size_t i = 0; i < BEHIND; i++) {
      if (last->memory[last->bytes + i] == 0xff) continue;
      printf("WRONG: something was written behind memory of %zu bytes.\n", last->bytes);
      all_is_well = false;
      break;
    }
    rooms = last->next;
    free(last);
  }
}

// Instruction sets, each with what it builds on.

enum { AVX512_BF16 = CK_AVX2 | CK_AVX512 | CK_AVX512_BF16 };

static const instruction_set SETS[] = {
  {"128 bits", 0},
  {"AVX2", CK_AVX2},
  {"AVX-512", CK_AVX2 | CK_AVX512},
  {"AVX512-BF16", AVX512_BF16},
  {"AMX-BF16", AVX512_BF16 | CK_AMX_BF16},
  {"Arm BF16", CK_ARM_BF16},
  {"tiles in software", CK_SOFTWARE_TILES},
  {"tiles in software, AVX512-BF16", AVX512_BF16 | CK_SOFTWARE_TILES},
};
enum { SET_COUNT = sizeof SETS / sizeof *SETS, THREADS = 3 };

static bool is_here(instruction_set set) { return (set.features & ~(ck_cpu_features() | CK_SOFTWARE_TILES)) == 0; }

// The report.

typedef struct {
  char kind[64];
  unsigned results;
  double squares, worst;  // the largest errors; a part of the limits decides which
  const char *set;
} line;

static line lines[64];
static size_t line_count;

static line *line_of(const char *kind) {
  for (size_t i = 0; i < line_count; i++) {
    if (strcmp(lines[i].kind, kind) == 0) return &lines[i];
  }
  line *added = &lines[line_count++];
  *added = (line){.set = "-"};
  snprintf(added->kind, sizeof added->kind, "%s", kind);
  return added;
}

static double number_at(ck_type type, const void *data, size_t i) {
  return type == CK_F32 ? ((const float *)data)[i] : float_of_bf16(((const uint16_t *)data)[i]);
}

static bool has_bits_of(double found, double expected) {
  return isnan(expected) ? isnan(found) : found == expected && signbit(found) == signbit(expected);
}

static void compare(
  line *line, const char *name, const char *set, ck_type type, const void *out, size_t count, const double *expected,
  limits limits
) {
  double errors = 0, squares = 0, worst = 0, peak = 0;
  size_t worst_at = 0;
  for (size_t i = 0; i < count; i++) {
    const double found = number_at(type, out, i);
    double error = fabs(found - expected[i]);
    if (limits.squares == 0 || isnan(expected[i])) error = has_bits_of(found, expected[i]) ? 0 : INFINITY;
    else if (isnan(error)) error = INFINITY;
    errors += error * error;
    if (error > worst) worst = error, worst_at = i;
    if (isnan(expected[i])) continue;
    squares += expected[i] * expected[i];
    if (fabs(expected[i]) > peak) peak = fabs(expected[i]);
  }
  const double part = errors == 0 ? 0 : errors / squares, worst_part = worst == 0 ? 0 : worst / peak;
  line->results++;
  if (part > line->squares) line->squares = part, line->set = set;
  if (worst_part > line->worst) line->worst = worst_part;
  // Few numbers may all be unlucky.
  if (part <= limits.squares * (1 + 16.0 / (double)count) && worst_part <= limits.worst) return;
  all_is_well = false;
  printf(
    "WRONG: %s, %s, %s: squared errors are %.1e of the squares (limit %.1e); the worst of %zu numbers, %zu, is %.9g instead of "
    "%.9g.\n", line->kind, name, set, part, limits.squares, count, worst_at, number_at(type, out, worst_at),
    expected[worst_at]);
}

void check(
  const char *kind, const char *name, ck_type type, size_t count, const double *expected, limits limits,
  computation compute, const void *context
) {
  static ck_pool *pool;
  if (pool == NULL) pool = ck_pool_create(THREADS);
  const size_t bytes = count * (type == CK_F32 ? 4 : 2);
  line *line = line_of(kind);
  for (size_t i = 0; i < SET_COUNT; i++) {
    if (!is_here(SETS[i])) continue;
    const ck_kernels *kernels = ck_kernels_for(SETS[i].features);
    void *alone = room(bytes), *together = room(bytes);
    if (!compute((ck_device){.kernels = kernels, .threads = 1}, context, alone)) continue;
    compare(line, name, SETS[i].name, type, alone, count, expected, limits);
    compute((ck_device){.kernels = kernels, .threads = THREADS, .pool = pool}, context, together);
    if (memcmp(alone, together, bytes) == 0) continue;
    all_is_well = false;
    printf("WRONG: %s, %s, %s: %d threads give other bits than one.\n", kind, name, SETS[i].name, THREADS);
  }
}

const char *text(const char *format, ...) {
  static char texts[8][200];
  static size_t next;
  char *place = texts[next++ % 8];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(place, sizeof texts[0], format, arguments);
  va_end(arguments);
  return place;
}

bool report(void) {
  printf("instruction sets:");
  for (size_t i = 0; i < SET_COUNT; i++) {
    if (is_here(SETS[i])) printf("%s %s", i == 0 ? "" : ";", SETS[i].name);
  }
  printf("\n%-34s %7s  %12s  %12s  %s\n", "kind", "results", "squares", "worst", "largest squares with");
  for (size_t i = 0; i < line_count; i++) {
    const line *l = &lines[i];
    printf("%-34s %7u  %12.1e  %12.1e  %s\n", l->kind, l->results, l->squares, l->worst, l->set);
    // Where no instruction set computed it, nothing was checked.
    if (l->results == 0) all_is_well = false;
  }
  printf("%s\n", all_is_well ? "All results are right." : "Something is WRONG.");
  return all_is_well;
}
