package import ImagineGraph

extension OpCase {
  /// Every operation, at the shapes that matter, in each precision that makes sense.
  package static let all: [OpCase] = [
    linearCases, severalLinearCases, gatedLinearCases, gatesOfLinearCases, convolutionCases, matmulCases, normCases,
    pointwiseCases,
    gatingCases, softmaxCases, tileCases, attentionCases, layoutCases, embeddingCases, blockCases,
  ].flatMap { $0 }

  /// The quick part of the table.
  package static let small: [OpCase] = all.filter { $0.cost == .small }

  /// All cases in a release build, the quick ones in a debug build.
  package static var forThisBuild: [OpCase] {
    #if DEBUG
      small
    #else
      all
    #endif
  }

  /// One row of a table for each precision.
  static func rows(
    _ name: String, _ distributions: [String: Distribution] = [:], in precisions: [Precision] = Precision.all,
    build: @escaping @Sendable (GraphBuilder) -> [Tensor]
  ) -> [OpCase] {
    precisions.map { OpCase(name: name, precision: $0, distributions: distributions, build: build) }
  }

  /// A row whose graph has one input, `x`, and one result.
  static func rows(
    _ name: String, _ shape: Shape, _ distribution: Distribution = .normal(),
    in precisions: [Precision] = Precision.all, build: @escaping @Sendable (Tensor) -> Tensor
  ) -> [OpCase] {
    rows("\(name) \(shape)", ["x": distribution], in: precisions) { [build($0.activation("x", shape))] }
  }
}

extension Precision {
  /// Every format graphs compute in.
  package static let all: [Precision] = [.float32, .float16, .bfloat16]
}

extension GraphBuilder {
  /// An input in the format of the graph's activations.
  func activation(_ name: String, _ shape: Shape) -> Tensor { input(name, shape, precision.activations) }

  func weight(_ path: String, _ shape: Shape) -> Tensor { parameter(Parameter(path: path, shape: shape)) }
}

extension Tensor {
  /// Applies an operation to this and other operands.
  func applying(_ op: Op, _ others: Tensor...) -> Tensor { builder.apply(op, [self] + others) }
}

extension Epilogue {
  /// Every combination of bias, activation and residual.
  static var all: [Epilogue] {
    let activations: [Activation?] = [nil] + Activation.allCases
    return [false, true].flatMap { bias in
      activations.flatMap { activation in
        [false, true].map { Epilogue(bias: bias, activation: activation, residual: $0) }
      }
    }
  }

  /// Such as `+bias+silu+residual`.
  package var label: String {
    [bias ? "bias" : nil, activation?.rawValue, residual ? "residual" : nil].compactMap { $0 }.map { "+" + $0 }.joined()
  }

  /// The operands the epilogue adds to a product: a weight of its own and an input.
  func operands(_ builder: GraphBuilder, result: Shape) -> [Tensor] {
    (bias ? [builder.weight("layer.bias", [result.last])] : [])
      + (residual ? [builder.activation("residual", result)] : [])
  }
}
