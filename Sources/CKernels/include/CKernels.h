// Kernels of the CPU backend, with the instruction set chosen at run time.
//
// Values are rows of 32-bit floats or of bfloat16 (the upper half of a float, in a uint16_t). All arithmetic is done in
// 32-bit floats. A result never depends on the number of threads: work is cut into pieces of fixed size, and every piece
// is computed by one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Instruction sets, as bits of a mask.
enum {
  CK_AVX2 = 1 << 0,         // with FMA and F16C
  CK_AVX512 = 1 << 1,       // F, BW, DQ and VL
  CK_AVX512_BF16 = 1 << 2,  // products of bfloat16
  CK_AMX_BF16 = 1 << 3,     // products of bfloat16 tiles
  CK_SOFTWARE_TILES = 1 << 4,  // the same tiles computed one element at a time, and vectors as in the rest of the mask: for tests
  CK_ARM_BF16 = 1 << 5,        // of 64-bit Arm: products of bfloat16 matrices
};

// What the processor and the operating system offer, as a mask. Asks the system for tile registers if there are any.
uint32_t ck_cpu_features(void);

// The number of processors this process may use: its affinity mask, limited by its control group's quota.
unsigned ck_available_threads(void);

// Threads that wait for loops. Loops run on the calling thread and on those workers that come in time: where other
// programs keep the processors busy, a late worker delays nothing.
typedef struct ck_pool ck_pool;

// A pool of `threads` threads, the calling one included; NULL if memory is lacking.
ck_pool *ck_pool_create(unsigned threads);
void ck_pool_destroy(ck_pool *pool);

typedef enum { CK_F32, CK_BF16 } ck_type;
// Formats that weights are stored in, in files and packed; binary16 is only converted from.
typedef enum { CK_STORED_F32, CK_STORED_BF16, CK_STORED_F16 } ck_stored;

// All activations, in the order of ImagineGraph's: X(constant, name of its functions in template/activation.h, ...).
#define CK_ACTIVATIONS(X, ...) \
  X(SILU, silu, __VA_ARGS__) X(GELU, gelu, __VA_ARGS__) X(QUICK_GELU, quick_gelu, __VA_ARGS__) \
  X(RELU, relu, __VA_ARGS__) X(TANH, tanh, __VA_ARGS__) X(GELU_TANH, gelu_tanh, __VA_ARGS__) \
  X(LEAKY_RELU, leaky_relu, __VA_ARGS__)

#define CK_CONSTANT(NAME, name, ...) CK_##NAME,
typedef enum { CK_IDENTITY, CK_ACTIVATIONS(CK_CONSTANT) } ck_activation;
#undef CK_CONSTANT

typedef enum { CK_ADD, CK_MULTIPLY } ck_binary_op;

// The kernels compiled for one instruction set.
typedef struct ck_kernels ck_kernels;

// The best kernels that need nothing outside the mask.
const ck_kernels *ck_kernels_for(uint32_t features);

// What to compute with.
typedef struct {
  const ck_kernels *kernels;
  unsigned threads;  // at least the pool's
  ck_pool *pool;     // NULL: loops run on the calling thread
} ck_device;

// Pointwise.

void ck_widen(ck_device device, const uint16_t *x, float *out, size_t count);
// Rounds to nearest, ties to even.
void ck_narrow(ck_device device, const float *x, uint16_t *out, size_t count);
// From what files store, at any alignment; rounds as ck_narrow does, and leaves the bits alone where both formats are
// one.
void ck_convert(ck_device device, ck_stored from, const void *x, ck_type to, void *out, size_t count);
void ck_activate(ck_device device, ck_type type, ck_activation activation, const void *x, void *out, size_t count);
// x [rows, channels] where it is positive, elsewhere x times the slope of its channel; one channel is one slope for all.
void ck_prelu(
  ck_device device, ck_type type, const void *x, const float *slopes, void *out, size_t rows, size_t channels);
void ck_scale(ck_device device, ck_type type, float factor, const void *x, void *out, size_t count);
// a and out are row-major of `rank` extents; b is read with `strides` (in elements; 0 repeats). The last stride is 0 or 1.
void ck_binary(
  ck_device device, ck_binary_op op, ck_type type, const void *a, const void *b, void *out, size_t rank,
  const size_t *extents, const size_t *strides);
// x [rows, 2 columns] -> [rows, columns]: the first half times the activation of the second.
void ck_glu(
  ck_device device, ck_type type, ck_activation activation, const void *x, void *out, size_t rows, size_t columns);

// Normalisation.

void ck_layer_norm(
  ck_device device, ck_type type, const void *x, const float *weight, const float *bias, float epsilon, void *out,
  size_t rows, size_t columns);

typedef struct {
  size_t images, positions, channels, groups;
  float epsilon;
  ck_activation activation;
} ck_group_norm_shape;

// x and out are [images, positions, channels]; `vector`, [images, channels] or NULL, is added to x first.
typedef struct {
  const void *x, *vector;
  const float *weight, *bias;
  void *out;
} ck_group_norm_operands;

size_t ck_group_norm_scratch_bytes(ck_group_norm_shape shape);
// What normalises each channel of each image, in the scratch memory: what its elements are counted from, and the factor of
// their distances from that. [images][2][channels]
const float *ck_group_norm_statistics(
  ck_device device, ck_type type, ck_group_norm_shape shape, const ck_group_norm_operands *operands, void *scratch);
void ck_group_norm(
  ck_device device, ck_type type, ck_group_norm_shape shape, const ck_group_norm_operands *operands, void *scratch);

// Softmax of each of `rows` rows. Where `period` is not 0, row r takes only its first r % period + 1 columns.
void ck_softmax(ck_device device, ck_type type, const void *x, void *out, size_t rows, size_t columns, size_t period);

// Attention.

typedef struct {
  size_t batch, queries, keys, heads, head_size;
  bool causal;
} ck_attention_shape;

// q [batch, queries, heads * head_size], k and v [batch, keys, heads * head_size] -> [batch, queries, ...].
//
// Computes blocks of queries against blocks of keys with a running softmax, so that no matrix of all pairs exists
// (Dao et al., FlashAttention, 2022).
size_t ck_attention_scratch_bytes(ck_device device, ck_type type, ck_attention_shape shape);
void ck_attention(
  ck_device device, ck_type type, ck_attention_shape shape, const void *q, const void *k, const void *v, void *out,
  void *scratch);

// Products with weights.

// A convolution of x [images, height, width, in] to [images, out_height, out_width, out]. A linear layer is one of a single
// line, whose width is the number of rows, with a kernel of 1.
typedef struct {
  size_t images, height, width, in, out_height, out_width, out;
  size_t kernel_height, kernel_width, stride, top, left;
  bool gated;  // `out` counts values and then as many gates; the result has the values times gelu of the gates
  // x is repeated to twice its height and width before a kernel of 3 x 3 with a border of 1 meets it. What the repeated
  // pixels meet is added up in the weights, so that each pixel of x makes four of the result's with kernels of 2 x 2.
  bool upsampled;
} ck_product_shape;

// What a product's x becomes as it is read, by ck_group_norm_statistics.
typedef struct {
  const float *statistics, *bias;
  ck_activation activation;
} ck_norm;

// One of several images that are read as one of all their channels.
typedef struct {
  const void *x;
  size_t channels;
} ck_image_part;

// result = residual + activation(x * weights + bias)
typedef struct {
  ck_product_shape shape;
  ck_type x_type, out_type;
  ck_stored weight_type;
  ck_activation activation;
  // Of convolutions with a kernel larger than 1: the images that together are x, which is NULL then; else none.
  const ck_image_part *parts;
  size_t part_count;
  const void *x, *weights;  // packed by ck_pack_weights, or by ck_pack_weight_pairs where `pairs`
  bool pairs;               // x, weights and result are bfloat16, and ck_has_pairs
  const float *bias;        // [out], or NULL
  const ck_norm *norm;      // NULL, or for x of a product in tile registers with a kernel larger than 1
  const void *residual;     // of the result's shape and type, or NULL
  void *out;
} ck_product;

// Weights as they come: [out][in][kernel_height, kernel_width] at any alignment.
typedef struct {
  ck_stored type;
  bool transposed;  // [in][out] instead, with a kernel of 1
  const void *elements;
} ck_plain_weights;

// Elements of packed weights: [panel][kernel_height, kernel_width, in][column], padded to whole panels.
size_t ck_packed_weight_count(ck_device device, ck_product_shape shape);
// Converts to `type` as ck_convert does, and packs. False, with nothing done, for other formats as binary16.
bool ck_pack_weights(ck_device device, ck_product_shape shape, ck_plain_weights plain, ck_stored type, void *packed);

// What an adapter adds to a weight: weights [rows, columns] += up [rows, rank] times down [rank, columns], which is packed
// by ck_pack_weights as transposed floats, `rank` in and `columns` out. A result has the same bits whichever rows are asked
// for together. Runs on the calling thread.
void ck_add_low_rank(
  ck_device device, const float *up, const float *down, float *weights, size_t rows, size_t rank, size_t columns);
// Whether all magnitudes are at most `limit`; not where there is a NaN.
bool ck_within(ck_device device, const float *x, size_t count, float limit);
// Rounds to nearest, ties to even, on the calling thread.
void ck_store_as(ck_device device, const float *x, ck_stored to, void *out, size_t count);

// Whether there are products of bfloat16 by pairs: two neighbours along the depth are multiplied and added at once, or four
// (CK_ARM_BF16).
bool ck_has_pairs(ck_device device);
// Whether these run in tile registers. Only then products may be upsampled; gated, in any products by pairs.
bool ck_has_tiles(ck_device device);
// Elements of bfloat16 weights packed for them: [panel][depth / 2][column][2], or 4 for both 2, padded with zeros. In tile
// registers the depth is [32 channels][tap], else [tap][channel].
size_t ck_packed_pair_count(ck_device device, ck_product_shape shape);
void ck_pack_weight_pairs(ck_device device, ck_product_shape shape, ck_plain_weights plain, void *packed);

// How fast tile registers are by themselves: two tiles of 16 x 32 bfloat16 are multiplied with two of 32 x 16, whose
// neighbours along the depth lie side by side, all four ways and `rounds` times, while all stay in registers; `tiles` are the four
// one after the other. `sums` are the four results, of 16 x 16. On each of the device's threads this happens `passes` times;
// `seconds`, as many as there are threads, are the time of one product there. False where there are no tile registers.
bool ck_multiply_resident_tiles(
  ck_device device, const uint16_t *tiles, size_t rounds, size_t passes, float *sums, double *seconds);

size_t ck_product_scratch_bytes(ck_device device, const ck_product *product);
void ck_multiply(ck_device device, const ck_product *product, void *scratch);

// Convolutions with kernels of 3 x 3 and a stride of 1 by Winograd's minimal filtering: a quarter of the products, all
// in 32-bit floats, whatever the types. Weights are packed by ck_pack_weights.

bool ck_winograd_suits(ck_product_shape shape);
size_t ck_winograd_scratch_bytes(ck_device device, ck_product_shape shape);
void ck_winograd(ck_device device, const ck_product *product, void *scratch);

// Moving data.

// Copies `rows` pieces of `row_bytes`, each from its place in `source` to its place in `target`.
void ck_copy_rows(
  ck_device device, const void *source, size_t source_stride, void *target, size_t target_stride, size_t row_bytes,
  size_t rows);
// out is row-major of `rank` extents; element [i, j, ...] comes from source[i * strides[0] + j * strides[1] + ...].
void ck_permute(
  ck_device device, size_t element_size, const void *source, void *out, size_t rank, const size_t *extents,
  const size_t *strides);
// x [images, height, width, pixel_bytes] -> [images, out_height, out_width, pixel_bytes], nearest neighbour.
void ck_upsample_nearest(
  ck_device device, const void *x, void *out, size_t images, size_t height, size_t width, size_t out_height,
  size_t out_width, size_t pixel_bytes);
// Row ids[i] of the table to row i of the result; every id is inside the table.
void ck_gather_rows(ck_device device, const int32_t *ids, const void *table, void *out, size_t rows, size_t row_bytes);
