import Foundation
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineTesting
import ImagineText
import Testing

@testable import ImagineEngine

/// What the denoiser is told of prompts, against what the text encoders of AUTOMATIC1111 and ComfyUI give on:
/// `Tests/References/prompts_contexts.py`.
@Suite("Prompts are encoded as in AUTOMATIC1111 and ComfyUI")
struct PromptContextTests {
  static let runs = [
    "plain", "weights", "no_norm", "ignore", "broken", "long", "parts", "edits", "edited_length", "comfy", "comfy_long",
    "sdxl", "sdxl_comfy", "sdxl_empty",
  ]

  let golden: Golden

  init() throws { golden = try Golden("prompts/contexts") }

  @Test(arguments: runs) func agrees(_ run: String) async throws {
    let settings = try #require(try JSONValue(parsing: golden.metadata["runs"] ?? "{}")[run])
    var request = TinyModel.request
    request.prompt = try #require(settings["prompt"]?.string)
    request.negativePrompt = settings["negative"]?.string ?? ""
    request.syntax = settings["syntax"]?.string.flatMap(PromptSyntax.init(rawValue:)) ?? .a1111
    request.emphasis = settings["emphasis"]?.string.flatMap(Emphasis.init(rawValue:)) ?? .original
    request.levelsPrompts = false
    request.steps = 4
    let family = try #require(settings["family"]?.string)
    let conditions = try await EncodedPrompts.make(request, family: family)
    let weights = try #require(settings["weights"]?.array).compactMap(\.double)
    for call in settings["calls"]?.array?.compactMap(\.int) ?? [0] {
      let rows = conditions.rows(at: call)
      #expect(rows.positive.map(\.weight) == weights.map { Float($0) })
      for (place, row) in rows.positive.enumerated() { try expect(row, "\(run).\(call).\(place)") }
      try expect(try #require(rows.negative), "\(run).\(call).negative")
    }
  }

  private func expect(_ row: StepConditions.Row, _ name: String) throws {
    let context = try #require(row.inputs["context"]), shape = try #require(golden.shapes[name])
    #expect(context.shape.dimensions == [1] + shape.dimensions && row.tokens == shape[0], "\(name)")
    let expected = try golden.floats(name)
    #expect(
      expected.allSatisfy { $0 == 0 }
        ? context.floats == expected : Comparison(context.floats, expected).relativeL2 < 1e-4,
      "\(name)")
    guard golden.names.contains(name + ".pooled") else { return }
    let vector = try golden.floats(name + ".pooled"), ours = try #require(row.inputs["text_embeds"])
    #expect(vector.allSatisfy { $0 == 0 } ? ours.floats == vector : Comparison(ours.floats, vector).relativeL2 < 1e-4)
  }

  @Test func theSecondEncoderReadsTheSecondPrompt() async throws {
    var request = TinyModel.request
    request.prompt = "a (red:1.3) house AND a tree"
    let same = try await EncodedPrompts.make(request, family: "sdxl").rows(at: 0).positive
    request.secondPrompt = "a [blue] boat"
    let other = try await EncodedPrompts.make(request, family: "sdxl").rows(at: 0).positive
    request.prompt = "a [blue] boat"
    let boat = try await EncodedPrompts.make(request, family: "sdxl").rows(at: 0).positive
    func halves(_ row: StepConditions.Row) throws -> (first: [Float], second: [Float]) {
      let context = try #require(row.inputs["context"]), floats = context.floats, width = context.shape.last
      let places = floats.indices
      return (
        places.filter { $0 % width < 16 }.map { floats[$0] }, places.filter { $0 % width >= 16 }.map { floats[$0] }
      )
    }
    #expect(same.count == 2 && other.count == 2)
    for part in 0..<2 {
      #expect(try halves(other[part]).first == halves(same[part]).first)
      #expect(try halves(other[part]).second == halves(boat[0]).second)
      #expect(other[part].inputs["text_embeds"] == boat[0].inputs["text_embeds"])
    }
    request.secondPrompt = "a AND b AND c"
    await #expect(throws: EngineError.self) { try await EncodedPrompts.make(request, family: "sdxl") }
  }

  @Test func theNegativePromptMayHaveItsOwnNumbers() async throws {
    var request = TinyModel.request
    request.originalSize = (640, 320)
    func numbers() async throws -> [[Float]?] {
      let rows = try await EncodedPrompts.make(request, family: "sdxl").rows(at: 0)
      return [rows.positive[0], rows.negative].map { $0?.inputs["time_ids"]?.floats }
    }
    #expect(try await numbers() == [[320, 640, 0, 0, 64, 64], [320, 640, 0, 0, 64, 64]])
    request.negativeOriginalSize = (32, 16)
    request.negativeCrop = (1, 2)
    request.negativeTargetSize = (8, 4)
    #expect(try await numbers() == [[320, 640, 0, 0, 64, 64], [16, 32, 2, 1, 4, 8]])
    request.aestheticScore = 7
    request.negativeAestheticScore = 1
    let rows = try await EncodedPrompts.make(request, family: "sdxl_refiner").rows(at: 0)
    #expect(
      rows.positive[0].inputs["time_ids"]?.floats.last == 7 && rows.negative?.inputs["time_ids"]?.floats.last == 1)
  }

  @Test func eachSequenceIsEncodedOnce() async throws {
    var request = TinyModel.request
    request.prompt = "[a|b|a|b] AND a AND (a:1.2) AND b"
    request.steps = 20
    #expect(try await EncodedPrompts.plan(request, family: "sd1").sequences.map(\.count) == [3])
    request.emphasis = .comfy
    request.negativePrompt = "c"
    #expect(try await EncodedPrompts.plan(request, family: "sd1").sequences.map(\.count) == [4])
    #expect(try await EncodedPrompts.plan(request, family: "sd1").largestRun == (5, 77))
    request.prompt = "a AND b BREAK c"
    request.levelsPrompts = false
    #expect(try await EncodedPrompts.plan(request, family: "sd1").largestRun == (2, 154))
  }
}

/// The prompts of a request, for the small model of a family.
enum EncodedPrompts {
  static func plan(_ request: PictureRequest, family: String) async throws -> PromptPlan {
    try await opened(family) { model in try made(request, model).plan }
  }

  /// - Returns: what the model's denoiser is told, on the processor in 32 bits.
  static func make(_ request: PictureRequest, family: String) async throws -> Conditions {
    try await opened(family) { model in
      var settings = EngineSettings()
      settings.precision = .float32
      let places = ComputePlaces(try OpenedDevice.processor(settings), precision: .float32)
      let runner = NetworkRunner(model, settings, on: places, among: ResidentNetworks())
      let maker = ConditionsMaker(model: model.model, runner: runner, policy: MemoryPolicy()) { _ in }
      let (prompts, plan) = try made(request, model)
      return try maker.make(request, prompts, plan, nil)
    }
  }

  private static func made(
    _ request: PictureRequest, _ model: OpenedModel
  ) throws -> (prompts: RequestPrompts, plan: PromptPlan) {
    let prompts = try RequestPrompts(request)
    return (prompts, try PromptPlan(request, prompts, for: model, CLIPTokenizer(), request.editTiming))
  }

  private static func opened<Result>(_ family: String, _ body: (OpenedModel) throws -> Result) async throws -> Result {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "\(family).safetensors")
      try FamilyModel(family).writeFile(to: url)
      return try body(OpenedModel(url))
    }
  }
}
