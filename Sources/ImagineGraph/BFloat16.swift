/// Conversions between binary32 and bfloat16, the upper half of a binary32.
package enum BFloat16 {
  /// Rounds to the nearest bfloat16, ties to even, as PyTorch does; every NaN becomes the quiet NaN 0x7fc0.
  @inlinable @inline(__always)
  package static func bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return 0x7fc0 }
    let rounding = 0x7fff + ((bits >> 16) & 1)
    return UInt16(truncatingIfNeeded: (bits &+ rounding) >> 16)
  }

  @inlinable @inline(__always)
  package static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// The value that survives a trip through bfloat16.
  @inlinable package static func rounded(_ value: Float) -> Float { float(bits(value)) }
}
