import ImagineGraph
import ImagineModels
import Testing

/// What Stable Diffusion 1.5 computes for a picture of 512 x 512, against counts made layer by layer elsewhere.
@Suite struct ModelCostTests {
  private let model: DiffusionModel

  init() throws { model = try DiffusionModel.synthetic(.stableDiffusion15()).model }

  private func graph(_ role: Network.Role, _ shape: NetworkShape) throws -> Graph {
    try #require(model[role]).graph(shape, .float16)
  }

  @Test func denoiser() throws {
    let cost = try graph(.denoiser, NetworkShape(rows: 2, height: 64, width: 64)).fused { _, _ in true }.cost
    #expect((1.60e12...1.61e12).contains(cost.flops), "\(cost.flops)")
    #expect((4.0e9...6.0e9).contains(cost.bytes), "\(cost.bytes)")
  }

  @Test func decoder() throws {
    let cost = try graph(.decoder, NetworkShape(height: 64, width: 64)).cost
    #expect((2.48e12...2.54e12).contains(cost.flops), "\(cost.flops)")
  }

  @Test("The text encoder's products are two per weight and token, and attention")
  func textEncoder() throws {
    let cost = try graph(.textEncoder(0), NetworkShape(rows: 2)).cost
    let weights = 12.0 * (4 * 768 * 768 + 2 * 768 * 3072), tokens = 2.0 * 77
    #expect(cost.flops == 2 * weights * tokens + 12 * 2 * 4 * 768 * (77 * 78 / 2))
  }
}

/// What a step of Stable Diffusion XL computes for 1024 x 1024, and what its UNet holds.
@Suite struct XLCostTests {
  private let model: DiffusionModel

  init() throws { model = try DiffusionModel.synthetic(.stableDiffusionXL()).model }

  private func graph(_ role: Network.Role, _ shape: NetworkShape) throws -> Graph {
    try #require(model[role]).graph(shape, .float16)
  }

  @Test func denoiser() throws {
    let cost = try graph(.denoiser, NetworkShape(rows: 2, height: 128, width: 128)).cost
    #expect((13.0e12...14.0e12).contains(cost.flops), "\(cost.flops)")
  }
}

/// The structures that are measured without weights are the published ones, in all that no weight shows as well.
@Suite struct SyntheticStructureTests {
  /// Parameters of a structure's networks, by component.
  private func counts(_ structure: SyntheticStructure) -> [String: Int] {
    let model = DiffusionModel.synthetic(structure).model
    #expect(model.report.isComplete)
    return Dictionary(grouping: model.parameters) { $0.key.prefix { $0 != "." } }
      .reduce(into: [:]) { counts, part in counts[String(part.key)] = part.value.reduce(0) { $0 + $1.value.count } }
  }

  @Test("As many parameters as diffusers and transformers count")
  func parameters() throws {
    let vae = 83_653_863, clipL = 123_060_480, bigG = 694_659_840
    #expect(try counts(.stableDiffusion15()) == ["unet": 859_520_964, "vae": vae, "text_encoder": clipL])
    // Without OpenCLIP's projection, which the UNet is not told.
    #expect(try counts(.stableDiffusion21()) == ["unet": 865_910_724, "vae": vae, "text_encoder": 352_984_064])
    #expect(
      try counts(.stableDiffusionXL())
        == ["unet": 2_567_463_684, "vae": vae, "text_encoder": clipL, "text_encoder_2": bigG])
    #expect(try counts(.stableDiffusionXLRefiner()) == ["unet": 2_259_526_660, "vae": vae, "text_encoder_2": bigG])
    #expect(
      try counts(.ssd1B()) == ["unet": 1_331_334_404, "vae": vae, "text_encoder": clipL, "text_encoder_2": bigG])
  }

  @Test("A structure has its family's recipe")
  func recipes() throws {
    let xl = try SyntheticStructure.stableDiffusionXL().configuration
    #expect(xl.latent.scale == 0.13025 && xl.pooled == 1 && xl.numbers.count == 6 && xl.zeroesEmptyNegative)
    #expect(xl.defaults.width == 1024 && xl.defaults.height == 1024)
    #expect(xl.textEncoders.map(\.padding) == [49407, 0] && xl.textEncoders.map(\.skippedLayers) == [1, 1])
    #expect(xl.unet == .stableDiffusionXL && xl.textEncoders.map(\.model.layers) == [12, 32])
    let refiner = try SyntheticStructure.stableDiffusionXLRefiner().configuration
    #expect(refiner.latent.scale == 0.13025 && refiner.numbers.last == .aestheticScore && refiner.pooled == 0)
    #expect(refiner.unet == .stableDiffusionXLRefiner)
    let second = try SyntheticStructure.stableDiffusion21().configuration
    #expect(second.scheduler.predictionType == "v_prediction" && second.defaults.width == 768)
    #expect(second.unet == .stableDiffusion2 && second.textEncoders[0].skippedLayers == 1)
    #expect(try SyntheticStructure.ssd1B().configuration.unet == .ssd1B)
    // In every field what a checkpoint's shapes are measured against elsewhere.
    #expect(try SyntheticStructure.stableDiffusion15().configuration == ModelConfiguration())
  }
}

@Suite struct SyntheticWeightsTests {
  private func read(_ shape: Shape, _ name: String = "layer.weight", as type: ElementType = .float32) throws -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: shape.count * type.size)
    try bytes.withUnsafeMutableBytes { try SyntheticWeights([name: shape]).read(name, as: type, into: $0) }
    return bytes
  }

  private func floats(_ bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }

  @Test("They keep the size of values, depend on their names and are the same again")
  func values() throws {
    let matrix = floats(try read([300, 400]))
    let deviation = (matrix.reduce(0) { $0 + $1 * $1 } / Float(matrix.count)).squareRoot()
    #expect(abs(deviation * Float(400).squareRoot() - 1) < 0.01)
    #expect(abs(matrix.reduce(0, +) / Float(matrix.count)) < 0.01 * deviation * 20)
    #expect(try read([300, 400]) == read([300, 400]))
    #expect(try read([300, 400]) != read([300, 400], "other.weight"))
    #expect(Set(matrix[..<400]).count > 300 && matrix[..<400] != matrix[400..<800])
  }

  @Test func vectors() throws {
    #expect(floats(try read([50])).allSatisfy { abs($0 - 1) <= 0.1 })
    #expect(floats(try read([50], "layer.bias")).allSatisfy { abs($0) <= 0.1 })
  }

  @Test(arguments: [ElementType.float16, .bfloat16]) func narrowTypes(_ type: ElementType) throws {
    let wide = floats(try read([90, 1000])), narrow = try read([90, 1000], as: type)
    let bits = narrow.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
    #expect(bits == wide.map { type == .float16 ? HalfFloat.bits($0) : BFloat16.bits($0) })
  }

  @Test func whatIsNotThereIsAnError() throws {
    let weights = SyntheticWeights(["layer.weight": [2, 2]])
    var bytes = [UInt8](repeating: 0, count: 16)
    #expect(throws: GraphError.self) {
      try bytes.withUnsafeMutableBytes { try weights.read("layer.bias", as: .float32, into: $0) }
    }
    #expect(throws: GraphError.self) {
      try bytes.withUnsafeMutableBytes { try weights.read("layer.weight", as: .float16, into: $0) }
    }
  }
}
