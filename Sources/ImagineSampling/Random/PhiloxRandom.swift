import Foundation

/// The normal numbers of `torch.randn` on a CUDA device, made on the host.
///
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) with cuRAND's Box-Muller transform, in
/// the form of A1111's "NV" noise source: every draw counts its elements from zero and takes the next offset. A real device
/// gives the same numbers as long as one draw has no more elements than the device has threads (43,008 and upwards on the
/// common ones, so latents up to 832x832 pixels); beyond that its numbers depend on the device.
package struct PhiloxRandom: RandomGenerator {
  private let key: SIMD2<UInt32>
  /// How many draws this generator has made.
  private var offset: UInt32 = 0

  package init(seed: UInt64) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }

  package mutating func randn(_ count: Int) -> [Float] {
    let count = max(count, 0)
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count {
        let counter = SIMD4(offset, 0, UInt32(truncatingIfNeeded: index), 0)
        buffer.initializeElement(at: index, to: Self.normal(Self.philox(counter, key: key)))
      }
      initialized = count
    }
    offset &+= 1
    return values
  }

  /// Ten rounds of the Philox4x32 block function.
  static func philox(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (counter, key) = (counter, key)
    for _ in 0..<10 {
      let first = counter.x.multipliedFullWidth(by: 0xd251_1f53)
      let second = counter.z.multipliedFullWidth(by: 0xcd9e_8d57)
      counter = SIMD4(second.high ^ counter.y ^ key.x, second.low, first.high ^ counter.w ^ key.y, first.low)
      key &+= SIMD2(0x9e37_79b9, 0xbb67_ae85)
    }
    return counter
  }

  /// The sine half of a Box-Muller pair; the device's float32 constants, in double precision as A1111 evaluates them.
  private static func normal(_ word: SIMD4<UInt32>) -> Float {
    let unit = Double(Float(2.3283064e-10))
    let turn = Double(Float(2.3283064e-10 * 6.2831855))
    let uniform = Double(word.x) * unit + unit / 2
    let angle = Double(word.y) * turn + turn / 2
    return Float(sqrt(-2 * log(uniform)) * sin(angle))
  }
}
