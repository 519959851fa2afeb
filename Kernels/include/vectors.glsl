// Values many at a time: 16 bytes are a VECTOR, which holds LANES values as QUADS quads of four.
//
// Vectors are read as words, so that a load is 16 bytes whatever the compiler makes of it; quads are written as they are
// stored. Both have to be aligned to their size: a value begins at a multiple of 256 bytes, and a row of it at a multiple of
// 16 if its length is a multiple of LANES.
#define VECTOR uvec4
#if TYPE == F32
#define QUADS 1
#define STORE_QUAD vec4
#define widen_quad(stored) (stored)
#define narrow_quad(quad) (quad)
// Four values as they lie in memory, for keeping in shared memory what is read many times.
#define PACKED vec4
#define PACKED_ZERO vec4(0.0)
vec4 unpack(PACKED quad) { return quad; }
PACKED pack(vec4 quad) { return quad; }
PACKED packed_quad(VECTOR vector, uint quad) { return uintBitsToFloat(vector); }
#else
#define QUADS 2
#define PACKED uvec2
#define PACKED_ZERO uvec2(0u)
PACKED packed_quad(VECTOR vector, uint quad) { return quad == 0 ? vector.xy : vector.zw; }
#if TYPE == F16
#define STORE_QUAD f16vec4
#define widen_quad(stored) vec4(stored)
#define narrow_quad(quad) f16vec4(quad)
vec4 unpack(PACKED quad) { return vec4(unpackHalf2x16(quad.x), unpackHalf2x16(quad.y)); }
// For values that are halves already: the rounding is the device's choice.
PACKED pack(vec4 quad) { return uvec2(packHalf2x16(quad.xy), packHalf2x16(quad.zw)); }
#else
#define STORE_QUAD uvec2
#define widen_quad(stored) unpack(stored)
#define narrow_quad(quad) pack(quad)
vec4 unpack(PACKED quad) {
  return uintBitsToFloat(uvec4(quad.x << 16, quad.x & 0xffff0000u, quad.y << 16, quad.y & 0xffff0000u));
}
PACKED pack(vec4 quad) {
  return uvec2(upper_half(quad.x) | upper_half(quad.y) << 16, upper_half(quad.z) | upper_half(quad.w) << 16);
}
#endif
#endif
#define LANES (4 * QUADS)
// Where a vector's quads are written, their places are counted as `vector * QUADS + quad`: compilers that see that both quads
// of a vector are side by side at a multiple of 16 bytes write them at once.

// A vector's values, as QUADS quads.
vec4 quad_of(VECTOR vector, uint quad) { return unpack(packed_quad(vector, quad)); }
