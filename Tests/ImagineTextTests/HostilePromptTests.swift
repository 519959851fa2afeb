import Testing

@testable import ImagineText

/// Prompts that are made to be hard: very much of one thing, and random soup of what means something.
@Suite struct HostilePromptTests {
  /// Reads all of a prompt that can be read: every text it leads to, in chunks.
  private func read(_ prompt: String, _ syntax: PromptSyntax, calls: Int = 3) -> Int {
    do {
      let parsed = try ParsedPrompt(prompt, syntax)
      _ = try ParsedPrompt(prompt, syntax, isNegative: true)
      return try parsed.parts.reduce(0) { count, part in
        try TextSchedule(part.text, EditTiming(calls: calls)).texts.reduce(count) {
          try $0 + PromptPiece.pieces(of: $1, syntax).count
        }
      }
    } catch {
      return 0
    }
  }

  /// A parser whose time grew with the square of the length would need hours for one of these.
  @Test(
    arguments: [
      "(", ")", "[", "]", "()", "[]", "(a:1)", "[a:b:1]", "[[[[:", "[a|b]", "|", ":", "::1", "\\", "<", "<a:", "<a:b",
      ">", "<a:>",
      "{", "{|", "__", "__a", "#", "# a\n", "AND ", "BREAK ", "embedding:", "embedding:a ", " ", "\n", "(a", "a)", ": ",
      ":1 ",
      "a:1 AND ", "_", "é", "[a:b:", "(:", "\0", "\u{301}", "🐱",
    ])
  func veryMuchOfOneThing(_ part: String) {
    let prompt = String(repeating: part, count: 100_000 / part.utf8.count)
    for syntax in [PromptSyntax.a1111, .comfy] {
      #expect(read(prompt, syntax) >= 0)
      #expect(read("<a:(b [c:d " + prompt + ":2)>]:3]", syntax) >= 0)
    }
  }

  @Test(arguments: ["(", "[[[[:", ")", "a | ", "(a:1)"]) func aMegabyte(_ part: String) {
    let prompt = String(repeating: part, count: 1_000_000 / part.utf8.count)
    #expect(read(prompt, .a1111) >= 0)
  }

  private static let pieces = [
    "(", ")", "[", "]", ":", "|", "\\", "a", "b", " ", "1.2", ".5", "3", "-1", "BREAK", "AND", "<", ">", "<l:x:1>", "#",
    "\n", ":1.3)",
    ":.5]", ":b:4]", "cat", ",", "_", "é", "🐱", "{", "}", "__c__", "\\(", "[a|b]", "[a:b:.5]", "embedding:x", "<a:",
    ":", "+", "1e5",
    "\u{301}", "\0", "\u{1}", ":2",
  ]

  @Test(arguments: PromptSyntax.allCases) func whatIsReadPrintsToTheSameMeaning(_ syntax: PromptSyntax) throws {
    var random = Random(state: 20_250_405)
    for _ in 0..<5_000 {
      let prompt = (0..<Int.random(in: 0...24, using: &random)).map { _ in
        Self.pieces.randomElement(using: &random) ?? ""
      }.joined()
      for isNegative in [false, true] {
        do throws(PromptError) {
          let first = try ParsedPrompt(prompt, syntax, isNegative: isNegative)
          let second = try ParsedPrompt(first.description, syntax, isNegative: isNegative)
          try compare(first, second, prompt)
        } catch {
          // Weights of a hundred thousand are refused, here and there.
          #expect(!error.description.isEmpty)
        }
      }
    }
  }

  private func compare(_ first: ParsedPrompt, _ second: ParsedPrompt, _ prompt: String) throws(PromptError) {
    let meanings: (PromptMeaning, PromptMeaning)
    do { meanings = (try first.meaning(), try second.meaning()) } catch let error as PromptError { throw error } catch {
      return
    }
    #expect(
      meanings.0 == meanings.1, "\(prompt.debugDescription), printed \(first.description.debugDescription)")
    for part in first.parts {
      for text in TextSchedule(part.text, EditTiming(calls: 4)).texts {
        let pieces = try PromptPiece.pieces(of: text, first.syntax)
        let again = try PromptPiece.pieces(of: PromptPiece.text(of: pieces, first.syntax), first.syntax)
        #expect(again.meaning == pieces.meaning, "\(text.debugDescription)")
      }
    }
  }

  /// SplitMix64.
  private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }
}
