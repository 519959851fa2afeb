import Imagine
import ImagineEngine
import ImagineImage
import Testing

@testable import Imagine

/// What this program writes into its pictures reads back as the request that they were drawn with.
@Suite struct RecordedRequestTests {
  /// Numbers that are the same in every run.
  private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  private static let prompts = [
    "a red house", "", "two\nlines", "\n\n  white space\t\n", "Negative prompt: not one", "a\nNegative prompt: b\nc",
    "x\nSteps: 1, Sampler: Euler, CFG scale: 2, Seed: 3, Size: 8x8", "\"quoted\", a: b, \\", "\r\n", "👩‍👩‍👧‍👦 é e\u{301} 猫",
    "Prompt 2", "Whole prompt", "[a:b:0.5]", "\u{85}\u{2028}x\u{a0}", "tab\tand \u{1} control", "Steps: 20",
    "(a:1.2) BREAK b AND c", "Version: v1.5.0",
  ]

  private static func request(_ dice: inout Dice) -> GenerationRequest {
    func chance() -> Bool { Bool.random(using: &dice) }
    func maybe<Value>(_ value: @autoclosure () -> Value) -> Value? { chance() ? value() : nil }
    func share() -> Double { Double.random(in: 0...1, using: &dice) }
    func size() -> Size {
      Size(width: 8 * Int.random(in: 1...100, using: &dice), height: 8 * Int.random(in: 1...100, using: &dice))
    }
    func one<Value>(of values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &dice)] }

    var request = GenerationRequest(
      prompt: one(of: prompts), size: size(), steps: Int.random(in: 1...1000, using: &dice))
    request.negativePrompt = one(of: prompts)
    request.guidanceScale = one(of: [1, 7, 7.5, 0, 1e-7, Float.random(in: 0...1000, using: &dice)])
    request.seed = one(of: [0, UInt64.max, UInt64.random(in: 0...UInt64.max, using: &dice)])
    request.likeness = maybe(one(of: Likeness.all))
    request.sampler = one(of: Sampler.all + [try? Sampler.named("dpmpp_sde_gpu").sampler].compactMap { $0 })
    request.schedule = maybe(one(of: Schedule.all))
    request.randomSource = maybe(one(of: RandomSource.all))
    request.samplerSettings.eta = maybe(share())
    request.samplerSettings.churn = maybe(40 * share())
    request.samplerSettings.churnMinimum = maybe(share())
    request.samplerSettings.churnMaximum = maybe(1 + share())
    request.samplerSettings.noise = maybe(share())
    request.samplerSettings.noiseSeedDelta = maybe(Int.random(in: -9...40_000, using: &dice))
    request.samplerSettings.sigmas = maybe([14.6, Float(1 + share()), Float(share()), 0])
    request.guidance.rescale = chance() ? Float(share()) : 0
    request.guidance.minimumSigma = chance() ? Float(share()) : 0
    request.guidance.interval = maybe(one(of: [0...Float.infinity, 1...1, Float(share())...2]))
    request.guidance.pictureScale = maybe(Float(2 * share()))
    request.variation = maybe(
      Variation(seed: UInt64.random(in: 0...UInt64.max, using: &dice), strength: 0.01 + 0.9 * share()))
    request.noiseSize = maybe(size())
    request.tiling = one(of: [[], .x, .y, [.x, .y]])
    if chance() {
      var hires = HiresFix()
      hires.scale = 1 + share()
      hires.size = maybe(size())
      hires.steps = maybe(Int.random(in: 1...100, using: &dice))
      hires.strength = 0.1 + 0.9 * share()
      hires.upscaler = one(of: HiresFix.Upscaler.all)
      request.hires = hires
    }
    request.promptSyntax = maybe(one(of: PromptSyntax.all))
    request.emphasis = maybe(one(of: Emphasis.all))
    request.countsEditsAnew = chance()
    request.secondPrompt = maybe(one(of: prompts))
    request.secondNegativePrompt = maybe(one(of: prompts))
    request.clipSkip = maybe(Int.random(in: 1...12, using: &dice))
    request.originalSize = maybe(size())
    request.crop = maybe(Crop(left: Int.random(in: 0...900, using: &dice), top: Int.random(in: 0...900, using: &dice)))
    request.targetSize = maybe(size())
    request.negativeOriginalSize = maybe(size())
    request.negativeCrop = maybe(Crop(left: 1, top: Int.random(in: 0...900, using: &dice)))
    request.negativeTargetSize = maybe(size())
    request.aestheticScore = maybe(Float(10 * share()))
    request.negativeAestheticScore = maybe(Float(10 * share()))
    return request
  }

  /// The text that a picture of the request has.
  private static func parameters(_ request: GenerationRequest, _ pipeline: Pipeline) throws -> String {
    let resolved = pipeline.resolved(request)
    // What the text takes from the engine's request is in every model's; the rest, some models refuse.
    var plain = GenerationRequest(
      prompt: request.prompt, size: request.size, steps: request.steps, guidanceScale: request.guidanceScale,
      sampler: resolved.sampler)
    plain.negativePrompt = request.negativePrompt
    (plain.schedule, plain.randomSource, plain.likeness) = (resolved.schedule, resolved.randomSource, resolved.likeness)
    plain.promptSyntax = .plain
    var picture = try pipeline.picture(pipeline.resolved(plain))
    picture.clipSkip = request.clipSkip
    return Infotext(picture, resolved, seed: request.seed ?? 0, pipeline.opened, hash: "0123456789").text
  }

  @Test func randomRequests() async throws {
    let pipeline = try await Pipeline.demonstration(options: .init(device: .cpu))
    var dice = Dice(state: 20)
    var tried = 0
    for _ in 0..<4000 {
      let request = Self.request(&dice)
      // Not every sampler goes with every schedule and number of steps.
      guard let text = try? Self.parameters(request, pipeline) else { continue }
      tried += 1
      let settings = RecordedSettings(parameters: text)
      var read = pipeline.resolved(settings.request), wanted = pipeline.resolved(request)
      // A schedule that was left open may be called by its name, where that is the same to this program.
      if wanted.schedule == nil, wanted.likeness == nil || wanted.likeness == .a1111 {
        (read.schedule, wanted.schedule) = (nil, nil)
      }
      // A size in pixels is in place of a factor.
      if wanted.hires?.size != nil { read.hires?.scale = wanted.hires?.scale ?? 0 }
      #expect(settings.program == "imagine" && settings.modelName == pipeline.report.name)
      #expect(settings.unhonoured == [], "\(text)")
      #expect(read.prompt.utf8.elementsEqual(wanted.prompt.utf8), "\(text)")
      #expect(read.negativePrompt.utf8.elementsEqual(wanted.negativePrompt.utf8), "\(text)")
      #expect(read == wanted, "\(text)")
      guard read == wanted else { return }
    }
    #expect(tried > 2000, "\(tried)")
  }

  @Test("A prompt of a megabyte comes back to the byte")
  func longPrompts() async throws {
    let pipeline = try await Pipeline.demonstration(options: .init(device: .cpu))
    let line = "a \"house\", 猫 👩‍👩‍👧‍👦: \\ [x] \u{1}\n"
    var request = GenerationRequest(prompt: "", size: Size(width: 64, height: 64), steps: 1)
    for prompt in [String(repeating: line, count: 30_000), String(repeating: "Negative prompt: x\n", count: 50_000)] {
      request.negativePrompt = prompt
      request.prompt = prompt
      let read = RecordedSettings(parameters: try Self.parameters(request, pipeline)).request
      #expect(read.prompt.utf8.elementsEqual(prompt.utf8))
      #expect(read.negativePrompt.utf8.elementsEqual(prompt.utf8))
    }
  }
}
