internal import Foundation

/// Latents brought to another size, as torch's `interpolate(size:)` does on the processor, without aligned corners.
package struct LatentResampling: Sendable, Hashable {
  package enum Filter: Sendable, Hashable {
    /// The value at the upper left corner of each place: torch's `nearest`.
    case nearest
    /// The value in the middle of each place: `nearest-exact`.
    case nearestExact
    case bilinear
    case bicubic
  }

  package let filter: Filter
  /// Whether the filter grows where latents become smaller: torch's `antialias`. Also where they become larger, bicubic is
  /// another filter then: Keys' with a = -0.5 instead of -0.75. The nearest value has no such form, and stays.
  package let isAntialiased: Bool

  package init(_ filter: Filter, isAntialiased: Bool = false) {
    self.filter = filter
    self.isAntialiased = isAntialiased
  }

  /// Returns [channels, height, width] values of another size.
  ///
  /// Throws `ImageError.invalidSize` if a size is empty or the counts do not agree.
  package func resampled(
    _ values: [Float], channels: Int, from old: (width: Int, height: Int), to new: (width: Int, height: Int)
  ) throws(ImageError) -> [Float] {
    try RGBImage.checkSize(width: old.width, height: old.height)
    try RGBImage.checkSize(width: new.width, height: new.height)
    let (count, overflows) = (old.width * old.height).multipliedReportingOverflow(by: channels)
    guard !overflows, count == values.count else {
      throw .invalidSize(width: old.width, height: old.height, values: values.count)
    }
    let columns = taps(old.width, new.width), rows = taps(old.height, new.height)
    var result: [Float] = []
    result.reserveCapacity(channels * new.width * new.height)
    for channel in 0..<channels {
      let plane = values[channel * old.width * old.height..<(channel + 1) * old.width * old.height]
      let wide = Self.alongRows(Array(plane), width: old.width, height: old.height, columns)
      result += Self.alongColumns(wide, width: new.width, rows)
    }
    return result
  }

  private static func alongRows(_ plane: [Float], width: Int, height: Int, _ taps: FilterTaps<Float>) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(height * taps.count)
    for y in 0..<height {
      for x in 0..<taps.count {
        var sum: Float = 0, place = y * width + taps.starts[x]
        for weight in taps.offsets[x]..<taps.offsets[x + 1] {
          sum += plane[place] * taps.weights[weight]
          place += 1
        }
        result.append(sum)
      }
    }
    return result
  }

  private static func alongColumns(_ plane: [Float], width: Int, _ taps: FilterTaps<Float>) -> [Float] {
    var result = [Float](repeating: 0, count: width * taps.count)
    for y in 0..<taps.count {
      for (row, weight) in zip(taps.starts[y]..., taps.offsets[y]..<taps.offsets[y + 1]) {
        for x in 0..<width { result[y * width + x] += plane[row * width + x] * taps.weights[weight] }
      }
    }
    return result
  }

  private func taps(_ length: Int, _ size: Int) -> FilterTaps<Float> {
    let scale = Float(length) / Float(size)
    var taps = FilterTaps<Float>()
    for index in 0..<size {
      switch (filter, isAntialiased) {
      case (.nearest, _): taps.append(start: min(Int(Float(index) * scale), length - 1), [1])
      case (.nearestExact, _): taps.append(start: min(Int((Float(index) + 0.5) * scale), length - 1), [1])
      case (.bilinear, false): taps.appendLinear(index, scale, length)
      case (.bicubic, false): taps.appendCubic(index, scale, length)
      case (.bilinear, true): taps.appendAntialiased(index, scale, length, support: 1) { max(1 - $0, 0) }
      case (.bicubic, true): taps.appendAntialiased(index, scale, length, support: 2) { Self.cubic($0, a: -0.5) }
      }
    }
    return taps
  }

  /// Keys' cubic, of the distance from its middle.
  fileprivate static func cubic(_ x: Float, a: Float) -> Float {
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}

extension FilterTaps<Float> {
  fileprivate mutating func appendLinear(_ index: Int, _ scale: Float, _ length: Int) {
    let place = Swift.max(scale * (Float(index) + 0.5) - 0.5, 0)
    let first = Swift.min(Int(place), length - 1)
    let share = Swift.min(place - Float(first), 1)
    append(start: first, first < length - 1 ? [1 - share, share] : [1])
  }

  /// Four values around the place; those beyond an end are the value at the end.
  fileprivate mutating func appendCubic(_ index: Int, _ scale: Float, _ length: Int) {
    let place = scale * (Float(index) + 0.5) - 0.5
    let middle = place.rounded(.down)
    let share = place - middle
    let start = Int(middle) - 1
    let kept = Swift.min(Swift.max(start, 0), length - 1)...Swift.min(Swift.max(start + 3, 0), length - 1)
    var weights = [Float](repeating: 0, count: kept.count)
    for (offset, distance) in [1 + share, share, 1 - share, 2 - share].enumerated() {
      let place = Swift.min(Swift.max(start + offset, kept.lowerBound), kept.upperBound)
      weights[place - kept.lowerBound] += LatentResampling.cubic(distance, a: -0.75)
    }
    append(start: kept.lowerBound, weights)
  }

  fileprivate mutating func appendAntialiased(
    _ index: Int, _ scale: Float, _ length: Int, support: Float, _ filter: (Float) -> Float
  ) {
    let stretch = Swift.max(scale, 1)
    let centre = scale * (Float(index) + 0.5)
    let start = Swift.max(Int(centre - support * stretch + 0.5), 0)
    let end = Swift.max(Swift.min(Int(centre + support * stretch + 0.5), length), start)
    let weights = (start..<end).map { filter(Swift.abs(Float($0) - centre + 0.5) / stretch) }
    let sum = weights.reduce(0, +)
    append(start: start, sum == 0 ? weights : weights.map { $0 / sum })
  }
}
