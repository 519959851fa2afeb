import Foundation
import Imagine
import ImagineTesting
import Testing

/// What a request may ask for, and what it says when it may not.
@Suite struct RequestTests {
  @Test(arguments: [(0, "0 steps"), (10_000, "10000 steps"), (-3, "-3 steps")])
  func impossibleSteps(_ steps: Int, _ words: String) async throws {
    var request = TinyModel.request
    request.steps = steps
    try await expectRefusal(of: request, mentioning: words)
  }

  @Test(arguments: [
    (0, 64, "width of 0"), (64, 100, "choose 96 or 104"), (9000, 64, "width of 9000"), (64, -64, "height of -64"),
  ])
  func impossibleSizes(_ width: Int, _ height: Int, _ words: String) async throws {
    var request = TinyModel.request
    request.size = Size(width: width, height: height)
    try await expectRefusal(of: request, mentioning: words)
  }

  @Test func noPictures() async throws {
    var request = TinyModel.request
    request.count = 0
    try await expectRefusal(of: request, mentioning: "0 pictures")
  }

  @Test(arguments: [-1, .nan, .infinity, 1e9] as [Float])
  func impossibleGuidance(_ scale: Float) async throws {
    var request = TinyModel.request
    request.guidanceScale = scale
    try await expectRefusal(of: request, mentioning: "guidance scale")
  }

  private func expectRefusal(of request: GenerationRequest, mentioning words: String) async throws {
    let pipeline = try await TinyModel.pipeline()
    let error = await #expect(throws: ImagineError.self) { try await pipeline.images(request) }
    #expect(error?.code == .invalidRequest)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test func emptyPromptDraws() async throws {
    var request = TinyModel.request
    request.prompt = ""
    let image = try await TinyModel.pipeline().image(request)
    #expect(image.pixels.count == 64 * 64 * 3)
  }

  @Test("An end of text that a prompt spells out ends nothing for an encoder that is filled with ends")
  func endsInThePrompt() async throws {
    var request = TinyModel.request
    (request.prompt, request.recordsTensors, request.steps) = ("cat <|endoftext|> house", true, 1)
    let tokens = try #require(try await TinyModel.pipeline().image(request).tensors?["tokens.positive"]).values
    // transformers: start, cat, end, house, end and so on.
    #expect(tokens.prefix(6) == [49406, 2368, 49407, 1212, 49407, 49407])
  }

  @Test("A prompt beyond 75 tokens is read in sequences, each by itself")
  func longPrompts() async throws {
    let pipeline = try await TinyModel.pipeline()
    func tensors(_ prompt: String) async throws -> TensorRecord {
      var request = TinyModel.request
      (request.prompt, request.recordsTensors, request.steps) = (prompt, true, 1)
      var notices: [Notice.Code] = [], record: TensorRecord?
      for try await event in pipeline.generate(request) {
        if case .notice(let notice) = event { notices.append(notice.code) }
        if case .image(let image) = event { record = image.tensors }
      }
      #expect(notices.isEmpty)
      return try #require(record)
    }
    let words = { [String](repeating: "house", count: $0).joined(separator: " ") }
    let long = try await tensors(words(80)), first = try await tensors(words(75)), rest = try await tensors(words(5))
    let context = try #require(long["context.positive"])
    #expect(context.shape[1] == 154 && long["context.negative"]?.shape == context.shape)
    let parts = try [first, rest].flatMap { try #require($0["context.positive"]).values }
    #expect(Comparison(context.values, parts).relativeL2 < 1e-6)
  }

  @Test func sizesAreRead() {
    #expect(Size("512x768") == Size(width: 512, height: 768))
    #expect(Size("640") == Size(width: 640, height: 640))
    for text in ["", "x", "512x", "512x512x512", "ax7", "512,512", "99999999999999999999x8"] {
      #expect(Size(text) == nil)
    }
  }
}
