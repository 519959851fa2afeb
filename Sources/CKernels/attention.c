#include "kernels.h"
#include "parallel.h"

typedef struct {
  const ck_kernels *kernels;
  ck_type type;
  bool pairs;  // both products in bfloat16
  bool tiles;  // and in tile registers throughout
  ck_attention_shape shape;
  size_t key_blocks, query_blocks, queries;  // of a block
  size_t keys_floats, values_floats;   // of one head
  const void *q, *k, *v;
  void *out;
  float *keys_packed, *values_packed;  // [batch, heads, ...]
  float *blocks;                       // [threads, block_floats]
  size_t block_floats;
} attention_job;

static attention_job job_of(ck_device device, ck_type type, ck_attention_shape shape) {
  const bool pairs = type == CK_BF16 && ck_has_pairs(device);
  const size_t pair_keys = ck_round_up(shape.keys, CK_PAIR_STEP);
  const size_t pair_width = ck_round_up(shape.head_size, CK_PAIR_STEP);
  const bool tiles = pairs && device.kernels->attend_in_tiles != NULL && shape.head_size <= CK_TILE_HEAD;
  const size_t queries = tiles ? CK_TILE_QUERY_BLOCK : CK_QUERY_BLOCK;
  const size_t block_floats = tiles   ? ck_tile_attention_block_floats(device.kernels, shape.head_size)
                              : pairs ? ck_pair_attention_block_floats(device.kernels, shape.head_size)
                                      : ck_attention_block_floats(device.kernels, shape.head_size);
  return (attention_job){
    .kernels = device.kernels, .type = type, .pairs = pairs, .tiles = tiles, .shape = shape, .queries = queries,
    .key_blocks = (shape.keys + CK_KEY_BLOCK - 1) / CK_KEY_BLOCK,
    .query_blocks = (shape.queries + queries - 1) / queries,
    .keys_floats =
      pairs ? pair_keys * pair_width / 2 : ck_round_up(shape.keys, device.kernels->panel) * shape.head_size,
    .values_floats =
      pairs ? pair_keys * pair_width / 2 : shape.keys * ck_round_up(shape.head_size, device.kernels->value_panel),
    .block_floats = ck_round_up(block_floats, 16),
  };
}

size_t ck_attention_scratch_bytes(ck_device device, ck_type type, ck_attention_shape shape) {
  const attention_job job = job_of(device, type, shape);
  const size_t heads = shape.batch * shape.heads;
  return (heads * (job.keys_floats + job.values_floats) + device.threads * job.block_floats) * sizeof(float);
}

// The offset in bytes of a head's first channel at a position.
static size_t offset_of(const attention_job *job, size_t length, size_t head, size_t position) {
  const size_t batch = head / job->shape.heads, channel = head % job->shape.heads * job->shape.head_size;
  const size_t row = job->shape.heads * job->shape.head_size;
  return ((batch * length + position) * row + channel) * ck_element_size(job->type);
}

static void pack_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const attention_job *job = context;
  const ck_attention_shape *shape = &job->shape;
  const size_t stride = shape->heads * shape->head_size;
  for (size_t piece = begin; piece < end; piece++) {
    const size_t head = piece / job->key_blocks, first = piece % job->key_blocks * CK_KEY_BLOCK;
    const size_t count = shape->keys - first < CK_KEY_BLOCK ? shape->keys - first : CK_KEY_BLOCK;
    const size_t at = offset_of(job, shape->keys, head, 0);
    const void *k = (const char *)job->k + at, *v = (const char *)job->v + at;
    float *keys = job->keys_packed + head * job->keys_floats, *values = job->values_packed + head * job->values_floats;
    if (job->pairs) {
      job->kernels->pack_key_pairs(k, stride, first, count, shape->head_size, (uint16_t *)keys);
      job->kernels->pack_value_pairs(v, stride, first, count, shape->keys, shape->head_size, (uint16_t *)values);
    } else {
      job->kernels->pack_keys(job->type, k, stride, first, count, shape->head_size, keys);
      job->kernels->pack_values(job->type, v, stride, first, count, shape->keys, shape->head_size, values);
    }
  }
}

static void attend_piece(void *context, unsigned thread, size_t begin, size_t end) {
  const attention_job *job = context;
  const ck_attention_shape *shape = &job->shape;
  for (size_t piece = begin; piece < end; piece++) {
    const size_t head = piece / job->query_blocks, first = piece % job->query_blocks * job->queries;
    const size_t at = offset_of(job, shape->queries, head, first);
    const ck_attention_block block = {
      .queries = shape->queries - first < job->queries ? shape->queries - first : job->queries,
      .first_query = first, .keys = shape->keys, .head_size = shape->head_size,
      .row_stride = shape->heads * shape->head_size, .causal = shape->causal, .q = (const char *)job->q + at,
      .keys_packed = job->keys_packed + head * job->keys_floats,
      .values_packed = job->values_packed + head * job->values_floats, .out = (char *)job->out + at,
      .scratch = job->blocks + thread * job->block_floats,
    };
    if (job->tiles) job->kernels->attend_in_tiles(&block);
    else if (job->pairs) job->kernels->attend_pairs(&block);
    else job->kernels->attend(job->type, &block);
  }
}

void ck_attention(
  ck_device device, ck_type type, ck_attention_shape shape, const void *q, const void *k, const void *v, void *out,
  void *scratch
) {
  attention_job job = job_of(device, type, shape);
  const size_t heads = shape.batch * shape.heads;
  job.q = q;
  job.k = k;
  job.v = v;
  job.out = out;
  job.blocks = scratch;
  job.keys_packed = job.blocks + device.threads * job.block_floats;
  job.values_packed = job.keys_packed + heads * job.keys_floats;
  ck_parallel(device, heads * job.key_blocks, 1, pack_piece, &job);
  ck_parallel(device, heads * job.query_blocks, 1, attend_piece, &job);
}
