// What kernels on matrix units share: the sizes of the device's matrices, and rows of halves in chunks of 16 bytes.
//
// A product of such matrices is spread over a subgroup, in a way that only the driver knows: what depends on where an
// element is goes through shared memory. Sums are float.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_control_flow_attributes : require
layout(constant_id = 10) const uint UNIT_M = 16;
layout(constant_id = 11) const uint UNIT_N = 16;
layout(constant_id = 12) const uint UNIT_K = 16;
layout(constant_id = 13) const uint SUBGROUP = 32;
#define LEFT_MATRIX coopmat<float16_t, gl_ScopeSubgroup, UNIT_M, UNIT_K, gl_MatrixUseA>
#define RIGHT_MATRIX coopmat<float16_t, gl_ScopeSubgroup, UNIT_K, UNIT_N, gl_MatrixUseB>
#define SUM_MATRIX coopmat<float, gl_ScopeSubgroup, UNIT_M, UNIT_N, gl_MatrixUseAccumulator>
#define HALF_MATRIX coopmat<float16_t, gl_ScopeSubgroup, UNIT_M, UNIT_N, gl_MatrixUseAccumulator>

// Halves in a chunk.
#define CHUNK 8

// What the invocations of a subgroup wrote to shared memory is there for all of them.
void subgroup_barrier() {
  controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
}

uvec4 pack(vec4 low, vec4 high) {
  return uvec4(
    packFloat2x16(f16vec2(low.xy)), packFloat2x16(f16vec2(low.zw)), packFloat2x16(f16vec2(high.xy)),
    packFloat2x16(f16vec2(high.zw)));
}

vec4 unpack_low(uvec4 chunk) { return vec4(unpackHalf2x16(chunk.x), unpackHalf2x16(chunk.y)); }
vec4 unpack_high(uvec4 chunk) { return vec4(unpackHalf2x16(chunk.z), unpackHalf2x16(chunk.w)); }
