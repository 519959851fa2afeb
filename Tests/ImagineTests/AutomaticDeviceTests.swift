import Testing

@testable import Imagine
@testable import ImagineEngine

/// What `Device.automatic` does with a card that looks well and then cannot be opened.
@Suite struct AutomaticDeviceTests {
  private let broken = AutomaticCard(name: "Card X") { _ in
    throw EngineError(.deviceFailed, "Its driver refused to make a queue.")
  }

  @Test func theProcessorTakesOverAndSaysWhy() async throws {
    let options = Pipeline.Options(precision: .float32, threads: 2)
    let device = try OpenedDevice.automatic(options.settings, card: broken)
    #expect(device.openProcessor == nil)
    let notice = "The processor computes, since Card X cannot be used: Its driver refused to make a queue."
    #expect(device.notice == notice)

    let pipeline = try await Pipeline(OpenedModel(TinyModel.file), options, on: device)
    for pictures in [[notice], []] {
      var notices: [String] = []
      for try await event in pipeline.generate(TinyModel.request) {
        if case .notice(let notice) = event, notice.code != .unusualSize { notices.append(notice.message) }
      }
      #expect(notices == pictures)
    }
  }

  @Test func withoutACardThereIsNothingToSay() throws {
    #expect(try OpenedDevice.automatic(Pipeline.Options(threads: 1).settings, card: nil).notice == nil)
  }

  @Test("What only a card can do fails with the card's own words", arguments: [true, false])
  func onlyACard(_ isTier: Bool) throws {
    var options = Pipeline.Options(threads: 1)
    if isTier { options.vulkanTier = .t1 } else { options.precision = .float16 }
    let error = #expect(throws: EngineError.self) { try OpenedDevice.automatic(options.settings, card: broken) }
    #expect(error?.message == "Its driver refused to make a queue.")
  }
}
