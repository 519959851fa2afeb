#version 450
#extension GL_GOOGLE_include_directive : require
// x [rows, 2 columns] -> [rows, columns]: the first half times the activation of the second. An invocation does 16 bytes
// of a row's halves where VECTORS says that they begin at multiples of that; else one value.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
#include "../include/activation.glsl"
layout(constant_id = 0) const bool VECTORS = true;
layout(constant_id = 1) const uint FUNCTION = GELU;
layout(binding = 0) readonly buffer Vectors { VECTOR vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer OutQuads { STORE_QUAD result_quads[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint count; uint columns; };

void main() {
  uint i = VECTORS ? element() * LANES : element();
  if (i >= count) return;
  uint at = i / columns * 2 * columns + i % columns;
  if (VECTORS) {
    VECTOR value = vectors[at / LANES], gate = vectors[(at + columns) / LANES];
    for (uint quad = 0; quad < QUADS; quad++) {
      vec4 factor = quad_of(gate, quad);
      for (uint lane = 0; lane < 4; lane++) factor[lane] = activate(FUNCTION, factor[lane]);
      result_quads[i / LANES * QUADS + quad] = narrow_quad(quad_of(value, quad) * factor);
    }
  } else {
    result[i] = narrow(widen(x[at]) * activate(FUNCTION, widen(x[at + columns])));
  }
}
