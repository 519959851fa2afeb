import ImagineEngineTesting
import ImagineGraph
import ImagineSampling
import ImagineTesting
import Synchronization
import Testing

@testable import ImagineEngine

/// What the denoiser is run with at each of its calls, for prompts that change and that are made of parts.
@Suite struct PromptCallTests {
  /// The contexts of all runs of the denoiser, with the tensors noted of the picture.
  private func drawn(
    _ prompt: String, negative: String = "", steps: Int = 4, guidance: Float = 7.5, levels: Bool = true
  ) async throws -> (contexts: [[Float]], shapes: [[Int]], tensors: [String: [Float]]) {
    let seen = Mutex<[HostTensor]>([])
    let card = try FailingCard(onRun: { call in
      if call.isUNet, let context = call.inputs["context"] { seen.withLock { $0.append(context) } }
      return nil
    })
    var request = TinyModel.request
    (request.prompt, request.negativePrompt, request.steps) = (prompt, negative, steps)
    request.guidance = Guidance(scale: guidance)
    request.levelsPrompts = levels
    request.recordsTensors = true
    let noted = Mutex<[String: [Float]]>([:])
    try await card.engine.draw(request, with: TinyModel.opened()) { _ in
    } deliver: { picture in
      for entry in picture.record?.contents.entries ?? [] {
        if case .float(let values) = entry.values { noted.withLock { $0[entry.name] = values } }
      }
    }
    let contexts = seen.withLock { $0 }
    return (contexts.map(\.floats), contexts.map(\.shape.dimensions), noted.withLock { $0 })
  }

  @Test("Before AUTOMATIC1111 1.6 a number from 1 on was a step, with a point or without")
  func editsThatCountAnew() async throws {
    func contexts(_ countsAnew: Bool) async throws -> [[Float]] {
      let request = Mutex(TinyModel.request), seen = Mutex<[[Float]]>([])
      request.withLock {
        ($0.prompt, $0.steps, $0.countsEditsAnew) = ("[a red house:a blue boat:1.0]", 4, countsAnew)
        $0.guidance = Guidance(scale: 1)
      }
      let card = try FailingCard(onRun: { call in
        if call.isUNet, let context = call.inputs["context"] { seen.withLock { $0.append(context.floats) } }
        return nil
      })
      try await card.engine.draw(request.withLock { $0 }, with: TinyModel.opened()) { _ in
      } deliver: { _ in
      }
      return seen.withLock { $0 }
    }
    let (now, before) = (try await contexts(false), try await contexts(true))
    #expect(now == Array(repeating: now[0], count: 4))
    #expect(before == [now[0], now[0], before[2], before[2]] && before[2] != now[0])
  }

  @Test func anEditedPromptIsAnotherAfterItsCalls() async throws {
    let one = try await drawn("a red house", negative: "blurry"),
      two = try await drawn("a blue boat", negative: "blurry")
    let edited = try await drawn("[a red house:a blue boat:0.5]", negative: "blurry")
    #expect(edited.contexts == [one.contexts[0], one.contexts[0], one.contexts[0], two.contexts[0]])
    #expect(one.contexts[0] != two.contexts[0])
    #expect(edited.tensors["noise_pred.2"] == one.tensors["noise_pred.2"])
    #expect(edited.tensors["context.positive"] == nil && edited.tensors["context.negative"] != nil)
    let alternating = try await drawn("[a red house|a blue boat]", negative: "blurry")
    #expect(alternating.contexts == [one, one, two, one].map { $0.contexts[0] })
    let negative = try await drawn("a red house", negative: "[blurry:text:0]")
    #expect(negative.contexts[0] == (try await drawn("a red house", negative: "text")).contexts[0])
  }

  @Test func partsCountByTheirWeights() async throws {
    func prediction(_ prompt: String) async throws -> [Float] {
      try #require(try await drawn(prompt, steps: 1, guidance: 1).tensors["noise_pred.0"])
    }
    let negative = try await prediction("blurry"), house = try await prediction("a house")
    let boat = try await prediction("a boat")
    let parts = try await drawn("a house AND a boat:0.5", negative: "blurry", steps: 1, guidance: 3)
    #expect(parts.shapes == [[3, 77, parts.shapes[0][2]]])
    let expected = negative.indices.map {
      negative[$0] + 3 * (house[$0] - negative[$0]) + 3 * 0.5 * (boat[$0] - negative[$0])
    }
    let ours = try #require(parts.tensors["noise_pred.0"])
    #expect(Comparison(ours, expected).relativeL2 < 1e-4)
  }

  @Test(
    "What cannot be meant is refused before any work",
    arguments: [
      ("(a:99999)", "99999"), (String(repeating: "(", count: 300), "256"),
      (String(repeating: "a AND ", count: 64), "65 parts"), ("a:5000", "5000"),
    ])
  func refusals(_ prompt: String, _ part: String) async throws {
    do {
      _ = try await drawn(prompt)
      Issue.record("\(prompt) was drawn")
    } catch let error as EngineError {
      #expect(error.code == .invalidRequest && error.message.contains(part), "\(error.message)")
    }
  }

  @Test func promptsOfDifferentLengthAreRunApart() async throws {
    let apart = try await drawn("a house BREAK at night", negative: "blurry", steps: 1, levels: false)
    #expect(apart.shapes.map { Array($0.prefix(2)) } == [[1, 77], [1, 154]])
    let levelled = try await drawn("a house BREAK at night", negative: "blurry", steps: 1)
    #expect(levelled.shapes.map { Array($0.prefix(2)) } == [[2, 154]])
  }
}
