internal import Foundation
internal import ImagineAdapters
internal import ImagineEngine
internal import ImagineModels
internal import ImagineSampling

extension Pipeline {
  /// The LoRAs that a request asks for.
  ///
  /// - Throws: `ImagineError` for tags that cannot be read, and names without a file.
  func requestedLoRAs(_ request: GenerationRequest) throws -> RequestedLoRAs {
    try RequestedLoRAs(request) { try namedLoRAs.file(named: $0) }
  }

  /// How a request is drawn that leaves steps, guidance and sampler open: as the model wants it, or one of its LoRAs that was
  /// made for few steps.
  func defaults(of loras: RequestedLoRAs?) -> (values: GenerationDefaults, method: SamplingMethod, lora: LoRA?) {
    let own = opened.model.defaults
    for lora in loras?.list ?? [] where lora.weight != 0 {
      guard let file = lora.file, let adapter = try? opened.adapters.adapter(at: file),
        let distillation = Distillation(adapter: lora.name, title: adapter.file.notes["modelspec.title"])
      else { continue }
      var values = own
      distillation.apply(to: &values)
      guard let method = try? SamplingMethod(sampler: values.sampler, schedule: values.schedule) else { continue }
      return (values, method, lora)
    }
    return (own, opened.method, nil)
  }

  /// Says what a LoRA that was made for few steps has decided; nil for nothing.
  func fewStepsNotice(_ asked: GenerationRequest, _ resolved: GenerationRequest, _ loras: RequestedLoRAs)
    -> EngineNotice?
  {
    guard let lora = defaults(of: loras).lora else { return nil }
    let taken: [(isOpen: Bool, words: String?)] = [
      (asked.steps == nil, resolved.steps.map { $0 == 1 ? "1 step" : "\($0) steps" }),
      (asked.guidanceScale == nil, resolved.guidanceScale.map { "a guidance scale of \($0)" }),
      (asked.sampler == nil, resolved.sampler.map { "the sampler \($0.label)" }),
    ]
    let words = taken.compactMap { $0.isOpen ? $0.words : nil }
    guard !words.isEmpty else { return nil }
    return EngineNotice(
      .settings,
      "The LoRA \(lora.name) was made for few steps: \(words.joined(separator: ", ")), as nothing else is said.")
  }
}

/// A LoRA as the settings of a picture have it.
struct RecordedLoRA {
  let lora: LoRA
  /// Whether the prompt names it.
  let isNamed: Bool
  /// Twelve digits; nil if there are none.
  let hash: String?
}
