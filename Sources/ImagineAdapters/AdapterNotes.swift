internal import Foundation
internal import ImagineCheckpoint

/// What a file says of its adapter beside the tensors: trainers' notes, diffusers' and PEFT's configurations.
package struct AdapterNotes: Sendable {
  /// The notes in the header, all strings.
  package let metadata: [String: String]
  /// diffusers writes its configurations as one JSON text under this key, each member behind its network's name.
  private let packed: JSONValue?
  /// PEFT writes one beside the file.
  private let configuration: JSONValue?

  private static let packedKey = "lora_adapter_metadata"
  /// What PEFT calls its files, without endings.
  private static let peftName = "adapter_model"

  /// - Throws: `CheckpointError` if PEFT's configuration is there and cannot be read.
  init(_ metadata: [String: String], beside url: URL) throws {
    self.metadata = metadata
    packed = metadata[Self.packedKey].flatMap { try? JSONValue(parsing: $0) }
    let file = url.deletingLastPathComponent().appending(path: "adapter_config.json")
    let isPEFT = url.deletingPathExtension().lastPathComponent == Self.peftName
    let isThere = FileManager.default.fileExists(atPath: file.path(percentEncoded: false))
    configuration = isPEFT && isThere ? try ConfigurationFile.read(file) : nil
  }

  /// A note by name; nil for none, or for what trainers write in place of none.
  package subscript(_ key: String) -> String? {
    guard let value = metadata[key], !value.isEmpty, value != "None" else { return nil }
    return value
  }

  /// Whether PEFT's configuration is at hand.
  var hasConfiguration: Bool { configuration != nil || packed != nil }

  /// A setting of PEFT's.
  ///
  /// - Parameter network: as diffusers names it: `unet`, `text_encoder`, `text_encoder_2`.
  func setting(_ name: String, of network: String) -> JSONValue? {
    packed?["\(network).\(name)"] ?? configuration?[name]
  }

  /// What PEFT multiplies a module's change by; nil where no configuration says it.
  ///
  /// `lora_alpha` over the rank, or over its root where `use_rslora` is set (Kalajdzievski 2023); modules may have an alpha
  /// of their own.
  ///
  /// - Parameters:
  ///   - module: the path inside the network.
  ///   - rank: what the tensors say.
  func scale(of module: String, in network: String, rank: Int) -> Float? {
    guard rank > 0 else { return nil }
    let own = setting("alpha_pattern", of: network)?.object?
      .first { module == $0.key.text || module.hasSuffix(".\($0.key.text)") }?.value.double
    guard
      let alpha = own ?? setting("lora_alpha", of: network)?.double ?? setting("alpha", of: network)?.double,
      alpha.isFinite
    else { return nil }
    let isRankStabilised = setting("use_rslora", of: network)?.bool ?? false
    return Float(isRankStabilised ? alpha / Double(rank).squareRoot() : alpha / Double(rank))
  }
}
