import Foundation

/// A Brownian path between two noise levels that can be asked anywhere, and tells the same whatever was asked before: the
/// tree of Li et al., "Scalable gradients for stochastic differential equations" (2020), as torchsde's `BrownianInterval`
/// makes it for k-diffusion's `BrownianTreeNoiseSampler`.
///
/// The path over an interval is divided at its middle by a Brownian bridge, again and again, until the times asked for are
/// reached; they are rounded to a millionth. Every node of the tree has a seed of its own.
struct BrownianPath: Sendable {
  private let stream: RandomStream
  private let entropy: UInt64
  private let count: Int
  /// Times in k-diffusion are noise levels.
  private let start: Double
  private let end: Double
  private let whole: [Float]
  /// Increments of nodes already made, so that a walk through many steps does not make them anew.
  private var known: [Node: [Float]] = [:]

  private struct Node: Hashable {
    let key: UInt64
    let depth: UInt64
  }

  /// - Parameters:
  ///   - count: numbers in the latents.
  ///   - low, high: the ends of the path, `low` below `high`.
  init(stream: RandomStream, seed: UInt64, count: Int, low: Float, high: Float) {
    self.stream = stream
    self.count = count
    entropy = seed
    start = Self.rounded(Double(low))
    end = Self.rounded(Double(high))
    let word = SeedSequence(entropy: seed).state(3)[0]
    var generator = stream.generator(seed: UInt64(word))
    whole = scaled(generator.randn(count), by: Float(max(Double(high) - Double(low), 0).squareRoot()))
  }

  /// Noise of unit variance for a step from one level to a lower one, as k-diffusion takes it: `-W(next, sigma)` over the root
  /// of the interval.
  mutating func noise(from sigma: Float, to next: Float) -> [Float] {
    let width = abs(Double(sigma) - Double(next))
    let (low, high) = (Double(min(sigma, next)), Double(max(sigma, next)))
    guard width > 0 else { return [Float](repeating: 0, count: count) }
    return scaled(increment(from: low, to: high), by: Float(-1 / width.squareRoot()))
  }

  /// What the path gains between two times within its ends.
  private mutating func increment(from low: Double, to high: Double) -> [Float] {
    let low = min(max(Self.rounded(low), start), end)
    let high = min(max(Self.rounded(high), start), end)
    guard low < high else { return [Float](repeating: 0, count: count) }
    return increment(low, high, in: (start, end), Node(key: 0, depth: 0), whole) ?? whole
  }

  private mutating func increment(
    _ low: Double, _ high: Double, in span: (low: Double, high: Double), _ node: Node, _ own: [Float]
  ) -> [Float]? {
    if low <= span.low, high >= span.high { return own }
    let middle = Self.rounded((span.low + span.high) / 2)
    // Below a millionth there is no middle.
    guard middle > span.low, middle < span.high, node.depth < 63 else { return own }
    let left = divided(own, span, middle, node)
    var parts: [[Float]] = []
    if low < middle {
      let child = Node(key: node.key &* 2, depth: node.depth + 1)
      if let part = increment(low, min(high, middle), in: (span.low, middle), child, left) { parts.append(part) }
    }
    if high > middle {
      let child = Node(key: node.key &* 2 &+ 1, depth: node.depth + 1)
      let right = weightedSum(1, own, -1, left)
      if let part = increment(max(low, middle), high, in: (middle, span.high), child, right) { parts.append(part) }
    }
    guard let first = parts.first else { return nil }
    return parts.dropFirst().reduce(first) { weightedSum(1, $0, 1, $1) }
  }

  /// The left half's increment.
  private mutating func divided(
    _ own: [Float], _ span: (low: Double, high: Double), _ middle: Double, _ node: Node
  ) -> [Float] {
    if let made = known[node] { return made }
    let (left, right, width) = (middle - span.low, span.high - middle, span.high - span.low)
    let word = SeedSequence(entropy: entropy, spawnKey: [node.key, node.depth]).state(4)[0]
    var generator = stream.generator(seed: UInt64(word))
    let bridge = generator.randn(count)
    let made = weightedSum(Float(left / width), own, Float((left * right / width).squareRoot()), bridge)
    // The upper nodes are met in every step.
    if node.depth < 4 { known[node] = made }
    return made
  }

  /// Python's `round(value, 6)`: exact decimal rounding of the double.
  private static func rounded(_ value: Double) -> Double {
    Double(String(format: "%.6f", value)) ?? value
  }
}
