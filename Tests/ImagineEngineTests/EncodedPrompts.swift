import Foundation
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineTesting
import ImagineText
import Testing

@testable import ImagineEngine

/// What text encoders give on for prompts, by the scripts of `Tests/References` that make it.
struct PromptContextGolden {
  let golden: Golden

  init(_ name: String) throws { golden = try Golden(name) }

  /// Whether what the denoiser is told in a run is what the golden says.
  func check(_ run: String, _ embeddings: EmbeddingCollection = .none) async throws {
    let settings = try #require(try JSONValue(parsing: golden.metadata["runs"] ?? "{}")[run])
    var request = TinyModel.request
    request.prompt = try #require(settings["prompt"]?.string)
    request.negativePrompt = settings["negative"]?.string ?? ""
    request.syntax = settings["syntax"]?.string.flatMap(PromptSyntax.init(rawValue:)) ?? .a1111
    request.emphasis = settings["emphasis"]?.string.flatMap(Emphasis.init(rawValue:)) ?? .original
    request.embeddings = embeddings
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
    return (prompts, try prompts.plans(for: request, [model], CLIPTokenizer())[0])
  }

  private static func opened<Result>(_ family: String, _ body: (OpenedModel) throws -> Result) async throws -> Result {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "\(family).safetensors")
      try FamilyModel(family).writeFile(to: url)
      return try body(OpenedModel(url))
    }
  }
}
