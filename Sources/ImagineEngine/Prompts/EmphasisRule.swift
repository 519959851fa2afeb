internal import ImagineText

/// What weights do to an encoder's vectors.
struct EmphasisRule {
  let emphasis: Emphasis
  /// What the encoder makes of an empty sequence, [77, D]; empty where nothing is weighed against it.
  let empty: [Float]

  /// Weighs all texts of a prompt, or of a part of one.
  ///
  /// - Parameters:
  ///   - texts: the sequences of each text with the encoder's vectors of them, [77, D], as many for each text.
  ///   - schedule: which texts count how often where means are taken.
  /// - Returns: the vectors of each text, sequence by sequence.
  func weighed(_ texts: [[(chunk: PromptChunk, hidden: [Float])]], _ schedule: TextSchedule) -> [[[Float]]] {
    switch emphasis {
    case .ignore: texts.map { $0.map(\.hidden) }
    case .noNorm: texts.map { $0.map { multiplied($0.hidden, $0.chunk) } }
    case .comfy:
      texts.map { text in text.map { $0.chunk.isWeighted ? moved($0.hidden, $0.chunk) : $0.hidden } }
    case .original: restored(texts, schedule)
    }
  }

  private func multiplied(_ hidden: [Float], _ chunk: PromptChunk) -> [Float] {
    guard chunk.isWeighted else { return hidden }
    let weights = chunk.sequenceWeights, width = hidden.count / weights.count
    return hidden.indices.map { hidden[$0] * weights[$0 / width] }
  }

  /// ComfyUI's, comfy/sd1_clip.py: `(z - e) * w + e` with the vectors e of an empty sequence.
  private func moved(_ hidden: [Float], _ chunk: PromptChunk) -> [Float] {
    let weights = chunk.sequenceWeights, width = hidden.count / weights.count
    return hidden.indices.map { index in
      let weight = weights[index / width]
      return weight == 1 ? hidden[index] : (hidden[index] - empty[index]) * weight + empty[index]
    }
  }

  /// AUTOMATIC1111's "Original", modules/sd_emphasis.py: the mean of all values is what it was before.
  ///
  /// The texts that a prompt goes through are encoded together there, first sequences with first ones and so on, and the mean
  /// is over all of them, once for each entry of the schedule.
  private func restored(
    _ texts: [[(chunk: PromptChunk, hidden: [Float])]], _ schedule: TextSchedule
  ) -> [[[Float]]] {
    var counts = [Int](repeating: 0, count: texts.count)
    for entry in schedule.entries { counts[entry.text] += 1 }
    var results = texts.map { $0.map { multiplied($0.hidden, $0.chunk) } }
    for place in 0..<(texts.first?.count ?? 0) where texts.contains(where: { $0[place].chunk.isWeighted }) {
      var before = 0.0, after = 0.0
      for (text, count) in counts.enumerated() {
        before += Double(count) * texts[text][place].hidden.reduce(0) { $0 + Double($1) }
        after += Double(count) * results[text][place].reduce(0) { $0 + Double($1) }
      }
      let factor = Float(before / after)
      // Vectors whose mean has become nothing cannot have it back.
      guard factor.isFinite else { continue }
      for text in results.indices { results[text][place] = results[text][place].map { $0 * factor } }
    }
    return results
  }
}
