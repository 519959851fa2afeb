#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Layer normalisation of rows (include/layer_norm.glsl), with sums over a workgroup through shared memory.
// variants: f32 f16 bf16
#include "../include/layer_norm.glsl"
