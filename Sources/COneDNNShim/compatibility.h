// The parts of oneDNN's C interface that changed between 2.x and 3.x, under one set of names: memory descriptors became
// opaque and are destroyed, operation descriptors went away.
#pragma once

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stdlib.h>

// Blocks of a layout, the innermost last, each of `blocks` elements along one of the axes; and the strides, in elements,
// from block to block along each axis.
typedef struct {
  int rank, count;
  const dnnl_dim_t *strides, *blocks, *axes;
} od_blocking;

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t od_desc;
typedef const_dnnl_memory_desc_t od_const_desc;

static inline dnnl_status_t od_desc_create(
  od_desc *desc, int rank, const dnnl_dim_t *extents, dnnl_data_type_t type, dnnl_format_tag_t tag
) {
  return dnnl_memory_desc_create_with_tag(desc, rank, extents, type, tag);
}

static inline dnnl_status_t od_desc_copy(od_desc *desc, od_const_desc source) {
  return dnnl_memory_desc_clone(desc, source);
}

static inline void od_desc_destroy(od_desc desc) {
  if (desc) dnnl_memory_desc_destroy(desc);
}

static inline bool od_desc_blocking(od_const_desc desc, od_blocking *blocking) {
  dnnl_format_kind_t kind = dnnl_format_kind_undef;
  dnnl_dim_t offset = 0;
  dnnl_dims_t *strides = NULL, *blocks = NULL, *axes = NULL;
  if (dnnl_memory_desc_query(desc, dnnl_query_format_kind, &kind) || kind != dnnl_blocked
      || dnnl_memory_desc_query(desc, dnnl_query_submemory_offset_s64, &offset) || offset != 0
      || dnnl_memory_desc_query(desc, dnnl_query_ndims_s32, &blocking->rank)
      || dnnl_memory_desc_query(desc, dnnl_query_strides, &strides)
      || dnnl_memory_desc_query(desc, dnnl_query_inner_nblks_s32, &blocking->count)
      || dnnl_memory_desc_query(desc, dnnl_query_inner_blks, &blocks)
      || dnnl_memory_desc_query(desc, dnnl_query_inner_idxs, &axes)) {
    return false;
  }
  blocking->strides = *strides;
  blocking->blocks = *blocks;
  blocking->axes = *axes;
  return true;
}

static inline dnnl_status_t od_append_activation(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha) {
  return dnnl_post_ops_append_eltwise(ops, kind, alpha, 0);
}

static inline dnnl_status_t od_append_sum(dnnl_post_ops_t ops) {
  return dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
}

static inline dnnl_status_t od_linear_create(
  dnnl_primitive_desc_t *result, dnnl_engine_t engine, od_const_desc x, od_const_desc weights, od_const_desc bias,
  od_const_desc out, const_dnnl_primitive_attr_t attributes
) {
  return dnnl_inner_product_forward_primitive_desc_create(
    result, engine, dnnl_forward_inference, x, weights, bias, out, attributes);
}

static inline dnnl_status_t od_convolution_create(
  dnnl_primitive_desc_t *result, dnnl_engine_t engine, od_const_desc x, od_const_desc weights, od_const_desc bias,
  od_const_desc out, const dnnl_dim_t *strides, const dnnl_dim_t *before, const dnnl_dim_t *after,
  const_dnnl_primitive_attr_t attributes
) {
  const dnnl_dim_t dilations[2] = {0, 0};
  return dnnl_convolution_forward_primitive_desc_create(
    result, engine, dnnl_forward_inference, dnnl_convolution_direct, x, weights, bias, out, strides, dilations, before,
    after, attributes);
}

#else

// A pointer in this interface too, so that both are used alike.
typedef dnnl_memory_desc_t *od_desc;
typedef const dnnl_memory_desc_t *od_const_desc;

static inline dnnl_status_t od_desc_create(
  od_desc *desc, int rank, const dnnl_dim_t *extents, dnnl_data_type_t type, dnnl_format_tag_t tag
) {
  *desc = malloc(sizeof **desc);
  return *desc ? dnnl_memory_desc_init_by_tag(*desc, rank, extents, type, tag) : dnnl_out_of_memory;
}

static inline dnnl_status_t od_desc_copy(od_desc *desc, od_const_desc source) {
  *desc = malloc(sizeof **desc);
  if (!*desc) return dnnl_out_of_memory;
  **desc = *source;
  return dnnl_success;
}

static inline void od_desc_destroy(od_desc desc) { free(desc); }

static inline bool od_desc_blocking(od_const_desc desc, od_blocking *blocking) {
  if (desc->format_kind != dnnl_blocked || desc->offset0 != 0 || desc->extra.flags != dnnl_memory_extra_flag_none) {
    return false;
  }
  const dnnl_blocking_desc_t *format = &desc->format_desc.blocking;
  *blocking = (od_blocking){
    .rank = desc->ndims, .strides = format->strides, .count = format->inner_nblks, .blocks = format->inner_blks,
    .axes = format->inner_idxs,
  };
  return true;
}

static inline dnnl_status_t od_append_activation(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha) {
  return dnnl_post_ops_append_eltwise(ops, 1, kind, alpha, 0);
}

static inline dnnl_status_t od_append_sum(dnnl_post_ops_t ops) { return dnnl_post_ops_append_sum(ops, 1); }

static inline dnnl_status_t od_linear_create(
  dnnl_primitive_desc_t *result, dnnl_engine_t engine, od_const_desc x, od_const_desc weights, od_const_desc bias,
  od_const_desc out, const_dnnl_primitive_attr_t attributes
) {
  dnnl_inner_product_desc_t op;
  dnnl_status_t status = dnnl_inner_product_forward_desc_init(&op, dnnl_forward_inference, x, weights, bias, out);
  return status ? status : dnnl_primitive_desc_create(result, &op, attributes, engine, NULL);
}

static inline dnnl_status_t od_convolution_create(
  dnnl_primitive_desc_t *result, dnnl_engine_t engine, od_const_desc x, od_const_desc weights, od_const_desc bias,
  od_const_desc out, const dnnl_dim_t *strides, const dnnl_dim_t *before, const dnnl_dim_t *after,
  const_dnnl_primitive_attr_t attributes
) {
  dnnl_convolution_desc_t op;
  dnnl_status_t status = dnnl_convolution_forward_desc_init(
    &op, dnnl_forward_inference, dnnl_convolution_direct, x, weights, bias, out, strides, before, after);
  return status ? status : dnnl_primitive_desc_create(result, &op, attributes, engine, NULL);
}

#endif
