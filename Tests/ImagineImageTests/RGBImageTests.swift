import Foundation
import Testing

@testable import ImagineImage

@Suite("RGB image")
struct RGBImageTests {
  @Test("rounds computed values as diffusers does")
  func rounding() throws {
    let golden = try ImageGoldens.load().rounding
    for (value, byte) in zip(golden.values.floats, golden.bytes) {
      let image = try RGBImage(width: 1, height: 1, interleaved: [value, -1, 1])
      #expect(image.pixels == [byte, 0, 255], "\(value)")
    }
    #expect(golden.values.floats.count == 656)
  }

  @Test("takes channels interleaved or plane by plane")
  func layouts() throws {
    let interleaved: [Float] = [-1, 0, 1, 1, -1, -2]
    let planar: [Float] = [-1, 1, 0, -1, 1, -2]
    let image = try RGBImage(width: 2, height: 1, interleaved: interleaved)
    #expect(image.pixels == [0, 128, 255, 255, 0, 0])
    #expect(try RGBImage(width: 2, height: 1, planar: planar) == image)
  }

  @Test("refuses values that are not finite", arguments: [Float.nan, .infinity, -.infinity])
  func notFinite(value: Float) {
    #expect(throws: ImageError.notFinite(index: 4)) {
      try RGBImage(width: 2, height: 1, interleaved: [0, 0, 0, 0, value, 0])
    }
    #expect(throws: ImageError.notFinite(index: 4)) {
      try RGBImage(width: 2, height: 1, planar: [0, 0, 0, 0, value, 0])
    }
  }

  @Test(
    "refuses sizes that do not fit",
    arguments: [(0, 0), (1, 0), (2, 1), (-1, -1), (.max, .max), (.max, 1), (-1, -1)])
  func sizes(width: Int, height: Int) {
    #expect(throws: ImageError.invalidSize(width: width, height: height, values: 3)) {
      try RGBImage(width: width, height: height, pixels: [1, 2, 3])
    }
  }
}
