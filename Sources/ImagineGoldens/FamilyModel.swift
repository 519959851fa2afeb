package import Foundation
package import ImagineCheckpoint
internal import ImagineGraph
internal import ImagineModels

/// A small model of a family's true structure, with weights by formula, written as a single file or as a diffusers folder.
///
/// `Tests/References/families_goldens.py` describes them, and has what diffusers draws with the same weights.
package struct FamilyModel {
  /// One weight: where it stands, and in what form the single file has it.
  package struct Row {
    package let path: String
    package let shape: [Int]
    /// The name in the single file.
    package let name: String
    /// `q`, `k` or `v`: a third of a tensor there; `transposed`; `conv`: with two more axes; `single`: only there.
    package let forms: Set<String>

    /// A weight under its own name.
    package init(path: String, shape: [Int]) { (self.path, self.shape, name, forms) = (path, shape, path, []) }

    fileprivate init(_ values: [Any]) throws {
      guard values.count == 4, let path = values[0] as? String, let shape = values[1] as? [Int],
        let name = values[2] as? String, let form = values[3] as? String
      else { throw Malformed(what: "\(values)") }
      self.path = path
      self.shape = shape
      self.name = name
      forms = Set(form.split(separator: " ").map(String.init))
    }
  }

  package struct Malformed: Error {
    package let what: String
  }

  package static let names = [
    "sd1", "sd1_inpainting", "sd1_edit", "sd1_lcm", "sd2", "sd2_v", "sd2_v_zero_snr", "sdxl", "sdxl_turbo", "sdxl_v",
    "sdxl_refiner", "sdxl_edm", "ssd_1b",
  ]

  package let rows: [Row]
  /// What the weights of some paths are multiplied by.
  package var factors: [String: Float] = [:]
  private let files: [String: Any]
  /// Tensors that say something by being there, some of them by their numbers.
  private let markers: [String: [Double]]
  private let notes: [String: String]

  package init(_ name: String) throws {
    let description = try Self.read(name) as? [String: Any] ?? [:]
    guard let table = description["tensors"] as? String, let tensors = try Self.read(table) as? [[Any]],
      let changes = description["changes"] as? [[Any]], let files = description["files"] as? [String: Any],
      let markers = description["markers"] as? [String: [Double]], let notes = description["notes"] as? [String: String]
    else { throw Malformed(what: name) }
    var rows: [String: Row] = [:]
    for row in try (tensors + changes).map(Row.init) { rows[row.path] = row }
    self.rows = rows.values.sorted { $0.path < $1.path }
    (self.files, self.markers, self.notes) = (files, markers, notes)
  }

  private static func read(_ name: String) throws -> Any {
    let url = Golden.url("families").appending(path: "\(name).json")
    return try JSONSerialization.jsonObject(with: Data(contentsOf: url))
  }

  /// The configurations of its networks, by component, as the single file has them.
  package func configurations() throws -> [String: JSONValue] {
    let text = try JSONSerialization.data(withJSONObject: networkSettings)
    var members: [String: JSONValue] = [:]
    for (key, value) in try JSONValue(parsing: String(decoding: text, as: UTF8.self)).object ?? [:] {
      members[key.text] = value
    }
    return members
  }

  private var networkSettings: [String: Any] {
    let networks = files.filter { $0.key.hasSuffix("/config.json") }
    return Dictionary(
      uniqueKeysWithValues: networks.map { (String($0.key.dropLast("/config.json".count)), $0.value) })
  }

  /// The numbers of a weight, in 32-bit floats.
  package static func values(_ row: Row) throws -> [Float] {
    let weights = SyntheticWeights([row.path: Shape(row.shape)])
    var values = [Float](repeating: 0, count: row.shape.reduce(1, *))
    try values.withUnsafeMutableBytes { try weights.read(row.path, as: .float32, into: $0) }
    return values
  }

  private func multipliedValues(_ row: Row) throws -> [Float] {
    let values = try Self.values(row)
    return factors[row.path].map { factor in values.map { $0 * factor } } ?? values
  }

  /// Writes the model as trainers publish it. Of configurations it holds those of the networks, since heads and groups of
  /// small networks cannot be told from shapes; what the noise was is said as files of the family say it.
  package func writeFile(to url: URL) throws {
    var tensors: [SafetensorsWriter.Tensor] = markers.map { name, values in
      .init(name: name, shape: [values.count], values: .float32(values.map(Float.init)))
    }
    for (name, rows) in Dictionary(grouping: rows, by: \.name) {
      let rows = rows.sorted { $0.path.third < $1.path.third }
      guard let first = rows.first else { continue }
      var values = try rows.flatMap(multipliedValues), shape = first.shape
      shape[0] *= rows.count
      if first.forms.contains("conv") { shape += [1, 1] }
      if first.forms.contains("transposed") {
        let (height, width) = (shape[0], shape[1])
        values = (0..<width).flatMap { column in (0..<height).map { values[$0 * width + column] } }
        shape = [width, height]
      }
      tensors.append(.init(name: name, shape: shape, values: .float32(values)))
    }
    let config = String(decoding: try JSONSerialization.data(withJSONObject: networkSettings), as: UTF8.self)
    try SafetensorsWriter.write(tensors, metadata: notes.merging(["config": config]) { $1 }, to: url)
  }

  /// Writes one network as a file of its own, under the names that it has in the whole model's file.
  package func writePart(_ component: String, to url: URL) throws {
    let own = rows.filter { $0.path.hasPrefix("\(component).") && !$0.forms.contains("single") }
    try FamilyModel(self, rows: own).writeFile(to: url)
  }

  private init(_ whole: FamilyModel, rows: [Row]) {
    self.rows = rows
    (files, markers, notes) = (whole.files, whole.markers, whole.notes)
  }

  /// Writes the model as diffusers does.
  package func writeFolder(to folder: URL) throws {
    for (path, settings) in files {
      let url = folder.appending(path: path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try JSONSerialization.data(withJSONObject: settings).write(to: url)
    }
    let kept = rows.filter { !$0.forms.contains("single") }
    for (component, rows) in Dictionary(grouping: kept, by: { String($0.path.prefix { $0 != "." }) }) {
      let tensors = try rows.map { row in
        SafetensorsWriter.Tensor(
          name: String(row.path.dropFirst(component.count + 1)), shape: row.shape,
          values: .float32(try multipliedValues(row)))
      }
      let name = component.hasPrefix("text_encoder") ? "model" : "diffusion_pytorch_model"
      try SafetensorsWriter.write(tensors, to: folder.appending(path: "\(component)/\(name).safetensors"))
    }
  }
}

extension String {
  /// Queries come before keys, and keys before values.
  fileprivate var third: Int {
    ["q_proj", "k_proj", "v_proj"].firstIndex { contains(".self_attn.\($0).") } ?? 0
  }
}
