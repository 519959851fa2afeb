import ImagineImage

/// DEC's sixel graphics: a palette, and bands of six rows, drawn colour by colour.
enum SixelImage {
  static func bytes(_ picture: RGBImage) -> [UInt8] {
    let (palette, indices) = MedianCut.quantised(picture)
    // Pixels are square, and those that are not painted stay as they are.
    var result = [UInt8]("\u{1B}P0;1;0q\"1;1;\(picture.width);\(picture.height)".utf8)
    for (index, colour) in palette.enumerated() {
      let percent = [colour.x, colour.y, colour.z].map { String((Int($0) * 100 + 127) / 255) }
      result += [UInt8]("#\(index);2;\(percent.joined(separator: ";"))".utf8)
    }
    let width = picture.width
    // For each colour and column, which of the band's six rows have it.
    var rows = [UInt8](repeating: 0, count: palette.count * width)
    for top in stride(from: 0, to: picture.height, by: 6) {
      var used = [Bool](repeating: false, count: palette.count)
      for y in top..<min(top + 6, picture.height) {
        for x in 0..<width {
          let colour = Int(indices[y * width + x])
          used[colour] = true
          rows[colour * width + x] |= 1 << UInt8(y - top)
        }
      }
      var isFirst = true
      for colour in palette.indices where used[colour] {
        if !isFirst { result.append(UInt8(ascii: "$")) }
        isFirst = false
        let range = colour * width..<(colour + 1) * width
        result += [UInt8]("#\(colour)".utf8)
        append(rows[range], to: &result)
        for index in range { rows[index] = 0 }
      }
      result.append(UInt8(ascii: "-"))
    }
    return result + [UInt8]("\u{1B}\\".utf8)
  }

  /// Appends a row of sixels, runs of the same as a count; empty ones at the end are left out.
  private static func append(_ row: ArraySlice<UInt8>, to result: inout [UInt8]) {
    let end = (row.lastIndex { $0 != 0 }).map { $0 + 1 } ?? row.startIndex
    var start = row.startIndex
    while start < end {
      let value = row[start], next = row[start..<end].firstIndex { $0 != value } ?? end
      let count = next - start, sixel = value + 63
      if count > 3 { result += [UInt8]("!\(count)".utf8) }
      result += [UInt8](repeating: sixel, count: count > 3 ? 1 : count)
      start = next
    }
  }
}
