import Testing

@testable import ImagineText

@Suite("Prompts are read as AUTOMATIC1111 and ComfyUI read them")
struct PromptGoldenTests {
  let golden: PromptGolden

  init() throws { golden = try PromptGolden() }

  @Test func weights() throws {
    #expect(golden.prompts.count > 600)
    for prompt in golden.prompts {
      let pieces = try PromptPiece.pieces(of: prompt.text, .a1111)
      #expect(pieces.map(PromptGolden.Piece.init) == prompt.attention, "\(prompt.text.debugDescription)")
    }
  }

  @Test func weightsOfComfyUI() throws {
    for prompt in golden.prompts {
      let pieces = try PromptPiece.pieces(of: prompt.text, .comfy)
      #expect(pieces.map(PromptGolden.Piece.init) == prompt.comfy, "\(prompt.text.debugDescription)")
    }
  }

  @Test func partsAndNetworks() throws {
    for prompt in golden.prompts {
      let parsed = try ParsedPrompt(prompt.text, .a1111)
      #expect(parsed.networks.map { [$0.type] + $0.arguments } == prompt.networks, "\(prompt.text.debugDescription)")
      #expect(
        parsed.parts.map { $0.weight?.value ?? 1 } == prompt.parts.map(\.weight), "\(prompt.text.debugDescription)")
    }
  }

  @Test func editsOverTenSteps() throws {
    for prompt in golden.prompts {
      let parsed = try ParsedPrompt(prompt.text, .a1111)
      for (part, expected) in zip(parsed.parts, prompt.parts) {
        let schedule = TextSchedule(part.text, EditTiming(calls: 10))
        #expect(schedule.edits == expected.edits, "\(prompt.text.debugDescription)")
      }
    }
  }

  @Test func editsOfSecondPassesAndOldPictures() throws {
    #expect(golden.timed.count == 42)
    for timed in golden.timed {
      let timing = EditTiming(calls: timed.steps, after: timed.before, rule: timed.old ? .old : .current)
      let parsed = try ParsedPrompt(timed.text, .a1111)
      #expect(TextSchedule(parsed.parts[0].text, timing).edits == timed.edits, "\(timed)")
    }
  }

  /// What was read prints as a prompt that is read the same: every text of every part, with its weights.
  @Test func whatIsPrintedMeansTheSame() throws {
    for prompt in golden.prompts {
      for (syntax, isNegative) in [(PromptSyntax.a1111, false), (.a1111, true), (.comfy, false), (.plain, false)] {
        let first = try ParsedPrompt(prompt.text, syntax, isNegative: isNegative)
        let second = try ParsedPrompt(first.description, syntax, isNegative: isNegative)
        #expect(
          try second.meaning() == first.meaning(),
          "\(prompt.text.debugDescription), printed \(first.description.debugDescription)")
      }
    }
  }

  @Test func printedPiecesMeanTheSame() throws {
    for prompt in golden.prompts {
      for syntax in PromptSyntax.allCases {
        let pieces = try PromptPiece.pieces(of: prompt.text, syntax)
        let text = PromptPiece.text(of: pieces, syntax)
        #expect(
          try PromptPiece.pieces(of: text, syntax).meaning == pieces.meaning,
          "\(prompt.text.debugDescription), printed \(text.debugDescription)")
      }
    }
  }
}
