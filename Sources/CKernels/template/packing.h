// Weights in panels, laid out as ck_weight_layout says, from [out][channel][tap]. Included once per instruction set, by
// instance.h.
//
// A column's elements are neighbours where they come from, a row's where they go to: squares of them change sides in
// registers, so that both are read and written in whole vectors.

#if CK_WIDTH == 16
#define MIXED_LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define MIXED_HIGH(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif CK_WIDTH == 8
#define MIXED_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define MIXED_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define MIXED_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define MIXED_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

// Rows to columns: mixing the first half of the rows with the second as often as halves can be halved.
INLINE void transpose(vu rows[CK_WIDTH]) {
#pragma clang loop unroll(full)
  for (int step = 1; step < CK_WIDTH; step *= 2) {
    vu mixed[CK_WIDTH];
#pragma clang loop unroll(full)
    for (int i = 0; i < CK_WIDTH / 2; i++) {
      mixed[2 * i] = MIXED_LOW(rows[i], rows[i + CK_WIDTH / 2]);
      mixed[2 * i + 1] = MIXED_HIGH(rows[i], rows[i + CK_WIDTH / 2]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < CK_WIDTH; i++) rows[i] = mixed[i];
  }
}

// Lanes of `count` elements of each of `columns` columns, from element `first`, one row per element; the rest is 0.
INLINE void load_square(
  ck_stored from, ck_type to, const char *column, size_t stride, size_t columns, size_t first, size_t count,
  vu rows[CK_WIDTH]
) {
  if (columns == CK_WIDTH && count == CK_WIDTH) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < CK_WIDTH; i++) rows[i] = converted_bits(from, to, column + i * stride, first, CK_WIDTH);
  } else {
    for (size_t i = 0; i < CK_WIDTH; i++) {
      rows[i] = i < columns ? converted_bits(from, to, column + i * stride, first, count) : (vu){0};
    }
  }
  transpose(rows);
}

// Rows of a strip, a few channels with all taps: with the columns they come from they stay in the nearest cache.
enum { STRIP_BYTES = 16384 };

// The first column of a panel: of a gated product, panels of values and of gates take turns.
INLINE size_t first_column(const ck_packing *packing, size_t panel) {
  const size_t width = packing->layout.width;
  return packing->shape.gated ? panel % 2 * (packing->shape.out / 2) + panel / 2 * width : panel * width;
}

// Columns that exist of the panel that begins with column `first`.
INLINE size_t columns_from(const ck_packing *packing, size_t first) {
  const size_t out = packing->shape.out, half = out / 2;
  const size_t end = packing->shape.gated && first < half ? half : out, left = end > first ? end - first : 0;
  return left < packing->layout.width ? left : packing->layout.width;
}

// Elements k ..< k + count of some columns, in the order they are stored in, [channel][tap]; one row of `width` columns
// per element. Columns that do not exist are 0.
INLINE void gather_rows(
  ck_stored from, ck_type to, const ck_packing *packing, size_t first, size_t k, size_t count, char *rows
) {
  const size_t size = ck_element_size(to), stored_size = ck_stored_size(from), width = packing->layout.width;
  const size_t out = packing->shape.out, columns = columns_from(packing, first);
  const char *elements = packing->plain.elements;
  if (packing->plain.transposed) {
    for (size_t i = 0; i < count; i++, rows += width * size) {
      convert_row(from, to, elements + ((k + i) * out + first) * stored_size, rows, columns);
      __builtin_memset(rows + columns * size, 0, (width - columns) * size);
    }
    return;
  }
  const size_t stride = ck_product_depth(&packing->shape) * stored_size;
  for (size_t c = 0; c < width; c += CK_WIDTH) {
    const size_t rest = columns > c ? columns - c : 0, lanes = rest < CK_WIDTH ? rest : CK_WIDTH;
    FOR_VECTORS(i, n, count) {
      vu square[CK_WIDTH];
      load_square(from, to, elements + (first + c) * stride, stride, lanes, k + i, n, square);
      char *row = rows + (i * width + c) * size;
      if (n == CK_WIDTH) {
#pragma clang loop unroll(full)
        for (size_t j = 0; j < CK_WIDTH; j++) store_bits(to, row + j * width * size, 0, CK_WIDTH, square[j]);
      } else {
        for (size_t j = 0; j < n; j++) store_bits(to, row + j * width * size, 0, CK_WIDTH, square[j]);
      }
    }
  }
}

INLINE void store_row(ck_type type, const char *row, size_t width, char *out) {
  for (size_t c = 0; c < width; c += CK_WIDTH) {
    const size_t at = c * ck_element_size(type);
    __builtin_memcpy(out + at, row + at, CK_WIDTH * ck_element_size(type));
  }
}

// Rows of two neighbouring channels of bfloat16, one element of each in turn.
INLINE void store_pairs(const char *even, const char *odd, size_t width, char *out) {
  for (size_t c = 0; c < width; c += CK_WIDTH) {
    vh low, high;
    __builtin_memcpy(&low, even + 2 * c, sizeof low);
    __builtin_memcpy(&high, odd + 2 * c, sizeof high);
    const vu pairs = __builtin_convertvector(low, vu) | __builtin_convertvector(high, vu) << 16;
    __builtin_memcpy(out + 4 * c, &pairs, sizeof pairs);
  }
}

// Rows of four neighbouring channels, each `stride` bytes after the other, one element of each in turn.
INLINE void store_fours(const char *row, size_t stride, size_t width, char *out) {
  for (size_t c = 0; c < width; c += CK_WIDTH, row += 2 * CK_WIDTH, out += 8 * CK_WIDTH) {
    vu pairs[2];
    store_pairs(row, row + stride, CK_WIDTH, (char *)&pairs[0]);
    store_pairs(row + 2 * stride, row + 3 * stride, CK_WIDTH, (char *)&pairs[1]);
    const vu low = MIXED_LOW(pairs[0], pairs[1]), high = MIXED_HIGH(pairs[0], pairs[1]);
    __builtin_memcpy(out, &low, sizeof low);
    __builtin_memcpy(out + sizeof low, &high, sizeof high);
  }
}

INLINE void pack_strips(ck_stored from, ck_type to, const ck_packing *packing, size_t panel) {
  const ck_weight_layout layout = packing->layout;
  const size_t channels = packing->shape.in, taps = packing->shape.kernel_height * packing->shape.kernel_width;
  const size_t size = ck_element_size(to), row_bytes = layout.width * size, first = first_column(packing, panel);
  char *out = (char *)packing->packed + panel * layout.panel * size;
  const size_t padded = ck_round_up(channels, layout.block);
  if (taps == 1 && layout.group == 1 && padded == channels && layout.stretch == layout.block * layout.width) {
    return gather_rows(from, to, packing, first, 0, channels, out);
  }
  _Alignas(64) char rows[STRIP_BYTES];
  const size_t strip = STRIP_BYTES / row_bytes / taps / layout.group * layout.group;
  for (size_t begin = 0; begin < padded; begin += strip) {
    const size_t count = padded - begin < strip ? padded - begin : strip;
    const size_t left = channels > begin ? channels - begin : 0, known = left < count ? left : count;
    gather_rows(from, to, packing, first, begin * taps, known * taps, rows);
    __builtin_memset(rows + known * taps * row_bytes, 0, (count - known) * taps * row_bytes);
    for (size_t tap = 0; tap < taps; tap++) {
      size_t inside = begin % layout.block;
      char *target = out + (begin / layout.block * layout.stretch + tap * layout.tap + inside * layout.width) * size;
      const char *row = rows + tap * row_bytes, *end = row + count * taps * row_bytes;
      for (; row < end; row += layout.group * taps * row_bytes) {
        if (layout.group == 1) store_row(to, row, layout.width, target);
        else if (layout.group == 2) store_pairs(row, row + taps * row_bytes, layout.width, target);
        else store_fours(row, taps * row_bytes, layout.width, target);
        target += layout.group * row_bytes;
        inside += layout.group;
        if (inside == layout.block) {
          inside = 0;
          target += (layout.stretch - layout.block * layout.width) * size;
        }
      }
    }
  }
}

// Element by element: where groups span two taps, and for kernels of more taps than a strip has rows.
INLINE void pack_singly(ck_stored from, ck_type to, const ck_packing *packing, size_t panel) {
  const ck_weight_layout layout = packing->layout;
  const size_t channels = packing->shape.in, taps = packing->shape.kernel_height * packing->shape.kernel_width;
  const size_t depth = channels * taps, size = ck_element_size(to), first = first_column(packing, panel);
  const size_t padded = layout.spans_taps ? 1 : ck_round_up(channels, layout.block);
  const size_t rows = layout.spans_taps ? ck_round_up(depth, layout.group) : padded * taps;
  const size_t columns = columns_from(packing, first);
  char *out = (char *)packing->packed + panel * layout.panel * size;
  for (size_t i = 0; i < rows; i++) {
    // [tap][channel], as both kinds are laid out or can be.
    const size_t row_channels = layout.spans_taps ? channels : padded;
    const size_t tap = i / row_channels, channel = i % row_channels;
    const size_t place = layout.spans_taps ? i : channel;
    char *target =
      out + (place / layout.block * layout.stretch + (layout.spans_taps ? 0 : tap * layout.tap)
             + place % layout.block / layout.group * layout.group * layout.width + place % layout.group) * size;
    for (size_t column = 0; column < layout.width; column++) {
      const bool exists = column < columns && channel < channels && tap < taps;
      const size_t at = (first + column) * depth + channel * taps + tap;
      const vu bits = exists ? converted_bits(from, to, packing->plain.elements, at, 1) : (vu){0};
      store_bits(to, target, column * layout.group, 1, bits);
    }
  }
}

INLINE void pack_panel_of(ck_stored from, ck_type to, const ck_packing *packing, size_t panel) {
  const size_t taps = packing->shape.kernel_height * packing->shape.kernel_width;
  const size_t rows = taps * packing->layout.group * packing->layout.width * ck_element_size(to);
  if (packing->layout.spans_taps || rows > STRIP_BYTES) pack_singly(from, to, packing, panel);
  else pack_strips(from, to, packing, panel);
}

static void pack_panel(const ck_packing *packing, size_t panel) {
  // As binary16 nothing is converted: 16 bits move, whatever they mean.
  const ck_stored from = packing->type == CK_STORED_F16 ? CK_STORED_BF16 : packing->plain.type;
  const ck_type to = packing->type == CK_STORED_F32 ? CK_F32 : CK_BF16;
  FOR_FORMATS(from, to, pack_panel_of, packing, panel);
}
