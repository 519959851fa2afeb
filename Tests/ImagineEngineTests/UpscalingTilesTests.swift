import Testing

@testable import ImagineEngine

/// The windows in which pictures are made larger.
struct UpscalingTilesTests {
  struct Case: CustomTestStringConvertible {
    let extent: Int, longest: Int, overlap: Int, multiple: Int
    var testDescription: String { "\(extent) by \(longest), overlap \(overlap), multiples of \(multiple)" }
  }

  static let cases: [Case] = {
    var cases: [Case] = []
    for (overlap, multiple) in [(16, 1), (16, 8), (10, 1), (32, 2), (14, 7), (2, 1)] {
      for longest in [32, 48, 96, 192, 288] {
        for extent in [1, 7, 31, 32, 33, 47, 64, 65, 100, 191, 193, 512, 1000, 1023] {
          let filled = (extent + multiple - 1) / multiple * multiple
          cases.append(Case(extent: filled, longest: longest, overlap: overlap, multiple: multiple))
        }
      }
    }
    return cases
  }()

  @Test func windowsCoverThePictureAndCountOneTogether() {
    for wanted in Self.cases {
      let axis = UpscalingTiles.Axis(
        extent: wanted.extent, longest: wanted.longest, overlap: wanted.overlap, multiple: wanted.multiple)
      #expect(axis.window % wanted.multiple == 0 && axis.starts.allSatisfy { $0 % wanted.multiple == 0 }, "\(wanted)")
      #expect(axis.window <= max(wanted.longest, wanted.multiple), "\(wanted): \(axis.window)")
      #expect(axis.starts.allSatisfy { $0 >= 0 && $0 + axis.window <= wanted.extent }, "\(wanted)")
      let scale = 3
      var sums = [Float](repeating: 0, count: wanted.extent * scale)
      for (index, start) in axis.starts.enumerated() {
        for (position, weight) in axis.weights(index, scale: scale).enumerated() {
          sums[start * scale + position] += weight
        }
      }
      #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 }, "\(wanted): \(axis.starts) of \(axis.window)")
    }
  }

  /// At its own edge, where a network has seen zeros in place of the picture, a window counts nothing.
  @Test func windowsDoNotCountAtTheirOwnEdges() {
    let axis = UpscalingTiles.Axis(extent: 512, longest: 192, overlap: 16, multiple: 1)
    #expect(axis.starts.count == 3 && axis.window == 192)
    for index in axis.starts.indices {
      let weights = axis.weights(index, scale: 4)
      #expect((weights.prefix(4 * 7).allSatisfy { $0 == 0 }) == (index > 0))
      #expect((weights.suffix(4 * 7).allSatisfy { $0 == 0 }) == (index + 1 < axis.starts.count))
    }
  }
}
