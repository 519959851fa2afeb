import Foundation
package import ImagineGraph

/// How the elements of a random test value are drawn; the same seed always gives the same elements.
package enum Distribution: Sendable, Hashable {
  case normal(mean: Float = 0, deviation: Float = 1)
  case uniform(ClosedRange<Float>)
  /// Integers from zero on; the last two elements are the largest and the smallest one.
  case tokens(below: Int32)
  /// These elements, over and over.
  case values([Float])

  /// A tensor of this distribution, floats or integers as `type` says.
  package func tensor(_ type: TensorType, seed: String) -> HostTensor {
    switch type.elementType {
    case .float32, .float16, .bfloat16: HostTensor(type.shape, floats(type.shape.count, seed: seed))
    case .int32: HostTensor(type.shape, floats(type.shape.count, seed: seed).map { Int32($0) })
    }
  }

  private func floats(_ count: Int, seed: String) -> [Float] {
    var generator = SplitMix64(seed: seed)
    switch self {
    case .normal(let mean, let deviation):
      return (0..<count).map { _ in mean + deviation * generator.normal() }
    case .uniform(let range):
      return (0..<count).map { _ in Float.random(in: range, using: &generator) }
    case .tokens(let bound):
      var tokens = (0..<count).map { _ in Float(Int32.random(in: 0..<bound, using: &generator)) }
      tokens.replaceSubrange(max(count - 2, 0)..., with: [Float(bound - 1), 0].suffix(min(count, 2)))
      return tokens
    case .values(let values):
      return (0..<count).map { values[$0 % values.count] }
    }
  }
}

/// A small generator with a string for its seed (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators,
/// 2014). It is not the one pictures are made with.
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: String) { state = fnv1a(seed.utf8) }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number of the standard normal distribution (Box and Muller, 1958).
  mutating func normal() -> Float {
    let bits = next()
    let radius = (Double(bits >> 32) + 1) / 0x1p32, angle = Double(bits & 0xffff_ffff) / 0x1p32
    return Float((-2 * log(radius)).squareRoot() * cos(2 * .pi * angle))
  }
}
