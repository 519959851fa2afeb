// Normalisations and softmax. Included once per instruction set, by instance.h.
//
// Means are computed from distances to the first element and variances from distances to the mean: sums stay small,
// whatever the mean is.

INLINE void layer_norm_row(
  ck_type type, const void *row, const float *weight, const float *bias, float epsilon, void *out, size_t columns
) {
  const float first = element(type, row);
  vf sum = {0};
  FOR_VECTORS(i, n, columns) {
    const vf distance = (n == CK_WIDTH ? load(type, row, i) : load_part(type, row, i, n)) - first;
    sum += n == CK_WIDTH ? distance : choose(first_lanes(n), distance, (vf){0});
  }
  const float mean = first + sum_of_lanes(sum) / (float)columns;

  vf squares = {0};
  FOR_VECTORS(i, n, columns) {
    vf distance = (n == CK_WIDTH ? load(type, row, i) : load_part(type, row, i, n)) - mean;
    if (n < CK_WIDTH) distance = choose(first_lanes(n), distance, (vf){0});
    squares += distance * distance;
  }
  const float variance = sum_of_lanes(squares) / (float)columns;
  const float factor = 1.0f / __builtin_sqrtf(variance + epsilon);

  FOR_VECTORS(i, n, columns) {
    if (n == CK_WIDTH) {
      const vf x = (load(type, row, i) - mean) * factor;
      store(type, out, i, x * load(CK_F32, weight, i) + load(CK_F32, bias, i));
    } else {
      const vf x = (load_part(type, row, i, n) - mean) * factor;
      store_part(type, out, i, n, x * load_part(CK_F32, weight, i, n) + load_part(CK_F32, bias, i, n));
    }
  }
}

static void layer_norm(
  ck_type type, const void *x, const float *weight, const float *bias, float epsilon, void *out, size_t columns
) {
  FOR_TYPE(type, layer_norm_row, x, weight, bias, epsilon, out, columns);
}

// `count` vectors of channels from channel c, or `lanes` channels where that is not 0.
INLINE void moments_of_channels(
  ck_type type, const void *x, size_t positions, size_t channels, float *mean, float *squares, size_t c, int count,
  size_t lanes
) {
  vf means[4], sums[4] = {{0}}, distances[4] = {{0}};
  for (int j = 0; j < count; j++) means[j] = lanes ? load_part(type, x, c, lanes) : load(type, x, c + j * CK_WIDTH);
  for (size_t p = 0; p < positions; p++) {
    const size_t at = p * channels + c;
    for (int j = 0; j < count; j++) {
      sums[j] += (lanes ? load_part(type, x, at, lanes) : load(type, x, at + j * CK_WIDTH)) - means[j];
    }
  }
  for (int j = 0; j < count; j++) means[j] += sums[j] / (float)positions;
  for (size_t p = 0; p < positions; p++) {
    const size_t at = p * channels + c;
    for (int j = 0; j < count; j++) {
      const vf distance = (lanes ? load_part(type, x, at, lanes) : load(type, x, at + j * CK_WIDTH)) - means[j];
      distances[j] += distance * distance;
    }
  }
  for (int j = 0; j < count; j++) {
    if (lanes) {
      store_part(CK_F32, mean, c, lanes, means[j]);
      store_part(CK_F32, squares, c, lanes, distances[j]);
    } else {
      store(CK_F32, mean, c + j * CK_WIDTH, means[j]);
      store(CK_F32, squares, c + j * CK_WIDTH, distances[j]);
    }
  }
}

INLINE void moments_of_image(
  ck_type type, const void *x, size_t positions, size_t channels, float *mean, float *squares
) {
  size_t c = 0;
  for (; c + 4 * CK_WIDTH <= channels; c += 4 * CK_WIDTH) {
    moments_of_channels(type, x, positions, channels, mean, squares, c, 4, 0);
  }
  for (; c + CK_WIDTH <= channels; c += CK_WIDTH) {
    moments_of_channels(type, x, positions, channels, mean, squares, c, 1, 0);
  }
  if (c < channels) moments_of_channels(type, x, positions, channels, mean, squares, c, 1, channels - c);
}

static void channel_moments(
  ck_type type, const void *x, size_t positions, size_t channels, float *mean, float *squares
) {
  FOR_TYPE(type, moments_of_image, x, positions, channels, mean, squares);
}

INLINE void normalise_rows(
  ck_type type, ck_activation activation, const void *x, size_t positions, size_t channels, const float *mean,
  const float *factor, const float *bias, void *out
) {
  for (size_t p = 0; p < positions; p++) {
    const size_t at = p * channels;
    size_t c = 0;
    for (; c + CK_WIDTH <= channels; c += CK_WIDTH) {
      const vf distance = load(type, x, at + c) - load(CK_F32, mean, c);
      const vf y = distance * load(CK_F32, factor, c) + load(CK_F32, bias, c);
      store(type, out, at + c, activated_as(type, activation, y));
    }
    if (c < channels) {
      const size_t n = channels - c;
      const vf distance = load_part(type, x, at + c, n) - load_part(CK_F32, mean, c, n);
      const vf y = distance * load_part(CK_F32, factor, c, n) + load_part(CK_F32, bias, c, n);
      store_part(type, out, at + c, n, activated_as(type, activation, y));
    }
  }
}

static void normalise(
  ck_type type, ck_activation activation, const void *x, size_t positions, size_t channels, const float *mean,
  const float *factor, const float *bias, void *out
) {
#define NORMALISE(ACTIVATION) \
  FOR_TYPE(type, normalise_rows, ACTIVATION, x, positions, channels, mean, factor, bias, out)
  FOR_ACTIVATION(activation, NORMALISE)
#undef NORMALISE
}

INLINE void softmax_row(ck_type type, const void *row, void *out, size_t columns, size_t valid) {
  const vf lowest = splat(-__builtin_inff());
  vf largest = lowest;
  FOR_VECTORS(i, n, valid) {
    const vf x = n == CK_WIDTH ? load(type, row, i) : choose(first_lanes(n), load_part(type, row, i, n), lowest);
    largest = at_least(x, largest);
  }
  const float maximum = largest_lane(largest);

  vf sums = {0};
  FOR_VECTORS(i, n, valid) {
    vf x = n == CK_WIDTH ? load(type, row, i) : load_part(type, row, i, n);
    x = exponential(x - maximum);
    sums += n == CK_WIDTH ? x : choose(first_lanes(n), x, (vf){0});
  }
  const float factor = 1.0f / sum_of_lanes(sums);

  FOR_VECTORS(i, n, valid) {
    if (n == CK_WIDTH) {
      store(type, out, i, exponential(load(type, row, i) - maximum) * factor);
    } else {
      store_part(type, out, i, n, exponential(load_part(type, row, i, n) - maximum) * factor);
    }
  }
  const size_t size = ck_element_size(type);
  __builtin_memset((char *)out + valid * size, 0, (columns - valid) * size);
}

static void softmax(ck_type type, const void *x, void *out, size_t columns, size_t valid) {
  FOR_TYPE(type, softmax_row, x, out, columns, valid);
}
