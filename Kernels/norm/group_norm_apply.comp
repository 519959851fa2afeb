#version 450
#extension GL_GOOGLE_include_directive : require
// x [N, positions, channels], statistics [2, N, channels] of group_norm_combine.comp, bias [channels] -> out like x:
// activation((x - mean) factor + bias). An invocation does one column, a vector of channels or one channel where VECTORS is
// false, of `block` positions.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#include "../include/activation.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const uint FUNCTION = IDENTITY;
layout(constant_id = 1) const bool VECTORS = true;
layout(binding = 0) readonly buffer Vectors { VECTOR vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) readonly buffer StatisticQuads { vec4 statistic_quads[]; };
layout(binding = 1) readonly buffer Statistics { float statistics[]; };
layout(binding = 2) readonly buffer BiasQuads { vec4 bias_quads[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 3) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = 3) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants {
  uint images; uint positions; uint channels; uint columns; uint blocks; uint block;
};

void main() {
  uint i = element(), column = i % columns, image = i / columns / blocks, start = i / columns % blocks * block;
  if (image >= images) return;
  uint channel = VECTORS ? column * LANES : column, at = (image * positions + start) * channels + channel;
  vec4 mean[QUADS], factor[QUADS], shift[QUADS];
  for (uint quad = 0; quad < QUADS; quad++) {
    uint mean_at = image * channels + channel, factor_at = images * channels + mean_at;
    mean[quad] = VECTORS ? statistic_quads[mean_at / 4 + quad] : vec4(statistics[mean_at]);
    factor[quad] = VECTORS ? statistic_quads[factor_at / 4 + quad] : vec4(statistics[factor_at]);
    shift[quad] = VECTORS ? bias_quads[channel / 4 + quad] : vec4(bias[channel]);
  }
  uint end = min(start + block, positions);
  for (uint position = start; position < end; position++) {
    if (VECTORS) {
      VECTOR vector = vectors[at / LANES];
      for (uint quad = 0; quad < QUADS; quad++) {
        vec4 value = (quad_of(vector, quad) - mean[quad]) * factor[quad] + shift[quad];
        for (uint lane = 0; lane < 4; lane++) value[lane] = activate(FUNCTION, value[lane]);
        result_quads[at / 4 + quad] = narrow_quad(value);
      }
    } else {
      float value = (widen(x[at]) - mean[0].x) * factor[0].x + shift[0].x;
      result[at] = narrow(activate(FUNCTION, value));
    }
    at += channels;
  }
}
