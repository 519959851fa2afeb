// Products with weights through oneDNN: fully connected layers and convolutions, over both of its C interfaces (2.x, 3.x).
//
// Activations are rows of channels (linear) or [n, height, width, channels] (convolution). Weights are in a layout that
// oneDNN chooses for a product, or plain: [out, in] or [out, in, kernel_height, kernel_width].
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { OD_F32, OD_BF16 } od_type;
typedef enum { OD_IDENTITY, OD_SILU, OD_GELU, OD_QUICK_GELU } od_activation;

// What went wrong; zero is success.
typedef enum { OD_SUCCESS, OD_OUT_OF_MEMORY, OD_UNSUPPORTED, OD_FAILED } od_status;

typedef struct od_engine od_engine;
typedef struct od_layout od_layout;
typedef struct od_product od_product;

// The version of the oneDNN library that was found at run time, as major * 10000 + minor * 100 + patch.
int od_version(void);

// Instruction sets, each with those before it.
typedef enum { OD_ISA_BASELINE, OD_ISA_AVX2, OD_ISA_AVX512, OD_ISA_AVX512_BF16, OD_ISA_AMX } od_isa;

// Keeps oneDNN to an instruction set; without effect once it has looked what the processor has.
void od_limit_isa(od_isa isa);

// Whether the processor multiplies bfloat16 and oneDNN makes use of it.
bool od_has_native_bf16(void);

od_status od_engine_create(od_engine **engine);
void od_engine_destroy(od_engine *engine);

typedef struct {
  bool is_convolution;
  od_type type;           // of x, weights and result; the bias is always 32-bit
  int64_t batch;          // images, or rows of a linear layer
  int64_t in, out;        // channels
  bool bias;
  od_activation activation;
  bool add_to_result;     // result = product + bias + what the result's memory held; without an activation
  // Of a convolution only.
  int64_t height, width, kernel_height, kernel_width, out_height, out_width, stride;
  int64_t top, left, bottom, right;
} od_shape;

// Prepares a product. `weights` is the layout they will be in; NULL lets oneDNN choose.
od_status od_product_create(od_engine *engine, const od_shape *shape, const od_layout *weights, od_product **product);
void od_product_destroy(od_product *product);

// oneDNN's name of the implementation, such as `jit:avx2`.
const char *od_product_implementation(const od_product *product);
size_t od_product_scratch_bytes(const od_product *product);

// `scratch` has od_product_scratch_bytes; one product may not run twice at the same time.
od_status od_product_run(
  od_product *product, const void *x, const void *weights, const float *bias, void *out, void *scratch);

// The layout of a product's weights; the caller destroys it.
od_status od_product_weights(const od_product *product, od_layout **layout);
od_status od_layout_create_plain(const od_shape *shape, od_layout **layout);
void od_layout_destroy(od_layout *layout);
bool od_layout_equal(const od_layout *a, const od_layout *b);
size_t od_layout_bytes(const od_layout *layout);

// A layout in panels of `width` columns: element (out, in, row, tap of the row) is found at
//   out / width * out_stride + in / channels * in_stride + row * row_stride + tap * tap_stride
//     + in % channels / group * width * group + out % width * group + in % group.
typedef struct {
  size_t width, channels, group;
  size_t out_stride, in_stride, row_stride, tap_stride;
} od_panels;

// False if the layout is of another kind.
bool od_layout_panels(const od_layout *layout, od_panels *panels);

// Brings weights from one layout into another.
od_status od_repack(
  od_engine *engine, const od_layout *from, const void *source, const od_layout *to, void *target);
