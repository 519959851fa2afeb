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

/// `factor * x`, element by element.
func scaled(_ x: [Float], by factor: Float) -> [Float] {
  factor == 1 ? x : x.map { $0 * factor }
}
