import ImagineGraph

extension OpCase {
  package static let normCases: [OpCase] =
    ([nil] + Activation.allCases).flatMap { groupNorm([2, 3, 5, 64], groups: 32, $0) }
    + [
      // One element, one channel and all channels a group; tokens.
      groupNorm([1, 1, 1, 32], groups: 32), groupNorm([2, 5, 7, 6], groups: 6), groupNorm([2, 5, 7, 6], groups: 1),
      groupNorm([1, 3, 3, 32], groups: 32), groupNorm([2, 77, 64], groups: 32),
      // Stable Diffusion 1.x, also after concatenation.
      groupNorm([1, 8, 8, 320], groups: 32, .silu), groupNorm([2, 4, 5, 640], groups: 32, .silu),
      groupNorm([1, 4, 4, 960], groups: 32, .silu), groupNorm([1, 2, 3, 1280], groups: 32),
      groupNorm([1, 2, 2, 2560], groups: 32, .silu), groupNorm([1, 40, 56, 32], groups: 32, .silu),
      groupNorm([1, 5, 7, 512], groups: 32, epsilon: 1e-6),
      // Far from zero, where E[x^2] - E[x]^2 cancels.
      groupNorm([1, 8, 8, 64], groups: 32, nil, farFromZero),
      groupNorm([1, 5, 7, 320], groups: 32, .silu, farFromZero),
      groupNorm([1, 40, 56, 32], groups: 32, nil, farFromZero), groupNorm([1, 5, 7, 64], groups: 32, nil, tiny),
      // Groups of more than 4096 elements: whole vectors of channels or not, groups that begin within one, several images,
      // blocks of positions that do not come out even, more channels than a workgroup reads at a time.
      groupNorm([1, 40, 64, 16], groups: 4, .silu), groupNorm([2, 37, 41, 12], groups: 4),
      groupNorm([1, 41, 43, 10], groups: 2, .gelu), groupNorm([1, 40, 64, 24], groups: 8, nil, farFromZero),
      groupNorm([1, 33, 79, 5], groups: 1, nil, farFromZero), groupNorm([1, 2, 77, 320], groups: 4),
      groupNorm([1, 13, 1280], groups: 1), groupNorm([1, 130, 384], groups: 8, .silu),
      // Latents of pictures of 320x512, 384x384, 512x832 and 768x640, and the widest levels of SDXL.
      groupNorm([2, 40, 64, 320], groups: 32, .silu), groupNorm([1, 48, 48, 320], groups: 32),
      groupNorm([1, 64, 104, 64], groups: 32, .silu), groupNorm([1, 96, 80, 32], groups: 4, .silu, farFromZero),
      groupNorm([1, 24, 24, 1280], groups: 32, .silu), groupNorm([1, 16, 26, 2560], groups: 32, .silu),
      groupNorm([1, 12, 16, 1920], groups: 32),
      // A vector is added first: what one workgroup does, and what several do, in whole vectors of channels or not.
      groupNorm([2, 3, 5, 64], groups: 32, .silu, adds: true), groupNorm([2, 5, 7, 6], groups: 3, adds: true),
      groupNorm([2, 40, 64, 16], groups: 4, .silu, adds: true), groupNorm([2, 37, 41, 12], groups: 4, adds: true),
      // Far from zero the sum is not what 16 bits make of it.
      groupNorm([2, 33, 79, 5], groups: 1, nil, farFromZero, adds: true, in: [.float32]),
      groupNorm([2, 24, 24, 320], groups: 32, .silu, adds: true), groupNorm([2, 77, 64], groups: 8, adds: true),
      layerNorm([1, 1, 1]), layerNorm([2, 3, 7]), layerNorm([1, 5, 768]), layerNorm([2, 9, 320]),
      layerNorm([1, 1, 1280]), layerNorm([1, 77, 768]), layerNorm([2, 70, 640]), layerNorm([1, 5, 320], farFromZero),
      layerNorm([3, 33]), layerNorm([2, 77, 1024]), layerNorm([1, 35, 1280]), layerNorm([1, 9, 2560]),
      layerNorm([2, 515]), layerNorm([1, 3, 5003], farFromZero), layerNorm([1, 2, 4800]), layerNorm([1, 2560, 320]),
    ].flatMap { $0 }

  private static let farFromZero = Distribution.normal(mean: 100)
  /// So small that epsilon matters.
  private static let tiny = Distribution.normal(deviation: 1e-3)

  private static func groupNorm(
    _ shape: Shape, groups: Int, _ activation: Activation? = nil, _ distribution: Distribution = .normal(),
    epsilon: Float = 1e-5, adds: Bool = false, in precisions: [Precision] = Precision.all
  ) -> [OpCase] {
    let fused = (adds ? "+vector" : "") + (activation.map { "+" + $0.rawValue } ?? "")
    return rows("groupNorm \(groups) groups\(fused)\(distribution.label)", shape, distribution, in: precisions) { x in
      let vector = adds ? [x.builder.activation("vector", [shape[0], shape.last])] : []
      return x.builder.apply(
        .groupNorm(groups: groups, epsilon: epsilon, activation: activation, addsFirst: adds),
        [x, x.builder.weight("norm.weight", [shape.last]), x.builder.weight("norm.bias", [shape.last])] + vector)
    }
  }

  private static func layerNorm(_ shape: Shape, _ distribution: Distribution = .normal()) -> [OpCase] {
    rows("layerNorm\(distribution.label)", shape, distribution) { x in
      x.applying(
        .layerNorm(epsilon: 1e-5), x.builder.weight("norm.weight", [shape.last]),
        x.builder.weight("norm.bias", [shape.last]))
    }
  }
}

extension Distribution {
  /// How a case's name mentions it: the usual one is not mentioned.
  var label: String {
    switch self {
    case .normal(0, 1): ""
    case .normal(let mean, let deviation): " of \(mean) +- \(deviation)"
    case .uniform(let range): " of \(range.lowerBound) to \(range.upperBound)"
    case .tokens(let bound): " of \(bound) tokens"
    case .values(let values): " of \(values)"
    }
  }
}
