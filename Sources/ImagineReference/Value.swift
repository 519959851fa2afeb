import ImagineGraph

/// A value between two operations, row-major.
///
/// Elements are held as `Double`, which carries every number of every element type exactly; `type` says which numbers
/// can occur.
struct Value {
  let type: TensorType
  let elements: [Double]

  /// Stores the exact result of an operation as a backend would: rounded once, to the element type.
  init(_ type: TensorType, rounding exact: [Double]) {
    self.type = type
    switch type.elementType {
    case .float32: elements = exact.map { Double(Float($0)) }
    case .float16: elements = exact.map { Double(HalfFloat.rounded(Float($0))) }
    case .bfloat16: elements = exact.map { Double(BFloat16.rounded(Float($0))) }
    case .int32: elements = exact
    }
  }

  var shape: Shape { type.shape }
  /// The innermost extent.
  var channels: Int { type.shape.last }
  /// How many vectors of `channels` elements there are.
  var rows: Int { channels == 0 ? 0 : elements.count / channels }

  /// The value as the host sees it.
  var host: HostTensor {
    switch type.elementType {
    case .float32, .float16, .bfloat16: HostTensor(shape, elements.map { Float($0) })
    case .int32: HostTensor(shape, elements.map { Int32($0) })
    }
  }
}

extension Value {
  /// Takes in a value fed by the host.
  ///
  /// - Throws: `ReferenceError` if it is not what the graph declares under this name.
  init(_ tensor: HostTensor, as type: TensorType, name: String) throws(ReferenceError) {
    guard tensor.shape == type.shape else {
      throw ReferenceError("Input \(name) has shape \(tensor.shape); the graph was traced for \(type.shape).")
    }
    guard (tensor.elementType == .int32) == (type.elementType == .int32) else {
      throw ReferenceError("Input \(name) holds \(tensor.elementType); the graph was traced for \(type.elementType).")
    }
    let elements: [Double]
    switch tensor.values {
    case .float(let floats): elements = floats.map { Double($0) }
    case .int32(let integers): elements = integers.map { Double($0) }
    }
    guard elements.count == type.shape.count else {
      throw ReferenceError("Input \(name) has \(elements.count) elements; its shape \(type.shape) needs others.")
    }
    self.init(type, rounding: elements)
  }
}
