internal import Foundation
internal import ImagineCheckpoint
internal import ImagineGraph
internal import ImagineModels
internal import ImagineText

/// The vectors that words of a request's prompts stand for, as one model reads them: tokens of a vocabulary that goes on
/// after CLIP's, given out as the words are found.
final class PromptVectors: @unchecked Sendable {  // All state is behind the lock.
  private let collection: EmbeddingCollection
  private let encoders: [Conditioning.Text]
  private let lock = NSLock()
  /// Of the words found; nil for one that is not for the model.
  private var entries: [String: EmbeddingVocabulary.Entry?] = [:]
  /// By encoder, what tokens from `EmbeddingVocabulary.firstToken` on stand for: [count, width].
  private var tables: [[Float]]

  init(_ collection: EmbeddingCollection, for conditioning: Conditioning) {
    self.collection = collection
    encoders = conditioning.texts
    tables = [[Float]](repeating: [], count: encoders.count)
  }

  func vocabulary(_ tokenizer: CLIPTokenizer) -> EmbeddingVocabulary {
    if collection.files.isEmpty { return .empty }
    return EmbeddingVocabulary(Array(collection.files.keys), tokenizer) { try self.entry($0) }
  }

  /// The words found so far that stand for vectors.
  var used: [String] { lock.withLock { entries.filter { $0.value != nil }.keys.sorted() } }

  /// Those found that are not for the model, and are text to it.
  var misfits: [String] { lock.withLock { entries.filter { $0.value == nil }.keys.sorted() } }

  private func entry(_ name: String) throws -> EmbeddingVocabulary.Entry? {
    try lock.withLock {
      if let known = entries[name] { return known }
      let entry = try collection.file(name).flatMap(add)
      entries[name] = .some(entry)
      return entry
    }
  }

  private func add(_ file: EmbeddingFile) -> EmbeddingVocabulary.Entry? {
    let vectors = encoders.compactMap { text -> EmbeddingFile.Vectors? in
      let found = file.vectors[text.embedding] ?? (encoders.count == 1 ? file.vectors[.only] : nil)
      return found?.width == text.width ? found : nil
    }
    guard vectors.count == encoders.count, let width = encoders.first?.width, width > 0 else { return nil }
    let first = EmbeddingVocabulary.firstToken + Int32(tables[0].count / width)
    for index in tables.indices { tables[index] += vectors[index].values }
    return EmbeddingVocabulary.Entry(firstToken: first, count: file.count)
  }

  /// What an encoder is given in place of tokens that stand for vectors: `vectors` [rows, 77, C] and `kept` [rows, 77, 1];
  /// nothing if there are no such tokens.
  func inputs(_ sequences: [PromptChunk], encoder: Int) -> [String: HostTensor] {
    let places = sequences.map(\.vectors)
    guard places.contains(where: { !$0.isEmpty }) else { return [:] }
    let table = lock.withLock { tables[encoder] }
    let length = CLIPTokenizer.sequenceLength, width = encoders[encoder].width
    var vectors = [Float](repeating: 0, count: sequences.count * length * width)
    var kept = [Float](repeating: 1, count: sequences.count * length)
    for (row, found) in places.enumerated() {
      for (place, token) in found {
        let position = row * length + place, index = Int(token - EmbeddingVocabulary.firstToken)
        guard (index + 1) * width <= table.count else { continue }
        kept[position] = 0
        vectors.replaceSubrange(
          position * width..<(position + 1) * width, with: table[index * width..<(index + 1) * width])
      }
    }
    return [
      "vectors": HostTensor([sequences.count, length, width], vectors),
      "kept": HostTensor([sequences.count, length, 1], kept),
    ]
  }
}
