// epilogue.glsl for a chunk of columns at a time: residual + activation(product + bias).
#include "activation.glsl"
layout(constant_id = 6) const bool HAS_BIAS = false;
layout(constant_id = 7) const uint FUNCTION = IDENTITY;
layout(constant_id = 8) const bool HAS_RESIDUAL = false;
layout(binding = 2) writeonly buffer Out { float16_t result[]; };
layout(binding = 2) writeonly buffer OutChunks { uvec4 result_chunks[]; };
layout(binding = 3) readonly buffer Bias { float bias[]; };
layout(binding = 3) readonly buffer BiasVectors { vec4 bias_vectors[]; };
layout(binding = 4) readonly buffer Residual { float16_t residual[]; };
layout(binding = 4) readonly buffer ResidualChunks { uvec4 residual_chunks[]; };

vec4 activate(vec4 x) {
  return vec4(activate(FUNCTION, x.x), activate(FUNCTION, x.y), activate(FUNCTION, x.z), activate(FUNCTION, x.w));
}

// Stores columns n ..< n + CHUNK of a row whose first element is `start`, as far as there are such columns.
void store(uint start, uint n, uint columns, vec4 low, vec4 high) {
  if (RESULT_CHUNKS) {
    if (n >= columns) return;
    uint at = (start + n) / CHUNK;
    if (HAS_BIAS) {
      low += bias_vectors[n / 4];
      high += bias_vectors[n / 4 + 1];
    }
    low = activate(low);
    high = activate(high);
    if (HAS_RESIDUAL) {
      uvec4 added = residual_chunks[at];
      low += unpack_low(added);
      high += unpack_high(added);
    }
    result_chunks[at] = pack(low, high);
  } else {
    for (uint i = 0; i < CHUNK && n + i < columns; i++) {
      float value = i < 4 ? low[i] : high[i - 4];
      if (HAS_BIAS) value += bias[n + i];
      value = activate(FUNCTION, value);
      if (HAS_RESIDUAL) value += float(residual[start + n + i]);
      result[start + n + i] = float16_t(value);
    }
  }
}
