import ImagineGraph

extension OpCase {
  static let pointwiseCases: [OpCase] =
    Activation.allCases.flatMap { function in
      [
        activation(function, [2, 5, 7], .normal(deviation: 3)), activation(function, [1, 1, 1], .normal()),
        activation(function, [2, 3, 5, 33], .uniform(-12...12)), activation(function, [1, 401], .uniform(-200...200)),
        activation(function, [2, 40, 56, 32], .normal()),
      ].flatMap { $0 }
    }
    + [
      binary([2, 3, 5, 7], [2, 3, 5, 7]), binary([2, 5, 7, 32], [2, 1, 1, 32]), binary([2, 5, 7, 33], [1, 1, 1, 33]),
      binary([2, 77, 24], [1, 77, 24]), binary([2, 3, 4], [1, 1, 1]), binary([2, 3, 4, 5], [1, 3, 1, 5]),
      binary([2, 3, 4, 5], [2, 1, 4, 1]), binary([2, 3, 5], [2, 3, 1]), binary([1, 1], [1, 1]), binary([5], [1]),
      binary([3, 5, 7, 24], [3, 1, 7, 24]), binary([2, 3, 4], [1, 3, 4]), binary([2, 4, 8], [2, 4, 1]),
      binary([2, 40, 56, 32], [2, 1, 1, 32]), binary([1, 40, 56, 64], [1, 40, 56, 64]),
      rows("add to itself", [2, 5, 7]) { $0 + $0 }, rows("multiply by itself", [2, 5, 7]) { $0 * $0 },
      rows("scale 0.18215", [1, 5, 7, 4]) { $0 * 0.18215 }, rows("scale -3", [3]) { $0 * -3 },
      prelu([2, 5, 7], [7]), prelu([2, 5, 7], [1]), prelu([1, 1, 1, 1], [1]), prelu([2, 3, 5, 33], [33]),
      prelu([3, 5, 7, 3], [3]), prelu([1, 401], [401]), prelu([1, 401], [1]), prelu([5], [5]),
      prelu([2, 40, 56, 32], [32]), prelu([1, 41, 57, 20], [20]), prelu([2, 37, 41, 1], [1]),
      // In the place of what alone it reads, beside what else is read, and with a slope that is computed.
      rows("prelu in place", [2, 5, 7]) { ($0 * 3).prelu($0.slopes([7])).prelu($0.slopes([1])) },
      rows("prelu beside x", [2, 5, 7]) { x in
        let y = x * 3
        return y.prelu(x.slopes([7])) + y
      },
      rows("prelu of a computed slope", [2, 5, 8]) { $0.prelu($0.builder.input("slope", [1]) * 0.25) },
      geglu([2, 5, 14], .normal(deviation: 3)), geglu([1, 3, 2], .normal()), geglu([1, 4, 66], .uniform(-12...12)),
      geglu([1, 16, 2560], .normal()), geglu([2, 35, 5120], .normal()),
    ].flatMap { $0 }

  static let gatingCases: [OpCase] = Activation.allCases.flatMap { function in
    glu(function, [2, 5, 22], .normal(deviation: 3)) + glu(function, [1, 4, 80], .uniform(-12...12))
  }

  private static func activation(_ function: Activation, _ shape: Shape, _ distribution: Distribution) -> [OpCase] {
    rows(function.rawValue + distribution.label, shape, distribution) { $0.activation(function) }
  }

  private static func prelu(_ shape: Shape, _ slopes: Shape) -> [OpCase] {
    rows("prelu \(slopes)", shape, .normal(deviation: 3)) { $0.prelu($0.slopes(slopes)) }
  }

  private static func geglu(_ shape: Shape, _ distribution: Distribution) -> [OpCase] {
    glu(.gelu, shape, distribution)
  }

  private static func glu(_ function: Activation, _ shape: Shape, _ distribution: Distribution) -> [OpCase] {
    rows("glu+\(function.rawValue)\(distribution.label)", shape, distribution) { $0.glu(function) }
  }

  private static func binary(_ a: Shape, _ b: Shape) -> [OpCase] {
    [Op.add, .multiply].flatMap { op in
      rows("\(op.name) \(a) \(b)") { [$0.activation("a", a).applying(op, $0.activation("b", b))] }
    }
  }

  package static let softmaxCases: [OpCase] = [
    softmax([2, 3, 77]), softmax([3, 1]), softmax([5]), softmax([1, 2, 4096]), softmax([2, 8, 35, 77]),
    // Rows that an invocation keeps in several pieces, and rows too long for that; whole vectors or not.
    softmax([2, 1030]), softmax([2, 1032]), softmax([2, 515]), softmax([3, 5003]), softmax([2, 8192]),
    softmax([1, 5, 9001], causal: true), softmax([2, 3, 2560], causal: true),
    softmax([2, 5, 7], causal: true), softmax([1, 2, 5, 9], causal: true), softmax([1, 2, 9, 5], causal: true),
    softmax([1, 1, 77, 77], causal: true), softmax([2, 3, 77], .uniform(-80...80)),
    softmax([1, 1, 77, 77], .uniform(-80...80), causal: true), softmax([2, 33], .normal(mean: 500, deviation: 2)),
  ].flatMap { $0 }

  private static func softmax(
    _ shape: Shape, _ distribution: Distribution = .normal(deviation: 2), causal: Bool = false
  ) -> [OpCase] {
    rows("softmax\(causal ? " causal" : "")\(distribution.label)", shape, distribution) { $0.softmax(causal: causal) }
  }
}

extension Tensor {
  /// A weight of as many slopes.
  fileprivate func slopes(_ shape: Shape) -> Tensor { builder.weight("layer.slopes\(shape.count)", shape) }
}
