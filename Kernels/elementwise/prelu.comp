#version 450
#extension GL_GOOGLE_include_directive : require
// out[i] = x[i] where that is positive, else x[i] slopes[i % channels]; one channel is one slope for all. An invocation does 16
// bytes of x, or what is left of the last.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(binding = 0) readonly buffer Vectors { VECTOR vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) readonly buffer Slopes { float slopes[]; };
layout(binding = 2) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = 2) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint count; uint channels; };

uint channel;
float prelu(float x) {
  float slope = slopes[channel];
  channel = channel + 1 == channels ? 0 : channel + 1;
  return x < 0.0 ? x * slope : x;
}

void main() {
  uint first = element() * LANES;
  if (first >= count) return;
  channel = first % channels;
  if (first + LANES <= count) {
    VECTOR vector = vectors[first / LANES];
    for (uint quad = 0; quad < QUADS; quad++) {
      vec4 value = quad_of(vector, quad);
      for (uint lane = 0; lane < 4; lane++) value[lane] = prelu(value[lane]);
      result_quads[first / LANES * QUADS + quad] = narrow_quad(value);
    }
  } else {
    for (uint i = first; i < count; i++) result[i] = narrow(prelu(widen(x[i])));
  }
}
