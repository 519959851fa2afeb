package import ImagineGraph

/// How far a result is from what was expected.
package struct Comparison: Sendable, Hashable {
  /// Sum of squared errors over sum of squared expectations.
  package let normalisedMeanSquaredError: Double
  /// The largest error of an element.
  package let maxAbsolute: Double
  /// The largest magnitude that was expected.
  package let peak: Double
  /// Where the largest error is.
  package let worstIndex: Int

  /// Results of different lengths are infinitely far apart; so is a result with a NaN.
  package init(_ actual: [Float], _ expected: [Float]) {
    guard actual.count == expected.count else {
      self.init(error: .infinity, energy: 1, maxAbsolute: .infinity, peak: 0, worstIndex: 0)
      return
    }
    var error = 0.0, energy = 0.0, maxAbsolute = 0.0, peak = 0.0, worstIndex = 0
    for (index, (a, e)) in zip(actual, expected).enumerated() {
      let distance = abs(Double(a) - Double(e))
      let difference = distance.isNaN ? .infinity : distance
      error += difference * difference
      energy += Double(e) * Double(e)
      peak = max(peak, abs(Double(e)))
      if difference > maxAbsolute { (maxAbsolute, worstIndex) = (difference, index) }
    }
    self.init(error: error, energy: energy, maxAbsolute: maxAbsolute, peak: peak, worstIndex: worstIndex)
  }

  private init(error: Double, energy: Double, maxAbsolute: Double, peak: Double, worstIndex: Int) {
    normalisedMeanSquaredError = error == 0 ? 0 : error / energy
    self.maxAbsolute = maxAbsolute
    self.peak = peak
    self.worstIndex = worstIndex
  }

  /// The norm of the error over the norm of what was expected.
  package var relativeL2: Double { normalisedMeanSquaredError.squareRoot() }
}

/// How far a correct result may be from the reference.
package struct Tolerance: Sendable, Hashable {
  /// Of all elements together.
  package let normalisedMeanSquaredError: Double
  /// Of the worst element, as a part of the largest magnitude: one wrong element among a million shows here only.
  package let worstElement: Double

  package init(normalisedMeanSquaredError: Double, worstElement: Double) {
    self.normalisedMeanSquaredError = normalisedMeanSquaredError
    self.worstElement = worstElement
  }

  /// For one operation, or a block of a few, computed in a precision.
  ///
  /// - float32: a sum of 10^4 products in any order is off by about 1e-6 of its size and a mean of 100 is known to
  ///   4e-6, so 1e-5 (NMSE 1e-10) leaves room for orders of summation; a dropped tap or term costs 1e-2 and more.
  /// - bfloat16: a rounding before the last one makes some results differ by a whole unit of 8 significant bits, an
  ///   NMSE of 7e-6 (1/4 ulp^2 over a mean square of 7/3) and of 2e-5 where magnitudes halve. Attention taken apart
  ///   rounds its logits twice before the exponential, which comes to 7e-5 over 2240 tokens; 1e-4 is just above.
  /// - float16: three more bits than bfloat16, so an eighth of its errors and a 64th of their squares.
  package init(_ precision: Precision) {
    switch precision.activations {
    case .float32, .int32: self.init(normalisedMeanSquaredError: 1e-10, worstElement: 1e-4)
    case .float16: self.init(normalisedMeanSquaredError: 2e-6, worstElement: 0x1p-8)
    case .bfloat16: self.init(normalisedMeanSquaredError: 1e-4, worstElement: 0x1p-5)
    }
  }
}

extension HostTensor {
  /// What is wrong with this result, in a sentence, or nil if it is within the tolerance of the expected one.
  package func mismatch(with expected: HostTensor, _ tolerance: Tolerance) -> String? {
    guard shape == expected.shape, elementType == expected.elementType else {
      return "the result is \(type) instead of \(expected.type)"
    }
    guard floats.count == shape.count else { return "the result has \(floats.count) elements for shape \(shape)" }
    let comparison = Comparison(floats, expected.floats)
    guard
      comparison.normalisedMeanSquaredError <= tolerance.normalisedMeanSquaredError,
      comparison.maxAbsolute <= tolerance.worstElement * comparison.peak
    else {
      let index = comparison.worstIndex
      return """
        NMSE is \(comparison.normalisedMeanSquaredError) (limit \(tolerance.normalisedMeanSquaredError)); the worst \
        element, \(index) of \(shape), is \(floats[index]) instead of \(expected.floats[index])
        """
    }
    return nil
  }
}
