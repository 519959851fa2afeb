package import Foundation
package import ImagineGraph

/// The weights of a network that stands beside a model, as a ControlNet does, under canonical names: a file, or the folder
/// that diffusers writes.
package struct PartCheckpoint: TensorSource {
  /// What was opened.
  package let url: URL
  package let kind: PartKind
  /// All tensors by canonical name, which begins with the kind's `root`.
  package private(set) var tensors: [String: CheckpointTensor] = [:]
  /// Source names of tensors that mean nothing here, in order.
  package private(set) var unrecognised: [String] = []
  /// Names of tensors that say something by being there, as `lora_controlnet` does.
  package private(set) var markers: Set<String> = []
  /// The network's configuration: a folder's config.json, or what a single file carries in its metadata; nil for none.
  package let configuration: JSONValue?

  /// Opens a file as one of some kinds, whichever it is.
  ///
  /// - Throws: `CheckpointError` for what cannot be read, for a file of another kind, and for one of a variant that this
  ///   version does not run.
  package static func open(_ url: URL, as kinds: [PartKind]) throws -> PartCheckpoint {
    let opening = try Opening(url)
    for kind in kinds {
      if let part = try PartCheckpoint(opening, as: kind) { return part }
    }
    let wanted = kinds.map(\.description).joined(separator: " or ")
    throw CheckpointError(
      .missingNetwork,
      "\(quoted(url.lastPathComponent)) is no \(wanted), it is \(try Checkpoint(opening).kind.description): name another file."
    )
  }

  /// Nil for a file of another kind.
  private init?(_ opening: Opening, as kind: PartKind) throws {
    url = opening.url
    self.kind = kind
    configuration = opening.configs[kind.rawValue] ?? opening.configs[Opening.otherNetwork]
    var elements: [String: CheckpointTensors.Element] = [:]
    for source in opening.sources {
      for (key, element) in source.tensors.elements where elements[key.text] == nil {
        if key.isASCII { elements[key.text] = element } else { unrecognised.append(key.text) }
      }
    }
    let shapes = elements.mapValues(\.info.shape)
    if let variant = kind.refusedVariant(of: shapes) {
      throw CheckpointError(
        .unsupportedFormat,
        "\(quoted(url.lastPathComponent)) is \(variant), which this version does not run: use \(kind.description) of "
          + "another kind.")
    }
    if let scale = shapes.keys.filter({ $0.hasSuffix(".scale_weight") || $0.hasSuffix(".weight_scale") }).min() {
      throw CheckpointError(
        .unsupportedDataType,
        "\(quoted(url.lastPathComponent)) stores weights in fp8 with scales such as \(quoted(scale)): use a float16, bfloat16 or "
          + "float32 version of it.")
    }
    let names = PartNames(kind, shapes)
    for (name, element) in elements.sorted(by: { UTF8Name($0.key) < UTF8Name($1.key) }) {
      switch names.place(name) {
      case .marker: markers.insert(name)
      case .elsewhere: break
      case .unrecognised: unrecognised.append(name)
      case .tensors(let placed):
        for (canonical, part) in placed where tensors[canonical] == nil {
          tensors[canonical] = try CheckpointTensor(name: canonical, part: part, element: element)
        }
      }
    }
    unrecognised.sort { UTF8Name($0) < UTF8Name($1) }
    guard kind.isRecognised(by: tensors.mapValues(\.shape), markers) else { return nil }
    try requireNumbers()
  }

  /// The shapes of all tensors by canonical name.
  package var shapes: [String: Shape] { tensors.mapValues { Shape($0.shape) } }

  /// Which files it comes from.
  package var shares: Set<Checkpoint.Share> {
    Set(tensors.values.map { Checkpoint.Share(network: kind.root, file: $0.fileVersion) })
  }

  private func requireNumbers() throws {
    let strange = tensors.values.filter(\.holdsPlainIntegers)
    guard let first = strange.min(by: { $0.name < $1.name }) else { return }
    throw CheckpointError(
      .unsupportedDataType,
      "\(quoted(url.lastPathComponent)) stores \(strange.count) weights as whole numbers (\(quoted(first.source)) as "
        + "\(first.dataType.rawValue)): use a float16, bfloat16 or float32 version of it.")
  }

  package var meaningOfAbsence: String { "incomplete or of a kind that is not supported" }
}
