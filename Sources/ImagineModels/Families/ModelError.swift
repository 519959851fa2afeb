package import ImagineCheckpoint

/// A checkpoint that no model can be made of.
package struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable {
    /// Weights are missing or of the wrong shape.
    case incomplete
    /// Numbers in the configuration contradict each other or the weights.
    case invalidConfiguration
    /// Another kind of file or a family this version does not run.
    case unsupported
  }

  package let code: Code
  package let description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// Numbers of the model that contradict each other.
  static func contradiction(_ problem: String) -> ModelError {
    ModelError(.invalidConfiguration, "The model does not fit together: \(problem). Check where it comes from.")
  }

  /// A setting that cannot be drawn by.
  ///
  /// - Parameter need: what would do, as the end of a sentence.
  package static func setting(_ place: String, _ key: String, _ value: JSONValue, _ need: String) -> ModelError {
    ModelError(
      .unsupported,
      "The model has the setting \(place).\(key.visible()) = \(value.shortDescription), and \(need): use another model."
    )
  }
}

extension JSONValue {
  /// The value as a message shows it.
  package var shortDescription: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let value): quoted(String(String.UnicodeScalarView(value.unicodeScalars.prefix(60))))
    case .array(let values):
      "[\(values.prefix(4).map(\.shortDescription).joined(separator: ", "))\(values.count > 4 ? ", …" : "")]"
    case .object: "{…}"
    }
  }
}
