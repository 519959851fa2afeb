// The serial kernels of one instruction set; the drivers in this folder run them in parallel.
#pragma once

#include "include/CKernels.h"

// One block of queries of one head.
typedef struct {
  size_t queries;       // rows of the block that exist
  size_t first_query;   // position of the block in the sequence
  size_t keys, head_size;
  size_t row_stride;    // of q and out, in elements
  bool causal;
  const void *q;
  const void *keys_packed, *values_packed;
  void *out;
  float *scratch;       // as many floats as the kernel's ck_*_attention_block_floats
} ck_attention_block;

// How weights are packed: in panels of `width` columns, `group` neighbouring channels side by side: 1, 2 or 4.
// Element (o, in, t) is found at
//   o / width * panel + in / block * stretch + t * tap
//     + in % block / group * width * group + o % width * group + in % group,
// `block` being a multiple of `group`; columns are padded to whole panels and channels to whole blocks, with zeros.
typedef struct {
  size_t width, group, block;
  size_t panel, stretch, tap;
  bool spans_taps;  // channels count on from tap to tap: in + t * channels takes the place of in, and t adds nothing
} ck_weight_layout;

// Weights to be packed, and where to.
typedef struct {
  ck_product_shape shape;
  ck_plain_weights plain;
  ck_stored type;
  ck_weight_layout layout;
  void *packed;
} ck_packing;

// Some rows and panels of a product's result.
typedef struct {
  const ck_product *product;
  size_t first_row, rows, first_column, columns;
} ck_product_block;

// 16 rows of what is multiplied, and where their results go.
typedef struct {
  const char *a;     // the first row's first element
  size_t row, rows;  // of the result; those that exist
} ck_tile_rows;

// A product of bfloat16 in tile registers.
typedef struct {
  const ck_product *product;
  const ck_tile_rows *rows;  // an even number
  size_t row_bytes;          // from one row of a tile to the next
  size_t steps;              // along the depth, of 32 each
  const ptrdiff_t *offsets;  // of each step, in bytes from a row's beginning
  size_t row_step;           // of the result, from one row of a tile to the next
  size_t first_row;          // of the result, what is added to all tiles' rows
  const void *weights;
  ptrdiff_t ahead;           // in bytes from a row's beginning, what the row above has not brought into the caches
  bool rows_outside;         // the outer loop goes over rows, the inner over columns; else the other way round
  // Steps whose sums are added up at once. Fewer than all, for few rows of a large depth: sums of CK_TILE_GROUP times 32
  // columns wait in the second-level cache, and what is multiplied in a stretch fits there beside them.
  size_t stretch;
} ck_tile_product;

// Some pairs of tiles of rows, with some columns, a multiple of 32.
typedef struct {
  const ck_tile_product *product;
  size_t first_pair, pairs, first_column, columns;
} ck_tile_block;

// Tiles of 4 x 4 results of a convolution by Winograd's algorithm.
typedef struct {
  const ck_product *product;
  size_t first_tile, tiles;
  size_t rows;          // of the products: tiles, filled up with zeros
  float *image;         // transformed, [channels / CK_WINOGRAD_CHANNELS][36][rows][CK_WINOGRAD_CHANNELS]
  size_t image_block;   // floats from one block of channels to the next
  size_t image_stride;  // floats from one of the 36 to the next
  size_t sums_stride;   // the same of a panel's sums, [36][rows][panel]
} ck_winograd_group;

struct ck_kernels {
  void (*widen)(const uint16_t *x, float *out, size_t count);
  void (*narrow)(const float *x, uint16_t *out, size_t count);
  void (*convert)(ck_stored from, const void *x, ck_type to, void *out, size_t count);
  void (*activate)(ck_type type, ck_activation activation, const void *x, void *out, size_t count);
  void (*prelu)(ck_type type, const void *x, const float *slopes, void *out, size_t rows, size_t channels);
  void (*scale)(ck_type type, float factor, const void *x, void *out, size_t count);
  // b is a row, or one element where `repeat`.
  void (*binary)(ck_binary_op op, ck_type type, const void *a, const void *b, bool repeat, void *out, size_t count);
  void (*glu)(ck_type type, ck_activation activation, const void *x, void *out, size_t columns);

  void (*layer_norm)(
    ck_type type, const void *x, const float *weight, const float *bias, float epsilon, void *out, size_t columns);
  // For each channel, over all positions: the mean, and the sum of squared distances from it.
  void (*channel_moments)(
    ck_type type, const void *x, size_t positions, size_t channels, float *mean, float *squares);
  // out = activation((x - mean) * factor + bias), per channel.
  void (*normalise)(
    ck_type type, ck_activation activation, const void *x, size_t positions, size_t channels, const float *mean,
    const float *factor, const float *bias, void *out);
  // Softmax over the first `valid` columns; the others become 0.
  void (*softmax)(ck_type type, const void *x, void *out, size_t columns, size_t valid);

  // Columns of a packed panel of weights or keys.
  size_t panel;
  // Keys are packed in panels, [panel][head_size][key], padded with zeros; the range begins at a panel.
  void (*pack_keys)(
    ck_type type, const void *k, size_t stride, size_t first, size_t count, size_t head_size, float *out);
  // Values are packed in panels of channels, [panel][key][channel]; the channels padded to a multiple of `value_panel`.
  size_t value_panel;
  void (*pack_values)(
    ck_type type, const void *v, size_t stride, size_t first, size_t count, size_t keys, size_t head_size, float *out);
  void (*attend)(ck_type type, const ck_attention_block *block);

  // weights [rows, columns] += up [rows, rank] times down, which is packed in panels [rank][column].
  void (*add_low_rank)(
    const float *up, const float *down, float *weights, size_t rows, size_t rank, size_t columns);
  bool (*within)(const float *x, size_t count, float limit);
  void (*store_as)(const float *x, ck_stored to, void *out, size_t count);
  // `scratch` has CK_PRODUCT_SCRATCH_FLOATS.
  void (*multiply_block)(const ck_product_block *block, float *scratch);
  // One panel of packed weights; a transposed one has a kernel of 1.
  void (*pack_panel)(const ck_packing *packing, size_t panel);

  // Rows of the smallest tile of a product; a multiple of it divides every number of rows.
  size_t least_rows;
  // The image under some tiles of a group, for all channels.
  void (*transform_image)(const ck_winograd_group *group, size_t first_tile, size_t end_tile);
  // Some columns of all tiles of a group. `scratch` has 36 (CK_WINOGRAD_KERNEL_STRIDE + sums_stride) floats.
  void (*multiply_winograd_panel)(const ck_winograd_group *group, size_t panel, float *scratch);
  // The kernels of a block of CK_NARROW_CHANNELS channels for a panel of columns, [36][channel][column] with 16 floats
  // after each of the 36.
  void (*transform_narrow_kernels)(const ck_product *product, size_t panel, size_t block, float *out);
  // All columns of a group whose image has a block of channels at a time; `kernels` are [panel][block] of them. `sums` has
  // 36 sums_stride floats for each panel.
  void (*multiply_narrow_group)(const ck_winograd_group *group, const float *kernels, float *sums);

  // Products of bfloat16, `pair_group` neighbours along the depth at once, two or four; NULL where the instruction set has
  // none. Weights are packed in panels of columns, [panel][depth / pair_group][column][pair_group], depth and columns padded
  // with zeros to multiples of CK_PAIR_STEP;
  // keys and values as the instruction set's attention wants them, in no more room than that. `first` is a multiple of
  // CK_KEY_BLOCK, and `count` at most that.
  size_t pair_group;
  void (*pack_key_pairs)(
    const uint16_t *k, size_t stride, size_t first, size_t count, size_t head_size, uint16_t *out);
  void (*pack_value_pairs)(
    const uint16_t *v, size_t stride, size_t first, size_t count, size_t keys, size_t head_size, uint16_t *out);
  void (*attend_pairs)(const ck_attention_block *block);
  // The same in tile registers, for heads of at most CK_TILE_HEAD; NULL where there are none.
  void (*attend_in_tiles)(const ck_attention_block *block);
  // One of these two multiplies: in vectors, or in tile registers. `scratch` has CK_TILE_SCRATCH_FLOATS there.
  void (*multiply_pair_block)(const ck_product_block *block, float *scratch);
  void (*multiply_tiles)(const ck_tile_block *block, float *scratch);
};

// Extents of blocks. Rows and queries are a multiple of every instruction set's rows per tile; columns, of its panel.
enum {
  CK_QUERY_BLOCK = 96,
  CK_TILE_QUERY_BLOCK = 256,
  CK_TILE_HEAD = 160,  // beyond, results of 32 queries leave the nearest cache
  CK_KEY_BLOCK = 256,
  CK_PRODUCT_ROWS = 96,
  CK_PRODUCT_COLUMNS = 512,
  CK_PRODUCT_DEPTH = 320,
  CK_WIDEST_PANEL = 32,
  CK_WINOGRAD_CHANNELS = 96,
  // Floats from one of a panel's 36 transformed kernels to the next: not a multiple of a page.
  CK_WINOGRAD_KERNEL_STRIDE = CK_WINOGRAD_CHANNELS * CK_WIDEST_PANEL + 16,
  CK_NARROW_CHANNELS = 48,
  CK_PAIR_PANEL = 16,
  CK_PAIR_STEP = 32,
  CK_PAIR_STRETCH = 2 * CK_PRODUCT_DEPTH,
  CK_TILE_ROWS = 16,
  CK_TILE_BYTES = 1024,
  CK_TILE_FEW_PAIRS = 16,  // tiles of rows, in pairs, that may be multiplied in stretches
  CK_TILE_GROUP = 4,
  CK_TILE_SCRATCH_FLOATS = CK_TILE_GROUP * CK_TILE_FEW_PAIRS * 1024,
  CK_PRODUCT_SCRATCH_FLOATS =
    CK_PRODUCT_ROWS * (CK_PRODUCT_COLUMNS + CK_PRODUCT_DEPTH) + CK_PRODUCT_DEPTH * CK_WIDEST_PANEL,
};

// Products of which each element of the result is the sum.
static inline size_t ck_product_depth(const ck_product_shape *shape) {
  return shape->in * shape->kernel_height * shape->kernel_width;
}

// The image that holds a channel, and how many channels from that one on are in it.
typedef struct {
  const void *x;
  size_t pixel;    // channels of the image
  size_t channel;  // in the image
  size_t left;
} ck_channels;

static inline ck_channels ck_channels_from(const ck_product *product, size_t channel) {
  const size_t in = product->shape.in;
  if (product->part_count == 0) {
    return (ck_channels){.x = product->x, .pixel = in, .channel = channel, .left = in - channel};
  }
  const ck_image_part *part = product->parts;
  for (; channel >= part->channels; part++) channel -= part->channels;
  return (ck_channels){.x = part->x, .pixel = part->channels, .channel = channel, .left = part->channels - channel};
}

// Channels of the block that begins at `first`.
static inline size_t ck_winograd_channels(const ck_product_shape *shape, size_t first) {
  return shape->in - first < CK_WINOGRAD_CHANNELS ? shape->in - first : CK_WINOGRAD_CHANNELS;
}

// The same of narrow products' blocks.
static inline size_t ck_narrow_channels(const ck_product_shape *shape, size_t first) {
  return shape->in - first < CK_NARROW_CHANNELS ? shape->in - first : CK_NARROW_CHANNELS;
}

static inline size_t ck_round_up(size_t count, size_t multiple) { return (count + multiple - 1) / multiple * multiple; }

// Taps of the kernels that products in tiles compute with.
static inline size_t ck_tile_taps(const ck_product_shape *shape) {
  return shape->upsampled ? 4 : shape->kernel_height * shape->kernel_width;
}

// Columns of weights packed by pairs: whole pairs of panels, and of a gated product as many gates as values.
static inline size_t ck_pair_columns(const ck_product_shape *shape) {
  return shape->gated ? 2 * ck_round_up(shape->out / 2, CK_PAIR_PANEL) : ck_round_up(shape->out, 2 * CK_PAIR_PANEL);
}

static inline size_t ck_element_size(ck_type type) { return type == CK_F32 ? 4 : 2; }

static inline size_t ck_stored_size(ck_stored type) { return type == CK_STORED_F32 ? 4 : 2; }

// The floats a block needs: its queries, results, and each row's largest score and sums; the scores of a tile.
static inline size_t ck_attention_block_floats(const ck_kernels *kernels, size_t head_size) {
  const size_t lanes = kernels->value_panel, columns = ck_round_up(head_size, lanes);
  const size_t tile_rows = 3 * kernels->least_rows;
  return CK_QUERY_BLOCK * (head_size + columns + 1 + lanes) + tile_rows * CK_KEY_BLOCK;
}

// The same for products by pairs, where queries and weights are bfloat16 and a tile has up to CK_PAIR_STEP rows.
static inline size_t ck_pair_attention_block_floats(const ck_kernels *kernels, size_t head_size) {
  const size_t columns = ck_round_up(head_size, CK_PAIR_STEP), tile = CK_PAIR_STEP * CK_KEY_BLOCK;
  return CK_QUERY_BLOCK * (columns + 1 + kernels->value_panel) + tile + (CK_QUERY_BLOCK * columns + tile) / 2;
}

size_t ck_tile_scratch_bytes(ck_device device, const ck_product_shape *shape);
void ck_multiply_tiles(ck_device device, const ck_product *product, void *scratch);

// The same in tile registers: 32 queries and their results; twice the scores of 64 keys, as floats and as bfloat16, and
// each row's largest score and sums.
static inline size_t ck_tile_attention_block_floats(const ck_kernels *kernels, size_t head_size) {
  const size_t columns = ck_round_up(head_size, CK_PAIR_STEP);
  return 32 * (columns + columns / 2 + 2 * (64 + kernels->value_panel + 1 + 64 / 2));
}

extern const ck_kernels ck_generic_kernels, ck_software_tile_kernels;
#if defined(__x86_64__)
extern const ck_kernels ck_avx2_kernels, ck_avx512_kernels, ck_avx512_bf16_kernels, ck_amx_kernels,
  ck_software_tile_avx512_kernels;
#elif defined(__aarch64__)
extern const ck_kernels ck_arm_bf16_kernels;
#endif
