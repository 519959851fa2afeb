#version 450
#extension GL_GOOGLE_include_directive : require
// x [count]: sets the flag to 1 if a value is infinite or no number, and leaves it as it is if none is. Values are looked
// at as bits, 16 bytes an invocation: a comparison of floats may be compiled as if there were neither.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(binding = 0) readonly buffer Vectors { uvec4 vectors[]; };
layout(binding = 0) readonly buffer Words { uint words[]; };
layout(binding = 1) buffer Flag { uint flag; };
layout(push_constant) uniform Constants { uint count; };

#if TYPE == F32
const uint PER_WORD = 1, EXPONENT = 0x7f800000u;
#elif TYPE == F16
const uint PER_WORD = 2, EXPONENT = 0x7c00u;
#else
const uint PER_WORD = 2, EXPONENT = 0x7f80u;
#endif

bool is_non_finite(uint word) {
  if ((word & EXPONENT) == EXPONENT) return true;
  return PER_WORD == 2 && (word >> 16 & EXPONENT) == EXPONENT;
}

void main() {
  uint first = element() * 4, whole = count / PER_WORD;
  bool found = false;
  if (first + 4 <= whole) {
    uvec4 vector = vectors[first / 4];
    found = is_non_finite(vector.x) || is_non_finite(vector.y) || is_non_finite(vector.z) || is_non_finite(vector.w);
  } else {
    for (uint i = first; i < whole; i++) found = found || is_non_finite(words[i]);
    // The last of an odd number of halves; the other half of its word is nobody's.
    if (PER_WORD == 2 && count % 2 == 1 && first <= whole && whole < first + 4) {
      found = found || is_non_finite(words[whole] & 0xffffu);
    }
  }
  if (found) atomicOr(flag, 1u);
}
