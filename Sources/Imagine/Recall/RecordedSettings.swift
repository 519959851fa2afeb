public import Foundation
internal import ImagineImage
internal import ImagineSampling

/// The settings that a picture's file says it was drawn with, by this program or another.
public struct RecordedSettings: Sendable {
  /// What to ask for to draw it again; what is left open is the model's own.
  public internal(set) var request: GenerationRequest
  /// The model's name, as the other program had it; nil if it is not said.
  public internal(set) var modelName: String?
  /// The first ten digits of the SHA-256 of the model's file; nil if it is not said.
  public internal(set) var modelHash: String?
  /// The LoRAs that it was drawn with, as its prompt names them or beside it.
  public internal(set) var loras: [RecordedName] = []
  /// The textual inversions that its prompts name.
  public internal(set) var embeddings: [RecordedName] = []
  /// The networks that guided it, and how.
  public package(set) var guides: [RecordedGuide] = []
  /// The networks that made it larger.
  public package(set) var upscalers: [RecordedUpscaler] = []
  /// The program that drew it, for people.
  public internal(set) var program: String
  /// How a picture was used that it was made from; nil where there was none. The request has none in any case.
  public internal(set) var change: RecordedChange?
  /// What no request can say, a sentence each.
  var impossible: [String] = []

  /// What it says and the request does not, a sentence each: the picture may come out otherwise.
  public var unhonoured: [String] { unhonoured(givenPicture: false, givenMask: false) }

  /// The same, where the picture that it was made from is given again, or its mask: see `change`.
  public func unhonoured(givenPicture: Bool, givenMask: Bool) -> [String] {
    impossible + guides.filter { $0.file == nil }.map(\.missing) + upscalers.filter { $0.file == nil }.map(\.missing)
      + [missingEmbeddings, change?.missing(givenPicture: givenPicture, givenMask: givenMask)].compactMap { $0 }
  }

  /// Reads the settings in a picture: AUTOMATIC1111's `parameters` and those of programs that write the same, this one's own
  /// and stable-diffusion.cpp's among them, or ComfyUI's graph.
  ///
  /// - Throws: `ImagineError` for what is no picture, or has no settings in it.
  public init(pictureAt url: URL) throws {
    let path = url.path(percentEncoded: false)
    let texts = try ImagineError.translating(path: url) { try ImageFile.read(url).text }
    guard let settings = try Self(texts) else {
      throw ImagineError(
        .invalidRequest, "'\(url.lastPathComponent)' says nothing of how it was drawn: give the settings by hand.",
        path: path)
    }
    self = settings
  }

  /// Reads settings in the text that AUTOMATIC1111 shows below a picture and writes into its file.
  public init(parameters: String) { self.init(Infotext(parsing: parameters)) }

  /// Nil if none of the texts tells settings.
  init?(_ texts: [PNGText]) throws {
    func text(_ keyword: String) -> String? { texts.first { $0.keyword == keyword }?.value }
    if let parameters = text(Infotext.keyword) {
      self.init(parameters: parameters)
    } else if let graph = text("prompt") {
      try self.init(comfyGraph: graph)
    } else {
      return nil
    }
  }

  /// What is said of textual inversions whose files nobody gave; nil where there are none.
  private var missingEmbeddings: String? {
    let lost = embeddings.filter { embedding in !request.embeddings.contains { $0.name == embedding.name } }
    guard !lost.isEmpty else { return nil }
    let names = lost.map { embedding in embedding.hash.map { "\(embedding.name): \($0)" } ?? embedding.name }
    return "It was drawn with textual inversions (\(names.joined(separator: ", "))): name their files if you have them."
  }

  /// Says which file a textual inversion of it is.
  public mutating func use(_ file: URL, forEmbedding embedding: RecordedName) {
    request.embeddings.removeAll { $0.name == embedding.name }
    request.embeddings.append(Embedding(file, name: embedding.name))
  }

  /// Says which file a LoRA of it is.
  public mutating func use(_ file: URL, for lora: RecordedName) {
    if let index = request.loras.firstIndex(where: { $0.name == lora.name }) {
      request.loras[index].file = file
    } else {
      var given = LoRA(file)
      given.name = lora.name
      request.loras.append(given)
    }
  }

  /// Leaves out a LoRA that no prompt of it names.
  package mutating func leaveOut(_ lora: RecordedName) {
    request.loras.removeAll { $0.name == lora.name && $0.file == nil }
  }

  /// Says which file a network that guided it is. The request is guided as then, by the picture that it changes; a picture of its
  /// own has to be put into the request's `controls`, and those of an IP-Adapter into its `imagePrompts`.
  ///
  /// - Parameter encoder: the image encoder of an IP-Adapter; nil is the one beside it.
  public mutating func use(_ file: URL, for guide: RecordedGuide, encoder: URL? = nil) {
    guard let index = guides.firstIndex(where: { $0 == guide && $0.file == nil }) else { return }
    guides[index].file = file
    if guide.kind == .ipAdapter {
      request.imagePrompts.append(guide.imagePrompt(file, encoder: encoder))
    } else {
      request.controls.append(guide.controlImage(file))
    }
  }

  /// Says which file an upscaler of it is; `request(on:)` opens it.
  public mutating func use(_ file: URL, for upscaler: RecordedUpscaler) {
    for index in upscalers.indices where upscalers[index].name == upscaler.name { upscalers[index].file = file }
  }

  init(prompt: String, program: String) {
    request = GenerationRequest(prompt: prompt)
    self.program = program
  }
}

/// A small file that a picture was drawn with.
public struct RecordedName: Sendable, Hashable {
  /// Without an ending.
  public let name: String
  /// Twelve digits of a SHA-256; nil if it is not said.
  public let hash: String?
}

extension RecordedSettings: CustomStringConvertible {
  /// The settings for people, a line each.
  public var description: String {
    let lines: [(String, String?)] = [
      ("drawn by", program), ("prompt", request.prompt),
      ("negative prompt", request.negativePrompt.isEmpty ? nil : request.negativePrompt),
      ("model", modelName), ("model hash", modelHash),
      ("LoRAs", loras.isEmpty ? nil : loras.map(\.name).joined(separator: ", ")),
      ("size", request.size.map { "\($0)" }),
      ("steps", request.steps.map { "\($0)" }), ("guidance", request.guidanceScale.map { "\($0)" }),
      ("sampler", request.sampler?.name), ("schedule", request.schedule?.name),
      ("seed", request.seed.map { "\($0)" }), ("random numbers", request.randomSource?.name),
      ("strength", change?.strength.map { "\($0)" }), ("mask", change?.mask.map(\.words)),
      ("clip skip", request.clipSkip.map { "\($0)" }), ("like", request.likeness?.name),
      ("guided by", guides.isEmpty ? nil : guides.map(\.name).joined(separator: ", ")),
      ("upscalers", upscalers.isEmpty ? nil : upscalers.map(\.name).joined(separator: ", ")),
      ("second pass", request.hires.map { $0.size.map { "to \($0)" } ?? "\($0.scale) times as large" }),
    ]
    return lines.compactMap { name, value in value.map { "\(name): \($0)" } }.joined(separator: "\n")
  }
}
