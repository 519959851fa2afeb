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

  @Test(arguments: runs) func agrees(_ run: String) async throws {
    try await PromptContextGolden("prompts/contexts").check(run)
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
