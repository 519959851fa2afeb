#version 450
#extension GL_GOOGLE_include_directive : require
// parts [P, M, N] of 32-bit sums -> [M, N]: residual + activation(sum over the parts + bias), or [M, N / 2]: values times
// activations of their gates. The end of a product whose depth was divided among workgroups; the parts are added in order.
// variants: f32 f16 bf16
#define WORKGROUP 256
#include "../include/types.glsl"
#include "../include/indexing.glsl"
#include "../include/epilogue.glsl"
layout(constant_id = 11) const bool GATED = false;
layout(binding = 0) readonly buffer Parts { float parts[]; };
layout(push_constant) uniform Constants { uint count; uint columns; uint size; uint part_count; };

float sum(uint at) {
  float sum = 0.0;
  for (uint part = 0; part < part_count; part++) sum += parts[part * size + at];
  return sum;
}

void main() {
  uint i = element();
  if (i >= count) return;
  if (GATED) {
    uint n = 2 * i % columns;
    float value = sum(2 * i), gate = sum(2 * i + 1);
    if (HAS_BIAS) {
      value += bias[n];
      gate += bias[n + 1];
    }
    result[i] = narrow(value * activate(FUNCTION, gate));
  } else {
    store(i, i % columns, sum(i));
  }
}
