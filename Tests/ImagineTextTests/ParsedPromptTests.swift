import Testing

@testable import ImagineText

@Suite struct ParsedPromptTests {
  private func parsed(_ prompt: String, _ syntax: PromptSyntax = .a1111) throws -> ParsedPrompt {
    try ParsedPrompt(prompt, syntax)
  }

  @Test func aPlainPromptIsItsText() throws {
    let text = "(a:1.2) [b:c:0.5] AND d BREAK <lora:x:1> # e"
    for isNegative in [false, true] {
      let prompt = try ParsedPrompt(text, .plain, isNegative: isNegative)
      #expect(prompt.parts.map(\.text) == [EditedText(text)] && prompt.networks.isEmpty && prompt.findings.isEmpty)
      #expect(try PromptPiece.pieces(of: text, .plain) == [PromptPiece(text)])
      #expect(prompt.description == text)
    }
  }

  @Test func aNegativePromptHasNeitherPartsNorNetworks() throws {
    let prompt = try ParsedPrompt("a AND [b:c:.5]:2 <lora:x:1>", .a1111, isNegative: true)
    #expect(prompt.parts.count == 1 && prompt.networks.isEmpty && prompt.parts[0].weight == nil)
    #expect(prompt.parts[0].text.isEdited)
    #expect(prompt.findings.map(\.text) == ["<lora:x:1>"])
  }

  @Test func networksKeepTheirArguments() throws {
    let prompt = try parsed("a <lora:detail:te=0.5:unet=0.8:dyn=4> b<hypernet:h>")
    #expect(prompt.networks.map(\.type) == ["lora", "hypernet"] && prompt.networks.map(\.name) == ["detail", "h"])
    #expect(prompt.networks[0].arguments == ["detail", "te=0.5", "unet=0.8", "dyn=4"])
    #expect(prompt.description == "<lora:detail:te=0.5:unet=0.8:dyn=4><hypernet:h>a  b")
  }

  @Test(
    "What stands for nothing here is found",
    arguments: [
      ("embedding:bad-hands, x", .embedding, ["embedding:bad-hands"]), ("the embedding of x", .embedding, []),
      ("a {red|blue} car {2$$c|{d|e}}", .choice, ["{red|blue}", "{d|e}"]), ("{json} a | b", .choice, []),
      ("a __colour__ and __dir/animals*__ x__y", .wildcard, ["__colour__", "__dir/animals*__"]),
      ("snake_case __ _ _ ____", .wildcard, []), ("a | [b:c:.5]", .edit, ["[b:c:.5]"]), ("a | [b]", .edit, []),
      ("(a:1.2.3)", .weight, [":1.2.3)"]), ("(a:1.2)", .weight, []),
      ("a house #1 in town\nb", .comment, ["#1 in town"]),
      ("# all of it\nb", .comment, []), ("at 12:30", .wholeWeight, [":30"]), ("a:1", .wholeWeight, []),
      ("a:2 AND b", .wholeWeight, []),
    ] as [(String, PromptFinding.Kind, [String])])
  func findings(_ prompt: String, _ kind: PromptFinding.Kind, _ texts: [String]) throws {
    let findings = try parsed(prompt).findings.filter { $0.kind == kind }
    #expect(findings.map(\.text) == texts)
    if texts.isEmpty, kind != .embedding { #expect(try parsed(prompt).findings.isEmpty) }
  }

  @Test(
    "ComfyUI's language has none of AUTOMATIC1111's words",
    arguments: [
      ("a BREAK b", ["BREAK"]), ("a AND b", ["AND"]), ("[a:b:.5] [c]", ["[a:b:.5]"]), ("[a|b]", ["[a|b]"]),
      ("<lora:x:1>", ["<lora:x:1>"]), ("embedding:x, y", ["embedding:x"]), ("(a:1.2) \\(b\\) # c", []),
    ])
  func foreignWords(_ prompt: String, _ texts: [String]) throws {
    #expect(try parsed(prompt, .comfy).findings.map(\.text) == texts)
  }

  @Test func longFindingsAreCutAndInOneLine() throws {
    let text = try parsed("{a\n|\u{1B}" + String(repeating: "b", count: 100) + "}").findings.first?.text ?? ""
    #expect(text.count == 40 && text.hasSuffix("…") && text.hasPrefix("{a | b"))
  }

  @Test(
    "The first text holds until the call after its last",
    arguments: [
      ("[a:b:0.5]", 4, "aaabb"), ("[a:b:1]", 4, "aabbb"), ("[a:b:0]", 4, "bbbbb"), ("[a|b]", 4, "aabab"),
      ("a", 4, "aaaaa"),
      ("[a:[b:c:3]:2]", 4, "aaabc"),
    ])
  func textsByCall(_ prompt: String, _ calls: Int, _ expected: String) throws {
    let schedule = TextSchedule(try parsed(prompt).parts[0].text, EditTiming(calls: calls))
    // One call more than was expected keeps the last text.
    #expect((0...calls).map { schedule.texts[schedule.text(at: $0)] }.joined() == expected)
    #expect(Set(schedule.texts).count == schedule.texts.count)
  }

  @Test(
    "What cannot be meant is refused in one sentence",
    arguments: [
      ("(a:1001)", PromptError.weight(1001, of: "a")), ("a:1e3", nil), ("a AND b:1000.5", .weight(1000.5, of: " b")),
      (String(repeating: "(", count: 257) + "a", .nesting), (String(repeating: "[", count: 257) + "a", .nesting),
      (String(repeating: "(", count: 100) + "a", .weight(13780.6123398, of: "a")),
    ] as [(String, PromptError?)])
  func limits(_ prompt: String, _ expected: PromptError?) {
    do throws(PromptError) {
      for part in try ParsedPrompt(prompt, .a1111).parts {
        for text in TextSchedule(part.text, EditTiming(calls: 2)).texts { _ = try PromptPiece.pieces(of: text, .a1111) }
      }
      #expect(expected == nil)
    } catch {
      #expect(!error.description.contains("\n"))
      switch (error, expected) {
      case (.weight(let weight, let text), .weight(let expected, let name)):
        #expect(abs(weight - expected) < 1e-6 * expected && text == name)
      default: #expect(error == expected)
      }
    }
  }

  @Test(
    "ComfyUI's numbers are Python's",
    arguments: [
      ("(a:nan)", nil), ("(a:-inf)", nil), ("(a:1e2)", 100), ("(a:1_0)", 10),
      ("(a: .5 )", 0.5), ("(a:1e999)", nil), ("(a:5.)", 5), ("(a:0x10)", 1.1), ("(a:1__0)", 1.1),
    ] as [(String, Double?)])
  func numbersOfComfyUI(_ prompt: String, _ weight: Double?) throws {
    guard let weight else {
      #expect(throws: PromptError.self) { try PromptPiece.pieces(of: prompt, .comfy) }
      return
    }
    #expect(try PromptPiece.pieces(of: prompt, .comfy).map(\.weight) == [weight])
  }

  @Test("Numbers print with all digits", arguments: [0.00000012, 1e21, 123456789, -0.5, 1.1, 1e-7, -2.5e-10, 1.573e3])
  func decimals(_ number: Double) {
    let text = decimal(number)
    #expect(Double(text) == number && !text.contains("e"))
  }
}
