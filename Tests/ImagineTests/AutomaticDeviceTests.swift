import Testing

@testable import Imagine

/// What `Device.automatic` does with a card that looks well and then cannot be opened.
@Suite struct AutomaticDeviceTests {
  private let broken = AutomaticCard(name: "Card X") { _ in
    throw ImagineError(.deviceFailed, "Its driver refused to make a queue.")
  }

  @Test func theProcessorTakesOverAndSaysWhy() async throws {
    let options = Pipeline.Options(precision: .float32, threads: 2)
    let device = try OpenedDevice.automatic(options, card: broken)
    #expect(device.openProcessor == nil)
    let notice = "The processor computes, since Card X cannot be used: Its driver refused to make a queue."
    #expect(device.notice == notice)

    let pipeline = try Pipeline(OpenedModel(TinyModel.file), options, on: device)
    for pictures in [[notice], []] {
      var notices: [String] = []
      for try await event in pipeline.generate(TinyModel.request) {
        if case .notice(let notice) = event, notice.code != .unusualSize { notices.append(notice.message) }
      }
      #expect(notices == pictures)
    }
  }

  @Test func withoutACardThereIsNothingToSay() throws {
    #expect(try OpenedDevice.automatic(Pipeline.Options(threads: 1), card: nil).notice == nil)
  }

  @Test("What only a card can do fails with the card's own words", arguments: [true, false])
  func onlyACard(_ isTier: Bool) throws {
    var options = Pipeline.Options(threads: 1)
    if isTier { options.vulkanTier = .t1 } else { options.precision = .float16 }
    let error = #expect(throws: ImagineError.self) { try OpenedDevice.automatic(options, card: broken) }
    #expect(error?.message == "Its driver refused to make a queue.")
  }
}
