import Foundation
import Imagine
import Testing

/// How far a picture is from what another program drew, in shades of 8 bits.
struct PictureDifference {
  /// The largest of all values.
  private(set) var shades = 0
  /// The peak signal-to-noise ratio; infinite for equal pictures. Where half of all values are one shade off, as they are if
  /// values are rounded that should have been cut off, it is 51.
  let decibels: Double

  /// - Parameter planes: the other picture, [1, 3, H, W], from 0 to 255.
  init(_ image: GeneratedImage, _ planes: [Float]) throws {
    let area = image.size.width * image.size.height
    try #require(planes.count == image.pixels.count)
    var squares = 0.0
    for index in image.pixels.indices {
      let distance = abs(Int(image.pixels[index]) - Int(planes[index % 3 * area + index / 3]))
      shades = max(shades, distance)
      squares += Double(distance * distance)
    }
    decibels = 10 * log10(255 * 255 * Double(planes.count) / squares)
  }

  /// Expects the same picture but for values on the edge between two shades.
  ///
  /// With `IMAGINE_PRINT_LIKENESS` set, the distance is printed: it is what README's table is made of.
  func expectNone(_ name: String) {
    if ProcessInfo.processInfo.environment["IMAGINE_PRINT_LIKENESS"] != nil {
      print("likeness: \(name) \(shades) \(decibels)")
    }
    #expect(shades <= 1, "\(name): \(decibels) dB")
    #expect(decibels > 60, "\(name)")
  }
}
