#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
// Layer normalisation of rows (include/layer_norm.glsl), each by one subgroup.
// variants: f32 f16 bf16
#define SUBGROUPS
#include "../include/layer_norm.glsl"
