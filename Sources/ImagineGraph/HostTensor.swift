/// A value on the host: what goes into a plan and what comes out of it.
///
/// Host values are 32-bit; whatever format a backend computes in, it converts at its border.
package struct HostTensor: Sendable, Hashable {
  package enum Values: Sendable, Hashable {
    case float([Float])
    case int32([Int32])
  }

  package let shape: Shape
  package let values: Values

  package init(_ shape: Shape, _ values: [Float]) {
    self.shape = shape
    self.values = .float(values)
  }

  package init(_ shape: Shape, _ values: [Int32]) {
    self.shape = shape
    self.values = .int32(values)
  }

  package var elementType: ElementType {
    switch values {
    case .float: .float32
    case .int32: .int32
    }
  }

  package var type: TensorType { TensorType(shape, elementType) }

  /// The values as floats; integers are converted.
  package var floats: [Float] {
    switch values {
    case .float(let floats): floats
    case .int32(let integers): integers.map(Float.init)
    }
  }
}
