#version 450
#extension GL_GOOGLE_include_directive : require
// Values of the storage type to floats, or the other way round.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const bool TO_FLOAT = true;
layout(binding = 0) buffer Stored { STORE stored[]; };
layout(binding = 1) buffer Floats { float floats[]; };
layout(push_constant) uniform Constants { uint count; };

void main() {
  uint i = element();
  if (i >= count) return;
  if (TO_FLOAT) {
    floats[i] = widen(stored[i]);
  } else {
    stored[i] = narrow(floats[i]);
  }
}
