import Imagine
import Testing

@Suite struct NoticeTests {
  private func events(_ change: (inout GenerationRequest) -> Void) async throws -> [GenerationEvent] {
    var request = TinyModel.request
    change(&request)
    var events: [GenerationEvent] = []
    for try await event in try await TinyModel.pipeline().generate(request) { events.append(event) }
    return events
  }

  private func notices(_ change: (inout GenerationRequest) -> Void) async throws -> [Notice] {
    try await events(change).compactMap { event in
      if case .notice(let notice) = event, notice.code != .unusualSize { notice } else { nil }
    }
  }

  @Test(arguments: ["(a:1.4)", "<lora:x:1>", "a BREAK b", "embedding:x", "{a|b}", "__x__"])
  func promptLanguageIsNamed(_ prompt: String) async throws {
    let notices = try await notices {
      $0.prompt = prompt
      $0.steps = 1
    }
    #expect(notices.map(\.code) == [.promptLanguage])
    #expect(notices.first?.message.contains(prompt.contains("BREAK") ? "BREAK" : prompt) == true)
  }

  @Test func theNegativePromptCountsWhereItIsRead() async throws {
    func change(_ scale: Float) -> (inout GenerationRequest) -> Void {
      { request in
        request.negativePrompt = "(bad:1.4)"
        request.guidanceScale = scale
        request.steps = 1
      }
    }
    #expect(try await notices(change(7)).map(\.code) == [.promptLanguage])
    #expect(try await notices(change(1)).isEmpty)
  }

  @Test func codesAreStable() {
    let codes: [Notice.Code] = [.promptLanguage, .unusualSize, .device, .memory, .fallback, .model]
    #expect(
      codes.map(\.rawValue) == ["prompt-language", "unusual-size", "device", "memory", "fallback", "model"])
  }

  @Test func preparingIsReportedBeforeTheFirstStep() async throws {
    let names = try await events { $0.steps = 2 }.compactMap { event -> String? in
      switch event {
      case .stage(.preparing): "preparing"
      case .stage(let stage): "\(stage)"
      case .step: "step"
      case .image: "image"
      case .notice: nil
      }
    }
    #expect(
      names == [
        "preparing", "encoding", "preparing", "denoising", "step", "step", "preparing", "decoding", "image",
      ])
  }
}
