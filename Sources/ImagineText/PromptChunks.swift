/// Prompts longer than an encoder reads at once.
///
/// The rule is that of AUTOMATIC1111 (stable-diffusion-webui, modules/sd_hijack_clip.py): tokens fill sequences of 75; where
/// the next would not fit, and a comma stands among the last 20, what follows it goes to the next sequence. Each sequence is
/// encoded by itself, and the results follow each other. What reads one vector of a prompt takes that of the first.
extension CLIPTokenizer {
  /// The token of a comma that ends a word.
  private static let comma: Int32 = 267
  /// How many tokens back a comma is looked for.
  private static let backtrack = 20

  /// Returns the sequences of 77 ids that hold all of `text`, at least one.
  package func chunks(_ text: String, padding: Padding = .endOfText) -> [TokenSequence] {
    var chunks: [TokenSequence] = []
    var chunk: [Int32] = []
    // The place of the last comma in the chunk.
    var comma: Int?
    func close(keeping kept: [Int32] = []) {
      chunks.append(Self.chunk(chunk, padding: padding))
      (chunk, comma) = (kept, nil)
    }
    for token in encode(text) {
      if token == Self.comma {
        comma = chunk.count
      } else if chunk.count == Self.capacity, let place = comma, chunk.count - place <= Self.backtrack {
        let moved = Array(chunk[(place + 1)...])
        chunk.removeSubrange((place + 1)...)
        close(keeping: moved)
      }
      if chunk.count == Self.capacity { close() }
      chunk.append(token)
    }
    if !chunk.isEmpty || chunks.isEmpty { close() }
    return chunks
  }

  /// Gives prompts that are denoised together the same number of sequences: those that are short of some get empty ones.
  package static func levelled(_ prompts: [[TokenSequence]], padding: Padding = .endOfText) -> [[TokenSequence]] {
    let count = prompts.map(\.count).max() ?? 0
    return prompts.map { $0 + Array(repeating: chunk([], padding: padding), count: count - $0.count) }
  }

  /// The ids with the token that an encoder was trained to see after the first end of text, also where a prompt spells that
  /// out; the ends that are there anyway change nothing.
  package static func filled(_ ids: [Int32], with padding: Int32) -> [Int32] {
    guard padding != endOfText, let end = ids.firstIndex(of: endOfText) else { return ids }
    return ids[...end] + [Int32](repeating: padding, count: ids.count - end - 1)
  }

  private static func chunk(_ tokens: [Int32], padding: Padding) -> TokenSequence {
    var ids = [startOfText] + tokens
    ids += Array(repeating: endOfText, count: sequenceLength - ids.count)
    return TokenSequence(ids: filled(ids, with: padding.rawValue), ignoredCount: 0, ignoredText: "")
  }
}
