import ImagineGraph
import ImagineTesting

/// Graphs drawn at random: every value [2, 4, 8], made from earlier ones, some used often and some never.
enum RandomGraph {
  static func make(seed: UInt64, operations: Int = 30, precision: Precision = .float32) throws -> Graph {
    var random = XorShift(state: seed &* 0x9e37_79b9 | 1)
    let builder = GraphBuilder(precision: precision)
    var values = (0..<2).map { builder.input("x\($0)", [2, 4, 8], precision.activations) }
    for index in 0..<operations {
      // Mostly the newest values, so that chains arise that can be fused.
      func pick() -> Tensor { values[max(0, values.count - 1 - Int.random(in: 0..<6, using: &random) / 2)] }
      values.append(operation(Int.random(in: 0..<12, using: &random), "layer\(index)", pick(), pick()))
    }
    let results = (0..<3).map { _ in values[Int.random(in: 2..<values.count, using: &random)] }
    return try builder.finish(results + values.suffix(1))
  }

  /// Large, so that norms of nearly constant values do not magnify roundings.
  private static let epsilon: Float = 0.1

  private static func operation(_ kind: Int, _ path: String, _ x: Tensor, _ y: Tensor) -> Tensor {
    let weight = Parameter(path: "\(path).weight", shape: [8, 8]), bias = Parameter(path: "\(path).bias", shape: [8])
    let scale = Parameter(path: "\(path).weight", shape: [8])
    switch kind {
    case 0, 1: return x.linear(weight, bias: bias)
    case 2:
      let kernel = Parameter(path: "\(path).weight", shape: [8, 8, 3, 3])
      let image = x.reshaped([2, 2, 2, 8])
      return image.conv2d(kernel, bias: bias, Convolution(padding: .init(1))).reshaped([2, 4, 8])
    case 3: return x.groupNorm(scale, bias, groups: 2, epsilon: epsilon)
    case 4: return x.activation([.silu, .gelu, .quickGELU][path.utf8.count % 3])
    case 5, 6: return (x + y).layerNorm(scale, bias, epsilon: epsilon)
    case 7: return x.attention(keys: y, values: x, heads: 2)
    case 8: return x.concatenated(with: y, axis: 2).geglu()
    case 10:
      return x.sliced(axis: 0, start: 1, count: 1).concatenated(with: y.sliced(axis: 0, start: 0, count: 1), axis: 0)
    case 9: return x.permuted([0, 2, 1]).softmax().reshaped([2, 4, 8])
    case 11: return (x * 0.5).prelu(x.builder.parameter(scale)).activation(.silu)
    default: return x + x.linear(weight, bias: nil).silu()
    }
  }
}

/// Marsaglia, Xorshift RNGs, 2003.
private struct XorShift: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
