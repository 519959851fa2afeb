/// Conversions between binary32 and IEEE 754 binary16: 5 exponent bits with bias 15, 10 mantissa bits.
///
/// Integer arithmetic and selects instead of `Float16` or tables: loops over these vectorise on every processor, also where
/// the compiler may not assume half-precision instructions. Subnormals go by way of normal numbers, so that a thread which
/// flushes subnormals to zero converts the same values.
package enum HalfFloat {
  /// Rounds to the nearest binary16, ties to even; what is too large becomes infinite and every NaN the quiet NaN 0x7e00.
  @inlinable @inline(__always)
  package static func bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits &>> 16) & 0x8000
    let magnitude = bits & 0x7fff_ffff
    // Beside 0.5 a float's last place is 2^-24, a subnormal binary16's.
    let small = (Float(bitPattern: magnitude) + 0.5).bitPattern &- (0.5 as Float).bitPattern
    let rounded = (magnitude &- (127 - 15) &<< 23 &+ 0xfff &+ (magnitude &>> 13 & 1)) &>> 13
    // 65520, halfway between the largest binary16 and the next power of two, rounds up.
    let normal = magnitude >= 0x477f_f000 ? 0x7c00 : rounded
    let finite = magnitude < (127 - 14) &<< 23 ? small : normal
    return sign | UInt16(truncatingIfNeeded: magnitude > 0x7f80_0000 ? 0x7e00 : finite)
  }

  /// Every NaN becomes quiet, as the processors' own conversions make it.
  @inlinable @inline(__always)
  package static func float(_ bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7fff) &<< 13
    let sign = UInt32(bits & 0x8000) &<< 16
    // 2^-14, the smallest normal, as a binary32.
    let smallest: UInt32 = 113 &<< 23
    let subnormal = (Float(bitPattern: smallest | magnitude) - Float(bitPattern: smallest)).bitPattern
    let normal = magnitude &+ (127 - 15) &<< 23
    let special = magnitude | (magnitude > 31 &<< 23 ? 0x7fc0_0000 : 0x7f80_0000)
    let finite = magnitude < 1 &<< 23 ? subnormal : normal
    return Float(bitPattern: sign | (magnitude >= 31 &<< 23 ? special : finite))
  }

  /// The value that survives a trip through binary16.
  @inlinable package static func rounded(_ value: Float) -> Float { float(bits(value)) }
}
