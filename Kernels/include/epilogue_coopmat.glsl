// epilogue.glsl for a chunk of columns at a time: residual + activation(SCALE product + bias).
//
// GATED: columns are pairs of a value and its gate, which make one result: value * activation(gate). SPLIT: the sums are a part
// of the depth only and are kept as they are, for `product_sum`.
#include "activation.glsl"
#include "several.glsl"
layout(constant_id = 6) const bool HAS_BIAS = false;
layout(constant_id = 7) const uint FUNCTION = IDENTITY;
layout(constant_id = 8) const bool HAS_RESIDUAL = false;
layout(constant_id = 17) const bool GATED = false;
layout(constant_id = 18) const bool SPLIT = false;
layout(constant_id = 22) const float SCALE = 1.0;
layout(binding = 2) writeonly buffer Out { float16_t result[]; };
layout(binding = 2) writeonly buffer OutHalfChunks { uvec2 result_half_chunks[]; };
layout(binding = 2) writeonly buffer OutChunks { uvec4 result_chunks[]; };
layout(binding = 2) writeonly buffer Parts { float parts[]; };
layout(binding = 2) writeonly buffer PartVectors { vec4 part_vectors[]; };
layout(binding = 3) readonly buffer Bias { float bias[]; };
layout(binding = 3) readonly buffer BiasVectors { vec4 bias_vectors[]; };
layout(binding = 4) readonly buffer Residual { float16_t residual[]; };
layout(binding = 4) readonly buffer ResidualChunks { uvec4 residual_chunks[]; };

vec4 activate(vec4 x) {
  return vec4(activate(FUNCTION, x.x), activate(FUNCTION, x.y), activate(FUNCTION, x.z), activate(FUNCTION, x.w));
}

// What store will add to columns n ..< n + CHUNK of a row, if they are a whole chunk: fetched before it is needed, it is on
// its way while sums leave their matrices.
uvec4 fetch_residual(uint row, uint n, uint columns) {
  bool is_there = HAS_RESIDUAL && !SPLIT && RESULT_CHUNKS && n < columns;
  return is_there ? residual_chunks[(row * columns + n) / CHUNK] : uvec4(0);
}

// Whole chunks, at a multiple of 16 bytes.
void store_chunk(uint at, uint n, uint columns, vec4 low, vec4 high, uvec4 added) {
  if (SPLIT) {
    part_vectors[at / 4] = low;
    part_vectors[at / 4 + 1] = high;
    return;
  }
  low *= SCALE;
  high *= SCALE;
  if (HAS_BIAS) {
    uint at_bias = (first_bias(columns) + n) / 4;
    low += bias_vectors[at_bias];
    high += bias_vectors[at_bias + 1];
  }
  if (GATED) {
    vec4 gated = vec4(low.xz, high.xz) * activate(vec4(low.yw, high.yw));
    result_half_chunks[at / CHUNK] = uvec2(packFloat2x16(f16vec2(gated.xy)), packFloat2x16(f16vec2(gated.zw)));
    return;
  }
  low = activate(low);
  high = activate(high);
  if (HAS_RESIDUAL) {
    low += unpack_low(added);
    high += unpack_high(added);
  }
  result_chunks[at / CHUNK] = pack(low, high);
}

// Column n of one row, or, for GATED, n and n + 1.
void store_one(uint at, uint n, uint columns, float value, float next) {
  if (SPLIT) {
    parts[at] = value;
    return;
  }
  value *= SCALE;
  if (HAS_BIAS) value += bias[first_bias(columns) + n];
  if (GATED) {
    next *= SCALE;
    if (HAS_BIAS) next += bias[first_bias(columns) + n + 1];
    result[at / 2] = float16_t(value * activate(FUNCTION, next));
    return;
  }
  value = activate(FUNCTION, value);
  if (HAS_RESIDUAL) value += float(residual[at]);
  result[at] = float16_t(value);
}

// Columns n ..< n + CHUNK, as far as there are such; `row` counts over all products.
void store(uint row, uint n, uint columns, vec4 low, vec4 high, uvec4 added) {
  uint at = row * columns + n;
  if (RESULT_CHUNKS) {
    if (n < columns) store_chunk(at, n, columns, low, high, added);
    return;
  }
  float values[CHUNK] = float[](low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w);
  uint step = GATED && !SPLIT ? 2 : 1;
  for (uint i = 0; i < CHUNK && n + i < columns; i += step) {
    store_one(at + i, n + i, columns, values[i], values[(i + 1) % CHUNK]);
  }
}
