// out[i] = f(x[i]). Included once per instruction set, by instance.h.

// A row of results, `expression` using the lanes `x` read from `source`.
#define MAP_ROW(source_type, source, target_type, target, count, expression) \
  do { \
    size_t i = 0; \
    for (; i + CK_WIDTH <= (count); i += CK_WIDTH) { \
      const vf x = load(source_type, source, i); \
      store(target_type, target, i, (expression)); \
    } \
    if (i < (count)) { \
      const vf x = load_part(source_type, source, i, (count) - i); \
      store_part(target_type, target, i, (count) - i, (expression)); \
    } \
  } while (0)

// The same with lanes `y` of a second row.
#define MAP_ROWS(type_x, row_x, type_y, row_y, target_type, target, count, expression) \
  do { \
    size_t i = 0; \
    for (; i + CK_WIDTH <= (count); i += CK_WIDTH) { \
      const vf x = load(type_x, row_x, i), y = load(type_y, row_y, i); \
      store(target_type, target, i, (expression)); \
    } \
    if (i < (count)) { \
      const vf x = load_part(type_x, row_x, i, (count) - i), y = load_part(type_y, row_y, i, (count) - i); \
      store_part(target_type, target, i, (count) - i, (expression)); \
    } \
  } while (0)

static void widen(const uint16_t *row, float *out, size_t count) { MAP_ROW(CK_BF16, row, CK_F32, out, count, x); }

static void narrow(const float *row, uint16_t *out, size_t count) { MAP_ROW(CK_F32, row, CK_BF16, out, count, x); }

INLINE void activate_row(ck_type type, ck_activation activation, const void *row, void *out, size_t count) {
  MAP_ROW(type, row, type, out, count, activated_as(type, activation, x));
}

static void activate(ck_type type, ck_activation activation, const void *x, void *out, size_t count) {
#define ACTIVATE(ACTIVATION) FOR_TYPE(type, activate_row, ACTIVATION, x, out, count)
  FOR_ACTIVATION(activation, ACTIVATE)
#undef ACTIVATE
}

INLINE vf sloped(vf x, vf slope) { return choose(x < 0.0f, x * slope, x); }

INLINE void prelu_rows(
  ck_type type, const void *x, const float *slopes, void *out, size_t rows, size_t channels
) {
  if (channels == 1) {
    const void *row = x;
    const vf slope = splat(slopes[0]);
    MAP_ROW(type, row, type, out, rows, sloped(x, slope));
    return;
  }
  for (size_t row = 0; row < rows; row++) {
    const size_t at = row * channels * ck_element_size(type);
    const void *from = (const char *)x + at;
    void *to = (char *)out + at;
    MAP_ROWS(type, from, CK_F32, slopes, type, to, channels, sloped(x, y));
  }
}

static void prelu(ck_type type, const void *x, const float *slopes, void *out, size_t rows, size_t channels) {
  FOR_TYPE(type, prelu_rows, x, slopes, out, rows, channels);
}

INLINE void scale_row(ck_type type, float factor, const void *row, void *out, size_t count) {
  MAP_ROW(type, row, type, out, count, x * factor);
}

static void scale(ck_type type, float factor, const void *x, void *out, size_t count) {
  FOR_TYPE(type, scale_row, factor, x, out, count);
}

INLINE float element(ck_type type, const void *row) {
  return type == CK_F32 ? *(const float *)row : widened((vh){0} + *(const uint16_t *)row)[0];
}

INLINE void binary_row(
  ck_type type, ck_binary_op op, const void *a, const void *b, bool repeat, void *out, size_t count
) {
  if (repeat) {
    const float y = element(type, b);
    if (op == CK_ADD) MAP_ROW(type, a, type, out, count, x + y); else MAP_ROW(type, a, type, out, count, x * y);
  } else if (op == CK_ADD) {
    MAP_ROWS(type, a, type, b, type, out, count, x + y);
  } else {
    MAP_ROWS(type, a, type, b, type, out, count, x * y);
  }
}

static void binary(
  ck_binary_op op, ck_type type, const void *a, const void *b, bool repeat, void *out, size_t count
) {
  FOR_TYPE(type, binary_row, op, a, b, repeat, out, count);
}

INLINE void glu_row(ck_type type, ck_activation activation, const void *row, void *out, size_t columns) {
  const void *gate = (const char *)row + columns * ck_element_size(type);
  MAP_ROWS(type, row, type, gate, type, out, columns, x * activated_as(type, activation, y));
}

static void glu(ck_type type, ck_activation activation, const void *x, void *out, size_t columns) {
#define GATE(ACTIVATION) FOR_TYPE(type, glu_row, ACTIVATION, x, out, columns)
  FOR_ACTIVATION(activation, GATE)
#undef GATE
}
