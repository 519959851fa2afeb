#include "kernels.h"
#include "parallel.h"

// Tiles of a group: as many as let the sums of a panel, 36 of each, stay in a second-level cache beside the kernels.
enum { GROUP_TILES = 96 };
// Groups are transformed together until they are so many bytes: large enough for every thread to find work, small
// enough to be read again and again from the last-level cache.
static const size_t CHUNK_BYTES = 8 << 20;

typedef struct {
  const ck_kernels *kernels;
  ck_winograd_group *groups;
  size_t group_count, panels;
  float *scratch;        // of each thread
  size_t scratch_floats;
} winograd_job;

static size_t tile_count(const ck_product_shape *shape) {
  return shape->images * ((shape->out_height + 3) / 4) * ((shape->out_width + 3) / 4);
}

// Rows of products: tiles, filled up to what the smallest product of tiles takes.
static size_t rows_for(ck_device device, size_t tiles) { return ck_round_up(tiles, device.kernels->least_rows); }

// A multiple of a line of the cache and one more: lines at this distance do not crowd into few sets of a cache.
static size_t spread(size_t floats) { return ck_round_up(floats, 16) + 16; }

static ck_winograd_group group_of(
  ck_device device, const ck_product *product, size_t first_tile, size_t tiles, size_t channels
) {
  const size_t rows = rows_for(device, tiles);
  const size_t image_stride = spread(rows * channels);
  return (ck_winograd_group){
    .product = product, .first_tile = first_tile, .tiles = tiles, .rows = rows, .image_stride = image_stride,
    .image_block = 36 * image_stride, .sums_stride = spread(rows * device.kernels->panel),
  };
}

static size_t image_floats(const ck_winograd_group *group, const ck_product_shape *shape) {
  return (shape->in + CK_WINOGRAD_CHANNELS - 1) / CK_WINOGRAD_CHANNELS * group->image_block;
}

// How many groups are transformed together: enough for all threads, and for a good part of the cache.
static size_t chunk_groups(ck_device device, const ck_product_shape *shape, const ck_winograd_group *group) {
  const size_t total = (tile_count(shape) + GROUP_TILES - 1) / GROUP_TILES;
  const size_t panels = (shape->out + device.kernels->panel - 1) / device.kernels->panel;
  const size_t fitting = CHUNK_BYTES / (image_floats(group, shape) * sizeof(float));
  const size_t wanted = (4 * device.threads + panels - 1) / panels;
  const size_t count = fitting > wanted ? fitting : wanted;
  return count < 1 ? 1 : count > total ? total : count;
}

static size_t largest_group(const ck_product_shape *shape) {
  const size_t tiles = tile_count(shape);
  return tiles < GROUP_TILES ? tiles : GROUP_TILES;
}

static size_t thread_floats(ck_device device, const ck_winograd_group *group) {
  return ck_round_up(36 * (CK_WINOGRAD_KERNEL_STRIDE + group->sums_stride), 16);
}

bool ck_winograd_suits(ck_product_shape shape) {
  return !shape.upsampled && shape.kernel_height == 3 && shape.kernel_width == 3 && shape.stride == 1 && shape.in > 0;
}

// Products of few columns. What a thread transforms it multiplies by all of them at once, a block of channels at a time, so
// that it never leaves the second-level cache; the kernels, which all groups share, are transformed first.
typedef struct {
  const ck_kernels *kernels;
  const ck_product *product;
  ck_device device;
  size_t tiles, panels, blocks;
  float *transformed;   // [panel][block][36][kernel_floats]
  size_t kernel_floats;
  float *scratch;       // of each thread
  size_t scratch_floats;
} narrow_job;

// Of a group. A multiple of every instruction set's rows per tile.
enum { NARROW_TILES = 48, NARROW_PANELS = 2 };

static size_t panels_of(ck_device device, const ck_product_shape *shape) {
  return (shape->out + device.kernels->panel - 1) / device.kernels->panel;
}

static bool is_narrow(ck_device device, const ck_product_shape *shape) {
  return panels_of(device, shape) <= NARROW_PANELS;
}

static narrow_job narrow_job_of(ck_device device, const ck_product *product) {
  const ck_product_shape *shape = &product->shape;
  const size_t tiles = tile_count(shape), largest = tiles < NARROW_TILES ? tiles : NARROW_TILES;
  const ck_winograd_group group = group_of(device, product, 0, largest, CK_NARROW_CHANNELS);
  const size_t panels = panels_of(device, shape);
  return (narrow_job){
    .kernels = device.kernels, .product = product, .device = device, .tiles = tiles, .panels = panels,
    .blocks = (shape->in + CK_NARROW_CHANNELS - 1) / CK_NARROW_CHANNELS,
    .kernel_floats = 36 * (CK_NARROW_CHANNELS * device.kernels->panel + 16),
    .scratch_floats = 36 * (group.image_stride + panels * group.sums_stride),
  };
}

static size_t narrow_kernel_floats(const narrow_job *job) { return job->panels * job->blocks * job->kernel_floats; }

static void narrow_kernel_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const narrow_job *job = context;
  for (size_t piece = begin; piece < end; piece++) {
    job->kernels->transform_narrow_kernels(
      job->product, piece / job->blocks, piece % job->blocks, job->transformed + piece * job->kernel_floats);
  }
}

static void narrow_group_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const narrow_job *job = context;
  for (size_t piece = begin; piece < end; piece++) {
    const size_t first = piece * NARROW_TILES;
    ck_winograd_group group = group_of(
      job->device, job->product, first, job->tiles - first < NARROW_TILES ? job->tiles - first : NARROW_TILES,
      CK_NARROW_CHANNELS);
    group.image = job->scratch + thread * job->scratch_floats;
    job->kernels->multiply_narrow_group(&group, job->transformed, group.image + 36 * group.image_stride);
  }
}

static void multiply_narrow(ck_device device, const ck_product *product, void *scratch) {
  narrow_job job = narrow_job_of(device, product);
  job.transformed = scratch;
  job.scratch = job.transformed + narrow_kernel_floats(&job);
  ck_parallel(device, job.panels * job.blocks, 1, narrow_kernel_piece, &job);
  ck_parallel(device, (job.tiles + NARROW_TILES - 1) / NARROW_TILES, 1, narrow_group_piece, &job);
}

size_t ck_winograd_scratch_bytes(ck_device device, ck_product_shape shape) {
  if (is_narrow(device, &shape)) {
    const ck_product narrow = {.shape = shape};
    const narrow_job job = narrow_job_of(device, &narrow);
    return (narrow_kernel_floats(&job) + device.threads * job.scratch_floats) * sizeof(float);
  }
  const ck_product product = {.shape = shape};
  const ck_winograd_group group = group_of(device, &product, 0, largest_group(&shape), CK_WINOGRAD_CHANNELS);
  const size_t groups = chunk_groups(device, &shape, &group);
  return (groups * image_floats(&group, &shape) + device.threads * thread_floats(device, &group)) * sizeof(float) +
    groups * sizeof(ck_winograd_group);
}

// Tiles a thread transforms at a time.
enum { PIECE_TILES = 8 };

static void transform_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const winograd_job *job = context;
  const size_t pieces = (GROUP_TILES + PIECE_TILES - 1) / PIECE_TILES;
  for (size_t piece = begin; piece < end; piece++) {
    const ck_winograd_group *group = &job->groups[piece / pieces];
    const size_t first = piece % pieces * PIECE_TILES;
    if (first >= group->rows) continue;
    job->kernels->transform_image(group, first, group->rows - first < PIECE_TILES ? group->rows : first + PIECE_TILES);
  }
}

static void multiply_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const winograd_job *job = context;
  for (size_t piece = begin; piece < end; piece++) {
    // Threads that work side by side share a group, whose image they read.
    job->kernels->multiply_winograd_panel(
      &job->groups[piece / job->panels], piece % job->panels, job->scratch + thread * job->scratch_floats);
  }
}

void ck_winograd(ck_device device, const ck_product *product, void *scratch) {
  const ck_product_shape *shape = &product->shape;
  const size_t tiles = tile_count(shape);
  if (tiles == 0 || shape->out == 0) return;
  if (is_narrow(device, shape)) return multiply_narrow(device, product, scratch);
  const ck_winograd_group largest = group_of(device, product, 0, largest_group(shape), CK_WINOGRAD_CHANNELS);
  const size_t chunk = chunk_groups(device, shape, &largest), floats = image_floats(&largest, shape);
  float *images = scratch;
  winograd_job job = {
    .kernels = device.kernels, .panels = (shape->out + device.kernels->panel - 1) / device.kernels->panel,
    .scratch = images + chunk * floats, .scratch_floats = thread_floats(device, &largest),
  };
  job.groups = (ck_winograd_group *)(job.scratch + device.threads * job.scratch_floats);
  for (size_t first = 0; first < tiles; first += chunk * GROUP_TILES) {
    job.group_count = 0;
    for (size_t tile = first; tile < tiles && job.group_count < chunk; tile += GROUP_TILES, job.group_count++) {
      ck_winograd_group *group = &job.groups[job.group_count];
      *group = group_of(
        device, product, tile, tiles - tile < GROUP_TILES ? tiles - tile : GROUP_TILES, CK_WINOGRAD_CHANNELS);
      group->image = images + job.group_count * floats;
    }
    ck_parallel(
      device, job.group_count * ((GROUP_TILES + PIECE_TILES - 1) / PIECE_TILES), 1, transform_piece, &job);
    ck_parallel(device, job.group_count * job.panels, 1, multiply_piece, &job);
  }
}
