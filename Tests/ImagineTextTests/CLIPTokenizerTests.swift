import Foundation
import Testing

@testable import ImagineText

struct TokenizerGoldens: Decodable {
  struct Case: Decodable {
    let text: String
    let ids: [Int32]

    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      text = try values.decode(String.self)
      ids = try values.decode([Int32].self)
    }
  }
  /// Prompts with their ids, without start and end of text.
  let cases: [Case]
  /// Prompts with their padded and cut sequences of 77 ids.
  let long: [Case]

  static func load() throws -> TokenizerGoldens {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: tests.appending(path: "Goldens/tokenizer/prompts.json"))
    return try JSONDecoder().decode(TokenizerGoldens.self, from: data)
  }
}

@Suite("CLIP tokenizer")
struct CLIPTokenizerTests {
  let tokenizer = CLIPTokenizer()

  @Test("gives the ids of transformers' CLIPTokenizer")
  func matchesTransformers() throws {
    let goldens = try TokenizerGoldens.load()
    #expect(goldens.cases.count >= 600)
    for golden in goldens.cases {
      let scalars = golden.text.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: " ")
      #expect(tokenizer.encode(golden.text) == golden.ids, "\(golden.text) [\(scalars)]")
    }
  }

  @Test("cuts and pads like transformers")
  func matchesSequences() throws {
    for golden in try TokenizerGoldens.load().long {
      #expect(tokenizer.tokens(golden.text) == golden.ids, "\(golden.text)")
    }
  }

  @Test("reads the whole merge table")
  func mergeTable() {
    #expect(BytePairEncoding.clip.mergeCount == 48_894)
    #expect(tokenizer.encode("jekyll") == [49405])
  }

  @Test("pads with the token the encoder was trained with")
  func padding() {
    let byEnd = tokenizer.tokens("a cat")
    #expect(byEnd == [49406, 320, 2368] + Array(repeating: 49407, count: 74))
    let byZero = tokenizer.tokens("a cat", padding: .zero)
    #expect(byZero == [49406, 320, 2368, 49407] + Array(repeating: 0, count: 73))
  }

  @Test("tells what did not fit, as it was written")
  func ignoredText() {
    let fitting = tokenizer.sequence(Array(repeating: "word", count: 75).joined(separator: " "))
    #expect(fitting.ignoredCount == 0)
    #expect(fitting.ignoredText == "")

    let words = Array(repeating: "Cat", count: 75).joined(separator: "  ")
    let cut = tokenizer.sequence(words + "  Über-CAFE\u{301}, \u{3000}🐱 \n")
    #expect(cut.ids.last == CLIPTokenizer.endOfText)
    #expect(cut.ids.count == CLIPTokenizer.sequenceLength)
    #expect(cut.ignoredText == "Über-CAFE\u{301}, \u{3000}🐱")
    #expect(cut.ignoredCount == tokenizer.encode("Über-CAFÉ, 🐱").count)
  }

  @Test("tells what did not fit when the cut falls inside a word or a character")
  func ignoredTextInsideWord() {
    let words = Array(repeating: "cat", count: 74).joined(separator: " ")
    let long = "Antidisestablishmentarianism"
    let cut = tokenizer.sequence(words + " " + long)
    #expect(cut.ignoredCount == tokenizer.encode(long).count - 1)
    #expect(long.hasSuffix(cut.ignoredText))
    #expect(!cut.ignoredText.isEmpty)

    let special = tokenizer.sequence(words + " İ<|endoftext|>Tail")
    #expect(special.ignoredText.hasSuffix("<|endoftext|>Tail"))
  }

  @Test("encodes very long prompts of any make")
  func longPrompts() {
    let length = 5_000
    #expect(tokenizer.encode(String(repeating: "a", count: length)).count > 100)
    #expect(tokenizer.encode(String(repeating: "!", count: length)).count > 100)
    #expect(tokenizer.encode(String(repeating: "1", count: length)).count == length)
    #expect(tokenizer.encode(String(repeating: " ", count: length)).isEmpty)
    #expect(!tokenizer.encode("a" + String(repeating: "\u{301}", count: length)).isEmpty)
  }
}
