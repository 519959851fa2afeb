#version 450
#extension GL_GOOGLE_include_directive : require
// x [rows, columns], weight and bias [columns]: normalised over each row, scaled and shifted. One workgroup a row.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define WORKGROUP 64
#include "../include/indexing.glsl"
#include "../include/reduce.glsl"
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) readonly buffer Weight { float weight[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 3) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint rows; uint columns; float epsilon; };

void main() {
  if (workgroup_row() >= rows) return;
  uint start = workgroup_row() * columns;
  float origin = widen(x[start]), sum = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < columns; i += WORKGROUP) sum += widen(x[start + i]) - origin;
  float mean = origin + workgroup_sum(sum) / float(columns);
  float squares = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < columns; i += WORKGROUP) {
    float distance = widen(x[start + i]) - mean;
    squares += distance * distance;
  }
  float factor = inversesqrt(workgroup_sum(squares) / float(columns) + epsilon);
  for (uint i = gl_LocalInvocationID.x; i < columns; i += WORKGROUP) {
    result[start + i] = narrow((widen(x[start + i]) - mean) * factor * weight[i] + bias[i]);
  }
}
