/// Blocks of 256 elements: groups of 16 or 32, each with a small scale that is a multiple of the block's.
extension Quantised {
  enum Q2_K: QuantisedBlock {
    static let elements = 256, bytes = 84

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(80), least = block.half(82)
      for group in 0..<16 {
        let (half, run, lane) = place(of: group), byte = block.byte(group), from = 16 + half * 32 + lane
        let step = scale * Float(byte & 15), offset = least * Float(byte >> 4)
        for i in 0..<16 {
          values[group * 16 + i] = step * Float(block.byte(from + i) >> UInt8(2 * run) & 3) - offset
        }
      }
    }
  }

  enum Q3_K: QuantisedBlock {
    static let elements = 256, bytes = 110

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(108)
      for group in 0..<16 {
        let (half, run, lane) = place(of: group)
        let low = group < 8 ? block.byte(96 + group) & 15 : block.byte(88 + group) >> 4
        let high = block.byte(104 + group % 4) >> UInt8(group / 4 * 2) & 3
        let step = scale * Float(Int32(low | high << 4) &- 32)
        for i in 0..<16 {
          let bits = block.byte(32 + half * 32 + lane + i) >> UInt8(2 * run) & 3
          let third = block.byte(lane + i) >> UInt8(4 * half + run) & 1
          values[group * 16 + i] = step * Float(Int32(bits | third << 2) &- 4)
        }
      }
    }
  }

  enum Q4_K: QuantisedBlock {
    static let elements = 256, bytes = 144

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      for group in 0..<8 {
        let (step, offset) = stepAndOffset(block, group)
        for i in 0..<32 {
          let byte = block.byte(16 + group / 2 * 32 + i)
          values[group * 32 + i] = step * Float(group % 2 == 0 ? byte & 15 : byte >> 4) - offset
        }
      }
    }
  }

  enum Q5_K: QuantisedBlock {
    static let elements = 256, bytes = 176

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      for group in 0..<8 {
        let (step, offset) = stepAndOffset(block, group)
        for i in 0..<32 {
          let byte = block.byte(48 + group / 2 * 32 + i), fifth = block.byte(16 + i) >> UInt8(group) & 1
          values[group * 32 + i] = step * Float((group % 2 == 0 ? byte & 15 : byte >> 4) | fifth << 4) - offset
        }
      }
    }
  }

  enum Q6_K: QuantisedBlock {
    static let elements = 256, bytes = 210

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(208)
      for group in 0..<16 {
        let (half, run, lane) = place(of: group)
        let step = scale * Float(Int8(bitPattern: block.byte(192 + group)))
        for i in 0..<16 {
          let byte = block.byte(half * 64 + run % 2 * 32 + lane + i)
          let low = run < 2 ? byte & 15 : byte >> 4
          let high = block.byte(128 + half * 32 + lane + i) >> UInt8(2 * run) & 3
          values[group * 16 + i] = step * Float(Int32(low | high << 4) &- 32)
        }
      }
    }
  }

  enum IQ4_XS: QuantisedBlock {
    static let elements = 256, bytes = 136

    static func read(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
      let scale = block.half(0)
      let highs = UInt16(littleEndian: block.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
      for group in 0..<8 {
        let low = block.byte(4 + group / 2) >> UInt8(group % 2 * 4) & 15
        let high = UInt8(truncatingIfNeeded: highs >> UInt16(2 * group) & 3)
        let step = scale * Float(Int32(low | high << 4) &- 32)
        for i in 0..<16 {
          let byte = block.byte(8 + group * 16 + i)
          values[group * 32 + i] = step * unequalStep(byte & 15)
          values[group * 32 + i + 16] = step * unequalStep(byte >> 4)
        }
      }
    }
  }

  /// Where a group of 16 lies: of each half of the block, four runs of 32 elements share bytes, some bits a run.
  @inline(__always)
  private static func place(of group: Int) -> (half: Int, run: Int, lane: Int) {
    (group / 8, group % 8 / 2, group % 2 * 16)
  }

  /// Six bits each of scale and offset of a group of 32, from twelve bytes behind the block's own two.
  @inline(__always)
  private static func stepAndOffset(_ block: UnsafeRawPointer, _ group: Int) -> (step: Float, offset: Float) {
    let scale: UInt8, offset: UInt8
    if group < 4 {
      (scale, offset) = (block.byte(4 + group) & 63, block.byte(8 + group) & 63)
    } else {
      scale = block.byte(8 + group) & 15 | (block.byte(group) >> 6) << 4
      offset = block.byte(8 + group) >> 4 | (block.byte(4 + group) >> 6) << 4
    }
    return (block.half(0) * Float(scale), block.half(2) * Float(offset))
  }
}
