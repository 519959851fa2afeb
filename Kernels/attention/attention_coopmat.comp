#version 450
#extension GL_GOOGLE_include_directive : require
// attention.comp on matrix units:
// q [N, T, C], k and v [N, S, C] -> [N, T, C]: softmax(q k^T / sqrt(C / heads)) v in each head, with a running softmax.
//
// A workgroup does UNIT_M queries of one head with each of its subgroups, which share the blocks of keys and values. The
// scores of a subgroup go through shared memory, where LANES invocations a query make them weights; the sums stay in
// matrices, which shrink by a matrix of equal columns when a larger score appears.
// variants: f16
// needs: GL_KHR_cooperative_matrix
#include "../include/coopmat.glsl"
layout(constant_id = 0) const uint CHANNELS = 64;
// CHANNELS up to a multiple of the matrices' sizes: what is beyond is zero.
layout(constant_id = 1) const uint PADDED = 64;
layout(constant_id = 2) const uint KEYS = 32;
layout(constant_id = 3) const bool CAUSAL = false;
layout(constant_id = 4) const uint SUBGROUPS = 4;
layout(local_size_x_id = 5) in;
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

const float LEAST = -3.0e38;
const uint THREADS = SUBGROUPS * SUBGROUP;
const uint LANES = SUBGROUP / UNIT_M;
const uint CHUNKS = PADDED / CHUNK;
// Rows are 16 bytes longer than what is in them, so that a column lies in different banks of the memory.
const uint PITCH = CHUNKS + 1;
const uint SCORE_PITCH = KEYS / 4 + 1;
const uint WEIGHT_PITCH = KEYS / CHUNK + 1;
const uint UNITS = PADDED / UNIT_N;
const uint DEPTHS = PADDED / UNIT_K;
shared uvec4 keys[KEYS * PITCH];
shared uvec4 values[KEYS * PITCH];
// Of each subgroup.
shared vec4 scores[SUBGROUPS * UNIT_M * SCORE_PITCH];
shared uvec4 weights[SUBGROUPS * UNIT_M * WEIGHT_PITCH];
shared vec4 stage[SUBGROUPS * UNIT_M * UNIT_N / 4];
shared float lanes[THREADS];

// Loops over arrays of matrices have numbers of turns that a compiler knows, and so have the loops in them: only unrolled do
// they leave the matrices in registers.
SUM_MATRIX sums[UNITS];

uint row_start(uint row) { return (row * heads + gl_WorkGroupID.y) * CHANNELS; }

#define LOAD(elements, chunks, at, channel) \
  if (IN_CHUNKS) { \
    if (channel < CHANNELS) loaded = chunks[(at + channel) / CHUNK]; \
  } else { \
    vec4 low = vec4(0), high = vec4(0); \
    for (uint i = 0; i < 4; i++) { \
      if (channel + i < CHANNELS) low[i] = float(elements[at + channel + i]); \
      if (channel + 4 + i < CHANNELS) high[i] = float(elements[at + channel + 4 + i]); \
    } \
    loaded = pack(low, high); \
  }

// Fills `stage` with a number for each query, the same in all columns; `value` is that of this invocation's query.
void spread(uint own, uint query, uint lane, float value) {
  for (uint i = lane; i < UNIT_N / 4; i += LANES) stage[own + query * UNIT_N / 4 + i] = vec4(value);
}

float over_lanes_max(uint first, float value) {
  lanes[gl_LocalInvocationID.x] = value;
  subgroup_barrier();
  for (uint i = 0; i < LANES; i++) value = max(value, lanes[first + i * UNIT_M]);
  subgroup_barrier();
  return value;
}

float over_lanes_sum(uint first, float value) {
  lanes[gl_LocalInvocationID.x] = value;
  subgroup_barrier();
  float sum = 0.0;
  for (uint i = 0; i < LANES; i++) sum += lanes[first + i * UNIT_M];
  subgroup_barrier();
  return sum;
}

void main() {
  uint thread = gl_LocalInvocationID.x, image = gl_WorkGroupID.z;
  uint first_query = gl_WorkGroupID.x * SUBGROUPS * UNIT_M, own_query = first_query + gl_SubgroupID * UNIT_M;
  uint query = gl_SubgroupInvocationID % UNIT_M, lane = gl_SubgroupInvocationID / UNIT_M;
  uint t = own_query + query;
  uint own_scores = gl_SubgroupID * UNIT_M * SCORE_PITCH, own_weights = gl_SubgroupID * UNIT_M * WEIGHT_PITCH;
  uint own_stage = gl_SubgroupID * UNIT_M * UNIT_N / 4, own_lanes = gl_SubgroupID * SUBGROUP + query;

  // The queries come in through the memory of the keys, a matrix's channels of all at a time.
  LEFT_MATRIX queries[DEPTHS];
  const uint unit_chunks = UNIT_K / CHUNK;
  [[unroll]] for (uint d = 0; d < DEPTHS; d++) {
    [[unroll]] for (uint j = 0; j < UNIT_M * unit_chunks; j += SUBGROUP) {
      uint i = j + gl_SubgroupInvocationID;
      if (i < UNIT_M * unit_chunks) {
        uint row = own_query + i / unit_chunks, channel = d * UNIT_K + i % unit_chunks * CHUNK;
        uvec4 loaded = uvec4(0);
        if (row < targets) {
          uint at = row_start(image * targets + row);
          LOAD(q, q_chunks, at, channel)
        }
        weights[own_weights + i / unit_chunks * WEIGHT_PITCH + i % unit_chunks] = loaded;
      }
    }
    subgroup_barrier();
    coopMatLoad(queries[d], weights, own_weights, WEIGHT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    subgroup_barrier();
  }
  [[unroll]] for (uint i = 0; i < UNITS; i++) sums[i] = SUM_MATRIX(0.0);
  float largest = LEAST, total = 0.0;
  uint visible = CAUSAL ? min(sources, first_query + SUBGROUPS * UNIT_M) : sources;

  for (uint start = 0; start < visible; start += KEYS) {
    barrier();
    for (uint i = thread; i < KEYS * CHUNKS; i += THREADS) {
      uint s = start + i / CHUNKS, channel = i % CHUNKS * CHUNK;
      uint at = row_start(image * sources + s), to = i / CHUNKS * PITCH + i % CHUNKS;
      uvec4 loaded = uvec4(0);
      if (s < sources) {
        LOAD(k, k_chunks, at, channel)
      }
      keys[to] = loaded;
      loaded = uvec4(0);
      if (s < sources) {
        LOAD(v, v_chunks, at, channel)
      }
      values[to] = loaded;
    }
    barrier();
    [[unroll]] for (uint j = 0; j < KEYS; j += UNIT_N) {
      SUM_MATRIX products = SUM_MATRIX(0.0);
      [[unroll]] for (uint d = 0; d < DEPTHS; d++) {
        RIGHT_MATRIX b;
        coopMatLoad(b, keys, j * PITCH + d * UNIT_K / CHUNK, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
        products = coopMatMulAdd(queries[d], b, products);
      }
      coopMatStore(products, scores, own_scores + j / 4, SCORE_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    }
    subgroup_barrier();

    // An invocation's keys are CHUNK in a row, then those CHUNK * LANES further on.
    float now = largest;
    for (uint key = lane * CHUNK; key < KEYS; key += LANES * CHUNK) {
      for (uint half_ = 0; half_ < 2; half_++) {
        uint at = own_scores + query * SCORE_PITCH + key / 4 + half_;
        vec4 score = scores[at] * factor;
        for (uint i = 0; i < 4; i++) {
          uint s = start + key + half_ * 4 + i;
          if (s >= sources || (CAUSAL && s > t)) score[i] = LEAST;
          now = max(now, score[i]);
        }
        scores[at] = score;
      }
    }
    now = over_lanes_max(own_lanes, now);
    // Nothing is visible to a query only in blocks after one where something was.
    float shrink = exp2(largest - now), sum = 0.0;
    largest = now;
    for (uint key = lane * CHUNK; key < KEYS; key += LANES * CHUNK) {
      vec4 halves[2];
      for (uint half_ = 0; half_ < 2; half_++) {
        vec4 score = scores[own_scores + query * SCORE_PITCH + key / 4 + half_];
        for (uint i = 0; i < 4; i++) {
          halves[half_][i] = score[i] > LEAST ? exp2(score[i] - now) : 0.0;
          sum += halves[half_][i];
        }
      }
      weights[own_weights + query * WEIGHT_PITCH + key / CHUNK] = pack(halves[0], halves[1]);
    }
    spread(own_stage, query, lane, shrink);
    total = total * shrink + over_lanes_sum(own_lanes, sum);

    SUM_MATRIX factors;
    coopMatLoad(factors, stage, own_stage, UNIT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
    [[unroll]] for (uint c = 0; c < UNITS; c++) sums[c] = sums[c] * factors;
    [[unroll]] for (uint j = 0; j < KEYS; j += UNIT_K) {
      LEFT_MATRIX a;
      coopMatLoad(a, weights, own_weights + j / CHUNK, WEIGHT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
      [[unroll]] for (uint c = 0; c < UNITS; c++) {
        RIGHT_MATRIX b;
        coopMatLoad(b, values, j * PITCH + c * UNIT_N / CHUNK, PITCH, gl_CooperativeMatrixLayoutRowMajor);
        sums[c] = coopMatMulAdd(a, b, sums[c]);
      }
    }
    subgroup_barrier();
  }

  [[unroll]] for (uint c = 0; c < UNITS; c++) {
    coopMatStore(sums[c], stage, own_stage, UNIT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
    subgroup_barrier();
    if (t < targets) {
      [[unroll]] for (uint first = 0; first < UNIT_N / CHUNK; first += LANES) {
        uint i = first + lane;
        if (i < UNIT_N / CHUNK) {
          uint channel = c * UNIT_N + i * CHUNK, at = row_start(image * targets + t) + channel;
          uint from = own_stage + query * UNIT_N / 4 + i * 2;
          vec4 low = stage[from] / total, high = stage[from + 1] / total;
          if (IN_CHUNKS) {
            if (channel < CHANNELS) result_chunks[at / CHUNK] = pack(low, high);
          } else {
            [[unroll]] for (uint j = 0; j < CHUNK; j++) {
              if (channel + j < CHANNELS) result[at + j] = float16_t(j < 4 ? low[j] : high[j - 4]);
            }
          }
        }
      }
    }
    subgroup_barrier();
  }
}
