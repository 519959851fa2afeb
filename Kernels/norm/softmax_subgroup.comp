#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
// Softmax of rows (include/softmax.glsl), with sums over a workgroup by subgroups.
// variants: f32 f16 bf16
#define SUBGROUPS
#include "../include/softmax.glsl"
