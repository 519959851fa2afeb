package import Foundation

/// An image upscaler as people have it, opened: every tensor under the name that BasicSR gives it, behind `upscaler.`, none
/// of them read yet.
package struct UpscalerFile: TensorSource {
  package let url: URL
  /// All tensors by canonical name, those among them that no network reads.
  package let tensors: [String: CheckpointTensor]
  /// Which files they come from.
  package let shares: Set<Checkpoint.Share>

  /// What stands before every canonical name.
  package static let prefix = "upscaler"

  /// - Throws: `CheckpointError` for a file that cannot be read as weights.
  package init(_ url: URL) throws {
    let contents = try CheckpointTensors(url)
    let elements = contents.elements.filter(\.key.isASCII)
    let map = UpscalerKeyMap(elements.keys.map(\.text))
    var tensors: [String: CheckpointTensor] = [:]
    // In order of names, so that of two spellings of one tensor the same counts every time.
    for (key, element) in elements.sorted(by: { $0.key < $1.key }) {
      guard let canonical = map.canonical(key.text) else { continue }
      let name = "\(Self.prefix).\(canonical)"
      tensors[name] = try CheckpointTensor(name: name, part: .whole, element: element)
    }
    self.url = url
    self.tensors = tensors
    shares = Set(contents.files.map { Checkpoint.Share(network: Self.prefix, file: $0.version) })
  }

  package var meaningOfAbsence: String { "incomplete" }
}
