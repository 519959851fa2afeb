/// Reads sixel graphics as a terminal does.
struct SixelReader {
  let width: Int, height: Int
  /// [height, width, 3], from 0 to 255; -1 where nothing was painted.
  private(set) var pixels: [Int]
  /// How many colours were defined.
  private(set) var colours = 0

  struct Malformed: Error {
    let at: Int
  }

  init(_ bytes: [UInt8]) throws {
    let text = bytes.map { Character(Unicode.Scalar($0)) }
    var place = 0
    func numbers() -> [Int] {
      var list = [0]
      while place < text.count {
        if let digit = text[place].wholeNumberValue {
          list[list.count - 1] = list[list.count - 1] * 10 + digit
        } else if text[place] == ";" {
          list.append(0)
        } else {
          break
        }
        place += 1
      }
      return list
    }
    guard text.starts(with: "\u{1B}P"), text.suffix(2) == ["\u{1B}", "\\"] else { throw Malformed(at: 0) }
    place = 2
    _ = numbers()
    guard text[place...].starts(with: "q\"") else { throw Malformed(at: place) }
    place += 2
    let raster = numbers()
    guard raster.count == 4, raster[0] == 1, raster[1] == 1 else { throw Malformed(at: place) }
    (width, height) = (raster[2], raster[3])
    pixels = [Int](repeating: -1, count: width * height * 3)
    var palette: [Int: [Int]] = [:], colour = 0, x = 0, top = 0
    while place < text.count - 2 {
      let command = text[place]
      place += 1
      switch command {
      case "#":
        let values = numbers()
        colour = values[0]
        if values.count == 5, values[1] == 2 { palette[colour] = values[2...].map { ($0 * 255 + 50) / 100 } }
        guard palette[colour] != nil, values.count == 1 || values.count == 5 else { throw Malformed(at: place) }
      case "$": x = 0
      case "-":
        x = 0
        top += 6
      default:
        var count = 1, sixel = command
        if command == "!" {
          count = numbers()[0]
          sixel = text[place]
          place += 1
        }
        guard let value = sixel.asciiValue, (63...126).contains(value), let rgb = palette[colour], count > 0 else {
          throw Malformed(at: place)
        }
        for column in x..<x + count {
          for bit in 0..<6 where (value - 63) >> bit & 1 == 1 {
            guard column < width, top + bit < height else { throw Malformed(at: place) }
            for channel in 0..<3 { pixels[((top + bit) * width + column) * 3 + channel] = rgb[channel] }
          }
        }
        x += count
      }
    }
    colours = palette.count
  }
}
