import ImagineGraph

/// A number as a file stores it, and how it reads as a binary32.
///
/// The float formats are decoded as `HalfFloat` does it and for its reasons: with integer arithmetic and selects.
protocol StoredNumber {
  associatedtype Bits: FixedWidthInteger & BitwiseCopyable
  static func float(_ bits: Bits) -> Float
}

/// Formats kept under one name; nothing here is ever created.
enum Stored {
  enum Float64: StoredNumber {
    static func float(_ bits: UInt64) -> Float { Float(Double(bitPattern: bits)) }
  }

  enum Float32: StoredNumber {
    static func float(_ bits: UInt32) -> Float { Float(bitPattern: bits) }
  }

  enum Float16: StoredNumber {
    static func float(_ bits: UInt16) -> Float { HalfFloat.float(bits) }
  }

  enum BFloat16: StoredNumber {
    static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) &<< 16) }
  }

  /// 4 exponent bits with bias 7, 3 mantissa bits, no infinities, one NaN per sign.
  enum Float8E4M3: StoredNumber {
    static func float(_ bits: UInt8) -> Float {
      let magnitude = UInt32(bits & 0x7F) &<< 20
      let sign = UInt32(bits & 0x80) &<< 24
      // 2^-6, the smallest normal, as a binary32.
      let smallest: UInt32 = 121 &<< 23
      let subnormal = (Float(bitPattern: smallest | magnitude) - Float(bitPattern: smallest)).bitPattern
      let normal = magnitude &+ (127 - 7) &<< 23
      let finite = magnitude < 1 &<< 23 ? subnormal : normal
      return Float(bitPattern: sign | (bits & 0x7F == 0x7F ? 0x7FC0_0000 : finite))
    }
  }

  /// The upper half of a binary16.
  enum Float8E5M2: StoredNumber {
    static func float(_ bits: UInt8) -> Float { Float16.float(UInt16(bits) &<< 8) }
  }

  /// Any integer format; a bool is stored as the bytes 0 and 1.
  enum Integer<Bits: FixedWidthInteger & BitwiseCopyable>: StoredNumber {
    static func float(_ bits: Bits) -> Float { Float(bits) }
  }
}
