#version 450
#extension GL_GOOGLE_include_directive : require
// Values of the storage type to floats, or the other way round. An invocation does 16 bytes of the stored values, or what is
// left of the last.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#include "../include/vectors.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const bool TO_FLOAT = true;
layout(binding = 0) buffer StoredVectors { VECTOR stored_vectors[]; };
layout(binding = 0) buffer StoredQuads { STORE_QUAD stored_quads[]; };
layout(binding = 0) buffer Stored { STORE stored[]; };
layout(binding = 1) buffer FloatQuads { vec4 float_quads[]; };
layout(binding = 1) buffer Floats { float floats[]; };
layout(push_constant) uniform Constants { uint count; };

void main() {
  uint first = element() * LANES;
  if (first + LANES <= count) {
    if (TO_FLOAT) {
      VECTOR vector = stored_vectors[first / LANES];
      for (uint quad = 0; quad < QUADS; quad++) float_quads[first / 4 + quad] = quad_of(vector, quad);
    } else {
      for (uint quad = 0; quad < QUADS; quad++) {
        stored_quads[first / 4 + quad] = narrow_quad(float_quads[first / 4 + quad]);
      }
    }
  } else {
    for (uint i = first; i < count; i++) {
      if (TO_FLOAT) {
        floats[i] = widen(stored[i]);
      } else {
        stored[i] = narrow(floats[i]);
      }
    }
  }
}
