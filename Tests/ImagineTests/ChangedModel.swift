import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGraph

/// The tiny model under diffusers names in one file, with something changed.
struct ChangedModel {
  /// Weights to leave out, by the beginnings of their names.
  var removed: [String] = []
  /// Tensors to add, of zeros.
  var added: [(name: String, shape: [Int])] = []
  /// A weight to give another shape, as long as its values go.
  var reshaped: (name: String, shape: [Int])?
  /// Notes to add to the header.
  var notes: [String: String] = [:]
  /// Settings to put into its configuration, by part and key, as JSON.
  var settings: [(part: String, key: String, value: String)] = []

  func write(to url: URL) throws {
    let checkpoint = try Checkpoint.open(TinyModel.file)
    var tensors: [SafetensorsWriter.Tensor] = try checkpoint.tensors.values.compactMap { tensor in
      if removed.contains(where: tensor.name.hasPrefix) { return nil }
      let shape = reshaped?.name == tensor.name ? reshaped?.shape : nil
      var values = [Float](repeating: 0, count: tensor.elementCount)
      try values.withUnsafeMutableBytes { try checkpoint.read(tensor.name, as: .float32, into: $0) }
      return .init(
        name: tensor.name, shape: shape ?? tensor.shape,
        values: .float32(shape.map { Array(values.prefix($0.reduce(1, *))) } ?? values))
    }
    tensors += added.map { name, shape in
      .init(name: name, shape: shape, values: .float32([Float](repeating: 0, count: shape.reduce(1, *))))
    }
    let metadata = try checkpoint.metadata.merging(["config": config(checkpoint.metadata["config"] ?? "{}")]) { $1 }
    try SafetensorsWriter.write(tensors, metadata: metadata.merging(notes) { $1 }, to: url)
  }

  private func config(_ text: String) throws -> String {
    var object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    for (part, key, value) in settings {
      var members = object[part] as? [String: Any] ?? [:]
      members[key] = try JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
      object[part] = members
    }
    return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
  }
}
