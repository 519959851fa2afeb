/// Turns prompts into the token ids that CLIP's text encoders read.
///
/// One vocabulary of 49408 entries serves every encoder of Stable Diffusion 1, 2 and XL. The rule is that of
/// `CLIPTokenizer` in Hugging Face transformers 5: Unicode NFC, full lowercase, words split by a pattern, each word
/// byte-pair encoded. `<|startoftext|>` and `<|endoftext|>` written out in a prompt become those tokens.
/// (Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units"; Radford et al. 2021, CLIP.)
package struct CLIPTokenizer: Sendable {
  /// The token that opens every sequence.
  package static let startOfText: Int32 = 49406
  /// The token that closes every sequence; the pooled embedding is read at its place.
  package static let endOfText: Int32 = 49407
  /// The number of tokens in a sequence, start and end included.
  package static let sequenceLength = 77
  /// The number of a prompt's own tokens that fit in one sequence.
  package static let capacity = sequenceLength - 2

  /// The token that fills a sequence after its end.
  package enum Padding: Int32, Sendable {
    /// Repeats the end of text: Stable Diffusion 1 and the first encoder of XL.
    case endOfText = 49407
    /// Repeats token 0, `!`: Stable Diffusion 2 and the second encoder of XL.
    case zero = 0
  }

  private let encoding: BytePairEncoding

  /// Makes a tokenizer; the merge table behind it is built at first use and shared.
  package init() {
    encoding = .clip
  }

  /// Returns the ids of all tokens of `text`, without start and end of text.
  package func encode(_ text: String) -> [Int32] {
    located(Array(text.utf8)).map(\.id)
  }

  /// Returns the sequence of 77 ids an encoder reads: start, at most 75 tokens of `text`, end, padding.
  package func tokens(_ text: String, padding: Padding = .endOfText) -> [Int32] {
    sequence(text, padding: padding).ids
  }

  /// Returns the sequence of 77 ids an encoder reads together with what of `text` did not fit in it.
  package func sequence(_ text: String, padding: Padding = .endOfText) -> TokenSequence {
    let utf8 = Array(text.utf8)
    let tokens = located(utf8)
    let kept = tokens.prefix(Self.capacity)
    let ignored = tokens.dropFirst(Self.capacity)

    var ids = [Self.startOfText] + kept.map(\.id) + [Self.endOfText]
    ids += Array(repeating: padding.rawValue, count: Self.sequenceLength - ids.count)
    let ignoredText = ignored.first.map { String(decoding: utf8[$0.offset...], as: UTF8.self).trimmed } ?? ""
    return TokenSequence(ids: ids, ignoredCount: ignored.count, ignoredText: ignoredText)
  }

  /// A token and the byte of the prompt at which the character it begins with stands.
  private struct LocatedToken {
    var id: Int32
    var offset: Int
  }

  private func located(_ utf8: [UInt8]) -> [LocatedToken] {
    var tokens: [LocatedToken] = []
    for segment in SpecialTokens.split(utf8) {
      switch segment {
      case .special(let id, let offset):
        tokens.append(LocatedToken(id: id, offset: offset))
      case .text(let range):
        let text = NormalizedText(String(decoding: utf8[range], as: UTF8.self))
        for word in text.words() {
          let bytes = text.utf8(of: word)
          for symbol in encoding.encode(bytes.map(\.byte)) {
            tokens.append(LocatedToken(id: symbol.id, offset: range.lowerBound + bytes[symbol.start].origin))
          }
        }
      }
    }
    return tokens
  }
}

/// The token ids of one prompt, cut and padded to the length CLIP was trained with.
package struct TokenSequence: Sendable, Equatable {
  /// Start of text, at most 75 tokens, end of text, padding: [77].
  package let ids: [Int32]
  /// How many tokens of the prompt did not fit.
  package let ignoredCount: Int
  /// The end of the prompt that did not fit, as it was written, without surrounding white space.
  package let ignoredText: String
}

extension String {
  /// The string without leading and trailing white space.
  fileprivate var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
