import ImagineCheckpoint
import ImagineGraph
import Testing

@testable import ImagineModels

/// Whatever pads with zeros on both sides wraps instead, in every network of every family.
@Suite struct SeamlessStructureTests {
  private static let structures: [(String, @Sendable () throws -> SyntheticStructure)] = [
    ("1.5", { try .stableDiffusion15() }), ("2.1", { try .stableDiffusion21() }), ("XL", { try .stableDiffusionXL() }),
    ("refiner", { try .stableDiffusionXLRefiner() }), ("SSD-1B", { try .ssd1B() }), ("miniature", { .miniature }),
  ]

  @Test(arguments: structures.indices) func everyConvolutionWraps(_ index: Int) throws {
    let (model, _) = DiffusionModel.synthetic(try Self.structures[index].1())
    for role in [Network.Role.denoiser, .decoder, .encoder] {
      let network = try #require(model[role])
      func paddings(_ seamless: SeamlessAxes) throws -> [Convolution.Padding] {
        let shape = NetworkShape(height: 16, width: 24, seamless: seamless)
        return try network.graph(shape, .float32).nodes.compactMap { node in
          if case .conv2d(let convolution, _) = node.op { convolution.padding } else { nil }
        }
      }
      let plain = try paddings([])
      #expect(plain.contains(Convolution.Padding(1)))
      for (seamless, left) in [
        (SeamlessAxes.x, Convolution.Padding(top: 1, left: 0, bottom: 1, right: 0)),
        (.y, Convolution.Padding(top: 0, left: 1, bottom: 0, right: 1)),
        ([.x, .y] as SeamlessAxes, Convolution.Padding(0)),
      ] {
        // Zeros on one side only are the encoder's own.
        #expect(try paddings(seamless) == plain.map { $0 == Convolution.Padding(1) ? left : $0 })
      }
      let oneSided = plain.filter { $0 != Convolution.Padding(1) && $0 != Convolution.Padding(0) }
      #expect(oneSided.isEmpty == (role != .encoder))
    }
  }

  /// Edges that cannot be had are a mistake in words, not a trap.
  @Test func moreThanThereIsCannotWrap() throws {
    for (shape, padding) in [([1, 2, 2, 4], 3), ([1, 1, 5, 4], 2)] as [(Shape, Int)] {
      let builder = GraphBuilder()
      builder.wrappedAxes = [1, 2]
      let weight = Parameter(path: "layer.weight", shape: [3, 4, 7, 7])
      let result = builder.input("x", shape).conv2d(
        weight, bias: nil, Convolution(padding: Convolution.Padding(padding)))
      #expect(throws: GraphError.self) { try builder.finish([result]) }
    }
    let builder = GraphBuilder()
    let tokens = builder.input("x", [2, 3])
    #expect(throws: GraphError.self) { try builder.finish([tokens.wrapped(axis: 2, before: 1, after: 1)]) }
  }
}
