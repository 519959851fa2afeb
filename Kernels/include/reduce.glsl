// Sums and maxima over a workgroup of WORKGROUP invocations (a power of two); every invocation gets the result. Where the
// including file has the extension and says SUBGROUPS, subgroups of whatever size do their part without shared memory.
shared float reduce_values[WORKGROUP];

#ifdef SUBGROUPS

float workgroup_sum(float value) {
  value = subgroupAdd(value);
  if (gl_NumSubgroups == 1) return value;
  if (subgroupElect()) reduce_values[gl_SubgroupID] = value;
  barrier();
  float result = 0.0;
  for (uint i = 0; i < gl_NumSubgroups; i++) result += reduce_values[i];
  barrier();
  return result;
}

float workgroup_max(float value) {
  value = subgroupMax(value);
  if (gl_NumSubgroups == 1) return value;
  if (subgroupElect()) reduce_values[gl_SubgroupID] = value;
  barrier();
  float result = reduce_values[0];
  for (uint i = 1; i < gl_NumSubgroups; i++) result = max(result, reduce_values[i]);
  barrier();
  return result;
}

#else

float workgroup_sum(float value) {
  uint i = gl_LocalInvocationID.x;
  reduce_values[i] = value;
  for (uint step = WORKGROUP / 2; step > 0; step /= 2) {
    barrier();
    if (i < step) reduce_values[i] += reduce_values[i + step];
  }
  barrier();
  float result = reduce_values[0];
  barrier();
  return result;
}

float workgroup_max(float value) {
  uint i = gl_LocalInvocationID.x;
  reduce_values[i] = value;
  for (uint step = WORKGROUP / 2; step > 0; step /= 2) {
    barrier();
    if (i < step) reduce_values[i] = max(reduce_values[i], reduce_values[i + step]);
  }
  barrier();
  float result = reduce_values[0];
  barrier();
  return result;
}

#endif
