// attention.comp on matrix units:
// q [N, T, C], k and v [N, S, C] -> [N, T, C]: softmax(q k^T / sqrt(C / heads)) v in each head, with a running softmax.
//
// Each subgroup of a workgroup does QUERIES matrices of queries of one head; all share the blocks of keys and values. The
// scores stay in their matrices. A query's largest score so far is a row of a matrix of equal columns, which is renewed only
// where a score exceeds it by HEADROOM (in powers of two, so that weights stay below 2^HEADROOM): rows are looked at in the
// first block, and hardly ever after. The weights of a query are added up element by element, and over its row once.
//
// CONVERT: the weights become a left matrix where they are, by a conversion of VK_NV_cooperative_matrix2; else they go
// through shared memory.
#include "coopmat.glsl"
#extension GL_KHR_shader_subgroup_vote : require
layout(constant_id = 0) const uint CHANNELS = 64;
// CHANNELS up to a multiple of the matrices' sizes: what is beyond is zero.
layout(constant_id = 1) const uint PADDED = 64;
layout(constant_id = 2) const uint KEYS = 32;
layout(constant_id = 3) const bool CAUSAL = false;
layout(constant_id = 4) const uint SUBGROUPS = 4;
layout(local_size_x_id = 5) in;
layout(constant_id = 6) const uint QUERIES = 1;
// Heads begin at multiples of 16 bytes and are whole chunks.
layout(constant_id = 14) const bool IN_CHUNKS = true;
layout(binding = 0) readonly buffer Q { float16_t q[]; };
layout(binding = 0) readonly buffer QChunks { uvec4 q_chunks[]; };
layout(binding = 1) readonly buffer K { float16_t k[]; };
layout(binding = 1) readonly buffer KChunks { uvec4 k_chunks[]; };
layout(binding = 2) readonly buffer V { float16_t v[]; };
layout(binding = 2) readonly buffer VChunks { uvec4 v_chunks[]; };
layout(binding = 3) writeonly buffer Out { float16_t result[]; };
layout(binding = 3) writeonly buffer OutChunks { uvec4 result_chunks[]; };
// factor is log2(e) / sqrt(CHANNELS): the softmax counts in powers of two.
layout(push_constant) uniform Constants { uint targets; uint sources; uint heads; float factor; };

const float HIDDEN = -1.0e30;
const float HEADROOM = 8.0;
const uint THREADS = SUBGROUPS * SUBGROUP;
const uint LANES = SUBGROUP / UNIT_M;
const uint CHUNKS = PADDED / CHUNK;
// Rows are 16 bytes longer than what is in them, so that a column lies in different banks of the memory.
const uint PITCH = CHUNKS + 1;
const uint OWN_PITCH = (PADDED > KEYS ? PADDED : KEYS) / CHUNK + 1;
const uint KEY_UNITS = KEYS / UNIT_N;
const uint WEIGHT_UNITS = KEYS / UNIT_K;
const uint UNITS = PADDED / UNIT_N;
const uint DEPTHS = PADDED / UNIT_K;
const uint LOADS = (KEYS * CHUNKS + THREADS - 1) / THREADS;
const uint STAGE_SIZE = UNIT_M * UNIT_N / 4;
shared uvec4 keys[KEYS * PITCH];
shared uvec4 values[KEYS * PITCH];
// Of each subgroup: its queries on the way in, weights, results on the way out; and a matrix of numbers.
#ifdef CONVERT
const uint OWN_ROWS = UNIT_M;
#else
const uint OWN_ROWS = QUERIES * UNIT_M;
#endif
shared uvec4 own_rows[SUBGROUPS * OWN_ROWS * OWN_PITCH];
shared vec4 stage[SUBGROUPS * STAGE_SIZE];
// Added to the scores of the last block, where keys are missing.
shared float missing[KEYS];

// Loops over arrays of matrices have numbers of turns that a compiler knows, and so have the loops in them: only unrolled do
// they leave the matrices in registers.
uvec4 key_loads[LOADS];
uvec4 value_loads[LOADS];
LEFT_MATRIX queries[QUERIES * DEPTHS];
SUM_MATRIX scores[QUERIES * KEY_UNITS];
SUM_MATRIX sums[QUERIES * UNITS];
SUM_MATRIX largest[QUERIES];
SUM_MATRIX totals[QUERIES];

uint row_start(uint row) { return (row * heads + gl_WorkGroupID.y) * CHANNELS; }

// A chunk of a row that begins at `at`, from `channel` on.
#define LOAD(loaded, elements, chunks, at, channel) \
  if (IN_CHUNKS) { \
    loaded = PADDED == CHANNELS || channel < CHANNELS ? chunks[(at + channel) / CHUNK] : uvec4(0); \
  } else { \
    vec4 low = vec4(0), high = vec4(0); \
    for (uint n = 0; n < 4; n++) { \
      if (channel + n < CHANNELS) low[n] = float(elements[at + channel + n]); \
      if (channel + 4 + n < CHANNELS) high[n] = float(elements[at + channel + 4 + n]); \
    } \
    loaded = pack(low, high); \
  }

// Keys beyond the last are the last again: their weights are zero.
void load(uint start) {
  [[unroll]] for (uint i = 0; i < LOADS; i++) {
    uint e = gl_LocalInvocationID.x + i * THREADS, channel = e % CHUNKS * CHUNK;
    if (e < KEYS * CHUNKS) {
      uint at = row_start(gl_WorkGroupID.z * sources + min(start + e / CHUNKS, sources - 1));
      LOAD(key_loads[i], k, k_chunks, at, channel)
      LOAD(value_loads[i], v, v_chunks, at, channel)
    }
  }
}

void put_down() {
  [[unroll]] for (uint i = 0; i < LOADS; i++) {
    uint e = gl_LocalInvocationID.x + i * THREADS;
    if (e < KEYS * CHUNKS) {
      keys[e / CHUNKS * PITCH + e % CHUNKS] = key_loads[i];
      values[e / CHUNKS * PITCH + e % CHUNKS] = value_loads[i];
    }
  }
}

// What is added to the scores of UNIT_M queries from `query` on for UNIT_N keys from `key` on, where later keys are hidden.
SUM_MATRIX hidden(uint query, uint key) {
  uint own = gl_SubgroupID * STAGE_SIZE;
  for (uint i = gl_SubgroupInvocationID; i < STAGE_SIZE; i += SUBGROUP) {
    uint row = i / (UNIT_N / 4), column = i % (UNIT_N / 4) * 4;
    for (uint n = 0; n < 4; n++) {
      uint s = key + column + n;
      stage[own + i][n] = s >= sources || s > query + row ? HIDDEN : 0.0;
    }
  }
  subgroup_barrier();
  SUM_MATRIX result;
  coopMatLoad(result, stage, own, UNIT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
  subgroup_barrier();
  return result;
}

// The scores of a block: those of all queries of the subgroup, which begin at `query`, with KEYS keys from `start` on.
void score(uint query, uint start) {
  bool last = start + KEYS > sources;
  [[unroll]] for (uint j = 0; j < KEY_UNITS; j++) {
    if (CAUSAL) {
      [[unroll]] for (uint u = 0; u < QUERIES; u++) {
        scores[u * KEY_UNITS + j] = hidden(query + u * UNIT_M, start + j * UNIT_N);
      }
    } else if (last) {
      SUM_MATRIX row;
      coopMatLoad(row, missing, j * UNIT_N, 0, gl_CooperativeMatrixLayoutRowMajor);
      [[unroll]] for (uint u = 0; u < QUERIES; u++) scores[u * KEY_UNITS + j] = row;
    } else {
      [[unroll]] for (uint u = 0; u < QUERIES; u++) scores[u * KEY_UNITS + j] = SUM_MATRIX(0.0);
    }
    [[unroll]] for (uint d = 0; d < DEPTHS; d++) {
      RIGHT_MATRIX b;
      coopMatLoad(
        b, keys, j * UNIT_N * PITCH + d * UNIT_K / CHUNK, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
      [[unroll]] for (uint u = 0; u < QUERIES; u++) {
        scores[u * KEY_UNITS + j] = coopMatMulAdd(queries[u * DEPTHS + d], b, scores[u * KEY_UNITS + j]);
      }
    }
  }
}

// Of each row of x, the largest value, or the sum, in all columns.
SUM_MATRIX over_rows(SUM_MATRIX x, bool sum) {
  uint own = gl_SubgroupID * STAGE_SIZE, row = own + gl_SubgroupInvocationID % UNIT_M * (UNIT_N / 4);
  coopMatStore(x, stage, own, UNIT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
  subgroup_barrier();
  vec4 quad = stage[row];
  for (uint i = 1; i < UNIT_N / 4; i++) quad = sum ? quad + stage[row + i] : max(quad, stage[row + i]);
  float value = sum ? quad.x + quad.y + quad.z + quad.w : max(max(quad.x, quad.y), max(quad.z, quad.w));
  subgroup_barrier();
  for (uint i = gl_SubgroupInvocationID / UNIT_M; i < UNIT_N / 4; i += LANES) stage[row + i] = vec4(value);
  subgroup_barrier();
  SUM_MATRIX result;
  coopMatLoad(result, stage, own, UNIT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
  subgroup_barrier();
  return result;
}

// Turns the scores of matrix u of queries into weights.
void weigh(uint u, bool first) {
  float over = HIDDEN;
  [[unroll]] for (uint j = 0; j < KEY_UNITS; j++) {
    [[unroll]] for (int e = 0; e < scores[0].length(); e++) {
      float x = scores[u * KEY_UNITS + j][e] * factor - largest[u][e];
      scores[u * KEY_UNITS + j][e] = x;
      over = max(over, x);
    }
  }
  if (first || subgroupAny(over > HEADROOM)) {
    SUM_MATRIX x = scores[u * KEY_UNITS];
    [[unroll]] for (uint j = 1; j < KEY_UNITS; j++) {
      [[unroll]] for (int e = 0; e < x.length(); e++) x[e] = max(x[e], scores[u * KEY_UNITS + j][e]);
    }
    x = over_rows(x, false);
    SUM_MATRIX shrink;
    [[unroll]] for (int e = 0; e < x.length(); e++) {
      if (!first) x[e] = max(x[e], 0.0);
      shrink[e] = exp2(-x[e]);
    }
    largest[u] = largest[u] + x;
    [[unroll]] for (uint j = 0; j < KEY_UNITS; j++) scores[u * KEY_UNITS + j] = scores[u * KEY_UNITS + j] - x;
    if (!first) {
      totals[u] = totals[u] * shrink;
      [[unroll]] for (uint c = 0; c < UNITS; c++) sums[u * UNITS + c] = sums[u * UNITS + c] * shrink;
    }
  }
  [[unroll]] for (uint j = 0; j < KEY_UNITS; j++) {
    [[unroll]] for (int e = 0; e < scores[0].length(); e++) {
      scores[u * KEY_UNITS + j][e] = exp2(scores[u * KEY_UNITS + j][e]);
    }
    totals[u] = totals[u] + scores[u * KEY_UNITS + j];
  }
}

void main() {
  uint thread = gl_LocalInvocationID.x, image = gl_WorkGroupID.z, own = gl_SubgroupID * OWN_ROWS * OWN_PITCH;
  uint first_query = gl_WorkGroupID.x * SUBGROUPS * QUERIES * UNIT_M;
  uint own_query = first_query + gl_SubgroupID * QUERIES * UNIT_M;
  load(0);
  for (uint i = thread; i < KEYS; i += THREADS) missing[i] = i < (sources - 1) % KEYS + 1 ? 0.0 : HIDDEN;
  [[unroll]] for (uint u = 0; u < QUERIES; u++) {
    for (uint i = gl_SubgroupInvocationID; i < UNIT_M * CHUNKS; i += SUBGROUP) {
      uint row = min(own_query + u * UNIT_M + i / CHUNKS, targets - 1), channel = i % CHUNKS * CHUNK;
      uint at = row_start(image * targets + row);
      uvec4 loaded;
      LOAD(loaded, q, q_chunks, at, channel)
      own_rows[own + i / CHUNKS * OWN_PITCH + i % CHUNKS] = loaded;
    }
    subgroup_barrier();
    [[unroll]] for (uint d = 0; d < DEPTHS; d++) {
      coopMatLoad(
        queries[u * DEPTHS + d], own_rows, own + d * UNIT_K / CHUNK, OWN_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    }
    [[unroll]] for (uint c = 0; c < UNITS; c++) sums[u * UNITS + c] = SUM_MATRIX(0.0);
    largest[u] = SUM_MATRIX(0.0);
    totals[u] = SUM_MATRIX(0.0);
    subgroup_barrier();
  }
  uint visible = CAUSAL ? min(sources, first_query + SUBGROUPS * QUERIES * UNIT_M) : sources;

  for (uint start = 0; start < visible; start += KEYS) {
    barrier();
    put_down();
    barrier();
    if (start + KEYS < visible) load(start + KEYS);
    score(own_query, start);
    [[unroll]] for (uint u = 0; u < QUERIES; u++) weigh(u, start == 0);
#ifdef CONVERT
    [[unroll]] for (uint j = 0; j < WEIGHT_UNITS; j++) {
      LEFT_MATRIX weights[QUERIES];
      [[unroll]] for (uint u = 0; u < QUERIES; u++) weights[u] = LEFT_MATRIX(scores[u * KEY_UNITS + j]);
#else
    [[unroll]] for (uint u = 0; u < QUERIES; u++) {
      [[unroll]] for (uint j = 0; j < KEY_UNITS; j++) {
        coopMatStore(
          HALF_MATRIX(scores[u * KEY_UNITS + j]), own_rows, own + u * UNIT_M * OWN_PITCH + j * UNIT_N / CHUNK,
          OWN_PITCH, gl_CooperativeMatrixLayoutRowMajor);
      }
    }
    subgroup_barrier();
    [[unroll]] for (uint j = 0; j < WEIGHT_UNITS; j++) {
      LEFT_MATRIX weights[QUERIES];
      [[unroll]] for (uint u = 0; u < QUERIES; u++) {
        coopMatLoad(
          weights[u], own_rows, own + u * UNIT_M * OWN_PITCH + j * UNIT_K / CHUNK, OWN_PITCH,
          gl_CooperativeMatrixLayoutRowMajor);
      }
#endif
      [[unroll]] for (uint c = 0; c < UNITS; c++) {
        RIGHT_MATRIX b;
        coopMatLoad(
          b, values, j * UNIT_K * PITCH + c * UNIT_N / CHUNK, PITCH, gl_CooperativeMatrixLayoutRowMajor);
        [[unroll]] for (uint u = 0; u < QUERIES; u++) {
          sums[u * UNITS + c] = coopMatMulAdd(weights[u], b, sums[u * UNITS + c]);
        }
      }
    }
#ifndef CONVERT
    subgroup_barrier();
#endif
  }

  [[unroll]] for (uint u = 0; u < QUERIES; u++) {
    SUM_MATRIX total = over_rows(totals[u], true);
    [[unroll]] for (uint c = 0; c < UNITS; c++) {
      coopMatStore(
        HALF_MATRIX(sums[u * UNITS + c] / total), own_rows, own + c * UNIT_N / CHUNK, OWN_PITCH,
        gl_CooperativeMatrixLayoutRowMajor);
    }
    subgroup_barrier();
    for (uint i = gl_SubgroupInvocationID; i < UNIT_M * CHUNKS; i += SUBGROUP) {
      uint row = own_query + u * UNIT_M + i / CHUNKS, channel = i % CHUNKS * CHUNK;
      if (row < targets && channel < CHANNELS) {
        uvec4 chunk = own_rows[own + i / CHUNKS * OWN_PITCH + i % CHUNKS];
        uint at = row_start(image * targets + row) + channel;
        if (IN_CHUNKS) {
          result_chunks[at / CHUNK] = chunk;
        } else {
          vec4 low = unpack_low(chunk), high = unpack_high(chunk);
          [[unroll]] for (uint n = 0; n < CHUNK; n++) {
            if (channel + n < CHANNELS) result[at + n] = float16_t(n < 4 ? low[n] : high[n - 4]);
          }
        }
      }
    }
    subgroup_barrier();
  }
}
