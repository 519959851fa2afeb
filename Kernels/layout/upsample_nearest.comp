#version 450
#extension GL_GOOGLE_include_directive : require
// x [N, H, W, C] -> [N, H', W', C]: source row = floor(row H / H'), and so for columns; a word is 16 or 32 bits, or 16 bytes
// where VECTORS says so.
// variants: f32 bf16
#include "../include/types.glsl"
#define WORKGROUP 256
#include "../include/indexing.glsl"
layout(constant_id = 0) const bool VECTORS = false;
layout(binding = 0) readonly buffer Vectors { uvec4 vectors[]; };
layout(binding = 0) readonly buffer X { STORE x[]; };
layout(binding = 1) writeonly buffer OutVectors { uvec4 result_vectors[]; };
layout(binding = 1) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants {
  uint count; uint height; uint width; uint out_height; uint out_width; uint channels;
};

void main() {
  uint i = element();
  if (i >= count) return;
  uint channel = i % channels, pixel = i / channels;
  uint column = pixel % out_width, row = pixel / out_width % out_height, image = pixel / out_width / out_height;
  uint source = (image * height + row * height / out_height) * width + column * width / out_width;
  if (VECTORS) {
    result_vectors[i] = vectors[source * channels + channel];
  } else {
    result[i] = x[source * channels + channel];
  }
}
