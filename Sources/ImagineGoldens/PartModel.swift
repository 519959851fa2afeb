package import Foundation
package import ImagineCheckpoint

/// A small network that goes beside a `FamilyModel`, with weights by formula: a ControlNet, an adapter, an image encoder.
///
/// `Tests/References/control_goldens.py` describes them, and has what diffusers computes with the same ones.
package struct PartModel {
  /// One weight: where it stands here, and in what form the file of its authors has it.
  package struct Row {
    package let path: String
    package let shape: [Int]
    /// The name in the authors' file.
    package let name: String
    /// `k` or `v`: the first or second half of a tensor there.
    package let form: String
  }

  /// How it is written.
  package enum Layout: String, Sendable, CaseIterable {
    /// One file with the authors' names; its configuration is in the metadata, if there is one.
    case original
    /// diffusers' folder.
    case folder
  }

  /// As the part's names begin.
  package let kind: String
  /// Of the model that it goes with.
  package let family: String
  package let rows: [Row]
  /// The configuration as JSON; nil for none.
  package let configuration: Data?
  private let className: String
  /// Stands before the paths that weights follow from: another network of the same structure.
  package var salt = ""
  /// Takes the place of weights by formula, by path.
  package var values: [String: [Float]] = [:]

  package init(_ name: String) throws {
    let url = Golden.url("control").appending(path: "\(name).json")
    guard let description = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any],
      let kind = description["kind"] as? String, let family = description["family"] as? String,
      let className = description["class"] as? String, let rows = description["rows"] as? [[Any]]
    else { throw FamilyModel.Malformed(what: name) }
    (self.kind, self.family, self.className) = (kind, family, className)
    self.rows = try rows.map { values in
      guard values.count == 4, let path = values[0] as? String, let shape = values[1] as? [Int],
        let name = values[2] as? String, let form = values[3] as? String
      else { throw FamilyModel.Malformed(what: "\(values)") }
      return Row(path: path, shape: shape, name: name, form: form)
    }
    var config = description["config"] as? [String: Any]
    if !className.isEmpty { config?["_class_name"] = className }
    configuration = try config.map { try JSONSerialization.data(withJSONObject: $0) }
  }

  /// The numbers of a weight, in 32-bit floats.
  package func floats(_ row: Row) throws -> [Float] {
    try values[row.path] ?? FamilyModel.values(.init(path: salt + row.path, shape: row.shape))
  }

  /// The tensors as a file of the layout has them.
  ///
  /// - Parameter prefix: stands before the authors' names.
  package func tensors(_ layout: Layout, prefix: String = "") throws -> [SafetensorsWriter.Tensor] {
    if layout == .folder {
      return try rows.map {
        .init(name: String($0.path.dropFirst(kind.count + 1)), shape: $0.shape, values: .float32(try floats($0)))
      }
    }
    return try Dictionary(grouping: rows, by: \.name).map { name, rows in
      let rows = rows.sorted { $0.form < $1.form }
      var shape = rows[0].shape
      shape[0] *= rows.count
      return .init(name: prefix + name, shape: shape, values: .float32(try rows.flatMap(floats)))
    }
  }

  /// Writes it, and gives its place.
  package func write(_ layout: Layout, in folder: URL, name: String, prefix: String = "") throws -> URL {
    let tensors = try tensors(layout, prefix: prefix)
    if layout == .original {
      let url = folder.appending(path: "\(name).safetensors")
      let metadata = configuration.map { ["config": "{\"\(kind)\": \(String(decoding: $0, as: UTF8.self))}"] } ?? [:]
      try SafetensorsWriter.write(tensors, metadata: metadata, to: url)
      return url
    }
    let url = folder.appending(path: name, directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    if let configuration { try configuration.write(to: url.appending(path: "config.json")) }
    let file = kind == "image_encoder" ? "model" : "diffusion_pytorch_model"
    try SafetensorsWriter.write(tensors, to: url.appending(path: "\(file).safetensors"))
    return url
  }
}
