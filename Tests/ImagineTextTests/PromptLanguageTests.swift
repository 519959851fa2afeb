import ImagineText
import Testing

@Suite struct PromptLanguageTests {
  private func found(_ prompt: String) -> [String] { PromptLanguage(prompt).findings.map(\.text) }

  @Test(arguments: [
    ("a (cat:1.4) here", "(cat:1.4)"), ("(a b, c : .5 )", "(a b, c : .5 )"), ("x (y:-1)", "(y:-1)"),
    ("a <lora:x:1>", "<lora:x:1>"), ("<LoRA:detail:0.8>", "<LoRA:detail:0.8>"), ("<hypernet:h:1>", "<hypernet:h:1>"),
    ("a house BREAK a tree", "BREAK"), ("embedding:easynegative, x", "embedding:easynegative"),
    ("a {red|blue} car", "{red|blue}"), ("{2$$a|b}", "{2$$a|b}"), ("a __colour__ car", "__colour__"),
    ("__dir/animals*__", "__dir/animals*__"), ("[cat:dog:0.5]", "[cat:dog:0.5]"), ("[cat::10]", "[cat::10]"),
    ("[red|blue] car", "[red|blue]"), ("((masterpiece))", "((masterpiece))"), ("a cat AND a dog", "t AND a"),
  ])
  func isFound(_ prompt: String, _ text: String) { #expect(found(prompt) == [text]) }

  @Test(arguments: [
    "a red house (old) under a yellow sun", "at 12:30 o'clock", "a house: red", "CATS AND DOGS", "breakfast, a break",
    "snake_case and __", "a < b > c", "{json}", "size 1:2", "[a]", "the embedding of x", "", "a | b", "_ _",
  ])
  func isPlainText(_ prompt: String) { #expect(found(prompt).isEmpty) }

  @Test func everyKindIsNamedOnce() {
    let findings = PromptLanguage("(a:1.2) (b:1.3) BREAK {c|d} __e__").findings
    #expect(findings.map(\.kind) == ["a weight", "a break", "a choice", "a wildcard"])
  }

  @Test(arguments: ["(", "[", "{", "<lora:", "__", "(a:", "[a|", "((", "a\u{301}"])
  func longPromptsOfOneThingEnd(_ part: String) {
    #expect(found(String(repeating: part, count: 30_000)).count <= 1)
  }

  @Test func longFindingsAreCut() {
    let text = found("(" + String(repeating: "a", count: 100) + ":1.2)").first ?? ""
    #expect(text.count == 40 && text.hasSuffix("…"))
  }
}
