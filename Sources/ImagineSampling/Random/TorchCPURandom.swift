import Foundation

/// The normal numbers of `torch.randn` in float32 on the CPU.
///
/// Matches torch's `CPUGeneratorImpl` and `normal_` kernels value for value, within 1e-6: torch's vectorised `log`, `sin`
/// and `cos` differ from the C library's in the last bit. Only the low 32 bits of a seed count, as in torch.
package struct TorchCPURandom: RandomGenerator {
  /// Draws of at least this many numbers go through the blocked algorithm, smaller ones through the scalar one.
  private static let blockSize = 16

  private var engine: MersenneTwister
  /// The second number of the last Box-Muller pair made one by one. Blocked draws neither use nor clear it.
  private var spare: Double?

  package init(seed: UInt64) {
    engine = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
  }

  package mutating func randn(_ count: Int) -> [Float] {
    guard count >= Self.blockSize else {
      return (0..<max(count, 0)).map { _ in Float(scalar()) }
    }
    var values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer.initializeElement(at: index, to: uniform()) }
      initialized = count
    }
    for start in stride(from: 0, through: count - Self.blockSize, by: Self.blockSize) {
      Self.transform(&values, from: start)
    }
    if count % Self.blockSize != 0 {
      // The incomplete block is not filled up: the last 16 values are drawn anew, over the end of the block before.
      let start = count - Self.blockSize
      for index in start..<count { values[index] = uniform() }
      Self.transform(&values, from: start)
    }
    return values
  }

  /// A full turn, from pi rounded to nearest as in torch; `Float.pi` is rounded towards zero.
  private static let turn = 2 * Float(Double.pi)

  /// Box-Muller on 16 uniform numbers: the first eight are radii, the last eight angles.
  private static func transform(_ values: inout [Float], from start: Int) {
    values.withUnsafeMutableBufferPointer { values in
      for first in start..<(start + blockSize / 2) {
        let second = first + blockSize / 2
        let radius = sqrt(-2 * log(1 - values[first]))
        let angle = turn * values[second]
        values[first] = radius * cos(angle)
        values[second] = radius * sin(angle)
      }
    }
  }

  /// One normal number in double precision, made in pairs of which the second is kept for the next call.
  private mutating func scalar() -> Double {
    if let value = spare {
      spare = nil
      return value
    }
    let angle = 2 * Double.pi * uniformDouble()
    let radius = sqrt(-2 * log1p(-uniformDouble()))
    spare = radius * sin(angle)
    return radius * cos(angle)
  }

  /// A uniform number in [0, 1) with 24 random bits.
  private mutating func uniform() -> Float {
    Float(engine.next() & 0xff_ffff) * 0x1p-24
  }

  /// A uniform number in [0, 1) with 53 random bits.
  private mutating func uniformDouble() -> Double {
    Double(engine.next64() & (1 << 53 - 1)) * 0x1p-53
  }
}
