#version 450
#extension GL_GOOGLE_include_directive : require
// weight [out, in, 3, 3] -> [4, out, 2, 2, in]: the kernels of the four convolutions that one of a picture repeated to
// twice its size is made of (include/doubled.glsl). For each parity of rows, then of columns, the taps that fall on one
// pixel are added up.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(binding = 0) readonly buffer Weight { STORE weight[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint count; uint outputs; uint inputs; };

// Along one axis, tap 0 of parity 0 is tap 0 of three and tap 1 the others; of parity 1, tap 1 is the last alone.
uint first_tap(uint parity, uint tap) { return tap == 0 ? 0 : 1 + parity; }
uint last_tap(uint parity, uint tap) { return tap == 0 ? parity : 2; }

void main() {
  uint i = element();
  if (i >= count) return;
  uint channel = i % inputs, tap = i / inputs % 4, out_channel = i / inputs / 4 % outputs;
  uint parity = i / inputs / 4 / outputs;
  float sum = 0.0;
  for (uint y = first_tap(parity / 2, tap / 2); y <= last_tap(parity / 2, tap / 2); y++) {
    for (uint x = first_tap(parity % 2, tap % 2); x <= last_tap(parity % 2, tap % 2); x++) {
      sum += widen(weight[((out_channel * inputs + channel) * 3 + y) * 3 + x]);
    }
  }
  result[i] = narrow(sum);
}
