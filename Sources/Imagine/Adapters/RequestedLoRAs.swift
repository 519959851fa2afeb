internal import Foundation
internal import ImagineAdapters
internal import ImagineCheckpoint
internal import ImagineEngine
internal import ImagineModels
internal import ImagineText

/// The LoRAs of a request: those that it has files of, and those that its prompt names.
struct RequestedLoRAs {
  /// In the order in which they change the model: given ones first.
  private(set) var list: [LoRA] = []
  /// Those of them that the prompt does not name.
  private(set) var unnamed: [LoRA] = []

  /// - Parameter file: finds the file of a name in a prompt; nil if there is none.
  /// - Throws: `ImagineError` for tags that cannot be read, and names without a file.
  init(_ request: GenerationRequest, file: (String) throws -> URL?) throws {
    let tags = try Self.tags(request)
    unnamed = try request.loras.filter { given in !tags.contains { $0.name == given.name } }.map { lora in
      var lora = lora
      lora.file = try lora.file ?? Self.found(lora.name, file)
      return lora
    }
    list = unnamed
    for tag in tags {
      // A file that is given says which one the prompt means; how much of it, the prompt says.
      let given = request.loras.first { $0.name == tag.name }?.file
      list.append(LoRA(try given ?? Self.found(tag.name, file), tag))
    }
  }

  private static func found(_ name: String, _ file: (String) throws -> URL?) throws -> URL {
    if let found = try file(name) { return found }
    throw ImagineError(
      .invalidRequest,
      "There is no LoRA \(quoted(name)) in the folders of models: give its file, or leave it out.")
  }

  private static func tags(_ request: GenerationRequest) throws -> [LoRATag] {
    guard request.promptSyntax ?? .a1111 == .a1111 else { return [] }
    return try ImagineError.translating {
      var tags: [LoRATag] = []
      for prompt in [request.prompt, request.secondPrompt].compactMap({ $0 }) {
        for network in try ParsedPrompt(prompt, .a1111).networks {
          guard network.type != "hypernet" else {
            throw EngineError(
              .invalidRequest, "'\(network)' is a hypernetwork, which this version cannot apply: leave it out.")
          }
          if let tag = try LoRATag(network), !tags.contains(tag) { tags.append(tag) }
        }
      }
      return tags
    }
  }

  /// What the settings of a picture say of them.
  func recorded(_ hash: (LoRA) -> String?) -> [RecordedLoRA] {
    list.map { lora in
      RecordedLoRA(lora: lora, isNamed: !unnamed.contains(lora), hash: hash(lora))
    }
  }

  /// The same bound to a model.
  ///
  /// - Parameter allowsPart: whether a file that fits in part is applied all the same.
  /// - Returns: what the engine applies, and what the person should know of it.
  /// - Throws: `ImagineError` for files that are no LoRAs or not for the model, and for weights that are not possible.
  func bound(to model: OpenedModel, allowsPart: Bool) throws -> (
    applied: [AdaptedWeights.Applied], notices: [EngineNotice]
  ) {
    var applied: [AdaptedWeights.Applied] = [], notices: [EngineNotice] = []
    for lora in list {
      guard let file = lora.file else { continue }
      let strength = try lora.strength()
      let adapter = try ImagineError.translating(path: file) {
        let adapter = try model.adapters.adapter(at: file)
        try adapter.requireFit(model.family.name, AdapterFamily(model.family), allowsPart: allowsPart)
        return adapter
      }
      if !adapter.leftovers.isEmpty {
        notices.append(
          EngineNotice(
            .model,
            "Of the LoRA \(lora.name) \(adapter.tensorCount) of \(adapter.allTensors) tensors are applied; the others do not "
              + "fit the model: \(adapter.named)."))
      }
      applied.append(AdaptedWeights.Applied(adapter, strength))
    }
    return (applied, notices)
  }
}

extension LoRA {
  /// The largest weight, of either sign.
  private static let largestWeight: Float = 1000

  /// - Throws: `ImagineError` for weights that are not possible.
  fileprivate func strength() throws -> AdapterStrength {
    func refuse(_ problem: String) -> ImagineError {
      ImagineError(.invalidRequest, "The LoRA \(name) \(problem)", path: file?.path(percentEncoded: false))
    }
    for weight in [weight, textEncoderWeight ?? weight] + (blocks ?? []) where !(weight.magnitude <= Self.largestWeight)
    {
      throw refuse("cannot have a weight of \(weight): choose one from -1000 to 1000; 0.5 to 1 is usual.")
    }
    if let ranks, ranks < 1 { throw refuse("cannot be applied with \(ranks) ranks: choose 1 or more.") }
    let blockWeights = blocks.flatMap(BlockWeights.init)
    if let blocks, blockWeights == nil {
      let counts = BlockWeights.counts.map(String.init).joined(separator: ", ")
      throw refuse("has \(blocks.count) weights of blocks, and there may be one of \(counts): give as many.")
    }
    return AdapterStrength(
      unet: weight, textEncoder: textEncoderWeight ?? weight, ranks: ranks, blocks: blockWeights)
  }
}

extension AdapterFamily {
  /// Nil for a family that no adapter tells.
  init?(_ family: ModelFamily) {
    let known: [AdapterFamily] = [.stableDiffusionXLRefiner, .stableDiffusionXL, .stableDiffusion2, .stableDiffusion1]
    let name = family.name.lowercased()
    let isRefiner = name.contains("refiner")
    guard
      let match = known.first(where: { known in
        isRefiner ? known == .stableDiffusionXLRefiner : name.hasPrefix(known.rawValue.lowercased())
      })
    else { return nil }
    self = match
  }
}
