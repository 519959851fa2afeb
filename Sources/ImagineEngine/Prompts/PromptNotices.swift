internal import ImagineText

extension RequestPrompts {
  /// What the person should know of how the prompts are read.
  ///
  /// - Parameters:
  ///   - readsNegative: whether any model runs for the negative prompt.
  ///   - plans: what each model reads.
  func notices(readsNegative: Bool, _ plans: [PromptPlan], _ embeddings: EmbeddingCollection) -> [EngineNotice] {
    let read = [positive] + (readsNegative ? [negative] : [])
    let prompts = read.flatMap { [$0.first, $0.second].compactMap { $0 } }
    var notices: [EngineNotice] = []
    // LoRAs are applied before the prompts are read.
    let tags = prompts.flatMap(\.networks).filter { (try? LoRATag($0)) == nil }.map(\.description)
    if !tags.isEmpty {
      notices.append(
        EngineNotice(
          .promptLanguage,
          "\(Self.list(tags)) \(tags.count == 1 ? "is" : "are") left out: of networks beside the model's, prompts can name "
            + "LoRAs."))
    }
    let findings = prompts.flatMap(\.findings)
    for (kind, says) in Self.meanings {
      let texts = findings.filter { $0.kind == kind && !isKnown($0, embeddings) }.map(\.text)
      if !texts.isEmpty { notices.append(EngineNotice(.promptLanguage, says(Self.list(texts)))) }
    }
    let misfits = plans.flatMap(\.vectors.misfits)
    if !misfits.isEmpty {
      notices.append(
        EngineNotice(
          .promptLanguage,
          "\(Self.list(misfits)) \(misfits.count == 1 ? "is a textual inversion" : "are textual inversions") made for another "
            + "family of models, and \(misfits.count == 1 ? "is" : "are") read as text."))
    }
    if !readsNegative, !negative.isEmpty {
      notices.append(
        EngineNotice(
          .negativePrompt,
          "The negative prompt has no effect: it is not read where the guidance scale is 1, or inside the model."))
    }
    return notices
  }

  /// Whether what was found is an embedding that there is: then it is read as one.
  private func isKnown(_ finding: PromptFinding, _ embeddings: EmbeddingCollection) -> Bool {
    guard finding.kind == .missingEmbedding, let colon = finding.text.firstIndex(of: ":") else { return false }
    let name = finding.text[finding.text.index(after: colon)...].lowercased()
    return embeddings.files.keys.contains { $0.lowercased() == name }
  }

  private static let meanings: [(PromptFinding.Kind, @Sendable (String) -> String)] = [
    (.network, { "\($0) is read as text: networks are named in the prompt itself, in AUTOMATIC1111's language." }),
    (
      .edit,
      {
        "\($0) is read as text: an edit in AUTOMATIC1111's language, where a | or a \\ elsewhere in the prompt keeps all of it "
          + "from having any."
      }
    ),
    (.weight, { "\($0) is read as text: a weight is one number, such as :1.2)." }),
    (.foreign, { "\($0) is read as text: it is of AUTOMATIC1111's language, not of ComfyUI's." }),
    (.embedding, { "\($0) is read as text: here a textual inversion is named by its name alone." }),
    (.missingEmbedding, { "\($0) is left out: there is no textual inversion of that name." }),
    (.choice, { "\($0) is read as text: nothing is chosen in this version." }),
    (.wildcard, { "\($0) is read as text: this version has no wildcards." }),
    (.comment, { "\($0) is a comment, and left out: write prompts with # in plain syntax." }),
    (
      .wholeWeight,
      {
        "The prompt ends in \($0), which is the weight of all of it: write something behind it if it is meant as text."
      }
    ),
  ]

  /// Each once, the first few.
  private static func list(_ texts: [String]) -> String {
    var distinct: [String] = []
    for text in texts where !distinct.contains(text) && distinct.count <= mostNamed { distinct.append(text) }
    let named = distinct.prefix(mostNamed).joined(separator: ", ")
    return distinct.count > mostNamed ? "\(named) and more" : named
  }

  private static let mostNamed = 8
}
