/// A picture with room around it that is to be painted.
package struct Outpainting: Sendable, Equatable {
  /// The picture in its place; around it, its edges go on.
  package let canvas: RGBImage
  /// What is to be painted: the room, and as much of the picture beside it as was asked for, so that both can blend.
  package let mask: MaskImage

  /// Makes room at the sides of a picture.
  ///
  /// A1111's "Poor man's outpainting" does so in black, and lets the mask reach into the picture by the width of its
  /// blur (of 8, unless changed), only at sides that grow; `overlap` is that. Its "fill" is `canvas.filled(mask)`.
  ///
  /// - Parameter painted: a mask of the picture, to be painted as well.
  /// Throws `ImageError.invalidSize` for negative margins, results too large to count, or a mask of another size.
  package init(
    _ picture: RGBImage, left: Int, top: Int, right: Int, bottom: Int, overlap: Int = 8, painted: MaskImage? = nil
  ) throws(ImageError) {
    let limit = 1 << 20
    let margins = [left, top, right, bottom]
    guard margins.allSatisfy({ 0...limit ~= $0 }) else {
      throw .invalidSize(width: margins.min() ?? 0, height: margins.max() ?? 0, values: picture.pixels.count)
    }
    let width = left + picture.width + right, height = top + picture.height + bottom
    guard picture.width <= limit, picture.height <= limit, width * height <= 1 << 28,
      painted.map({ $0.width == picture.width && $0.height == picture.height }) ?? true
    else {
      throw .invalidSize(width: width, height: height, values: picture.pixels.count)
    }
    let columns = Self.kept(of: picture.width, margins: (left, right), overlap: overlap)
    let rows = Self.kept(of: picture.height, margins: (top, bottom), overlap: overlap)
    var pixels: [UInt8] = [], values: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    values.reserveCapacity(width * height)
    for y in 0..<height {
      let row = min(max(y - top, 0), picture.height - 1)
      for x in 0..<width {
        let column = min(max(x - left, 0), picture.width - 1)
        let place = row * picture.width + column
        pixels += picture.pixels[3 * place..<3 * place + 3]
        values.append(columns.contains(x) && rows.contains(y) ? painted?.values[place] ?? 0 : 255)
      }
    }
    canvas = try RGBImage(width: width, height: height, pixels: pixels)
    mask = try MaskImage(width: width, height: height, values: values)
  }

  /// The places along an axis that are not painted, counted from the canvas's edge.
  private static func kept(of length: Int, margins: (before: Int, after: Int), overlap: Int) -> Range<Int> {
    let overlap = min(max(overlap, 0), length)
    let start = margins.before > 0 ? overlap : 0
    let end = margins.after > 0 ? length - overlap : length
    return margins.before + start..<margins.before + max(start, end)
  }
}
