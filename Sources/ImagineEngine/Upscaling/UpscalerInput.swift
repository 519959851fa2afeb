internal import ImagineGraph

/// A picture as an upscaler takes it: values of 0...1, [height, width, channels], filled up at its right and lower edge by its
/// own mirror image until the network can take its size.
struct UpscalerInput {
  let width: Int, height: Int, channels: Int
  private let values: [Float]

  /// - Parameters:
  ///   - values: of the picture itself.
  ///   - multiple: what both sides become multiples of.
  init(_ values: [Float], width: Int, height: Int, channels: Int, multiple: Int) {
    let whole = (width: Self.filled(width, multiple), height: Self.filled(height, multiple))
    self.channels = channels
    (self.width, self.height) = whole
    guard whole != (width, height) else {
      self.values = values
      return
    }
    var result: [Float] = []
    result.reserveCapacity(whole.width * whole.height * channels)
    for row in 0..<whole.height {
      let y = Self.mirrored(row, height)
      for column in 0..<whole.width {
        let place = (y * width + Self.mirrored(column, width)) * channels
        result += values[place..<place + channels]
      }
    }
    self.values = result
  }

  private static func filled(_ extent: Int, _ multiple: Int) -> Int { (extent + multiple - 1) / multiple * multiple }

  /// A position beyond the end seen in the mirror that the last one is; again and again where the picture is narrow.
  private static func mirrored(_ position: Int, _ extent: Int) -> Int {
    guard extent > 1 else { return 0 }
    let period = 2 * (extent - 1), place = position % period
    return place < extent ? place : period - place
  }

  /// A window of it: [1, height, width, channels].
  func window(row: Int, column: Int, height: Int, width: Int) -> HostTensor {
    guard (height, width) != (self.height, self.width) else {
      return HostTensor([1, height, width, channels], values)
    }
    var result: [Float] = []
    result.reserveCapacity(height * width * channels)
    for y in row..<row + height {
      let start = (y * self.width + column) * channels
      result += values[start..<start + width * channels]
    }
    return HostTensor([1, height, width, channels], result)
  }
}
