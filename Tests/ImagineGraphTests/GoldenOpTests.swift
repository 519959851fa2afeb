import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

/// The reference is proved against PyTorch, and everything else against the reference.
@Suite struct GoldenOpTests {
  @Test(arguments: try GoldenOp.all()) func agreesWithPyTorch(golden: GoldenOp) throws {
    let operands = golden.operands.mapValues(\.tensor), expected = golden.expected.tensor
    let builder = GraphBuilder()
    func operand(_ name: String) throws -> Tensor { builder.input(name, try #require(operands[name]).shape) }
    let result = try #require(try Self.trace(golden.name, builder, operand), "there is no graph for \(golden.name)")
    let graph = try builder.finish([result])
    var inputs = operands
    inputs["ids"] = HostTensor([2, 3], [0, 8, 3, 8, 1, 1] as [Int32])

    let actual = try ReferenceBackend().evaluate(graph, inputs: inputs, weights: HostWeights([:]))[0]
    #expect(actual.mismatch(with: expected, Self.tolerance(golden.name)) == nil)
    if golden.name == "bfloat16" { #expect(actual == expected) }
  }

  @Test func everyGoldenIsThere() throws {
    #expect(try GoldenOp.all().count == 36)
  }

  private static func tolerance(_ name: String) -> Tolerance {
    switch name {
    case "timestepEmbedding late":
      // PyTorch's binary32 exp is off by one unit in the last place at 3 of the 160 frequencies, and t multiplies that:
      // 999 * 2^-24 is 6e-5.
      Tolerance(normalisedMeanSquaredError: 2e-11, worstElement: 6e-5)
    default:
      // Results are stored as binary32 on both sides: half a unit in the last place each, 1.2e-7 of an element.
      Tolerance(normalisedMeanSquaredError: 1e-13, worstElement: 5e-7)
    }
  }

  /// The graph that a golden's name stands for, its operands being inputs.
  private static func trace(
    _ name: String, _ builder: GraphBuilder, _ operand: (String) throws -> Tensor
  ) throws -> Tensor? {
    func layer(_ op: Op) throws -> Tensor {
      builder.apply(op, [try operand("x"), try operand("weight"), try operand("bias")])
    }
    func convolution(_ stride: Int, _ padding: Convolution.Padding) throws -> Tensor {
      try layer(.conv2d(Convolution(stride: stride, padding: padding), Epilogue(bias: true)))
    }
    func attention(causal: Bool) throws -> Tensor {
      try operand("q").attention(keys: operand("k"), values: operand("v"), heads: 3, causal: causal)
    }
    switch name {
    case "conv2d": return try convolution(1, .init(1))
    case "conv2d stride 2": return try convolution(2, .init(1))
    case "conv2d asymmetric": return try convolution(2, .init(top: 0, left: 0, bottom: 1, right: 1))
    case "conv2d 1x1": return try convolution(1, .init(0))
    case "conv2d circular x", "conv2d circular y", "conv2d circular xy", "conv2d circular xy stride 2":
      let axes = name.split(separator: " ")[2]
      builder.wrappedAxes = Set((axes.contains("y") ? [1] : []) + (axes.contains("x") ? [2] : []))
      let stride = name.hasSuffix("stride 2") ? 2 : 1
      let (x, rest) = try operand("x").wrapped(for: Convolution(stride: stride, padding: .init(1)))
      return builder.apply(.conv2d(rest, Epilogue(bias: true)), [x, try operand("weight"), try operand("bias")])
    case "linear": return try layer(.linear(Epilogue(bias: true)))
    case "groupNorm", "groupNorm far from zero":
      return try layer(.groupNorm(groups: 4, epsilon: 1e-5, activation: nil))
    case "groupNorm+silu": return try layer(.groupNorm(groups: 4, epsilon: 1e-6, activation: .silu))
    case "layerNorm": return try layer(.layerNorm(epsilon: 1e-5))
    case "softmax": return try operand("x").softmax()
    case "softmax causal": return try operand("x").softmax(causal: true)
    case "attention": return try attention(causal: false)
    case "attention causal": return try attention(causal: true)
    case "prelu", "prelu one slope": return try operand("x").prelu(operand("slopes"))
    case "geglu": return try operand("x").geglu()
    case "embedding": return builder.apply(.embedding, [builder.input("ids", [2, 3], .int32), try operand("table")])
    case "timestepEmbedding", "timestepEmbedding late": return try operand("t").timestepEmbedding(width: 320)
    case "bfloat16": return try operand("x").cast(to: .bfloat16)
    default:
      if let function = Activation(rawValue: name) { return try operand("x").activation(function) }
      let words = name.split(separator: " ")
      guard words.count == 3, words[0] == "upsampleNearest", let height = Int(words[1]), let width = Int(words[2])
      else { return nil }
      return try operand("x").upsampledNearest(height: height, width: width)
    }
  }
}
