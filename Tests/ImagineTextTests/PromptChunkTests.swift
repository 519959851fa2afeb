import Testing

@testable import ImagineText

@Suite("Long prompts are cut as other programs cut them")
struct PromptChunkTests {
  let tokenizer = CLIPTokenizer()

  private func chunks(_ text: String, _ syntax: PromptSyntax = .a1111) throws -> [PromptChunk] {
    try tokenizer.chunks(PromptPiece.pieces(of: text, syntax), syntax)
  }

  /// Words and commas, as "60w,20w".
  private func prompt(_ recipe: String) -> String {
    recipe.split(separator: ",", omittingEmptySubsequences: false).map { part in
      Array(repeating: "word", count: Int(part.dropLast()) ?? 0).joined(separator: " ")
    }.joined(separator: ", ")
  }

  /// The numbers of tokens in each chunk that AUTOMATIC1111's own code gives (backtrack 20), and the last of the first chunk.
  @Test(
    arguments: [
      ("60w,20w", [61, 20], 267), ("50w,30w", [75, 6], 2653), ("55w,25w", [56, 25], 267), ("74w,3w", [75, 3], 267),
      ("75w,3w", [75, 4], 2653), ("150w", [75, 75], 2653), ("75w", [75], 2653), ("3w,2w", [6], 2653),
      ("54w,30w", [75, 10], 2653), ("10w,60w,90w", [72, 75, 15], 267),
    ] as [(String, [Int], Int32)])
  func counts(recipe: String, expected: [Int], last: Int32) throws {
    for syntax in [PromptSyntax.a1111, .plain] {
      let chunks = try chunks(prompt(recipe), syntax)
      #expect(chunks.map(\.tokens.count) == expected)
      #expect(chunks.first?.tokens.last == last)
    }
  }

  @Test func aWholeSequenceIsThatOfTheTokenizer() throws {
    for prompt in ["", "a red house", prompt("75w")] {
      for padding in [CLIPTokenizer.Padding.endOfText, .zero] {
        let ids = try chunks(prompt).map { $0.ids(padding: padding.rawValue) }
        #expect(ids == [tokenizer.tokens(prompt, padding: padding)])
      }
    }
  }

  @Test func paddingFollowsTheFirstEnd() throws {
    #expect(try chunks(prompt("76w"))[1].ids(padding: 0).prefix(5) == [49406, 2653, 49407, 0, 0])
    #expect(try chunks("a<|endoftext|>b")[0].ids(padding: 0).prefix(5) == [49406, 320, 49407, 0, 0])
    #expect(try chunks("a<|endoftext|>b")[0].ids(padding: 49407).prefix(5) == [49406, 320, 49407, 321, 49407])
  }

  @Test(
    "BREAK ends a chunk, but not within a weight",
    arguments: [
      ("a BREAK b", [1, 1]), ("(x BREAK y:1.5)", [3]), ("BREAK", [0]), ("a BREAK", [1]), ("BREAK a", [0, 1]),
      ("a BREAK BREAK b", [1, 0, 1]), ("(a:1.3) BREAK (b:1.3)", [1, 1]), ("", [0]),
    ] as [(String, [Int])])
  func breaks(_ prompt: String, _ counts: [Int]) throws { #expect(try chunks(prompt).map(\.tokens.count) == counts) }

  @Test func weightsStayWithTheirTokens() throws {
    let chunk = try chunks("a (red:1.5) house")[0]
    #expect(chunk.tokens == [320, 736, 1212] && chunk.weights == [1, 1.5, 1])
    #expect(chunk.sequenceWeights.count == 77 && chunk.sequenceWeights[2] == 1.5 && chunk.isWeighted)
    #expect(!chunk.unweighted.isWeighted && chunk.unweighted.tokens == chunk.tokens)
    // What moves behind a comma takes its weights along.
    let moved = try chunks("(\(prompt("60w,10w")):0.5), (\(prompt("20w")):2)")
    #expect(moved.map(\.tokens.count) == [72, 20] && moved[0].weights == Array(repeating: 0.5, count: 71) + [1])
    #expect(moved[1].weights == Array(repeating: 2, count: 20))
  }

  @Test func piecesAreTokenisedByThemselves() throws {
    #expect(try chunks("hou(se)")[0].tokens == tokenizer.encode("hou") + tokenizer.encode("se"))
    #expect(try chunks("hou(se)")[0].tokens != tokenizer.encode("house"))
  }

  @Test(
    "ComfyUI keeps short pieces together and cuts long ones",
    arguments: [
      ("72w(7w:1.2)", [72, 7]), ("72w(8w:1.2)", [75, 5]), ("68w(7w:1.2)", [75]), ("160w", [75, 75, 10]),
      ("75w(1w:2)", [75, 1]),
    ] as [(String, [Int])])
  func sections(_ recipe: String, _ counts: [Int]) throws {
    let text = recipe.replacing(/(\d+)w/) { match in prompt(String(match.0)) }
    #expect(try chunks(text, .comfy).map(\.tokens.count) == counts)
  }

  @Test func embeddingsThatAreNotThereAreLeftOutAsInComfyUI() throws {
    #expect(try chunks("a embedding:bad-hands, house", .comfy)[0].tokens == tokenizer.encode("a , house"))
    #expect(try chunks("embedding:x", .comfy).map(\.tokens.count) == [0])
  }
}
