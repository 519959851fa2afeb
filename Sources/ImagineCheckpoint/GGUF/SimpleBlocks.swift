/// Blocks of 32 elements with one scale, some with a smallest value too. Elements of 4 bits and more: the low halves of the
/// bytes are the first 16, the high halves the others.
extension Quantised {
  enum Q4_0: QuantisedBlock {
    static let elements = 32, bytes = 18

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(0)
      for i in 0..<16 {
        let byte = block.byte(2 + i)
        values[i] = Float(Int32(byte & 15) &- 8) * scale
        values[i + 16] = Float(Int32(byte >> 4) &- 8) * scale
      }
    }
  }

  enum Q4_1: QuantisedBlock {
    static let elements = 32, bytes = 20

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(0), least = block.half(2)
      for i in 0..<16 {
        let byte = block.byte(4 + i)
        values[i] = Float(byte & 15) * scale + least
        values[i + 16] = Float(byte >> 4) * scale + least
      }
    }
  }

  enum Q5_0: QuantisedBlock {
    static let elements = 32, bytes = 22

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(0)
      let high = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
      for i in 0..<16 {
        let byte = block.byte(6 + i)
        values[i] = Float(Int32(fifth(byte & 15, high, i)) &- 16) * scale
        values[i + 16] = Float(Int32(fifth(byte >> 4, high, i + 16)) &- 16) * scale
      }
    }
  }

  enum Q5_1: QuantisedBlock {
    static let elements = 32, bytes = 24

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(0), least = block.half(2)
      let high = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      for i in 0..<16 {
        let byte = block.byte(8 + i)
        values[i] = Float(fifth(byte & 15, high, i)) * scale + least
        values[i + 16] = Float(fifth(byte >> 4, high, i + 16)) * scale + least
      }
    }
  }

  enum Q8_0: QuantisedBlock {
    static let elements = 32, bytes = 34

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(0)
      for i in 0..<32 { values[i] = Float(Int8(bitPattern: block.byte(2 + i))) * scale }
    }
  }

  /// The steps are not equal: they lie closer where weights do.
  enum IQ4_NL: QuantisedBlock {
    static let elements = 32, bytes = 18

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(0)
      for i in 0..<16 {
        let byte = block.byte(2 + i)
        values[i] = unequalStep(byte & 15) * scale
        values[i + 16] = unequalStep(byte >> 4) * scale
      }
    }
  }

  /// Four bits and, as the fifth, one of those that the block has apart.
  @inline(__always)
  private static func fifth(_ low: UInt8, _ high: UInt32, _ index: Int) -> UInt32 {
    UInt32(low) | (high >> UInt32(index) & 1) << 4
  }

  /// The value that four bits stand for in the formats with unequal steps.
  @inline(__always)
  static func unequalStep(_ bits: UInt8) -> Float {
    // Sixteen bytes, the first value in the lowest of the first word.
    let low: UInt64 = 0xF6EA_DDCF_BFAD_9881, high: UInt64 = 0x7159_4535_2619_0D01
    let word = bits < 8 ? low : high
    return Float(Int8(truncatingIfNeeded: word >> (UInt64(bits & 7) &* 8)))
  }
}
