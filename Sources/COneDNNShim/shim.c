#include "include/COneDNNShim.h"

#include "compatibility.h"

#define TRY(expression) \
  do { \
    const dnnl_status_t status_ = (expression); \
    if (status_ != dnnl_success) { status = status_; goto end; } \
  } while (0)

struct od_engine {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
};

struct od_layout {
  od_desc desc;
};

// The arguments of a primitive, in the order of their memories.
enum { X, WEIGHTS, BIAS, OUT, SCRATCH, ARGUMENTS };
static const int argument_ids[ARGUMENTS] = {
  DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD,
};

struct od_product {
  od_engine *engine;
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  dnnl_memory_t memories[ARGUMENTS];
  bool bias;
};

static od_status od_status_of(dnnl_status_t status) {
  switch (status) {
    case dnnl_success: return OD_SUCCESS;
    case dnnl_out_of_memory: return OD_OUT_OF_MEMORY;
    case dnnl_unimplemented: return OD_UNSUPPORTED;
    default: return OD_FAILED;
  }
}

static dnnl_data_type_t data_type(od_type type) { return type == OD_BF16 ? dnnl_bf16 : dnnl_f32; }

int od_version(void) {
  const dnnl_version_t *version = dnnl_version();
  return version->major * 10000 + version->minor * 100 + version->patch;
}

void od_limit_isa(od_isa isa) {
  static const dnnl_cpu_isa_t limits[] = {
    [OD_ISA_BASELINE] = dnnl_cpu_isa_sse41, [OD_ISA_AVX2] = dnnl_cpu_isa_avx2,
    [OD_ISA_AVX512] = dnnl_cpu_isa_avx512_core, [OD_ISA_AVX512_BF16] = dnnl_cpu_isa_avx512_core_bf16,
    [OD_ISA_AMX] = dnnl_cpu_isa_avx512_core_amx,
  };
  dnnl_set_max_cpu_isa(limits[isa]);
}

bool od_has_native_bf16(void) {
#if defined(__x86_64__)
  // Instruction sets are bit sets; a later one contains the bits of those it extends.
  const unsigned wanted = dnnl_cpu_isa_avx512_core_bf16;
  return ((unsigned)dnnl_get_effective_cpu_isa() & wanted) == wanted;
#else
  return false;
#endif
}

od_status od_engine_create(od_engine **result) {
  dnnl_status_t status = dnnl_success;
  od_engine *engine = calloc(1, sizeof *engine);
  if (!engine) return OD_OUT_OF_MEMORY;
  TRY(dnnl_engine_create(&engine->engine, dnnl_cpu, 0));
  TRY(dnnl_stream_create(&engine->stream, engine->engine, dnnl_stream_default_flags));
  *result = engine;
  return OD_SUCCESS;
end:
  od_engine_destroy(engine);
  return od_status_of(status);
}

void od_engine_destroy(od_engine *engine) {
  if (engine->stream) dnnl_stream_destroy(engine->stream);
  if (engine->engine) dnnl_engine_destroy(engine->engine);
  free(engine);
}

static dnnl_status_t create_attributes(const od_shape *shape, dnnl_primitive_attr_t *result) {
  dnnl_status_t status = dnnl_success;
  dnnl_post_ops_t ops = NULL;
  dnnl_primitive_attr_t attributes = NULL;
  TRY(dnnl_primitive_attr_create(&attributes));
  TRY(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
  TRY(dnnl_post_ops_create(&ops));
  switch (shape->activation) {
    case OD_IDENTITY: break;
    case OD_SILU: TRY(od_append_activation(ops, dnnl_eltwise_swish, 1)); break;
    case OD_GELU: TRY(od_append_activation(ops, dnnl_eltwise_gelu_erf, 0)); break;
    case OD_QUICK_GELU: TRY(od_append_activation(ops, dnnl_eltwise_swish, 1.702f)); break;
  }
  if (shape->add_to_result) TRY(od_append_sum(ops));
  TRY(dnnl_primitive_attr_set_post_ops(attributes, ops));
end:
  if (ops) dnnl_post_ops_destroy(ops);
  if (status != dnnl_success && attributes) {
    dnnl_primitive_attr_destroy(attributes);
    attributes = NULL;
  }
  *result = attributes;
  return status;
}

static dnnl_status_t create_weights(const od_shape *shape, bool plain, od_desc *desc) {
  const dnnl_dim_t extents[4] = {shape->out, shape->in, shape->kernel_height, shape->kernel_width};
  const int rank = shape->is_convolution ? 4 : 2;
  const dnnl_format_tag_t tag = !plain ? dnnl_format_tag_any : shape->is_convolution ? dnnl_oihw : dnnl_oi;
  return od_desc_create(desc, rank, extents, data_type(shape->type), tag);
}

static dnnl_status_t create_description(
  dnnl_engine_t engine, const od_shape *shape, const od_layout *layout, dnnl_primitive_desc_t *result
) {
  dnnl_status_t status = dnnl_success;
  od_desc x = NULL, weights = NULL, bias = NULL, out = NULL;
  dnnl_primitive_attr_t attributes = NULL;
  const dnnl_data_type_t type = data_type(shape->type);
  const int rank = shape->is_convolution ? 4 : 2;
  const dnnl_format_tag_t tag = shape->is_convolution ? dnnl_nhwc : dnnl_nc;
  const dnnl_dim_t x_extents[4] = {shape->batch, shape->in, shape->height, shape->width};
  const dnnl_dim_t out_extents[4] = {shape->batch, shape->out, shape->out_height, shape->out_width};
  TRY(od_desc_create(&x, rank, x_extents, type, tag));
  TRY(od_desc_create(&out, rank, out_extents, type, tag));
  TRY(layout ? od_desc_copy(&weights, layout->desc) : create_weights(shape, false, &weights));
  if (shape->bias) TRY(od_desc_create(&bias, 1, &shape->out, dnnl_f32, dnnl_x));
  TRY(create_attributes(shape, &attributes));
  if (shape->is_convolution) {
    const dnnl_dim_t strides[2] = {shape->stride, shape->stride};
    const dnnl_dim_t before[2] = {shape->top, shape->left}, after[2] = {shape->bottom, shape->right};
    TRY(od_convolution_create(result, engine, x, weights, bias, out, strides, before, after, attributes));
  } else {
    TRY(od_linear_create(result, engine, x, weights, bias, out, attributes));
  }
end:
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  od_desc_destroy(x);
  od_desc_destroy(weights);
  od_desc_destroy(bias);
  od_desc_destroy(out);
  return status;
}

static od_const_desc desc_of(dnnl_primitive_desc_t description, int argument) {
  static const dnnl_query_t queries[ARGUMENTS] = {
    dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_weights_md, dnnl_query_dst_md, dnnl_query_scratchpad_md,
  };
  return dnnl_primitive_desc_query_md(description, queries[argument], argument == BIAS ? 1 : 0);
}

od_status od_product_create(
  od_engine *engine, const od_shape *shape, const od_layout *weights, od_product **result
) {
  dnnl_status_t status = dnnl_success;
  od_product *product = calloc(1, sizeof *product);
  if (!product) return OD_OUT_OF_MEMORY;
  product->engine = engine;
  product->bias = shape->bias;
  TRY(create_description(engine->engine, shape, weights, &product->description));
  TRY(dnnl_primitive_create(&product->primitive, product->description));
  for (int i = 0; i < ARGUMENTS; i++) {
    if (i == BIAS && !shape->bias) continue;
    if (i == SCRATCH && od_product_scratch_bytes(product) == 0) continue;
    TRY(dnnl_memory_create(
      &product->memories[i], desc_of(product->description, i), engine->engine, DNNL_MEMORY_NONE));
  }
  *result = product;
  return OD_SUCCESS;
end:
  od_product_destroy(product);
  return od_status_of(status);
}

void od_product_destroy(od_product *product) {
  for (int i = 0; i < ARGUMENTS; i++) {
    if (product->memories[i]) dnnl_memory_destroy(product->memories[i]);
  }
  if (product->primitive) dnnl_primitive_destroy(product->primitive);
  if (product->description) dnnl_primitive_desc_destroy(product->description);
  free(product);
}

const char *od_product_implementation(const od_product *product) {
  const char *name = "";
  dnnl_primitive_desc_query(product->description, dnnl_query_impl_info_str, 0, &name);
  return name;
}

size_t od_product_scratch_bytes(const od_product *product) {
  return dnnl_memory_desc_get_size(desc_of(product->description, SCRATCH));
}

od_status od_product_run(
  od_product *product, const void *x, const void *weights, const float *bias, void *out, void *scratch
) {
  dnnl_status_t status = dnnl_success;
  const void *const addresses[ARGUMENTS] = {x, weights, bias, out, scratch};
  dnnl_exec_arg_t arguments[ARGUMENTS];
  int count = 0;
  for (int i = 0; i < ARGUMENTS; i++) {
    if (!product->memories[i]) continue;
    TRY(dnnl_memory_set_data_handle(product->memories[i], (void *)addresses[i]));
    arguments[count++] = (dnnl_exec_arg_t){argument_ids[i], product->memories[i]};
  }
  TRY(dnnl_primitive_execute(product->primitive, product->engine->stream, count, arguments));
  TRY(dnnl_stream_wait(product->engine->stream));
end:
  return od_status_of(status);
}

static od_status create_layout(dnnl_status_t status, od_desc desc, od_layout **result) {
  od_layout *layout = status == dnnl_success ? malloc(sizeof *layout) : NULL;
  if (!layout) {
    od_desc_destroy(desc);
    return status == dnnl_success ? OD_OUT_OF_MEMORY : od_status_of(status);
  }
  layout->desc = desc;
  *result = layout;
  return OD_SUCCESS;
}

od_status od_product_weights(const od_product *product, od_layout **result) {
  od_desc desc = NULL;
  const dnnl_status_t status = od_desc_copy(&desc, desc_of(product->description, WEIGHTS));
  return create_layout(status, desc, result);
}

od_status od_layout_create_plain(const od_shape *shape, od_layout **result) {
  od_desc desc = NULL;
  const dnnl_status_t status = create_weights(shape, true, &desc);
  return create_layout(status, desc, result);
}

void od_layout_destroy(od_layout *layout) {
  od_desc_destroy(layout->desc);
  free(layout);
}

bool od_layout_equal(const od_layout *a, const od_layout *b) { return dnnl_memory_desc_equal(a->desc, b->desc); }

size_t od_layout_bytes(const od_layout *layout) { return dnnl_memory_desc_get_size(layout->desc); }

bool od_layout_panels(const od_layout *layout, od_panels *result) {
  enum { OUT_AXIS, IN_AXIS, HEIGHT_AXIS, WIDTH_AXIS };
  od_blocking blocking;
  if (!od_desc_blocking(layout->desc, &blocking) || blocking.count < 1 || blocking.count > 3) return false;
  // Blocks of channels around one block of columns, and neighbouring channels inside it; both may be missing.
  od_panels panels = {.channels = 1, .group = 1};
  int at = 0;
  if (blocking.axes[at] == IN_AXIS) panels.channels = (size_t)blocking.blocks[at++];
  if (at == blocking.count || blocking.axes[at] != OUT_AXIS) return false;
  panels.width = (size_t)blocking.blocks[at++];
  if (at < blocking.count && blocking.axes[at] == IN_AXIS) panels.group = (size_t)blocking.blocks[at++];
  if (at != blocking.count) return false;
  panels.channels *= panels.group;
  panels.out_stride = (size_t)blocking.strides[OUT_AXIS];
  panels.in_stride = (size_t)blocking.strides[IN_AXIS];
  if (blocking.rank == 4) {
    panels.row_stride = (size_t)blocking.strides[HEIGHT_AXIS];
    panels.tap_stride = (size_t)blocking.strides[WIDTH_AXIS];
  }
  *result = panels;
  return true;
}

od_status od_repack(
  od_engine *engine, const od_layout *from, const void *source, const od_layout *to, void *target
) {
  dnnl_status_t status = dnnl_success;
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t primitive = NULL;
  dnnl_memory_t from_memory = NULL, to_memory = NULL;
  // Of its own, as several threads repack at once.
  dnnl_stream_t stream = NULL;
  TRY(dnnl_stream_create(&stream, engine->engine, dnnl_stream_default_flags));
  TRY(dnnl_reorder_primitive_desc_create(
    &description, from->desc, engine->engine, to->desc, engine->engine, NULL));
  TRY(dnnl_primitive_create(&primitive, description));
  TRY(dnnl_memory_create(&from_memory, from->desc, engine->engine, (void *)source));
  TRY(dnnl_memory_create(&to_memory, to->desc, engine->engine, target));
  const dnnl_exec_arg_t arguments[2] = {{DNNL_ARG_FROM, from_memory}, {DNNL_ARG_TO, to_memory}};
  TRY(dnnl_primitive_execute(primitive, stream, 2, arguments));
  TRY(dnnl_stream_wait(stream));
end:
  if (from_memory) dnnl_memory_destroy(from_memory);
  if (to_memory) dnnl_memory_destroy(to_memory);
  if (primitive) dnnl_primitive_destroy(primitive);
  if (description) dnnl_primitive_desc_destroy(description);
  if (stream) dnnl_stream_destroy(stream);
  return od_status_of(status);
}
