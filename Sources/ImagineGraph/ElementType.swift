/// The number formats a graph's values can have.
package enum ElementType: String, Sendable, Hashable, CaseIterable {
  /// IEEE 754 binary32.
  case float32
  /// IEEE 754 binary16: 5 exponent bits, 10 stored mantissa bits.
  case float16
  /// The upper half of a binary32: 8 exponent bits, 7 stored mantissa bits.
  case bfloat16
  /// Signed 32-bit integers: token ids.
  case int32

  /// Bytes of one element.
  package var size: Int {
    switch self {
    case .float32, .int32: 4
    case .float16, .bfloat16: 2
    }
  }
}
