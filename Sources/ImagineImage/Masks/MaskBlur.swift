internal import Foundation

extension MaskImage {
  /// The mask with its edges softened by a Gaussian of this width, in pixels, as A1111 does it: OpenCV's `GaussianBlur`
  /// with a kernel of 2 int(2.5 b + 0.5) + 1, along rows, then along columns, each rounded to 8 bits.
  package func blurred(_ sigma: Double) -> MaskImage {
    guard sigma > 0, sigma.isFinite else { return self }
    // Far beyond what softens an edge, and within what can be computed.
    let kernel = Self.kernel(min(sigma, 1000))
    let rows = convolved(kernel, lines: height, length: width, step: 1, lineStep: width)
    return rows.convolved(kernel, lines: width, length: height, step: width, lineStep: 1)
  }

  /// OpenCV's Gaussian kernel for 8 bits: parts of 256 whose rounding errors are handed on to the next, so that they sum
  /// to 256 (`getGaussianKernelFixedPoint_ED`).
  private static func kernel(_ sigma: Double) -> [Int] {
    let radius = Int(2.5 * sigma + 0.5)
    let values = (0..<radius).map { index -> Double in
      let place = Double(2 * (index - radius))
      return exp(place * place * (-0.125 / (sigma * sigma)))
    }
    let scale = 1 / (2 * values.reduce(0, +) + 1)
    var error = 0.0
    let side = values.map { value -> Int in
      let wanted = value * scale * 256 + error
      let given = wanted.rounded(.toNearestOrEven)
      error = wanted - given
      return Int(given)
    }
    return side + [256 - 2 * side.reduce(0, +)] + side.reversed()
  }

  private func convolved(_ kernel: [Int], lines: Int, length: Int, step: Int, lineStep: Int) -> MaskImage {
    let radius = kernel.count / 2
    // Every place that a line is read at, mirrored at its ends without repeating them.
    let places = (-radius..<length + radius).map { Self.mirrored($0, length) * step }
    var result = values
    for line in 0..<lines {
      let start = line * lineStep
      for place in 0..<length {
        var sum = 128
        for (index, weight) in kernel.enumerated() { sum += weight * Int(values[start + places[place + index]]) }
        result[start + place * step] = UInt8(clamping: sum >> 8)
      }
    }
    return MaskImage(self, values: result)
  }

  /// OpenCV's `BORDER_REFLECT_101`: 2 1 0 1 2.
  private static func mirrored(_ place: Int, _ length: Int) -> Int {
    guard length > 1 else { return 0 }
    let period = 2 * (length - 1)
    let phase = ((place % period) + period) % period
    return min(phase, period - phase)
  }
}
