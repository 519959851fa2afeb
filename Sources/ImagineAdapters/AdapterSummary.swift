internal import ImagineCheckpoint

/// What a file of an adapter says by itself, without a model that it is for.
package struct AdapterSummary: Sendable {
  /// The kinds of change in it, such as `LoRA` and `DoRA`.
  package let kinds: [String]
  /// The ranks of its low-rank products, ascending; files with several are usual.
  package let ranks: [Int]
  /// Modules that it changes, as far as their names can be told from what stands behind them.
  package let moduleCount: Int
  package let family: AdapterFamily?
  /// The words that its pictures were described with most often, and how often: people put them into prompts.
  package let tags: [(word: String, count: Int)]

  private static let mostTags = 8

  package init(_ file: AdapterFile) {
    var kinds: [String: Int] = [:], ranks: Set<Int> = [], modules: Set<UTF8Name> = []
    for tensor in file.tensors {
      guard let (suffix, part) = TensorPart.suffixes.first(where: { tensor.name.hasSuffix($0.text) }) else { continue }
      let name = part == .down && tensor.shape.count == 4 && tensor.extent(behind: 2) > 1 ? "LoCon" : part.kindName
      // The weights of a model itself end so, too.
      if part == .factorDifference { continue }
      if let name { kinds[name, default: 0] += 1 }
      modules.insert(UTF8Name(String(tensor.name.dropLast(suffix.count))))
      let isRank = part == .down || part == .hadamard1B || part == .kronecker2B
      if isRank, let rank = tensor.shape.first { ranks.insert(rank) }
    }
    self.kinds = kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    self.ranks = ranks.sorted()
    moduleCount = modules.count
    family = AdapterFamily(file)
    tags = Self.tags(file.notes)
  }

  /// kohya's trainer notes how often each word stood in the descriptions, for each folder of pictures.
  private static func tags(_ notes: AdapterNotes) -> [(word: String, count: Int)] {
    guard let text = notes["ss_tag_frequency"], let folders = try? JSONValue(parsing: text).object else { return [] }
    var counts: [UTF8Name: Int] = [:]
    for folder in folders.values {
      for (word, count) in folder.object ?? [:] {
        let (sum, overflow) = counts[word, default: 0].addingReportingOverflow(count.int ?? 0)
        if !overflow { counts[word] = sum }
      }
    }
    let sorted = counts.filter { $0.key.text.utf8.count <= 100 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return sorted.prefix(mostTags).map { ($0.key.text, $0.value) }
  }
}

extension TensorPart {
  /// The kind of adapter that a part alone tells; nil for parts that several have.
  fileprivate var kindName: String? {
    switch self {
    case .down: "LoRA"
    case .magnitude, .rowMagnitude: "DoRA"
    case .hadamard1A: "LoHa"
    case .kronecker1, .kronecker1A: "LoKr"
    case .isOnInput, .factor: "IA3"
    case .blocks, .packedBlocks: "OFT"
    case .difference, .biasDifference, .normDifference, .normBiasDifference, .replacement: "full difference"
    case .unsupported(let kind): kind
    case .up, .middle, .upBias, .alpha, .scale, .hadamard1B, .hadamard2A, .hadamard2B, .hadamardCore1, .hadamardCore2,
      .kronecker1B, .kronecker2, .kronecker2A, .kronecker2B, .kroneckerCore2, .factorDifference, .rescale:
      nil
    }
  }
}
