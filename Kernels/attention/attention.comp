#version 450
#extension GL_GOOGLE_include_directive : require
// q [N, T, C], k and v [N, S, C] -> [N, T, C]: softmax(q k^T / sqrt(C / heads)) v in each head, with a running softmax, so
// that no matrix of all pairs exists (FlashAttention, arXiv 2205.14135). CAUSAL masks every s > t.
//
// A workgroup does QUERIES queries of one head: LANES invocations a query, which share its keys in the first product and
// its channels in the second.
// variants: f32 f16 bf16
#include "../include/types.glsl"
#define QUERIES 16
#define LANES 4
layout(local_size_x = QUERIES * LANES) in;
layout(constant_id = 0) const uint CHANNELS = 64;
layout(constant_id = 1) const uint KEYS = 32;
layout(constant_id = 2) const bool CAUSAL = false;
layout(binding = 0) readonly buffer Q { STORE q[]; };
layout(binding = 1) readonly buffer K { STORE k[]; };
layout(binding = 2) readonly buffer V { STORE v[]; };
layout(binding = 3) writeonly buffer Out { STORE result[]; };
layout(push_constant) uniform Constants { uint targets; uint sources; uint heads; float factor; };

const uint OWN_CHANNELS = (CHANNELS + LANES - 1) / LANES;
shared float queries[QUERIES * CHANNELS];
// The keys of a block, then its values.
shared float block[KEYS * CHANNELS];
shared float weights[QUERIES * KEYS];
shared float maxima[QUERIES * LANES];

void main() {
  uint thread = gl_LocalInvocationID.x, lane = thread % LANES, query = thread / LANES;
  uint image = gl_WorkGroupID.z, head = gl_WorkGroupID.y, first = gl_WorkGroupID.x * QUERIES;
  uint row_length = heads * CHANNELS;
  for (uint i = thread; i < QUERIES * CHANNELS; i += QUERIES * LANES) {
    uint t = first + i / CHANNELS;
    queries[i] =
      t < targets ? widen(q[(image * targets + t) * row_length + head * CHANNELS + i % CHANNELS]) * factor : 0.0;
  }
  float sums[OWN_CHANNELS];
  for (uint c = 0; c < OWN_CHANNELS; c++) sums[c] = 0.0;
  float largest = -3.0e38, total = 0.0;
  uint t = first + query;
  uint visible = CAUSAL ? min(sources, first + QUERIES) : sources;

  for (uint start = 0; start < visible; start += KEYS) {
    for (uint i = thread; i < KEYS * CHANNELS; i += QUERIES * LANES) {
      uint s = start + i / CHANNELS;
      block[i] = s < sources ? widen(k[(image * sources + s) * row_length + head * CHANNELS + i % CHANNELS]) : 0.0;
    }
    barrier();
    float own = -3.0e38;
    for (uint key = lane; key < KEYS; key += LANES) {
      uint s = start + key;
      float score = -3.0e38;
      if (s < sources && (!CAUSAL || s <= t)) {
        score = 0.0;
        for (uint c = 0; c < CHANNELS; c++) score += queries[query * CHANNELS + c] * block[key * CHANNELS + c];
      }
      weights[query * KEYS + key] = score;
      own = max(own, score);
    }
    maxima[thread] = own;
    barrier();
    float now = largest;
    for (uint i = 0; i < LANES; i++) now = max(now, maxima[query * LANES + i]);
    for (uint key = lane; key < KEYS; key += LANES) {
      float score = weights[query * KEYS + key];
      // All keys of a block may be masked for a query; the first block never is.
      weights[query * KEYS + key] = score > -2.9e38 ? exp(score - now) : 0.0;
    }
    for (uint i = thread; i < KEYS * CHANNELS; i += QUERIES * LANES) {
      uint s = start + i / CHANNELS;
      block[i] = s < sources ? widen(v[(image * sources + s) * row_length + head * CHANNELS + i % CHANNELS]) : 0.0;
    }
    barrier();
    float shrink = exp(largest - now);
    largest = now;
    total *= shrink;
    for (uint c = 0; c < OWN_CHANNELS; c++) sums[c] *= shrink;
    for (uint key = 0; key < KEYS; key++) {
      float weight = weights[query * KEYS + key];
      total += weight;
      for (uint c = 0; c < OWN_CHANNELS; c++) {
        uint channel = c * LANES + lane;
        if (channel < CHANNELS) sums[c] += weight * block[key * CHANNELS + channel];
      }
    }
    barrier();
  }
  if (t >= targets) return;
  for (uint c = 0; c < OWN_CHANNELS; c++) {
    uint channel = c * LANES + lane;
    if (channel < CHANNELS) {
      result[(image * targets + t) * row_length + head * CHANNELS + channel] = narrow(sums[c] / total);
    }
  }
}
