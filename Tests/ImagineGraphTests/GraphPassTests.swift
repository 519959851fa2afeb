import ImagineGraph
import ImagineTesting
import Testing

@Suite struct GraphPassTests {
  @Test func joinsNormAndActivation() throws {
    let ops = try fusedOps { x in x.norm().silu() }
    #expect(ops == [.groupNorm(groups: 2, epsilon: 1e-5, activation: .silu)])
  }

  @Test(arguments: Activation.allCases, [false, true])
  func joinsAConvolutionAndItsActivation(_ activation: Activation, hasBias: Bool) throws {
    let ops = try fusedOps { x in x.convolution("a", hasBias: hasBias).activation(activation) }
    #expect(ops == [.conv2d(Convolution(padding: .init(1)), Epilogue(bias: hasBias, activation: activation))])
  }

  @Test func joinsAtMostOneActivation() throws {
    let ops = try fusedOps { x in x.norm().silu().activation(.gelu) }
    #expect(ops == [.groupNorm(groups: 2, epsilon: 1e-5, activation: .silu), .activation(.gelu)])
  }

  @Test(arguments: [false, true]) func joinsAResidualOnEitherSide(productFirst: Bool) throws {
    let epilogue = Epilogue(bias: true, activation: nil, residual: true)
    let linear = try fusedOps { x in productFirst ? x.linear("a") + x : x + x.linear("a") }
    #expect(linear == [.linear(epilogue)])
    let convolution = try fusedOps { x in productFirst ? x.convolution("a") + x : x + x.convolution("a") }
    #expect(convolution == [.conv2d(Convolution(padding: .init(1)), epilogue)])
  }

  @Test func joinsActivationThenResidual() throws {
    let ops = try fusedOps { x in x + x.linear("a").activation(.quickGELU) }
    #expect(ops == [.linear(Epilogue(bias: true, activation: .quickGELU, residual: true))])
  }

  @Test func addsNoActivationAfterAResidual() throws {
    let ops = try fusedOps { x in (x + x.linear("a")).silu() }
    #expect(ops == [.linear(Epilogue(bias: true, residual: true)), .activation(.silu)])
  }

  @Test func joinsOneOfTwoProducts() throws {
    let plain = Epilogue(bias: true), summed = Epilogue(bias: true, residual: true)
    #expect(try fusedOps { x in x.linear("a") + x.linear("b") } == [.linear(plain), .linear(summed)])
    let chain = try fusedOps { x in x.linear("a") + x.linear("b") + x.linear("c") }
    #expect(chain == [.linear(plain), .linear(summed), .linear(summed)])
  }

  @Test func joinsALinearLayerAndItsGating() throws {
    let gated = Op.gatedLinear(.gelu, bias: true), plain = Op.linear(Epilogue(bias: true))
    #expect(try fusedOps { x in x.linear("a").geglu() } == [gated])
    #expect(try fusedOps { x in x.linear("a").geglu().silu() } == [gated, .activation(.silu)])
    let activated = Op.linear(Epilogue(bias: true, activation: .gelu))
    #expect(try fusedOps { x in x.linear("a").activation(.gelu).geglu() } == [activated, .glu(.gelu)])
    let summed = Op.linear(Epilogue(bias: true, residual: true))
    #expect(try fusedOps { x in (x.linear("a") + x).geglu() } == [summed, .glu(.gelu)])
    let usedTwice = try fusedOps { x in
      let y = x.linear("a")
      return y.geglu().concatenated(with: y, axis: 3)
    }
    #expect(usedTwice == [plain, .glu(.gelu), .concat(axis: 3)])
  }

  @Test func joinsAnUpsamplingAndItsConvolution() throws {
    let convolution = Convolution(padding: .init(1), upsampling: .init(height: 6, width: 5))
    let epilogue = Epilogue(bias: true, activation: .silu)
    let ops = try fusedOps { x in x.upsampledNearest(height: 6, width: 5).convolution("a").silu() }
    #expect(ops == [.conv2d(convolution, epilogue)])
    let usedTwice = try fusedOps { x in
      let y = x.upsampledNearest(height: 6, width: 5)
      return y.convolution("a") + y
    }
    let summed = Op.conv2d(Convolution(padding: .init(1)), Epilogue(bias: true, residual: true))
    #expect(usedTwice == [.upsampleNearest(height: 6, width: 5), summed])
    let twice = try fusedOps { x in
      x.upsampledNearest(height: 2, width: 2).upsampledNearest(height: 6, width: 5).convolution("a")
    }
    #expect(twice == [.upsampleNearest(height: 2, width: 2), .conv2d(convolution, Epilogue(bias: true))])
  }

  @Test func leavesWhatIsUsedTwice() throws {
    let ops = try fusedOps { x in
      let y = x.linear("a")
      return y.silu() + y
    }
    #expect(ops == [.linear(Epilogue(bias: true)), .activation(.silu), .add])
    let doubled = try fusedOps { x in
      let y = x.linear("a")
      return y + y
    }
    #expect(doubled == [.linear(Epilogue(bias: true)), .add])
  }

  @Test func leavesResults() throws {
    let builder = GraphBuilder()
    let y = builder.input("x", [1, 3, 3, 4]).norm()
    let graph = try builder.finish([y.silu(), y]).fused { _, _ in true }
    #expect(graph.computed == [.groupNorm(groups: 2, epsilon: 1e-5, activation: nil), .activation(.silu)])
    #expect(graph.outputs.map(\.index) == [4, 3])
  }

  @Test func leavesBroadcastSums() throws {
    let ops = try fusedOps { x in x.linear("a") + x.sliced(axis: 1, start: 0, count: 1) }
    #expect(ops == [.linear(Epilogue(bias: true)), .slice(axis: 1, start: 0, count: 1), .add])
  }

  @Test func leavesWhatTheBackendRefuses() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 3, 3, 4])
    let graph = try builder.finish([x + x.norm().silu().linear("a")])
    #expect(try graph.fused { op, _ in !op.isFused }.computed == graph.computed)
    let upsampled = x.upsampledNearest(height: 6, width: 6).convolution("c")
    let plain = try builder.finish([upsampled.linear("b").geglu()])
    #expect(try plain.fused { op, _ in !op.isFused }.computed == plain.computed)
    let onlyNorms = try graph.fused { op, _ in if case .linear(let epilogue) = op { !epilogue.residual } else { true } }
    let norm = Op.groupNorm(groups: 2, epsilon: 1e-5, activation: .silu)
    #expect(onlyNorms.computed == [norm, .linear(Epilogue(bias: true)), .add])
  }

  @Test func lowersEveryFusedOperation() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 4, 8])
    let w = builder.parameter(Parameter(path: "l.weight", shape: [8, 8]))
    let product = builder.apply(.linear(Epilogue(activation: .gelu, residual: true)), [x, w, x])
    let norm = Op.groupNorm(groups: 2, epsilon: 1e-5, activation: .silu)
    let normed = builder.apply(norm, [product] + builder.vectors(8), scope: "norm")
    let graph = try builder.finish([normed.attention(keys: x, values: x, heads: 2).geglu()])
    let lowered = try graph.lowered { op, _ in !op.isFused }
    #expect(!lowered.nodes.contains { $0.op.isFused })
    #expect(lowered.outputs.map { lowered[$0].type } == graph.outputs.map { graph[$0].type })
    #expect(lowered.nodes.filter { $0.op == .activation(.silu) }.map(\.scope) == ["norm"])
    #expect(try graph.lowered { _, _ in true }.nodes == graph.nodes)
  }

  @Test func isFusedMeansThatThereIsADecomposition() throws {
    for opCase in OpCase.all {
      let graph = try opCase.graph()
      let basic = try graph.lowered { op, _ in !op.isFused }
      #expect(!basic.nodes.contains { $0.op.isFused })
      #expect(try basic.lowered { _, _ in false }.nodes == basic.nodes)
    }
  }

  @Test("A vector that is added to every pixel is added by the group norm that alone reads the sum")
  func joinsAVectorAndANorm() throws {
    func added(_ x: Tensor) -> Tensor { x + x.builder.input("v", [1, 4]).asChannels() }
    let joined = Op.groupNorm(groups: 2, epsilon: 1e-5, activation: .silu, addsFirst: true)
    #expect(try fusedOps { x in added(x).norm().silu() } == [joined])
    let plain = Op.groupNorm(groups: 2, epsilon: 1e-5, activation: nil)
    let usedTwice = try fusedOps { x in
      let sum = added(x)
      return sum.norm() + sum
    }
    #expect(usedTwice == [.reshape([1, 1, 1, 4]), .add, plain, .add])
    let sums: [(Tensor) -> Tensor] = [
      { x in x + x.silu() }, { x in x + x.sliced(axis: 1, start: 0, count: 1) },
      { x in x + x.builder.input("v", [12]).reshaped([1, 1, 3, 4]) },
    ]
    for sum in sums { #expect(try fusedOps { x in sum(x).norm() }.last == plain) }
    let ofOnePixel = try fusedOps { x in
      let pixel = x.sliced(axis: 1, start: 0, count: 1).sliced(axis: 2, start: 0, count: 1)
      return added(pixel.convolution("a")).norm()
    }
    let summed = Op.conv2d(Convolution(padding: .init(1)), Epilogue(bias: true, residual: true))
    #expect(ofOnePixel.suffix(2) == [summed, plain])
  }

  @Test("Layers of one value are joined where their weights have one shape and no other reader")
  func joinsLayersOfOneValue() throws {
    func ops(
      supports: @escaping OpSupport = { _, _ in true }, _ build: (Tensor) -> [Tensor]
    ) throws -> [Op] {
      let builder = GraphBuilder()
      let graph = try builder.finish(build(builder.input("x", [1, 3, 3, 4])))
      let joined = try graph.joiningProducts(for: supports)
      #expect(joined.outputs.map { joined[$0].type } == graph.outputs.map { graph[$0].type })
      return joined.computed.filter { if case .reshape = $0 { false } else { true } }
    }
    func parts(_ count: Int) -> [Op] { (0..<count).map { .slice(axis: 0, start: $0, count: 1) } }
    let three = try ops { x in [x.linear("a"), x.silu().linear("d"), x.linear("b"), x.linear("c")] }
    let plain = Op.linear(Epilogue(bias: true))
    #expect(three.filter { $0 == .linears(count: 3, bias: true) }.count == 1 && three.filter { $0 == plain }.count == 1)
    #expect(parts(3).allSatisfy(three.contains) && three.count == 6)
    let wide = Parameter(path: "w.weight", shape: [8, 4]), bare = Parameter(path: "v.weight", shape: [4, 4])
    #expect(try ops { x in [x.linear("a"), x.linear(wide, bias: nil), x.linear(bare, bias: nil)] }.count == 3)
    let shared = try ops { x in [x.linear("a"), x.linear("b"), x.silu().linear("a")] }
    #expect(shared == [plain, plain, .activation(.silu), plain])
    let many = try ops { x in (0..<20).map { x.linear("\($0)") } }
    #expect(many.contains(.linears(count: 16, bias: true)) && many.contains(.linears(count: 4, bias: true)))
    #expect(many.count == 22)
    let seventeen = try ops { x in (0..<17).map { x.linear("\($0)") } }
    #expect(seventeen.last == plain)
    #expect(try ops(supports: { op, _ in !op.isFused }) { x in [x.linear("a"), x.linear("b")] } == [plain, plain])
  }

  private func fusedOps(_ build: (Tensor) -> Tensor) throws -> [Op] {
    let builder = GraphBuilder()
    let graph = try builder.finish([build(builder.input("x", [1, 3, 3, 4]))])
    let fused = try graph.fused { _, _ in true }
    #expect(fused.outputs.map { fused[$0].type } == graph.outputs.map { graph[$0].type })
    return fused.computed
  }
}

extension Graph {
  /// The operations, inputs and weights apart.
  var computed: [Op] {
    nodes.map(\.op).filter {
      switch $0 {
      case .input, .parameter: false
      default: true
      }
    }
  }
}

extension GraphBuilder {
  fileprivate func vectors(_ count: Int) -> [Tensor] {
    ["norm.weight", "norm.bias"].map { parameter(Parameter(path: $0, shape: [count])) }
  }
}

extension Tensor {
  fileprivate func norm() -> Tensor {
    let (weight, bias) = (Parameter(path: "norm.weight", shape: [4]), Parameter(path: "norm.bias", shape: [4]))
    return groupNorm(weight, bias, groups: 2, epsilon: 1e-5)
  }

  fileprivate func linear(_ path: String) -> Tensor {
    linear(Parameter(path: "\(path).weight", shape: [4, 4]), bias: Parameter(path: "\(path).bias", shape: [4]))
  }

  fileprivate func convolution(_ path: String, hasBias: Bool = true) -> Tensor {
    let weight = Parameter(path: "\(path).weight", shape: [4, 4, 3, 3])
    let bias = hasBias ? Parameter(path: "\(path).bias", shape: [4]) : nil
    return conv2d(weight, bias: bias, Convolution(padding: .init(1)))
  }
}
