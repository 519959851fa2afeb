import ImagineCPU
import ImagineGraph
import ImagineModels
import Testing

@testable import Imagine
@testable import ImagineEngine

@Suite struct LowMemoryTests {
  private static let request: GenerationRequest = {
    var request = GenerationRequest(
      prompt: "a red house under a yellow sun", size: Size(width: 128, height: 128), steps: 2, guidanceScale: 4)
    request.seed = 42
    return request
  }()

  /// What the process has, for estimates that do not hang on what other tests have drawn.
  private static let resident = 40_000_000

  /// The demonstration model on the processor.
  ///
  /// - Parameter free: bytes that the process can have, with those that it has.
  private func pipeline(
    _ lowMemory: LowMemory = .automatic, tiling: VAETiling = .automatic, precision: Imagine.Precision = .float32,
    free: Int? = nil, ignoresMemory: Bool = false, networkBytes: Int? = nil,
    large: LargeNetworks? = nil
  ) async throws -> Pipeline {
    try await Pipeline(
      OpenedModel.demonstration(),
      Pipeline.Options(
        precision: precision, vaeTiling: tiling, lowMemory: lowMemory, ignoresMemory: ignoresMemory),
      on: OpenedDevice(try CPUBackend(threads: 2), name: "the processor", preferredPrecision: precision.graph),
      freeMemory: { free.map { $0 - Self.resident } }, residentMemory: { Self.resident }, networkBytes: networkBytes,
      large: large)
  }

  private func draw(_ pipeline: Pipeline) async throws -> (image: GeneratedImage?, notices: [String]) {
    var image: GeneratedImage?, notices: [String] = []
    for try await event in pipeline.generate(Self.request) {
      switch event {
      // The tests' pictures are far smaller than the model's own, which is said each time.
      case .notice(let notice): if notice.code != .unusualSize { notices.append(notice.message) }
      case .image(let drawn): image = drawn
      case .stage, .step, .preview, .upscaling: break
      }
    }
    return (image, notices)
  }

  @Test(arguments: [Imagine.Precision.float32, .bfloat16])
  func thePictureIsTheSame(_ precision: Imagine.Precision) async throws {
    let usual = try await draw(pipeline(.never, tiling: .never, precision: precision)).image
    let saving = try await pipeline(.always, tiling: .never, precision: precision, networkBytes: 1)
    for _ in 0..<2 { #expect(try await draw(saving).image?.pixels == usual?.pixels) }
  }

  @Test func tilesAreTakenWhereTheWholeDoesNotFitTheBudget() async throws {
    let whole = try await pipeline(.always).estimate(Self.request)
    #expect(whole.usesLowMemory && !whole.usesTiles)
    // Too large for the whole, and for tiles of 128 or 64 positions, which are none in a picture of 16.
    var large = Self.request
    large.size = Size(width: 512, height: 512)
    let tiled = try await pipeline(.always, networkBytes: 10_000_000).estimate(large)
    #expect(tiled.usesLowMemory && tiled.usesTiles)
    let never = try await pipeline(.always, tiling: .never, networkBytes: 10_000_000).estimate(large)
    #expect(!never.usesTiles)
  }

  @Test func anEstimateCountsEveryWeightAndIsLessWithLittleMemory() async throws {
    let opened = try OpenedModel.demonstration()
    let full = try await pipeline(.never).estimate(Self.request)
    #expect(full.stages.map(\.name) == ["text encoder", "UNet", "decoder"])
    // The model stores 16 bits: what is multiplied by stays so, the rest is held as it is computed with.
    let needed = opened.model.parameters.filter { !$0.key.hasPrefix("vae.encoder") && !$0.key.hasPrefix("vae.quant") }
      .reduce(0) { $0 + $1.value.count * ($1.value.rank == 1 || $1.key.contains("embeddings") ? 4 : 2) }
    let bytes = full.stages.reduce(0) { $0 + $1.weightBytes }
    // Packing pads.
    #expect(bytes >= needed && Double(bytes) < Double(needed) * 1.1)
    #expect(full.peakBytes == full.stages.map(\.peakBytes).max())

    let low = try await pipeline(.always, networkBytes: 1).estimate(Self.request)
    #expect(zip(low.stages, full.stages).allSatisfy { $0.weightBytes <= $1.weightBytes })
    #expect(low.stages[1].weightBytes < full.stages[1].weightBytes / 2)
    #expect(low.stages[1].flops == full.stages[1].flops)
    #expect(low.freeBytes == nil)
  }

  // MARK: Large networks

  /// What is prepared for two pictures, one after the other.
  private func preparations(_ pipeline: Pipeline) async throws -> [String] {
    var request = Self.request
    request.count = 2
    request.steps = 1
    var names: [String] = []
    for try await event in pipeline.generate(request) {
      if case .stage(.preparing(let name)) = event { names.append(name) }
    }
    return names
  }

  /// Thresholds that the demonstration model exceeds.
  private func large(_ change: (inout LargeNetworks) -> Void) -> LargeNetworks {
    var large = LargeNetworks()
    (large.textBytes, large.denoiserBytes, large.pixels) = (1, 1, 1)
    change(&large)
    return large
  }

  /// Bytes that the network of the request keeps from step to step.
  private func keptByUNet() throws -> Int {
    let model = try OpenedModel.demonstration()
    let graph = try #require(model.model[.denoiser]).graph(NetworkShape(rows: 2, height: 16, width: 16), .float32)
    return try CPUBackend(threads: 2).memoryNeeds(of: graph, weights: model.weights).keptBytes
  }

  @Test func largeDenoisersAndDecodersTakeTurns() async throws {
    let turning = try await pipeline(large: large { _ in })
    #expect(try await preparations(turning) == ["text encoder", "UNet", "decoder", "UNet", "decoder"])
    #expect(try await draw(turning).image?.pixels == draw(pipeline()).image?.pixels)
    // As the estimate has it: each network is alone.
    let usual = try await pipeline().estimate(Self.request)
    let alone = try await pipeline(large: large { _ in }).estimate(Self.request)
    #expect(!alone.usesLowMemory && !alone.usesTiles)
    #expect(alone.stages.map(\.weightBytes) == usual.stages.map(\.weightBytes))
    #expect(alone.stages[0].peakBytes == usual.stages[0].peakBytes)
    let decoder = (alone.stages[2], usual.stages[2])
    let kept = try keptByUNet()
    #expect(kept > 0)
    #expect(
      decoder.1.peakBytes - decoder.0.peakBytes == usual.stages[0].weightBytes + usual.stages[1].weightBytes + kept)
    #expect(alone.peakBytes < usual.peakBytes)
  }

  @Test func whatIsSmallerStays() async throws {
    let networks = ["text encoder", "UNet", "decoder"]
    let smaller = [large { $0.denoiserBytes = 1 << 30 }, large { $0.pixels = 1 << 20 }, nil]
    for large in smaller { #expect(try await preparations(pipeline(large: large)) == networks) }
    // Text encoders alone.
    let texts = try await pipeline(large: large { $0.pixels = 1 << 20 })
    #expect(try await preparations(texts) == networks)
    #expect(try await preparations(texts) == ["text encoder"])
    let all = try await pipeline().estimate(Self.request).stages
    let some = try await pipeline(large: large { $0.pixels = 1 << 20 }).estimate(Self.request).stages
    #expect(all[1].peakBytes - some[1].peakBytes == all[0].weightBytes)
  }

  @Test func anEstimateHasWhatThePlansHave() async throws {
    let model = try OpenedModel.demonstration().model, backend = try CPUBackend(threads: 2)
    let graph = try #require(model[.denoiser]).graph(NetworkShape(rows: 2, height: 16, width: 16), .float32)
    let weights = try backend.upload(OpenedModel.demonstration().weights, for: graph)
    let plan = try backend.plan(graph, weights: weights)
    let unet = try await pipeline(.never).estimate(Self.request).stages[1]
    #expect(unet.weightBytes == weights.byteCount)
    #expect(unet.workingBytes == plan.peakBytes)
    #expect(unet.flops == graph.cost.flops)
  }

  @Test func aDeviceWithMemoryOfItsOwnIsNotEstimated() async throws {
    let rig = try await FailingRig()
    let error = await #expect(throws: ImagineError.self) { try await rig.pipeline.estimate(TinyModel.request) }
    #expect(error?.code == .invalidRequest && error?.remedies == [.processor])
  }

  @Test func impossibleRequestsAreNotEstimated() async throws {
    var request = Self.request
    request.size = Size(width: 65, height: 64)
    await #expect(throws: ImagineError.self) { try await pipeline().estimate(request) }
  }

  // MARK: What is free

  @Test func thePipelineTurnsToLittleMemoryByItself() async throws {
    // Not in tiles, which might do as well.
    let full = try await pipeline(.never).estimate(Self.request).peakBytes
    let low = try await pipeline(.always, tiling: .never, networkBytes: 1).estimate(Self.request).peakBytes
    let free = (full + low) / 2
    let (image, notices) = try await draw(pipeline(tiling: .never, free: free, networkBytes: 1))
    #expect(notices.count == 1 && notices.first?.contains("takes longer, unless") == true)
    #expect(try await pipeline(tiling: .never, free: free, networkBytes: 1).estimate(Self.request).usesLowMemory)
    let usual = try await draw(pipeline(.never, free: full * 2))
    #expect(usual.notices.isEmpty)
    #expect(try #require(image).pixels == usual.image?.pixels)
    // Refused, it is at the very edge drawn with a warning.
    let warned = try await draw(pipeline(.never, tiling: .never, free: free))
    #expect(warned.image != nil && warned.notices.first?.contains("drawing with little memory") == true)
  }

  @Test func aPictureThatFitsInTilesAloneIsDecodedInTilesAndThatIsSaid() async throws {
    let whole = try await pipeline(.never).estimate(Self.request)
    let tiled = try await pipeline(.never, free: whole.peakBytes - 1).estimate(Self.request)
    #expect(!whole.usesTiles && tiled.usesTiles && !tiled.usesLowMemory && tiled.peakBytes < whole.peakBytes)
    let expected = try #require(try await draw(pipeline(.never)).image)
    let (image, notices) = try await draw(pipeline(free: tiled.peakBytes))
    #expect(notices.count == 1 && notices.first?.contains("in tiles") == true, "\(notices)")
    let worst = zip(try #require(image).pixels, expected.pixels).map { abs(Int($0) - Int($1)) }.max()
    #expect(try #require(worst) <= 1)
  }

  @Test func whatCertainlyDoesNotFitIsRefusedUnlessForced() async throws {
    for lowMemory in LowMemory.allCases {
      let error = await #expect(throws: ImagineError.self) { try await draw(pipeline(lowMemory, free: 1_000_000)) }
      #expect(error?.code == .outOfMemory)
      #expect(error?.remedies.contains(.ignoringMemory) == true)
      #expect(error?.remedies.contains(.lowMemory) == (lowMemory == .never))
      let forced = try await draw(pipeline(lowMemory, tiling: .never, free: 1_000_000, ignoresMemory: true))
      #expect(forced.image != nil && forced.notices.isEmpty)
    }
    // Where nothing is known, nothing is refused.
    #expect(try await draw(pipeline(free: nil)).notices.isEmpty)
  }
}
