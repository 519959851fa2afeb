/// Tokens that an encoder reads at once, with their weights: between a start, and an end and padding, which count 1.
package struct PromptChunk: Sendable, Hashable {
  /// At most 75; those beyond CLIP's vocabulary stand for vectors of an `EmbeddingVocabulary`.
  package fileprivate(set) var tokens: [Int32] = []
  package fileprivate(set) var weights: [Float] = []

  /// That of an empty prompt.
  package static let empty = PromptChunk()

  package init() {}

  mutating func append(_ word: EmbeddingVocabulary.Entry, _ weight: Float) {
    for token in word.tokens { append(token, weight) }
  }

  mutating func append(_ token: Int32, _ weight: Float) {
    tokens.append(token)
    weights.append(weight)
  }

  var isFull: Bool { tokens.count == CLIPTokenizer.capacity }

  /// The sequence of 77 that an encoder reads.
  ///
  /// - Parameter padding: the token that it was trained to see after the first end of text, also where a prompt spells that
  ///   out, as in AUTOMATIC1111. ComfyUI pads after its own end only.
  package func ids(padding: Int32) -> [Int32] {
    // In the place of a vector stands the token that AUTOMATIC1111 puts there.
    var ids = [CLIPTokenizer.startOfText] + tokens.map { $0 < EmbeddingVocabulary.firstToken ? $0 : 0 }
    ids += Array(repeating: CLIPTokenizer.endOfText, count: CLIPTokenizer.sequenceLength - ids.count)
    guard padding != CLIPTokenizer.endOfText, let end = ids.firstIndex(of: CLIPTokenizer.endOfText) else { return ids }
    return ids[...end] + [Int32](repeating: padding, count: ids.count - end - 1)
  }

  /// The tokens that stand for vectors, with their places among the 77.
  package var vectors: [(place: Int, token: Int32)] {
    tokens.enumerated().filter { $0.element >= EmbeddingVocabulary.firstToken }.map { ($0.offset + 1, $0.element) }
  }

  /// What each of the 77 counts.
  package var sequenceWeights: [Float] {
    [1] + weights + [Float](repeating: 1, count: CLIPTokenizer.sequenceLength - 1 - weights.count)
  }

  /// The same tokens, all counting 1.
  package var unweighted: PromptChunk {
    var chunk = self
    chunk.weights = [Float](repeating: 1, count: tokens.count)
    return chunk
  }

  /// Whether any token counts otherwise than 1.
  package var isWeighted: Bool { weights.contains { $0 != 1 } }
}

extension CLIPTokenizer {
  /// The token of a comma that ends a word.
  private static let comma: Int32 = 267
  /// How many tokens back a comma is looked for.
  private static let backtrack = 20

  /// Divides a text among the sequences that an encoder reads, at least one.
  ///
  /// - Parameter vocabulary: words that stand for vectors; in no language at all there are none.
  /// - Throws: what looking up a word does.
  package func chunks(
    _ pieces: [PromptPiece], _ syntax: PromptSyntax, _ vocabulary: EmbeddingVocabulary = .empty
  ) throws -> [PromptChunk] {
    switch syntax {
    case .comfy: try sections(pieces, vocabulary)
    case .a1111: try commaChunks(pieces, vocabulary)
    case .plain: try commaChunks(pieces, .empty)
    }
  }

  /// The rule of AUTOMATIC1111 (modules/sd_hijack_clip.py): tokens fill sequences of 75; where the next would not fit, and a
  /// comma stands among the last 20, what follows it goes to the next sequence. Each piece is tokenised by itself.
  /// The vectors of a word stay in one sequence.
  private func commaChunks(_ pieces: [PromptPiece], _ vocabulary: EmbeddingVocabulary) throws -> [PromptChunk] {
    var chunks: [PromptChunk] = []
    var chunk = PromptChunk()
    // The place of the last comma in the chunk.
    var comma: Int?
    func close(keeping kept: PromptChunk = PromptChunk()) {
      chunks.append(chunk)
      (chunk, comma) = (kept, nil)
    }
    for piece in pieces {
      guard !piece.isChunkEnd else {
        close()
        continue
      }
      var tokens = encode(piece.text)[...]
      while let token = tokens.first {
        if token == Self.comma {
          comma = chunk.tokens.count
        } else if chunk.isFull, let place = comma, Self.capacity - place <= Self.backtrack {
          close(keeping: chunk.split(after: place))
        }
        if chunk.isFull { close() }
        guard let (word, length) = try vocabulary.word(at: tokens) else {
          chunk.append(token, Float(piece.weight))
          tokens = tokens.dropFirst()
          continue
        }
        if chunk.tokens.count + word.count > Self.capacity { close() }
        chunk.append(word, Float(piece.weight))
        tokens = tokens.dropFirst(length)
      }
    }
    if !chunk.tokens.isEmpty || chunks.isEmpty { close() }
    return chunks
  }

  /// The rule of ComfyUI (comfy/sd1_clip.py): a weighted piece of fewer than 8 tokens stays in one sequence, longer ones are
  /// cut where the sequence ends. An embedding by name begins a piece; one that is not found is left out.
  private func sections(_ pieces: [PromptPiece], _ vocabulary: EmbeddingVocabulary) throws -> [PromptChunk] {
    var chunks: [PromptChunk] = []
    var chunk = PromptChunk()
    for piece in pieces {
      for part in PromptScalars(piece.text).embeddingParts {
        var group: ArraySlice<Int32> =
          switch part {
          case .text(let text): encode(text.text)[...]
          case .embedding(let name): try vocabulary.word(named: name.text).map { Array($0.tokens)[...] } ?? []
          }
        let isLong = group.count >= 8
        while !group.isEmpty {
          let room = Self.capacity - chunk.tokens.count
          let taken = group.count <= room ? group.count : isLong ? room : 0
          for token in group.prefix(taken) { chunk.append(token, Float(piece.weight)) }
          group = group.dropFirst(taken)
          if !group.isEmpty {
            chunks.append(chunk)
            chunk = PromptChunk()
          }
        }
      }
    }
    return chunks + [chunk]
  }
}

extension PromptChunk {
  /// Cuts off what follows a token.
  fileprivate mutating func split(after place: Int) -> PromptChunk {
    var rest = PromptChunk()
    rest.tokens = Array(tokens[(place + 1)...])
    rest.weights = Array(weights[(place + 1)...])
    tokens.removeSubrange((place + 1)...)
    weights.removeSubrange((place + 1)...)
    return rest
  }
}

/// A part of a text: as it is, or the name of an embedding.
private enum EmbeddingPart {
  case text(PromptScalars)
  case embedding(PromptScalars)
}

extension PromptScalars {
  /// The words that ask for an embedding, with what is before, between and behind them.
  fileprivate var embeddingParts: [EmbeddingPart] {
    var parts: [EmbeddingPart] = []
    var start = startIndex
    for word in EmbeddingWord.words(in: self) {
      if start < word.lowerBound { parts.append(.text(self[start..<word.lowerBound])) }
      parts.append(.embedding(self[word].dropFirst(EmbeddingWord.mark.count)))
      start = word.upperBound
    }
    return start < endIndex ? parts + [.text(self[start...])] : parts
  }
}
