import ImagineImage

/// Pictures out of `▀`, whose upper half has one colour and whose background another.
enum HalfBlocks {
  /// Lines of characters, each with two rows of pixels. Below an odd last row is the terminal's own background.
  static func bytes(_ picture: RGBImage, _ size: PictureCells) -> [UInt8] {
    // A character is about twice as high as wide, so that half of one is a square.
    let shape = Double(size.pixelHeight) / Double(size.pixelWidth)
    let width = size.columns, height = min(max(Int((Double(width) * shape).rounded()), 1), size.rows * 2)
    let small = picture.averaged(width: width, height: height)
    var result: [UInt8] = []
    for row in 0..<size.rows {
      var colours = ""
      for column in 0..<width where row * 2 < height {
        let upper = "38;2;\(small.colour(column, row * 2))"
        let lower = row * 2 + 1 < height ? "48;2;\(small.colour(column, row * 2 + 1))" : "49"
        if colours != "\(upper);\(lower)" {
          colours = "\(upper);\(lower)"
          result += [UInt8]("\u{1B}[\(colours)m".utf8)
        }
        result += [UInt8]("▀".utf8)
      }
      result += [UInt8]("\u{1B}[0m\r\n".utf8)
    }
    return result
  }
}

extension RGBImage {
  /// Such as `255;0;128`.
  fileprivate func colour(_ x: Int, _ y: Int) -> String {
    let start = (y * width + x) * 3
    return "\(pixels[start]);\(pixels[start + 1]);\(pixels[start + 2])"
  }
}
