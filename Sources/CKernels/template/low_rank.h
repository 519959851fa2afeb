// What adapters add to weights: the product of two thin matrices. Included once per instruction set, by instance.h.

// weights [rows, columns] += up [rows, rank] times down, which is packed in panels [rank, PANEL]. Every result is summed up
// over the ranks in their order, in a tile at the edge as in any other.
static void add_low_rank(
  const float *up, const float *down, float *weights, size_t rows, size_t rank, size_t columns
) {
  float edge[CK_ROWS * PANEL];
  for (size_t column = 0; column < columns; column += PANEL) {
    const float *panel = down + column * rank;
    const size_t width = columns - column < PANEL ? columns - column : PANEL;
    for (size_t row = 0; row < rows; row += CK_ROWS) {
      const size_t height = rows - row < CK_ROWS ? rows - row : CK_ROWS;
      float *tile = weights + row * columns + column;
      if (width == PANEL && height == CK_ROWS) {
        add_panel(up + row * rank, rank, panel, rank, tile, columns);
        continue;
      }
      for (size_t r = 0; r < height; r++) {
        for (size_t c = 0; c < PANEL; c++) edge[r * PANEL + c] = c < width ? tile[r * columns + c] : 0;
      }
      for (size_t r = 0; r < height; r++) {
        add_panel_row(up + (row + r) * rank, rank, panel, rank, edge + r * PANEL, PANEL);
        for (size_t c = 0; c < width; c++) tile[r * columns + c] = edge[r * PANEL + c];
      }
    }
  }
}
