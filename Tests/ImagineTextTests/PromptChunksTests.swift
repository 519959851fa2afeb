import Testing

@testable import ImagineText

@Suite("Long prompts are cut as AUTOMATIC1111 cuts them")
struct PromptChunksTests {
  let tokenizer = CLIPTokenizer()

  /// Words and commas, as "60w,20w".
  private func prompt(_ recipe: String) -> String {
    recipe.split(separator: ",", omittingEmptySubsequences: false).map { part in
      Array(repeating: "word", count: Int(part.dropLast()) ?? 0).joined(separator: " ")
    }.joined(separator: ", ")
  }

  /// The tokens between start and end.
  private func payload(_ sequence: TokenSequence) -> [Int32] {
    Array(sequence.ids.dropFirst().prefix { $0 != CLIPTokenizer.endOfText })
  }

  /// The numbers of tokens in each chunk that AUTOMATIC1111's own code gives (backtrack 20), and the last of the first chunk.
  @Test(
    arguments: [
      ("60w,20w", [61, 20], 267), ("50w,30w", [75, 6], 2653), ("55w,25w", [56, 25], 267), ("74w,3w", [75, 3], 267),
      ("75w,3w", [75, 4], 2653), ("150w", [75, 75], 2653), ("75w", [75], 2653), ("3w,2w", [6], 2653),
      ("54w,30w", [75, 10], 2653), ("10w,60w,90w", [72, 75, 15], 267),
    ] as [(String, [Int], Int32)])
  func counts(recipe: String, expected: [Int], last: Int32) {
    let chunks = tokenizer.chunks(prompt(recipe))
    #expect(chunks.map { payload($0).count } == expected)
    #expect(payload(chunks[0]).last == last)
    #expect(chunks.flatMap(payload) == tokenizer.encode(prompt(recipe)))
    for chunk in chunks {
      #expect(chunk.ids.count == 77 && chunk.ids.first == 49406 && chunk.ids.last == 49407)
      #expect(chunk.ids.dropFirst(1 + payload(chunk).count).allSatisfy { $0 == 49407 })
    }
  }

  @Test("A prompt that fits is the sequence that it was", arguments: ["", "a cat", "word, word"])
  func short(prompt: String) {
    for padding in [CLIPTokenizer.Padding.endOfText, .zero] {
      #expect(tokenizer.chunks(prompt, padding: padding) == [tokenizer.sequence(prompt, padding: padding)])
    }
  }

  @Test func paddingOfOtherEncoders() {
    let chunks = tokenizer.chunks(prompt("76w"), padding: .zero)
    #expect(chunks[0].ids.suffix(2) == [2653, 49407])
    #expect(chunks[1].ids == [49406, 2653, 49407] + Array(repeating: 0, count: 74))
    // An end that the prompt spells out is an end.
    #expect(tokenizer.chunks("a<|endoftext|>b", padding: .zero)[0].ids.prefix(5) == [49406, 320, 49407, 0, 0])
    #expect(tokenizer.chunks("a<|endoftext|>b")[0].ids.prefix(5) == [49406, 320, 49407, 321, 49407])
  }

  @Test func promptsOfOneRunHaveOneLength() {
    let prompts = [tokenizer.chunks(prompt("160w")), tokenizer.chunks(""), tokenizer.chunks("a cat")]
    let levelled = CLIPTokenizer.levelled(prompts)
    #expect(levelled.map(\.count) == [3, 3, 3])
    #expect(levelled[0] == prompts[0] && levelled[2][0] == prompts[2][0])
    #expect(levelled[2][1] == tokenizer.sequence("") && levelled[2][2] == levelled[1][0])
    #expect(CLIPTokenizer.levelled([]).isEmpty)
    #expect(CLIPTokenizer.levelled([prompts[0], []], padding: .zero)[1][2].ids[2] == 0)
  }
}
