/// Words of prompts that stand for vectors of their own, by their names (textual inversion).
package struct EmbeddingVocabulary: Sendable {
  /// Where the vectors of a word are found: as tokens of a vocabulary that goes on after CLIP's.
  package struct Entry: Sendable, Hashable {
    /// The first one; those of the word's other vectors follow it.
    package let firstToken: Int32
    package let count: Int

    package init(firstToken: Int32, count: Int) {
      self.firstToken = firstToken
      self.count = count
    }

    var tokens: Range<Int32> { firstToken..<firstToken + Int32(count) }
  }

  /// The first token that is none of CLIP's.
  package static let firstToken: Int32 = CLIPTokenizer.endOfText + 1

  private struct Word {
    let name: String
    let tokens: [Int32]
  }

  /// By the first of their tokens, the longest first.
  private let words: [Int32: [Word]]
  /// By the name in small letters.
  private let names: [String: String]
  private let entry: @Sendable (String) throws -> Entry?

  /// - Parameters:
  ///   - names: of all that there are.
  ///   - entry: what one of them stands for; nil where it is not for the model at hand, and stays text.
  package init(
    _ names: [String], _ tokenizer: CLIPTokenizer, _ entry: @escaping @Sendable (String) throws -> Entry?
  ) {
    var words: [Int32: [Word]] = [:]
    for name in names.sorted() {
      let tokens = tokenizer.encode(name)
      if let first = tokens.first { words[first, default: []].append(Word(name: name, tokens: tokens)) }
    }
    self.words = words.mapValues { $0.sorted { $0.tokens.count > $1.tokens.count } }
    self.names = Dictionary(names.map { ($0.lowercased(), $0) }) { first, _ in first }
    self.entry = entry
  }

  package static let empty = EmbeddingVocabulary([], CLIPTokenizer()) { _ in nil }

  /// The longest word that a text goes on with, as AUTOMATIC1111 finds it (modules/textual_inversion): by the tokens of its
  /// name, wherever they stand.
  func word(at tokens: ArraySlice<Int32>) throws -> (entry: Entry, length: Int)? {
    guard let first = tokens.first, let known = words[first] else { return nil }
    for word in known where tokens.starts(with: word.tokens) {
      if let entry = try entry(word.name) { return (entry, word.tokens.count) }
    }
    return nil
  }

  /// The word of a name, as ComfyUI finds it.
  func word(named name: some StringProtocol) throws -> Entry? { try names[name.lowercased()].flatMap(entry) }
}
