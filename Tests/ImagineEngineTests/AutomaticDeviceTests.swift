import ImagineGraph
import ImagineVulkan
import Testing

@testable import ImagineEngine

/// What an automatic choice does with a card that looks well and then cannot be opened.
@Suite struct AutomaticDeviceTests {
  private let broken = AutomaticCard(name: "Card X") { _ in
    throw EngineError(.deviceFailed, "Its driver refused to make a queue.")
  }

  private func settings(_ change: (inout EngineSettings) -> Void = { _ in }) -> EngineSettings {
    var settings = EngineSettings()
    settings.threads = 2
    change(&settings)
    return settings
  }

  @Test func theProcessorTakesOverAndSaysWhy() async throws {
    let settings = settings { $0.precision = .float32 }
    let device = try OpenedDevice.automatic(settings, card: broken)
    #expect(device.openProcessor == nil)
    let notice = "The processor computes, since Card X cannot be used: Its driver refused to make a queue."
    #expect(device.notice == notice)

    let engine = try ModelEngine(settings, on: device), model = try TinyModel.opened()
    for pictures in [[notice], []] {
      #expect(try await engine.draw(TinyModel.request, model).notices.map(\.message) == pictures)
    }
  }

  @Test func withoutACardThereIsNothingToSay() throws {
    #expect(try OpenedDevice.automatic(settings(), card: nil).notice == nil)
  }

  @Test("What only a card can do fails with the card's own words", arguments: [true, false])
  func onlyACard(_ isTier: Bool) throws {
    let settings = settings { if isTier { $0.tier = .t1 } else { $0.precision = .float16 } }
    let error = #expect(throws: EngineError.self) { try OpenedDevice.automatic(settings, card: broken) }
    #expect(error?.message == "Its driver refused to make a queue.")
  }
}
