internal import ImagineModels

/// Windows of one size that together cover an image, each with the part of it to keep.
///
/// One size means one plan. A window reaches beyond what is kept of it on every side, except where the image ends.
struct TileGrid: Hashable {
  /// One window along one axis.
  struct Span: Hashable {
    /// The window's first position: before 0 where the image goes on at its other end.
    let start: Int
    /// The positions of the image that it is kept for.
    let kept: Range<Int>

    /// Where those are in the window.
    var keptInWindow: Range<Int> { kept.lowerBound - start..<kept.upperBound - start }
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
  ///   - wraps: the axes along which the image goes on at its other end; a window that is as long as the image does not.
  init(height: Int, width: Int, side: Int, reach: Int, wraps: SeamlessAxes = []) {
    let side = max(side, 1)
    self.height = min(height, side + 2 * reach)
    self.width = min(width, side + 2 * reach)
    let rows = Self.spans(height, window: self.height, side: side, reach: reach, wraps: wraps.contains(.y))
    let columns = Self.spans(width, window: self.width, side: side, reach: reach, wraps: wraps.contains(.x))
    tiles = rows.flatMap { row in columns.map { Tile(rows: row, columns: $0) } }
  }

  private static func spans(_ extent: Int, window: Int, side: Int, reach: Int, wraps: Bool) -> [Span] {
    // A window as long as the axis needs no other.
    guard window < extent else { return [Span(start: 0, kept: 0..<extent)] }
    return stride(from: 0, to: extent, by: side).map { first in
      let start = first - reach
      return Span(
        start: wraps ? start : min(max(start, 0), extent - window), kept: first..<min(first + side, extent))
    }
  }
}
