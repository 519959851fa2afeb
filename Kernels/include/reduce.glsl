// Sums and maxima over a workgroup of WORKGROUP invocations (a power of two); every invocation gets the result.
shared float reduce_values[WORKGROUP];

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
