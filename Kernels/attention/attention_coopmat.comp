#version 450
#extension GL_GOOGLE_include_directive : require
// Attention on matrix units (include/attention_coopmat.glsl), with VK_KHR_cooperative_matrix alone.
// variants: f16
// needs: GL_KHR_cooperative_matrix
#include "../include/attention_coopmat.glsl"
