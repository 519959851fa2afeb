#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Softmax of rows (include/softmax.glsl), with sums over a workgroup through shared memory.
// variants: f32 f16 bf16
#include "../include/softmax.glsl"
