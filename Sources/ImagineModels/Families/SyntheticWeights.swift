package import ImagineGraph

/// Weights made on the spot, for measuring a model of which only the structure is at hand.
///
/// A weight depends on nothing but its path and shape. Matrices and kernels are uniform with deviation 1 / sqrt(fan-in),
/// so that values keep their size from layer to layer; scales of norms (vectors called `weight`) lie around 1, biases
/// around 0. All are 16-bit floats, as most checkpoints have them. A billion of them take about a second: random are the
/// first 65521 elements, the rest repeats them. That is a prime, so rows and columns of a matrix differ all the same.
package struct SyntheticWeights: WeightSource {
  private static let period = 65521

  private let shapes: [String: Shape]

  /// - Parameter shapes: by path.
  package init(_ shapes: [String: Shape]) { self.shapes = shapes }

  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    guard let shape = shapes[name] else {
      throw GraphError("\(name): there is no such weight in this structure")
    }
    guard destination.count == shape.count * type.size else {
      throw GraphError("\(name): \(destination.count / type.size) elements were asked for of \(shape)")
    }
    let values = Self.values(name, shape)
    switch type {
    case .float32: Self.repeating(values, in: destination)
    case .float16: Self.repeating(values.map(HalfFloat.bits), in: destination)
    case .bfloat16: Self.repeating(values.map(BFloat16.bits), in: destination)
    case .int32: throw GraphError("\(name): a weight holds no integers")
    }
  }

  package func storedType(_ name: String) -> ElementType? { shapes[name] == nil ? nil : .float16 }

  private static func values(_ name: String, _ shape: Shape) -> [Float] {
    let middle: Float = shape.rank == 1 && name.hasSuffix(".weight") ? 1 : 0
    let fanIn = shape.dimensions.dropFirst().reduce(1, *)
    // Uniform numbers of -1...1 have deviation 1 / sqrt 3.
    let reach = shape.rank == 1 ? 0.1 : (3 / Float(fanIn)).squareRoot()
    var generator = HashedStream(name)
    return (0..<min(shape.count, period)).map { _ in HalfFloat.rounded(middle + reach * generator.next()) }
  }

  private static func repeating<Element>(_ block: [Element], in destination: UnsafeMutableRawBufferPointer) {
    block.withUnsafeBytes { block in
      for start in stride(from: 0, to: destination.count, by: max(block.count, 1)) {
        let length = min(block.count, destination.count - start)
        UnsafeMutableRawBufferPointer(rebasing: destination[start..<start + length])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<length]))
      }
    }
  }
}

/// Numbers of -1...1 that depend on a name alone: 64-bit FNV-1a, then SplitMix64 (Steele, Lea and Flood, 2014).
private struct HashedStream {
  private var state: UInt64

  init(_ name: String) {
    state = fnv1a(name.utf8)
  }

  mutating func next() -> Float {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return Float(Int64(bitPattern: mixed) >> 40) * 0x1p-23
  }
}

extension DiffusionModel {
  /// A model of a structure, complete with weights made on the spot.
  package static func synthetic(
    _ structure: SyntheticStructure
  ) -> (model: DiffusionModel, weights: SyntheticWeights) {
    let nothing = CheckpointLayout(shapes: [:], configurations: [:])
    let shapes = DiffusionModel(structure.configuration, nothing).parameters
    return (
      DiffusionModel(structure.configuration, CheckpointLayout(shapes: shapes, configurations: [:])),
      SyntheticWeights(shapes)
    )
  }
}

extension Graph {
  /// Values for all inputs: numbers of deviation 1, and small integers.
  package func syntheticInputs() throws -> [String: HostTensor] {
    var tensors: [String: HostTensor] = [:]
    for (name, type) in inputs {
      let count = type.shape.count
      switch type.elementType {
      case .int32: tensors[name] = HostTensor(type.shape, (0..<count).map { Int32($0 % 1000) })
      case .float32, .float16, .bfloat16:
        var values = [Float](repeating: 0, count: count)
        // A column has one weight per row: deviation 1.
        let source = SyntheticWeights([name: [count, 1]])
        try values.withUnsafeMutableBytes { try source.read(name, as: .float32, into: $0) }
        tensors[name] = HostTensor(type.shape, values)
      }
    }
    return tensors
  }
}
