import Foundation
import Imagine
import ImagineImage

/// Pictures for tests to begin from.
enum SmallPicture {
  /// A slope of colours.
  static func write(width: Int, height: Int, to url: URL) throws {
    var pixels: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width { pixels += [UInt8(255 * column / width), UInt8(255 * row / height), 96] }
    }
    try write(pixels, width: width, height: height, to: url)
  }

  /// A mask whose left half is white.
  static func writeMask(width: Int, height: Int, to url: URL) throws {
    var pixels: [UInt8] = []
    for _ in 0..<height {
      for column in 0..<width { pixels += [UInt8](repeating: column < width / 2 ? 255 : 0, count: 3) }
    }
    try write(pixels, width: width, height: height, to: url)
  }

  /// - Parameter text: for PNG's text chunks.
  static func write(_ pixels: [UInt8], width: Int, height: Int, text: [PNGText] = [], to url: URL) throws {
    let image = try RGBImage(width: width, height: height, pixels: pixels)
    try Data(try ImageFile.encode(image, as: .png, text: text)).write(to: url)
  }
}
