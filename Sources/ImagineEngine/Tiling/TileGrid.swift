/// Windows of one size that together cover an image, each with the part of it to keep.
///
/// One size means one plan. A window reaches beyond what is kept of it on every side, except where the image ends.
struct TileGrid: Hashable {
  /// One window along one axis.
  struct Span: Hashable {
    /// The window's first position.
    let start: Int
    /// The positions of the image that it is kept for.
    let kept: Range<Int>
  }

  /// One window.
  struct Tile: Hashable {
    let rows: Span, columns: Span
  }

  /// Of every window.
  let height: Int, width: Int
  let tiles: [Tile]

  /// - Parameters:
  ///   - height, width: of the image.
  ///   - side: of the part that is kept of a window.
  ///   - reach: positions around that part that its values depend on.
  init(height: Int, width: Int, side: Int, reach: Int) {
    let side = max(side, 1)
    self.height = min(height, side + 2 * reach)
    self.width = min(width, side + 2 * reach)
    let rows = Self.spans(height, window: self.height, side: side, reach: reach)
    let columns = Self.spans(width, window: self.width, side: side, reach: reach)
    tiles = rows.flatMap { row in columns.map { Tile(rows: row, columns: $0) } }
  }

  private static func spans(_ extent: Int, window: Int, side: Int, reach: Int) -> [Span] {
    // A window as long as the axis needs no other.
    guard window < extent else { return [Span(start: 0, kept: 0..<extent)] }
    return stride(from: 0, to: extent, by: side).map { first in
      Span(start: min(max(first - reach, 0), extent - window), kept: first..<min(first + side, extent))
    }
  }
}
