import ImagineCPU
import ImagineGraph
import Testing

@testable import ImagineModels

/// Autoencoders with weights by a formula, against what diffusers computes with the same ones: these need no weight files.
@Suite struct FormulaVectorTests {
  /// Of a tensor [1, C, H, W].
  private struct Summary {
    let first: [Double], last: [Double], sum: Double, sumOfSquares: Double
  }

  @Test("A small autoencoder of 2 levels, 8 channels wide")
  func tiny() throws {
    var configuration = AutoencoderTiny.Configuration()
    configuration.width = 8
    (configuration.encoderBlocks, configuration.decoderBlocks) = ([1, 1], [1, 1])
    let inventory = WeightInventory([:])
    let vae = AutoencoderTiny(Weights(inventory, path: "vae"), configuration)
    try check(
      inventory, input: (1000, [1, 4, 4, 6]), { vae.decode($0) },
      Summary(
        first: [
          -0.8142208, -0.7620015, -0.781975, -0.8384981, -0.7976043, -0.8316213, -0.8529637, -0.8356383, -0.7965603,
          -0.7823234, -0.798786, -0.805545,
        ],
        last: [-0.8075566, -0.7947165, -0.8010378, -0.8367848], sum: -283.8822, sumOfSquares: 301.3313))
  }

  @Test("An autoencoder of 16 latent channels without convolutions next to them")
  func sixteenChannels() throws {
    var configuration = AutoencoderKL.Configuration()
    configuration.blockOutChannels = [8, 16]
    (configuration.layersPerBlock, configuration.normGroups, configuration.latentChannels) = (1, 4, 16)
    (configuration.hasQuantConv, configuration.hasPostQuantConv, configuration.scalingFactor) = (false, false, 1)
    let inventory = WeightInventory([:])
    let vae = AutoencoderKL(Weights(inventory, path: "vae"), configuration)
    try check(
      inventory, input: (1000, [1, 16, 4, 6]), { vae.decode($0) },
      Summary(
        first: [
          0.1023238, -0.0504981, 0.02698521, -0.2149178, 0.3676991, -0.007937983, -0.2853741, 0.1243701, -0.2336871,
          0.06174644, -0.02171355, 0.02880308,
        ],
        last: [-0.2357185, -0.1947727, -0.5753218, -0.3968008], sum: 0.9638349, sumOfSquares: 47.82328))
    try check(
      inventory, input: (1001, [1, 3, 8, 12]), { vae.encode($0).sliced(axis: 3, start: 0, count: 16) },
      Summary(
        first: [
          0.08480521, -0.03202966, -0.3720905, 0.05363721, -0.04110004, -0.2785332, 0.1094131, -0.4470354, -0.1567924,
          -0.1081281, -0.4854459, 0.3526956,
        ],
        last: [0.4574515, 0.04935189, 0.2770545, 0.1527858], sum: 0.7386345, sumOfSquares: 43.15098))
  }

  private func check(
    _ inventory: WeightInventory, input: (number: Int, shape: [Int]), _ network: (Tensor) -> Tensor,
    _ expected: Summary
  ) throws {
    let (channels, height, width) = (input.shape[1], input.shape[2], input.shape[3])
    let raw = FormulaWeights.numbers(input.number, channels * height * width).map(Float.init)
    let values = (0..<height * width * channels).map { raw[$0 % channels * height * width + $0 / channels] }
    let builder = GraphBuilder(), weights = FormulaWeights(inventory.requested)
    let graph = try builder.finish([network(builder.input("x", [1, height, width, channels]))])
    let backend = try CPUBackend()
    let plan = try backend.plan(graph, weights: backend.upload(weights, for: graph))
    let result = try plan.run(["x": HostTensor([1, height, width, channels], values)])[0]

    let positions = result.shape[1] * result.shape[2], last = result.shape.last
    let planes = (0..<last).flatMap { channel in
      (0..<positions).map { Double(result.floats[$0 * last + channel]) }
    }
    let size = (expected.sumOfSquares / Double(planes.count)).squareRoot()
    func isClose(_ some: [Double], _ others: [Double]) -> Bool {
      zip(some, others).allSatisfy { abs($0 - $1) < 1e-5 * size }
    }
    #expect(isClose(Array(planes.prefix(12)), expected.first), "\(planes.prefix(12))")
    #expect(isClose(planes.suffix(4), expected.last), "\(planes.suffix(4))")
    #expect(abs(planes.reduce(0, +) - expected.sum) < 1e-5 * size * Double(planes.count))
    #expect(abs(planes.reduce(0) { $0 + $1 * $1 } / expected.sumOfSquares - 1) < 1e-5)
  }
}

/// Weights by a formula of a tensor's place among the names in order of bytes, and an element's place in it.
private struct FormulaWeights: WeightSource {
  private let shapes: [String: Shape]
  private let places: [String: Int]

  init(_ shapes: [String: Shape]) {
    self.shapes = shapes
    let names = shapes.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
  }

  /// Numbers of -1..<1.
  static func numbers(_ place: Int, _ count: Int) -> [Double] {
    (0..<count).map { index in
      var x = UInt32(truncatingIfNeeded: place + 1) &* 0x9E37_79B1 &+ UInt32(truncatingIfNeeded: index) &* 0x85EB_CA77
      x ^= x >> 15
      x = x &* 0x2C1B_3C6D
      x ^= x >> 12
      x = x &* 0x297A_2D39
      x ^= x >> 15
      return Double(x) / 0x1p31 - 1
    }
  }

  func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    guard let shape = shapes[name], let place = places[name], type == .float32 else { throw GraphError(name) }
    let isGain = shape.rank == 1 && name.contains("norm") && name.hasSuffix(".weight")
    let reach = shape.rank > 1 ? 1 / Double(shape.dimensions.dropFirst().reduce(1, *)).squareRoot() : 0.2
    let values = Self.numbers(place, shape.count).map { Float((isGain ? 1 : 0) + reach * $0) }
    values.withUnsafeBytes { destination.copyMemory(from: $0) }
  }
}
