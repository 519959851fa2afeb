import ArgumentParser
import Foundation
import Imagine
import ImagineText
import Testing

@testable import ImagineCommand

@Suite struct PromptFuzzTests {
  private static let options = [
    "--prompt", "--negative_prompt", "--steps", "--seed", "--width", "--height", "--cfg_scale", "--sampler_name",
    "--scheduler", "--size", "--output", "-o", "--batch-count", "--count", "--model", "-m", "--device", "--precision",
    "--threads", "--strange", "-W", "--", "---", "-", "--steps=", "--json", "--estimate", "-q", "-v", "--prompts",
    "--vae-tiling", "--no-low-memory", "--rng", "--schedule", "inspect", "devices", "bench", "help",
  ]

  private static func word(_ random: inout FuzzRandom) -> String {
    switch random.below(3) {
    case 0: random.pick(options)
    case 1: random.number()
    default: random.text(length: random.below(4))
    }
  }

  @Test("Prompt files: each line is drawn or reported by its number") func promptFiles() throws {
    try Fuzz.run("prompt file") { random in
      let lines = (0..<random.below(8)).map { _ in
        (0..<random.below(8)).map { _ in Self.word(&random) }.joined(separator: random.pick([" ", "\t", "="]))
      }
      var bytes = Array(lines.joined(separator: random.pick(["\n", "\r\n", "\r"])).utf8)
      if random.oneIn(3) { bytes = random.broken(bytes) }
      let file = PromptFile(Data(bytes))
      for problem in file.problems + file.warnings {
        #expect(1...bytes.count + 1 ~= problem.line, "\(random)")
        #expect(!problem.message.isEmpty, "\(random)")
      }
      #expect(file.entries.count + file.problems.count <= bytes.count + 1, "\(random)")
      return !file.entries.isEmpty
    }
  }

  @Test("Tokens: every text becomes 77 of CLIP's") func tokens() throws {
    let tokenizer = CLIPTokenizer()
    try Fuzz.run("tokens", takesAll: true) { random in
      var bytes = Array(random.text(length: random.below(60)).utf8)
      if random.oneIn(3) { bytes = random.broken(bytes) }
      let sequence = tokenizer.sequence(String(decoding: bytes, as: UTF8.self))
      #expect(sequence.ids.count == 77 && sequence.ids.allSatisfy { 0..<49408 ~= $0 }, "\(random)")
      #expect(sequence.ids.first == 49406 && sequence.ids.contains(49407) && sequence.ignoredCount >= 0, "\(random)")
      return true
    }
  }

  @Test("Command lines: a command, or a complaint") func commandLines() throws {
    try Fuzz.run("command line") { random in
      let arguments = (0..<random.below(8)).map { _ in Self.word(&random) }.filter { !$0.contains("\0") }
      var type: any ParsableCommand.Type = RenderCommand.self
      do {
        let invocation = try Invocation(arguments)
        type = invocation.type
        _ = try invocation.command()
        return true
      } catch {
        #expect(!type.fullMessage(for: error).isEmpty, "\(random)")
        return false
      }
    }
  }
}
