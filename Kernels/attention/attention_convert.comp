#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_NV_cooperative_matrix2 : require
// Attention on matrix units (include/attention_coopmat.glsl), with the conversions of VK_NV_cooperative_matrix2. A right
// matrix's rows are a left matrix's columns: UNIT_N and UNIT_K are equal.
// variants: f16
// needs: GL_KHR_cooperative_matrix
// needs: GL_NV_cooperative_matrix2
#define CONVERT
#include "../include/attention_coopmat.glsl"
