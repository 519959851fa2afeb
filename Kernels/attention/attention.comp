#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Attention (include/attention.glsl) for software drivers, which compile loops quicker than what they unroll to.
// variants: f32 f16 bf16
#define UNROLL [[dont_unroll]]
#include "../include/attention.glsl"
