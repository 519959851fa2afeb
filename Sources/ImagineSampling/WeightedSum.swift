import Foundation

/// `a * x + b * y`, element by element: the one piece of array arithmetic that sampling is made of.
///
/// Arrays of different lengths give the shorter one's length.
func weightedSum(_ a: Float, _ x: [Float], _ b: Float, _ y: [Float]) -> [Float] {
  let count = min(x.count, y.count)
  return [Float](unsafeUninitializedCapacity: count) { sum, initialized in
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        for index in 0..<count { sum.initializeElement(at: index, to: a * x[index] + b * y[index]) }
      }
    }
    initialized = count
  }
}

/// `x` with further arrays added, each times its factor, element by element.
func weightedSum(_ a: Float, _ x: [Float], _ terms: [(factor: Double, values: [Float])]) -> [Float] {
  terms.reduce(scaled(x, by: a)) { weightedSum(1, $0, Float($1.factor), $1.values) }
}

/// `factor * x`, element by element.
func scaled(_ x: [Float], by factor: Float) -> [Float] {
  factor == 1 ? x : x.map { $0 * factor }
}

/// The noise in latents, as a model of noise would give it: `(x - denoised) / sigma`.
func noiseDirection(_ x: [Float], _ denoised: [Float], _ sigma: Float) -> [Float] {
  weightedSum(1 / sigma, x, -1 / sigma, denoised)
}

/// How far a step goes in `lambda = -log(sigma)`; infinite to a level of 0.
func logarithmicWidth(from sigma: Float, to next: Float) -> Double {
  next > 0 ? log(Double(sigma)) - log(Double(next)) : .infinity
}
