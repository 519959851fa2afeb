import ImagineGraph

/// Weights in the checkpoint's layout, rounded to the element types the graph declares.
final class ReferenceWeights: DeviceWeights, @unchecked Sendable {  // Changed between runs alone.
  private var values: [String: Value]

  /// Reads every weight a graph asks for.
  ///
  /// - Throws: what `source` throws for a weight that is absent or of another size.
  init(_ source: any WeightSource, for graph: Graph) throws {
    var values: [String: Value] = [:]
    for (path, type) in graph.parameters where values[path] == nil {
      values[path] = Value(type, rounding: try source.elements(of: path, as: type))
    }
    self.values = values
  }

  func reload(_ changed: Set<String>, from source: any WeightSource) throws {
    for (path, value) in values where changed.contains(path) {
      values[path] = Value(value.type, rounding: try source.elements(of: path, as: value.type))
    }
  }

  var byteCount: Int { values.values.reduce(0) { $0 + $1.elements.count * MemoryLayout<Double>.size } }

  func value(of path: String, as type: TensorType) throws(ReferenceError) -> Value {
    guard let value = values[path] else {
      throw ReferenceError("Weight \(path) was not uploaded; upload weights for a graph of the same parameters.")
    }
    guard value.type == type else {
      throw ReferenceError("Weight \(path) was uploaded as \(value.type); the graph asks for \(type).")
    }
    return value
  }
}

extension WeightSource {
  fileprivate func elements(of path: String, as type: TensorType) throws -> [Double] {
    switch type.elementType {
    case .float32: try read(path, type, of: Float.self).map { Double($0) }
    case .float16: try read(path, type, of: UInt16.self).map { Double(HalfFloat.float($0)) }
    case .bfloat16: try read(path, type, of: UInt16.self).map { Double(BFloat16.float($0)) }
    case .int32: try read(path, type, of: Int32.self).map { Double($0) }
    }
  }

  private func read<Element: Numeric>(_ path: String, _ type: TensorType, of: Element.Type) throws -> [Element] {
    var elements = [Element](repeating: 0, count: type.shape.count)
    try elements.withUnsafeMutableBytes { try read(path, as: type.elementType, into: $0) }
    return elements
  }
}
