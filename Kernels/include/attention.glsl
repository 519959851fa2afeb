// q [N, T, C], k and v [N, S, C] -> [N, T, C]: softmax(q k^T / sqrt(C / heads)) v in each head, with a running maximum and
// sum, so that no matrix of all pairs exists (FlashAttention, arXiv 2205.14135). CAUSAL masks every s > t.
//
// A workgroup does QUERIES queries of a head, and of its result SLICE channels: a wide head, as in picture decoders, is the
// work of several workgroups, each of which computes all scores. Per block of KEYS keys an invocation has a square of ROWS x
// ROWS scores in registers, then as many rows of the result in BLOCK quads of channels.
//
// Queries, keys and values pass through shared memory in the format they are stored in, CHUNK channels and VALUE_STEP x ROWS
// rows at a time. Rows of queries and keys have an odd number of quads, so that neighbours read different banks. The keys of
// an invocation lie THREADS_S apart; the weights of these are one vec4, which is the order the values are taken in.
//
// The including file says with UNROLL whether what is in registers is unrolled.
//
// Dispatch: tiles of queries from `first_tile` on, heads x slices, images. Invocations: THREADS_T x THREADS_S.
#include "types.glsl"
#include "vectors.glsl"
#define ROWS 4
layout(constant_id = 0) const uint CHANNELS = 64;
// A multiple of 8, of 4 where VECTORS is false.
layout(constant_id = 1) const uint SLICE = 64;
// A multiple of 8.
layout(constant_id = 2) const uint CHUNK = 64;
layout(constant_id = 3) const uint THREADS_T = 16;
layout(constant_id = 4) const uint THREADS_S = 8;
layout(local_size_x_id = 5) in;
// A divisor of THREADS_S.
layout(constant_id = 6) const uint VALUE_STEP = 8;
layout(constant_id = 7) const bool CAUSAL = false;
// Whether the rows of a head begin at multiples of 16 bytes.
layout(constant_id = 8) const bool VECTORS = true;
layout(binding = 0) readonly buffer QueryVectors { VECTOR query_vectors[]; };
layout(binding = 0) readonly buffer Queries { STORE queries[]; };
layout(binding = 1) readonly buffer KeyVectors { VECTOR key_vectors[]; };
layout(binding = 1) readonly buffer Keys { STORE keys[]; };
layout(binding = 2) readonly buffer ValueVectors { VECTOR value_vectors[]; };
layout(binding = 2) readonly buffer Values { STORE values[]; };
layout(binding = 3) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = 3) writeonly buffer Out { STORE result[]; };
// `factor` is log2(e) / sqrt(CHANNELS): powers of two are what devices compute.
layout(push_constant) uniform Constants { uint targets; uint sources; uint heads; float factor; uint first_tile; };

const uint QUERIES = THREADS_T * ROWS;
const uint KEYS = THREADS_S * ROWS;
const uint CHUNK_QUADS = CHUNK / 4;
const uint PITCH = CHUNK_QUADS + 1;
const bool WHOLE = CHUNK >= CHANNELS;
const uint SLICE_QUADS = SLICE / 4;
const uint BLOCK = (SLICE_QUADS + THREADS_S - 1) / THREADS_S;
// Queries that are there as a whole stay; else the values take the place of both.
const uint KEY_START = QUERIES * PITCH;
const uint VALUE_START = WHOLE ? KEY_START : 0;
const uint KEY_END = KEY_START + KEYS * PITCH;
const uint VALUE_END = VALUE_START + VALUE_STEP * ROWS * SLICE_QUADS;
shared PACKED stage[KEY_END > VALUE_END ? KEY_END : VALUE_END];
// Of a query and every THREADS_S-th key.
shared vec4 weights[QUERIES * THREADS_S];
// What the invocations of a row tell each other.
shared float exchanged[QUERIES * THREADS_S];

const float NONE = -3.0e38;

// Brings `width` channels of rows to `stage`: row r is token first + r % step + r / step * THREADS_S. What is beyond the
// tokens and the head is 0. `base` is where the head's channels of token 0 are.
#define STAGE(name, vectors, elements) \
  void name(uint to, uint pitch, uint rows, uint step, uint base, uint first, uint limit, uint channel, uint width) { \
    uint units = VECTORS ? width / LANES : width / 4, row_length = heads * CHANNELS; \
    for (uint i = gl_LocalInvocationID.x; i < rows * units; i += THREADS_T * THREADS_S) { \
      uint row = i / units, unit = i % units, token = first + row % step + row / step * THREADS_S; \
      if (VECTORS) { \
        uint own = channel + unit * LANES; \
        VECTOR vector = VECTOR(0u); \
        if (token < limit && own < CHANNELS) vector = vectors[(base + token * row_length + own) / LANES]; \
        UNROLL for (uint quad = 0; quad < QUADS; quad++) { \
          stage[to + row * pitch + unit * QUADS + quad] = packed_quad(vector, quad); \
        } \
      } else { \
        vec4 quad = vec4(0.0); \
        UNROLL for (uint lane = 0; lane < 4; lane++) { \
          uint own = channel + unit * 4 + lane; \
          if (token < limit && own < CHANNELS) quad[lane] = widen(elements[base + token * row_length + own]); \
        } \
        stage[to + row * pitch + unit] = pack(quad); \
      } \
    } \
  }
STAGE(stage_queries, query_vectors, queries)
STAGE(stage_keys, key_vectors, keys)
STAGE(stage_values, value_vectors, values)

void main() {
  uint s = gl_LocalInvocationID.x % THREADS_S, t = gl_LocalInvocationID.x / THREADS_S;
  uint slices = (CHANNELS + SLICE - 1) / SLICE;
  uint image = gl_WorkGroupID.z, head = gl_WorkGroupID.y / slices, slice = gl_WorkGroupID.y % slices * SLICE;
  uint first = (first_tile + gl_WorkGroupID.x) * QUERIES;
  uint query_base = (image * targets * heads + head) * CHANNELS, key_base = (image * sources * heads + head) * CHANNELS;
  vec4 sums[ROWS * BLOCK];
  float largest[ROWS], total[ROWS];
  UNROLL for (uint i = 0; i < ROWS * BLOCK; i++) sums[i] = vec4(0.0);
  UNROLL for (uint i = 0; i < ROWS; i++) {
    largest[i] = NONE;
    total[i] = 0.0;
  }
  if (WHOLE) stage_queries(0, PITCH, QUERIES, QUERIES, query_base, first, targets, 0, CHUNK);

  uint visible = CAUSAL ? min(sources, first + QUERIES) : sources;
  for (uint start = 0; start < visible; start += KEYS) {
    vec4 scores[ROWS];
    UNROLL for (uint i = 0; i < ROWS; i++) scores[i] = vec4(0.0);
    for (uint chunk = 0; chunk < CHANNELS; chunk += CHUNK) {
      if (!WHOLE) stage_queries(0, PITCH, QUERIES, QUERIES, query_base, first, targets, chunk, CHUNK);
      stage_keys(KEY_START, PITCH, KEYS, KEYS, key_base, start, sources, chunk, CHUNK);
      barrier();
      for (uint c = 0; c < CHUNK_QUADS; c++) {
        vec4 query[ROWS], key[ROWS];
        UNROLL for (uint i = 0; i < ROWS; i++) {
          query[i] = unpack(stage[(t + i * THREADS_T) * PITCH + c]);
          key[i] = unpack(stage[KEY_START + (s + i * THREADS_S) * PITCH + c]);
        }
        UNROLL for (uint i = 0; i < ROWS; i++) {
          UNROLL for (uint j = 0; j < ROWS; j++) scores[i][j] += dot(query[i], key[j]);
        }
      }
      barrier();
    }

    UNROLL for (uint i = 0; i < ROWS; i++) {
      UNROLL for (uint j = 0; j < ROWS; j++) {
        uint source = start + s + j * THREADS_S;
        bool seen = source < sources && (!CAUSAL || source <= first + t + i * THREADS_T);
        scores[i][j] = seen ? scores[i][j] * factor : NONE;
      }
      exchanged[(t + i * THREADS_T) * THREADS_S + s] =
        max(max(scores[i].x, scores[i].y), max(scores[i].z, scores[i].w));
    }
    stage_values(VALUE_START, SLICE_QUADS, VALUE_STEP * ROWS, VALUE_STEP, key_base, start, sources, slice, SLICE);
    barrier();
    // The first block shows every query a key, so these are scores from then on. The loop over rows is the inner one: only
    // loops without others in them are sure to be unrolled, and sums in one that is not are kept in memory.
    float now[ROWS];
    UNROLL for (uint i = 0; i < ROWS; i++) now[i] = largest[i];
    for (uint other = 0; other < THREADS_S; other++) {
      UNROLL for (uint i = 0; i < ROWS; i++) {
        now[i] = max(now[i], exchanged[(t + i * THREADS_T) * THREADS_S + other]);
      }
    }
    UNROLL for (uint i = 0; i < ROWS; i++) {
      float shrink = exp2(largest[i] - now[i]);
      largest[i] = now[i];
      vec4 weight = exp2(scores[i] - now[i]);
      weights[(t + i * THREADS_T) * THREADS_S + s] = weight;
      total[i] = total[i] * shrink + (weight.x + weight.y) + (weight.z + weight.w);
      UNROLL for (uint b = 0; b < BLOCK; b++) sums[i * BLOCK + b] *= shrink;
    }
    barrier();

    for (uint step = 0; step < THREADS_S; step += VALUE_STEP) {
      if (step > 0) {
        barrier();
        stage_values(
          VALUE_START, SLICE_QUADS, VALUE_STEP * ROWS, VALUE_STEP, key_base, start + step, sources, slice, SLICE);
        barrier();
      }
      for (uint u = 0; u < VALUE_STEP; u++) {
        vec4 weight[ROWS];
        UNROLL for (uint i = 0; i < ROWS; i++) weight[i] = weights[(t + i * THREADS_T) * THREADS_S + step + u];
        UNROLL for (uint b = 0; b < BLOCK; b++) {
          uint quad = b * THREADS_S + s;
          if (SLICE_QUADS % THREADS_S != 0 && quad >= SLICE_QUADS) continue;
          UNROLL for (uint j = 0; j < ROWS; j++) {
            vec4 value = unpack(stage[VALUE_START + (j * VALUE_STEP + u) * SLICE_QUADS + quad]);
            UNROLL for (uint i = 0; i < ROWS; i++) sums[i * BLOCK + b] += weight[i][j] * value;
          }
        }
      }
    }
    barrier();
  }

  UNROLL for (uint i = 0; i < ROWS; i++) exchanged[(t + i * THREADS_T) * THREADS_S + s] = total[i];
  barrier();
  UNROLL for (uint i = 0; i < ROWS; i++) total[i] = 0.0;
  for (uint other = 0; other < THREADS_S; other++) {
    UNROLL for (uint i = 0; i < ROWS; i++) total[i] += exchanged[(t + i * THREADS_T) * THREADS_S + other];
  }
  UNROLL for (uint i = 0; i < ROWS; i++) {
    UNROLL for (uint b = 0; b < BLOCK; b++) {
      uint target = first + t + i * THREADS_T, quad = b * THREADS_S + s, channel = slice + quad * 4;
      if (target < targets && quad < SLICE_QUADS && channel < CHANNELS) {
        uint at = query_base + target * heads * CHANNELS + channel;
        vec4 value = sums[i * BLOCK + b] / total[i];
        if (VECTORS) {
          result_quads[at / 4] = narrow_quad(value);
        } else {
          UNROLL for (uint lane = 0; lane < 4; lane++) {
            if (channel + lane < CHANNELS) result[at + lane] = narrow(value[lane]);
          }
        }
      }
    }
  }
}
