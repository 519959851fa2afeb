// Sixteen bytes of stored values, what a device loads best at a time: VECTOR_WIDTH values as VECTOR. Results are stored as
// QUADs of four. After types.glsl.
#if TYPE == F32
#define VECTOR vec4
#define VECTOR_WIDTH 4
#define QUAD vec4
#define widen_quad(stored) (stored)
#define narrow_quad(values) (values)
vec4 quad_of(VECTOR stored, uint quad) { return stored; }
#elif TYPE == F16
#define VECTOR uvec4
#define VECTOR_WIDTH 8
#define QUAD f16vec4
#define widen_quad(stored) vec4(stored)
// Not packHalf2x16, which may round towards zero.
#define narrow_quad(values) f16vec4(values)
vec4 quad_of(VECTOR stored, uint quad) {
  uvec2 words = quad == 0 ? stored.xy : stored.zw;
  return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
}
#else
#define VECTOR uvec4
#define VECTOR_WIDTH 8
#define QUAD u16vec4
#define widen_quad(stored) uintBitsToFloat(uvec4(stored) << 16)
#define narrow_quad(values) u16vec4(upper_halves(values))
uvec4 upper_halves(vec4 values) {
  return uvec4(upper_half(values.x), upper_half(values.y), upper_half(values.z), upper_half(values.w));
}
vec4 quad_of(VECTOR stored, uint quad) {
  uvec2 words = quad == 0 ? stored.xy : stored.zw;
  return uintBitsToFloat(uvec4(words.x << 16, words.x & 0xffff0000u, words.y << 16, words.y & 0xffff0000u));
}
#endif
