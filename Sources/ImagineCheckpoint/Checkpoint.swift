package import Foundation
package import ImagineGraph

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
    package fileprivate(set) var dataTypes: [DataType: Int] = [:]
  }

  /// What was opened.
  package let url: URL
  package let layout: Layout
  package let kind: CheckpointKind
  /// All tensors by canonical name.
  package private(set) var tensors: [String: CheckpointTensor] = [:]
  /// Source names of tensors that no prediction needs, in order.
  package private(set) var ignored: [String] = []
  /// The same without folders: some are there to say something by their presence, as `v_pred` does.
  package var markers: Set<String> { Set(ignored.map { String($0.drop { $0 != "/" }.dropFirst()) } + ignored) }
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
    let component: Component?
  }

  init(url: URL, layout: Layout?, sources: [Source], configs: [String: JSONValue], pipeline: String?) throws {
    self.url = url
    self.configs = configs
    metadata = (sources.first { $0.component == .unet } ?? sources.first)?.tensors.metadata ?? [:]
    var shapes: [String: [Int]] = [:]
    var usesOriginalNames = false
    var found: [String: (tensor: CheckpointTensor, rank: Int)] = [:]
    for source in sources {
      let elements = source.tensors.elements.sorted { $0.key < $1.key }
      // Every name with a meaning is ASCII; what looks at names need not fear other ones.
      let sourceShapes = Dictionary(
        uniqueKeysWithValues: elements.lazy.filter(\.key.isASCII).map { ($0.key.text, $0.value.info.shape) })
      shapes.merge(sourceShapes) { first, _ in first }
      let map = KeyMap(sourceShapes, component: source.component)
      let folder = source.component.map { "\($0.rawValue)/" } ?? ""
      var scales: [(name: String, element: CheckpointTensors.Element)] = []
      for (key, element) in elements {
        let name = key.text
        switch key.isASCII ? map.place(name) : .unrecognised(in: nil) {
        case .ignored: ignored.append(folder + name)
        case .unrecognised(let component):
          unrecognised.append(folder + name)
          if let component { strangers[component, default: []].append(folder + name) }
        case .scale(let target):
          scales.append((target, element))
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
      for scale in scales { try found[scale.name]?.tensor.setScale(scale.element) }
    }
    tensors = found.mapValues(\.tensor)
    ignored.sort { UTF8Name($0) < UTF8Name($1) }
    unrecognised.sort { UTF8Name($0) < UTF8Name($1) }
    self.layout = layout ?? (usesOriginalNames ? .originalSingleFile : .diffusersSingleFile)
    kind = CheckpointKind(
      shapes: shapes, unrecognised: unrecognised, canonical: tensors.mapValues(\.shape), pipeline: pipeline)
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
      part.byteCount += tensor.elementCount * tensor.dataType.size
      part.dataTypes[tensor.dataType, default: 0] += tensor.elementCount
      parts[key] = part
    }
    return Component.allCases.compactMap { parts[$0.rawValue] }
  }

  /// The share of one network; nil when the checkpoint has none of it.
  package subscript(component: Component) -> Part? { parts.first { $0.component == component } }
}

extension Checkpoint: WeightSource {
  /// Writes the named tensor, row-major in its canonical layout, converted to `type`, into `destination`.
  ///
  /// - Throws: `CheckpointError` when the tensor is absent, has another number of elements, or holds values that `type`
  ///   cannot.
  package func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
    try tensor(name).read(as: type, into: destination)
  }

  /// The same for some of the elements of a tensor that must have `count`.
  package func read(
    _ name: String, as type: ElementType, elements: Range<Int>, of count: Int,
    into destination: UnsafeMutableRawBufferPointer
  ) throws {
    try tensor(name).read(elements, of: count, as: type, into: destination)
  }

  package func storedType(_ name: String) -> ElementType? { tensors[name]?.storedType }

  package func lend<Result>(
    _ name: String, count: Int, _ body: (ElementType, UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? { try tensor(name).lend(count: count, body) }

  private func tensor(_ name: String) throws -> CheckpointTensor {
    guard let tensor = tensors[name] else {
      throw CheckpointError(
        .missingTensor,
        "\(quoted(url.lastPathComponent)) has no tensor \(quoted(name)): the file is incomplete or of a model that is not "
          + "supported.")
    }
    return tensor
  }
}
