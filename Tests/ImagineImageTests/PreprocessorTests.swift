import Foundation
import Testing

@testable import ImagineImage

/// Maps for networks that guide drawing against OpenCV; `Tests/References/image_preprocessing.py` makes the goldens.
@Suite struct PreprocessorTests {
  private func golden(_ name: String) throws -> RGBImage {
    let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Goldens/images/preprocessing/\(name).png")
    return try ImageFile.read(url).image
  }

  @Test("Canny's edges are OpenCV's, to the bit", arguments: [(100, 200), (40, 90), (20, 400)] as [(Double, Double)])
  func canny(_ low: Double, _ high: Double) throws {
    let edges = try Preprocessor.canny(low: low, high: high).map(golden("picture"))
    let expected = try golden("canny_\(Int(low))_\(Int(high))")
    #expect(edges == expected)
    #expect(edges.pixels.contains(255) && edges.pixels.contains(0))
    // Thresholds the wrong way round mean the same.
    #expect(try Preprocessor.canny(low: high, high: low).map(golden("picture")) == expected)
  }

  @Test("Maps of whole numbers are OpenCV's, to the bit", arguments: ["invert", "scribble_127"])
  func wholeNumbers(_ name: String) throws {
    let preprocessor = try #require(Preprocessor(name: String(name.prefix { $0 != "_" })))
    #expect(try preprocessor.map(golden("picture")) == golden(name))
  }

  /// OpenCV rounds weights to a few bits.
  @Test(
    "Filtered maps are OpenCV's within one level",
    arguments: [
      ("blur_9", .blur(9)), ("blur_2.5", .blur(2.5)), ("lineart", .lineart), ("colour", .colour),
    ] as [(String, Preprocessor)])
  func filtered(_ name: String, _ preprocessor: Preprocessor) throws {
    try expectNear(preprocessor.map(golden("picture")), golden(name))
  }

  @Test("A smaller picture has the means of what its pixels cover", arguments: ["2.7", "4"])
  func averaged(_ rate: String) throws {
    let expected = try golden("area_\(rate)")
    try expectNear(golden("picture").averaged(width: expected.width, height: expected.height), expected)
  }

  private func expectNear(_ map: RGBImage, _ expected: RGBImage) throws {
    try #require(map.width == expected.width && map.height == expected.height)
    let differences = zip(map.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 0 <= 1)
    #expect(differences.count { $0 > 0 } * 20 < differences.count)
  }

  @Test("A picture that goes without tiles' details keeps its size, and one without a rate everything")
  func tile() throws {
    let picture = try golden("picture")
    #expect(try Preprocessor.tile(1).map(picture) == picture)
    let coarse = try Preprocessor.tile(8).map(picture)
    #expect(coarse.width == picture.width && coarse.height == picture.height && coarse != picture)
  }

  @Test("A picture of one pixel, or of one row, has maps, too", arguments: Preprocessor.names)
  func tiny(_ name: String) throws {
    for (width, height) in [(1, 1), (7, 1), (1, 9), (2, 2)] {
      let picture = try RGBImage(
        width: width, height: height, pixels: (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 * 37) })
      let map = try #require(Preprocessor(name: name)).map(picture)
      #expect(map.width == width && map.height == height)
    }
  }

  @Test("Numbers that a preprocessor has not, or cannot do, are refused")
  func numbers() {
    for (name, numbers) in [
      ("canny", [1, 2, 3]), ("canny", [-1]), ("canny", [.nan]), ("invert", [1]), ("blur", [0]), ("blur", [1e9]),
      ("tile", [0.5]),
      ("scribble", [1.5]), ("scribble", [300]), ("depth", []),
    ] as [(String, [Double])] {
      #expect(Preprocessor(name: name, numbers) == nil, "\(name) \(numbers)")
    }
    for name in Preprocessor.names {
      let preprocessor = Preprocessor(name: name)
      #expect(preprocessor?.name == name)
      #expect(preprocessor.flatMap { Preprocessor(name: name, $0.thresholds) } == preprocessor)
    }
  }
}
