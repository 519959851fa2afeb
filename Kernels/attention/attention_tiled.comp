#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Attention (include/attention.glsl) for graphics cards: an invocation's tile is in registers.
// variants: f32 f16 bf16
#define UNROLL [[unroll]]
#include "../include/attention.glsl"
