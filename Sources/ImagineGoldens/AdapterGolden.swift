package import Foundation
internal import ImagineCheckpoint

/// A LoRA file of one dialect for one of the small family models, with what it makes of the weights.
///
/// `Tests/References/adapters_dialects.py` describes them.
package struct AdapterGolden: Decodable, Sendable, CustomStringConvertible {
  package let dialect: String
  /// Of `FamilyModel`.
  package let model: String
  private let file: String
  private let notes: [String: String]
  /// What stands in PEFT's adapter_config.json.
  private let config: [String: Setting]?
  /// Shapes by the end of the name, by its beginning.
  private let tensors: [String: [String: [Int]]]
  private let numbers: [String: Float]
  /// Two products of each weight after with numbers by formula.
  package let merged: [String: [Double]]

  package var description: String { "\(dialect), \(model)" }
  /// How many tensors the file has.
  package var tensorCount: Int { numbers.count + tensors.values.reduce(0) { $0 + $1.count } }

  private struct Table: Decodable {
    let files: [AdapterGolden]
  }

  package static let all: [AdapterGolden] = {
    let url = Golden.url("adapters").appending(path: "dialects.json")
    return (try? JSONDecoder().decode(Table.self, from: Data(contentsOf: url)))?.files ?? []
  }()

  /// The file of a dialect for a model.
  package static func of(_ dialect: String, _ model: String) throws -> AdapterGolden {
    guard let found = all.first(where: { $0.dialect == dialect && $0.model == model }) else {
      throw FamilyModel.Malformed(what: "\(dialect), \(model)")
    }
    return found
  }

  /// Writes the file, and its configuration beside it, with tensors by the formula that the oracle used.
  ///
  /// - Parameters:
  ///   - name: without an ending; nil for its own.
  ///   - changed: changes the tensors by name.
  package func write(
    to folder: URL, name: String? = nil,
    changing changed: (inout [String: (shape: [Int], values: [Float])]) -> Void = { _ in }
  ) throws -> URL {
    var contents: [String: (shape: [Int], values: [Float])] = numbers.mapValues { ([], [$0]) }
    for (stem, ends) in tensors {
      for (end, shape) in ends {
        let row = FamilyModel.Row(path: stem + end, shape: shape)
        contents[row.path] = (shape, try FamilyModel.values(row))
      }
    }
    changed(&contents)
    if let config { try JSONEncoder().encode(config).write(to: folder.appending(path: "adapter_config.json")) }
    let url = folder.appending(path: name.map { "\($0).safetensors" } ?? file)
    let list = contents.map { SafetensorsWriter.Tensor(name: $0, shape: $1.shape, values: .float32($1.values)) }
    try SafetensorsWriter.write(list, metadata: notes, to: url)
    return url
  }

  /// A value of a configuration.
  private enum Setting: Codable, Sendable {
    case bool(Bool), number(Double), text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .bool(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      }
    }
  }
}
