import ImagineEngineTesting
import ImagineGraph
import Synchronization
import Testing

@testable import ImagineEngine

/// Requests to one engine at once.
@Suite struct RequestTurnTests {
  private static let sizes = [(64, 64), (96, 64), (64, 64), (96, 64), (40, 72), (64, 64)]

  private static func request(_ index: Int) -> PictureRequest {
    TinyModel.request(width: sizes[index].0, height: sizes[index].1, seed: UInt64(index))
  }

  /// Every request at once, each of the model that `model` gives.
  private func drawAll(
    _ engine: ModelEngine, _ model: @escaping @Sendable (Int) -> OpenedModel
  ) async throws -> (pictures: [[Float]], order: [Int]) {
    let log = Log<Int>()
    let tasks = Self.sizes.indices.map { index in
      let ticket = engine.ticket()
      return Task { try await engine.draw(Self.request(index), model(index), ticket: ticket) { await log.add(index) } }
    }
    var pictures: [[Float]] = []
    for task in tasks { pictures += try await task.value.pictures }
    return (pictures, await log.entries)
  }

  @Test("Of one model: in the order they come, the same pictures, and each network planned once for each shape")
  func oneModel() async throws {
    let alone = try FailingCard(), model = try TinyModel.opened()
    var expected: [[Float]] = []
    for index in Self.sizes.indices { expected += try await alone.engine.draw(Self.request(index), model).pictures }
    let card = try FailingCard()
    let (pictures, order) = try await drawAll(card.engine) { _ in model }
    #expect(order == Array(Self.sizes.indices))
    #expect(pictures == expected)
    // Three sizes, and the prompts' one.
    #expect([card.texts, card.denoisers, card.decoders] == [1, 3, 3])
    #expect(card.device.plans.count == 7)
  }

  @Test("Of two models: in the order they come, and each model's networks planned once for each shape")
  func twoModels() async throws {
    try await withTemporaryFolder { folder in
      let models = try TinyModel.copies(2, in: folder), card = try FailingCard()
      let (pictures, order) = try await drawAll(card.engine) { models[$0 % 2] }
      #expect(order == Array(Self.sizes.indices))
      for index in Self.sizes.indices {
        #expect(try await FailingCard().engine.draw(Self.request(index), models[0]).pictures == [pictures[index]])
      }
      // The first model draws 64x64 and 40x72, the second 96x64 and 64x64.
      #expect([card.texts, card.denoisers, card.decoders] == [2, 4, 4])
    }
  }

  @Test("One that is cancelled while it waits is gone at once, and the others are drawn")
  func cancelledWhileWaiting() async throws {
    let card = try FailingCard(), model = try TinyModel.opened(), gate = Gate(), log = Log<Int>(), engine = card.engine
    let tasks = (0..<3).map { index in
      let ticket = engine.ticket()
      return Task {
        try await engine.draw(Self.request(index), model, ticket: ticket) {
          await log.add(index)
          if index == 0 { await gate.wait() }
        }
      }
    }
    tasks[1].cancel()
    await #expect(throws: CancellationError.self) { try await tasks[1].value }
    await gate.open()
    #expect(try await tasks[0].value.pictures.count == 1)
    #expect(try await tasks[2].value.pictures.count == 1)
    #expect(await log.entries == [0, 2])
    // Of what was cancelled, nothing was planned.
    #expect(card.denoisers == 1)
  }

  @Test("One that is cancelled while it is drawn lets the next begin, with its networks as they are", arguments: 1...4)
  func cancelledWhileDrawn(_ run: Int) async throws {
    let isOver = Atomic(false)
    let card = try FailingCard(onRun: { call in
      if call.runs == run, !isOver.exchange(true, ordering: .relaxed) { withUnsafeCurrentTask { $0?.cancel() } }
      return nil
    })
    let model = try TinyModel.opened(), engine = card.engine
    let tickets = [engine.ticket(), engine.ticket()]
    let tasks = tickets.map { ticket in Task { try await engine.draw(TinyModel.request, model, ticket: ticket) } }
    await #expect(throws: CancellationError.self) { try await tasks[0].value }
    let picture = try await tasks[1].value.pictures
    #expect(try await picture == FailingCard().engine.draw(TinyModel.request, model).pictures)
    #expect([card.texts, card.denoisers, card.decoders] == [1, 1, 1])
  }

  @Test("A request that fails lets the next begin")
  func failed() async throws {
    let card = try FailingCard(onRun: { $0.runs == 2 ? .failure(.other) : nil })
    let model = try TinyModel.opened()
    await #expect(throws: EngineError.self) { try await card.engine.draw(TinyModel.request, model) }
    #expect(try await card.engine.draw(TinyModel.request, model).pictures.count == 1)
  }

  @Test("A picture that is not taken lets the next request begin")
  func undelivered() async throws {
    struct Refused: Error {}
    let card = try FailingCard(), model = try TinyModel.opened()
    await #expect(throws: Refused.self) {
      try await card.engine.draw(TinyModel.request, model) { throw Refused() }
    }
    #expect(try await card.engine.draw(TinyModel.request, model).pictures.count == 1)
  }
}
