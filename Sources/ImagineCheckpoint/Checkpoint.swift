package import Foundation
internal import ImagineGraph

/// A model as people have it, opened: every tensor under its canonical name, none of them read yet.
///
/// Opening looks at names and shapes only and takes milliseconds for a file of any size. It succeeds for every valid
/// file; whether the `kind` and the parts are what is wanted is for the caller to say.
package struct Checkpoint: Sendable {
  package enum Layout: Sendable, Hashable {
    /// One file with the original names, as trainers publish them.
    case originalSingleFile
    /// One file with diffusers names behind the networks' folder names.
    case diffusersSingleFile
    /// A folder with one folder per network.
    case diffusersFolder
  }

  /// One network's share of a checkpoint.
  package struct Part: Sendable, Hashable {
    package let component: Component
    package fileprivate(set) var tensorCount = 0
    package fileprivate(set) var parameterCount = 0
    /// Bytes in the file.
    package fileprivate(set) var byteCount = 0
    /// Parameters by the format they are stored in.
    package fileprivate(set) var dataTypes: [StorageFormat: Int] = [:]
  }

  /// What was opened.
  package let url: URL
  package let layout: Layout
  package let kind: CheckpointKind
  /// All tensors by canonical name.
  package private(set) var tensors: [String: CheckpointTensor] = [:]
  /// Source names of tensors that no prediction needs, in order.
  package private(set) var ignored: [String] = []
  /// Names that are there to say something by their presence, as `v_pred` does: the ignored ones, without folders, of what
  /// the UNet comes from.
  package private(set) var markers: Set<String> = []
  /// The numbers in those of them that say something by their values, as the noise levels of EDM do.
  package private(set) var markerValues: [String: [Float]] = [:]
  /// Source names of tensors that mean nothing here, in order.
  package private(set) var unrecognised: [String] = []
  /// Those of them whose names say that they belong inside a network, by network: it is not built as usual.
  package private(set) var strangers: [Component: [String]] = [:]
  /// Configurations by component (`unet`, `vae`, `text_encoder`), and `scheduler`, `model_index`, `defaults` and their
  /// like. A single file carries them as one JSON object in its metadata under `config`; most carry none.
  package let configs: [String: JSONValue]
  /// The notes in the header of the file, or of the UNet's file.
  package let metadata: [String: String]
  /// The networks present, in the order unet, vae, text encoders.
  package private(set) var parts: [Part] = []

  /// Tensors from one place.
  struct Source {
    let tensors: CheckpointTensors
    /// The network that the place says it is; nil where names say it.
    var component: Component?
    /// The networks that are taken from it.
    var taken = Set(Component.allCases)
    /// Whether it is there for one network, and all else in it is of another model.
    var isPart = false
  }

  init(_ opening: Opening) throws {
    url = opening.url
    configs = opening.configs
    metadata = opening.unetSource?.tensors.metadata ?? [:]
    var shapes: [String: [Int]] = [:]
    var usesOriginalNames = false
    var found: [String: (tensor: CheckpointTensor, rank: Int)] = [:]
    for source in opening.sources {
      let elements = source.tensors.elements.sorted { $0.key < $1.key }
      // Every name with a meaning is ASCII; what looks at names need not fear other ones.
      let sourceShapes = Dictionary(
        uniqueKeysWithValues: elements.lazy.filter(\.key.isASCII).map { ($0.key.text, $0.value.info.shape) })
      let map = KeyMap(sourceShapes, component: source.component)
      let folder = source.component.map { "\($0.rawValue)/" } ?? ""
      var scales: [(names: [String], element: CheckpointTensors.Element)] = []
      for (key, element) in elements {
        let name = key.text
        let placement = key.isASCII ? map.place(name) : .unrecognised(in: nil)
        guard source.takes(placement) else { continue }
        if key.isASCII, shapes[name] == nil { shapes[name] = element.info.shape }
        switch placement {
        case .ignored:
          if source.taken.contains(.unet) {
            markers.formUnion([name, folder + name])
            if IgnorableNames.haveMeaning.contains(name) { markerValues[name] = try element.smallValues() }
          }
          if !source.isPart { ignored.append(folder + name) }
        case .unrecognised(let component):
          unrecognised.append(folder + name)
          if let component { strangers[component, default: []].append(folder + name) }
        case .scale(let targets):
          scales.append((targets, element))
          ignored.append(folder + name)
        case .tensors(let placed, let rank):
          for (canonical, part) in placed {
            if canonical != name { usesOriginalNames = true }
            if let other = found[canonical] {
              // Two sources claim the tensor: the better name wins.
              ignored.append(folder + (other.rank <= rank ? name : other.tensor.source))
              if other.rank <= rank { continue }
            }
            found[canonical] = (try CheckpointTensor(name: canonical, part: part, element: element), rank)
          }
        }
      }
      for scale in scales {
        for name in scale.names { try found[name]?.tensor.setScale(scale.element) }
      }
    }
    tensors = found.mapValues(\.tensor)
    ignored.sort { UTF8Name($0) < UTF8Name($1) }
    unrecognised.sort { UTF8Name($0) < UTF8Name($1) }
    layout = opening.layout ?? (usesOriginalNames ? .originalSingleFile : .diffusersSingleFile)
    let named = CheckpointKind(
      shapes: shapes, unrecognised: unrecognised, canonical: tensors.mapValues(\.shape), pipeline: opening.pipeline,
      configs: configs)
    kind = named == .unknown ? opening.kind ?? named : named
    parts = Self.parts(of: tensors)
  }

  private static func parts(of tensors: [String: CheckpointTensor]) -> [Part] {
    var parts: [String: Part] = [:]
    for (name, tensor) in tensors {
      let key = String(name.prefix { $0 != "." })
      guard let component = Component(rawValue: key) else { continue }
      var part = parts[key] ?? Part(component: component)
      part.tensorCount += 1
      part.parameterCount += tensor.elementCount
      part.byteCount += tensor.dataType.byteCount(of: tensor.elementCount) ?? 0
      part.dataTypes[tensor.dataType, default: 0] += tensor.elementCount
      parts[key] = part
    }
    return Component.allCases.compactMap { parts[$0.rawValue] }
  }

  /// The share of one network; nil when the checkpoint has none of it.
  package subscript(component: Component) -> Part? { parts.first { $0.component == component } }

  /// Tokens of textual inversions that were saved into the text encoders, beyond CLIP's own. Without their words no prompt
  /// names them: the tables are read without them.
  package var extraTokens: [Component: Int] {
    var counts: [Component: Int] = [:]
    for component in [Component.textEncoder, .textEncoder2] {
      let rows = tensors["\(component.rawValue).text_model.embeddings.token_embedding.weight"]?.extraRows ?? 0
      if rows > 0 { counts[component] = rows }
    }
    return counts
  }

  /// Whether the UNet takes the strength of guidance as an input, as those do that latent consistency models were distilled
  /// into.
  package var takesGuidanceAsInput: Bool { tensors["unet.time_embedding.cond_proj.weight"] != nil }
}

extension Checkpoint.Source {
  /// Whether a tensor in this place belongs to what is taken from here.
  fileprivate func takes(_ placement: KeyMap.Placement) -> Bool {
    switch placement {
    case .ignored: true
    case .unrecognised(let component): component.map(taken.contains) ?? !isPart
    case .scale(let names): names.contains(where: takes)
    case .tensors(let placed, _): placed.contains { takes($0.name) }
    }
  }

  private func takes(_ canonical: String) -> Bool {
    Component(rawValue: String(canonical.prefix { $0 != "." })).map(taken.contains) ?? false
  }
}

extension Checkpoint: TensorSource {
  package var meaningOfAbsence: String { "incomplete or of a model that is not supported" }
}
