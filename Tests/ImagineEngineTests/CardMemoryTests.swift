import ImagineCPU
import ImagineEngineTesting
import ImagineGraph
import Synchronization
import Testing

@testable import ImagineEngine

/// Two models on a card that loses its memory or has too little.
@Suite struct CardMemoryTests {
  @Test("A card that is lost loses both models' networks, and both draw again", arguments: [true, false])
  func loss(_ comesBack: Bool) async throws {
    try await withTemporaryFolder { folder in
      // The fourth run of the second model; each picture takes four.
      let models = try TinyModel.copies(2, in: folder)
      let card = try FailingCard(comesBack: comesBack, onRun: { $0.runs == 8 ? .failure(.deviceLost) : nil })
      let expected = try await card.engine.draw(TinyModel.request, models[0])
      #expect(card.device.loadedNetworks == 3)
      let second = try await card.engine.draw(TinyModel.request, models[1])
      #expect(second.pictures == expected.pictures)
      #expect(second.notices.count == 1)
      #expect(
        second.notices.first?.message.contains(comesBack ? "opened again" : "the processor does the rest") == true)
      #expect(card.device.loadedNetworks == 0)
      for model in models {
        let drawing = try await card.engine.draw(TinyModel.request, model)
        #expect(drawing.pictures == expected.pictures && drawing.notices.isEmpty)
      }
      #expect(card.device.runs == 8, "the lost card was used again")
      #expect(card.reopened.device.withLock { $0?.loadedNetworks } == (comesBack ? 6 : nil))
    }
  }

  @Test("Once the card is gone, memory is reckoned with as the processor computes")
  func reckoningAfterLoss() async throws {
    var settings = EngineSettings()
    // Little enough for memory to be looked at.
    settings.memory.free = { 300_000_000 }
    settings.memory.resident = { 40_000_000 }
    let card = try FailingCard(settings, precision: .float16, comesBack: false, onPlan: { _ in .deviceLost })
    let model = try TinyModel.opened()
    let first = try await card.engine.draw(TinyModel.request, model)
    let second = try await card.engine.draw(TinyModel.request, model)
    #expect(first.pictures == second.pictures && second.notices.isEmpty)
    #expect(try await card.engine.estimate(TinyModel.request, with: model).forecast.stages.count == 3)
  }

  @Test("A model for which another has to make room keeps its own networks, and says it once")
  func roomFromTheOtherModel() async throws {
    try await withTemporaryFolder { folder in
      let models = try TinyModel.copies(2, in: folder)
      // One model's networks fit, and one more.
      let card = try FailingCard(onPlan: { $0.loadedNetworks > 4 ? .outOfMemory : nil })
      let expected = try await card.engine.draw(TinyModel.request, models[0])
      #expect(expected.notices.isEmpty)
      let second = try await card.engine.draw(TinyModel.request(count: 2), models[1])
      #expect(second.pictures.first == expected.pictures.first)
      #expect(second.notices.count == 1 && second.notices.first?.message.contains("beside other models") == true)
      #expect(card.device.loadedNetworks == 3)
      let planned = card.device.plans.count
      #expect(try await card.engine.draw(TinyModel.request, models[1]).notices.isEmpty)
      #expect(card.device.plans.count == planned, "its own networks made room")
      // And back: the first has not said it yet, and then it has.
      let back = try await card.engine.draw(TinyModel.request, models[0])
      #expect(back.pictures == expected.pictures && back.notices.count == 1)
      for model in [models[1], models[0]] {
        #expect(try await card.engine.draw(TinyModel.request, model).notices.isEmpty)
      }
    }
  }

  @Test("What a cancelled request began to load is nothing that could make room")
  func nothingToLetGo() async throws {
    let residents = ResidentNetworks()
    let one = PlannedNetwork("one", for: .encoding, among: residents)
    let other = PlannedNetwork("other", for: .encoding, among: residents)
    residents.used(one)
    residents.used(other)
    #expect(!residents.hold(otherThan: [one]) && !residents.holdSparePlans)
  }
}
