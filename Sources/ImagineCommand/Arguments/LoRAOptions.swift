import ArgumentParser
import Foundation
import Imagine

/// LoRAs and their kin beside those that a prompt names.
struct LoRAOptions: ParsableArguments {
  @Option(
    name: .customLong("lora"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A LoRA to apply, by its file or its name in the folders of models, with how much of it: file.safetensors:0.8. A second "
        + "number is for the text encoders. Can be repeated; prompts name them as <lora:name:0.8>.",
      valueName: "file[:weight[:te]]"), completion: .file())
  var loras: [String] = []

  @Flag(
    name: .customLong("lora-partial"),
    help: "Apply LoRAs that fit the model in part, and say what does not fit.")
  var allowsPart = false

  /// - Throws: `ValidationError` for what names no file.
  func apply(to request: inout GenerationRequest) throws {
    if !loras.isEmpty { request.loras = try loras.map(Self.lora) }
    if allowsPart { request.allowsPartialLoRAs = true }
  }

  func validate() throws { _ = try loras.map(Self.lora) }

  /// Reads `path`, `path:0.8` and `path:0.8:0.5`; a file whose whole name looks so is that file.
  static func lora(_ text: String) throws -> LoRA {
    var path = text, weights: [Float] = []
    while !isFile(path), weights.count < 2, let colon = path.lastIndex(of: ":"),
      let weight = Float(path[path.index(after: colon)...])
    {
      weights.insert(weight, at: 0)
      path = String(path[..<colon])
    }
    guard !path.isEmpty else { throw ValidationError("--lora '\(text)' names no file: write --lora FILE:0.8.") }
    guard weights.allSatisfy(\.isFinite) else {
      throw ValidationError("--lora '\(text)' has a weight that is no number: write --lora FILE:0.8.")
    }
    var lora = isFile(path) || isPath(path) ? LoRA(URL(literalPath: path)) : LoRA(named: path)
    if let weight = weights.first { lora.weight = weight }
    lora.textEncoderWeight = weights.dropFirst().first
    return lora
  }

  private static func isFile(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// Whether it can only be meant as a path.
  private static func isPath(_ text: String) -> Bool { text.contains("/") || text.hasPrefix("~") }
}
