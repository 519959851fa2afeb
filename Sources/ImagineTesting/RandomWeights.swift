import Foundation
package import ImagineGraph

/// Weights that depend on nothing but their names and shapes.
///
/// Matrices, kernels and tables have deviation 1 / sqrt(fan-in), so that values keep their size from layer to layer;
/// vectors called `weight` (scales of norms) lie around 1 and all others (biases) around 0, with deviation 0.1.
package struct RandomWeights: WeightSource {
  private let shapes: [String: Shape]

  /// - Parameter parameters: what a graph asks for: `Graph.parameters`.
  package init(_ parameters: [(path: String, type: TensorType)]) {
    shapes = Dictionary(parameters.map { ($0.path, $0.type.shape) }) { first, _ in first }
  }

  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    guard let shape = shapes[name] else { throw WeightError("There is no weight \(name).") }
    try write(values(name, shape), name, as: type, into: destination)
  }

  /// The values of a weight of this name and shape, before they are rounded to any element type.
  package static func values(_ name: String, _ shape: Shape) -> [Float] {
    let distribution: Distribution
    if shape.rank >= 2 {
      let fanIn = shape.dimensions.dropFirst().reduce(1, *)
      distribution = .normal(deviation: 1 / Float(fanIn).squareRoot())
    } else {
      distribution = .normal(mean: name.hasSuffix("weight") ? 1 : 0, deviation: 0.1)
    }
    return distribution.tensor(TensorType(shape, .float32), seed: name).floats
  }

  private func values(_ name: String, _ shape: Shape) -> [Float] { Self.values(name, shape) }
}

/// Weights given as host values, by name.
package struct HostWeights: WeightSource {
  private let tensors: [String: HostTensor]

  package init(_ tensors: [String: HostTensor]) { self.tensors = tensors }

  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    guard let tensor = tensors[name] else { throw WeightError("There is no weight \(name).") }
    try write(tensor.floats, name, as: type, into: destination)
  }
}

/// A weight that is absent or does not fit where it is to go.
package struct WeightError: Error, Hashable, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}

extension WeightSource {
  /// Stores `values` in the format asked for.
  fileprivate func write(
    _ values: [Float], _ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer
  ) throws {
    guard destination.count == values.count * type.size else {
      throw WeightError("Weight \(name) has \(values.count) elements; \(destination.count / type.size) were asked for.")
    }
    switch type {
    case .float32: values.withUnsafeBytes { destination.copyMemory(from: $0) }
    case .float16: values.map(HalfFloat.bits).withUnsafeBytes { destination.copyMemory(from: $0) }
    case .bfloat16: values.map(BFloat16.bits).withUnsafeBytes { destination.copyMemory(from: $0) }
    case .int32: throw WeightError("Weight \(name) holds floats; integers were asked for.")
    }
  }
}
