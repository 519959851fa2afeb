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

  @Test(
    "What of a prompt is not drawn as it may be meant is named",
    arguments: [
      ("a <lora:x:1>", "<lora:x:1> is left out"), ("embedding:x", "embedding:x is read as text"),
      ("{a|b}", "{a|b} is read as text"), ("__x__", "__x__ is read as text"),
      ("a [b:c:.5] | d", "[b:c:.5] is read as text"),
      ("a house #1", "#1 is a comment"), ("a clock at 12:30", ":30"), ("(a:1.2.3)", ":1.2.3)"),
    ])
  func promptLanguageIsNamed(_ prompt: String, _ part: String) async throws {
    let notices = try await notices {
      $0.prompt = prompt
      $0.steps = 1
    }
    #expect(notices.map(\.code) == [.promptLanguage])
    #expect(notices.first?.message.contains(part) == true)
  }

  @Test(
    "What of a prompt is drawn needs no words",
    arguments: [
      "(a:1.4)", "((a)) [b]", "a BREAK b", "a AND b:0.5", "[a:b:0.5]", "[a|b]", "# a comment\na", "a < b, c: d",
    ])
  func whatIsDrawnIsNotNamed(_ prompt: String) async throws {
    let notices = try await notices {
      $0.prompt = prompt
      $0.steps = 1
    }
    #expect(notices.isEmpty)
  }

  @Test func theNegativePromptCountsWhereItIsRead() async throws {
    func change(_ scale: Float) -> (inout GenerationRequest) -> Void {
      { request in
        request.negativePrompt = "bad {a|b}"
        request.guidanceScale = scale
        request.steps = 1
      }
    }
    #expect(try await notices(change(7)).map(\.code) == [.promptLanguage])
    #expect(try await notices(change(1)).map(\.code) == [.negativePrompt])
  }

  @Test func codesAreStable() {
    let codes: [Notice.Code] = [
      .promptLanguage, .negativePrompt, .settings, .unusualSize, .device, .memory, .fallback, .model,
    ]
    #expect(
      codes.map(\.rawValue) == [
        "prompt-language", "negative-prompt", "settings", "unusual-size", "device", "memory", "fallback", "model",
      ])
  }

  @Test func preparingIsReportedBeforeTheFirstStep() async throws {
    let names = try await events { $0.steps = 2 }.compactMap { event -> String? in
      switch event {
      case .stage(.preparing): "preparing"
      case .stage(let stage): "\(stage)"
      case .step: "step"
      case .image: "image"
      case .notice, .preview, .upscaling: nil
      }
    }
    #expect(
      names == [
        "preparing", "encoding", "preparing", "denoising", "step", "step", "preparing", "decoding", "image",
      ])
  }
}
