import Foundation

/// The normal numbers of `torch.randn` on a CUDA device, made on the host.
///
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) with cuRAND's Box-Muller transform, in
/// the form of A1111's "NV" noise source: every draw counts its elements from zero and takes the next offset. A real device
/// gives the same numbers as long as one draw has no more elements than the device runs threads (43,008 on one with 28
/// multiprocessors, which is enough for latents of 768x768 pixels); beyond that its numbers depend on the device.
package struct PhiloxRandom: RandomGenerator {
  /// Four words; a tuple, because the rounds mix lanes in a way that vectors are slow at.
  typealias Block = (UInt32, UInt32, UInt32, UInt32)

  private let key: (UInt32, UInt32)
  /// How many draws this generator has made.
  private var offset: UInt32 = 0

  package init(seed: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }

  package mutating func randn(_ count: Int) -> [Float] {
    let count = max(count, 0)
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count {
        let block = Self.philox((offset, 0, UInt32(truncatingIfNeeded: index), 0), key: key)
        buffer.initializeElement(at: index, to: Self.normal(block.0, block.1))
      }
      initialized = count
    }
    offset &+= 1
    return values
  }

  /// Ten rounds of the Philox4x32 block function.
  static func philox(_ counter: Block, key: (UInt32, UInt32)) -> Block {
    var (block, key) = (counter, key)
    for _ in 0..<10 {
      let first = block.0.multipliedFullWidth(by: 0xd251_1f53)
      let second = block.2.multipliedFullWidth(by: 0xcd9e_8d57)
      block = (second.high ^ block.1 ^ key.0, second.low, first.high ^ block.3 ^ key.1, first.low)
      key.0 &+= 0x9e37_79b9
      key.1 &+= 0xbb67_ae85
    }
    return block
  }

  /// The sine half of a Box-Muller pair; the device's float32 constants, in double precision as A1111 evaluates them.
  private static func normal(_ radiusWord: UInt32, _ angleWord: UInt32) -> Float {
    let unit = Double(Float(2.3283064e-10))
    let turn = Double(Float(2.3283064e-10 * 6.2831855))
    let uniform = Double(radiusWord) * unit + unit / 2
    let angle = Double(angleWord) * turn + turn / 2
    return Float(sqrt(-2 * log(uniform)) * sin(angle))
  }
}
