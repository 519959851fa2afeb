package import ImagineGraph

/// Weights of which some are multiplied by a number as they are read.
package struct ScaledWeights: WeightSource {
  private let weights: any WeightSource
  private let factors: [String: Float]

  /// - Parameter factors: by path.
  package init(_ weights: any WeightSource, factors: [String: Float]) {
    self.weights = weights
    self.factors = factors
  }

  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    let count = destination.count / type.size
    try read(name, as: type, elements: 0..<count, of: count, into: destination)
  }

  package func read(
    _ name: String, as type: ElementType, elements: Range<Int>, of count: Int,
    into destination: UnsafeMutableRawBufferPointer
  ) throws {
    guard let factor = factors[name] else {
      return try weights.read(name, as: type, elements: elements, of: count, into: destination)
    }
    var values = [Float](repeating: 0, count: elements.count)
    try values.withUnsafeMutableBytes {
      try weights.read(name, as: .float32, elements: elements, of: count, into: $0)
    }
    guard destination.count == values.count * type.size else {
      throw GraphError("\(name): \(destination.count) bytes are no room for \(values.count) elements of \(type)")
    }
    // Rounded once, from what the file has.
    for (index, value) in values.enumerated() {
      switch type {
      case .float32: destination.storeBytes(of: value * factor, toByteOffset: 4 * index, as: Float.self)
      case .float16:
        destination.storeBytes(of: HalfFloat.bits(value * factor), toByteOffset: 2 * index, as: UInt16.self)
      case .bfloat16:
        destination.storeBytes(of: BFloat16.bits(value * factor), toByteOffset: 2 * index, as: UInt16.self)
      case .int32: throw GraphError("\(name): a weight that is multiplied holds no integers")
      }
    }
  }

  package func storedType(_ name: String) -> ElementType? { factors[name] == nil ? weights.storedType(name) : nil }

  package func lend<Result>(
    _ name: String, count: Int, _ body: (ElementType, UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? { factors[name] == nil ? try weights.lend(name, count: count, body) : nil }
}
