import ImagineCPU
import ImagineGraph
import ImagineModels
import ImagineText
import Testing

@testable import ImagineEngine

/// How the memory of the processor is shared between models, and between one request and the next.
@Suite struct SharedMemoryTests {
  private let processor: MeteredProcessor

  init() throws { processor = try MeteredProcessor() }

  /// A few bytes that rounding may take.
  private static let slack = 100_000

  private static let request = TinyModel.request(width: 128, height: 128)

  /// What a request takes, as if nothing else were in memory.
  private func peak(_ engine: ModelEngine, _ model: OpenedModel) async throws -> Int {
    try await engine.estimate(Self.request, with: model).forecast.peakBytes
  }

  @Test("Both models stay while there is room, then the one used least recently goes, and comes back right")
  func leastRecentlyUsed() async throws {
    try await withTemporaryFolder { folder in
      let models = try TinyModel.copies(3, in: folder), engine = try processor.engine()
      let one = try await peak(engine, models[0])
      let expected = try await engine.draw(Self.request, models[0]).pictures
      let held = processor.resident - MeteredProcessor.program - ProcessMemory.bytesOfDrawing
      // Room for two models and the work of one.
      processor.capacity = one + held
      for model in [models[1], models[0], models[1], models[0]] {
        let drawing = try await engine.draw(Self.request, model)
        #expect(drawing.pictures == expected && drawing.notices.isEmpty)
      }
      #expect(processor.planned == 6 && processor.loadedNetworks == 6)

      let third = try await engine.draw(Self.request, models[2])
      #expect(third.pictures == expected && third.notices.isEmpty)
      #expect(processor.planned == 9 && processor.loadedNetworks < 9)
      // It was the second that went, not the first.
      _ = try await engine.draw(Self.request, models[0])
      #expect(processor.planned == 9)
      let back = try await engine.draw(Self.request, models[1])
      #expect(back.pictures == expected && back.notices.isEmpty)
      #expect(processor.planned > 9)
      #expect(processor.peak <= processor.capacity)
    }
  }

  @Test("What is drawn already does not count against what is drawn next")
  func theSameAgain() async throws {
    let model = try TinyModel.opened(), engine = try processor.engine()
    let first = try await peak(engine, model)
    processor.capacity = first + Self.slack
    var request = Self.request
    request.count = 2
    for _ in 0..<3 {
      let drawing = try await engine.draw(request, model)
      #expect(drawing.notices.isEmpty, "\(drawing.notices)")
      #expect(try await peak(engine, model) == first)
    }
    // Neither with little memory nor in tiles.
    #expect(processor.planned == 3)
  }

  @Test("Prompts that are read when the rest of the model is there make it go where both do not fit")
  func textsThatAreReadAgain() async throws {
    let model = try TinyModel.opened(), engine = try processor.engine { $0.large.textBytes = 1 }
    let first = try await peak(engine, model)
    processor.capacity = first + Self.slack
    let expected = try await engine.draw(Self.request, model)
    #expect(processor.loadedNetworks == 2)
    let second = try await engine.draw(Self.request, model)
    #expect(second.pictures == expected.pictures && second.notices.isEmpty)
    #expect(processor.peak <= processor.capacity)
    // With room for all of it, only the prompts' network is read again.
    processor.capacity = 2 * first
    _ = try await engine.draw(Self.request, model)
    let planned = processor.planned
    _ = try await engine.draw(Self.request, model)
    #expect(processor.planned == planned + 1)
  }

  // MARK: What is counted

  private func workload(_ request: PictureRequest, _ model: OpenedModel) throws -> Workload {
    let plans = try RequestPrompts(request).plans(for: request, request.models(first: model), CLIPTokenizer())
    return try Workload(request, model, plans)
  }

  private func choice(
    free: Int, held: Int, own: Int
  ) throws -> (policy: MemoryPolicy, room: MemoryRoom?) {
    var settings = MemorySettings()
    settings.free = { free }
    settings.resident = { held + 40_000_000 }
    return try MemoryChoice(
      workload: workload(Self.request, TinyModel.opened()), settings: settings,
      backend: CPUBackend(threads: 1), precision: .float32, heldBytes: held, ownBytes: own
    ).settled { _ in }
  }

  @Test("Nobody counts where there is plenty; what other models hold is not plenty until they let go")
  func plenty() throws {
    #expect(try choice(free: 1 << 40, held: 0, own: 0).room == nil)
    #expect(try choice(free: 1000, held: 1 << 40, own: 1 << 40).room == nil)
    let room = try #require(try choice(free: 1000, held: 1 << 40, own: 0).room)
    #expect(room.availableBytes == 1 << 40 + 40_001_000)
    #expect(room.forecast.peakBytes < 1 << 30)
  }

  @Test("The network that a painted picture is encoded with counts, and the layers that are asked for")
  func workload() throws {
    var configuration = ModelConfiguration()
    configuration.planes = [.mask, .maskedPicture]
    let family = try TinyModel.opened().family
    let model = try OpenedModel(synthetic: SyntheticStructure(family, configuration), name: "painter")
    var request = TinyModel.request
    request.clipSkip = 2
    let entries = try workload(request, model).entries
    #expect(entries.map(\.network.role) == [.textEncoder(0), .encoder, .denoiser, .decoder])
    #expect(entries.map(\.shape.skippedLayers) == [1, 0, 0, 0])
    request.clipSkip = 99
    #expect(throws: EngineError.self) { try workload(request, model) }
  }
}
