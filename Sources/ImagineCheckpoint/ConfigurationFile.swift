package import Foundation

/// The small files beside the weights.
package enum ConfigurationFile {
  /// Far above any real configuration or index.
  private static let maximumLength = 8_000_000

  /// Reads a JSON object.
  package static func read(_ url: URL) throws -> JSONValue {
    try contents(of: url) { bytes, name in try parse(bytes, name: name) }
  }

  /// Reads the configuration of a training program; see `YAMLReader`.
  ///
  /// - Parameter purpose: what the file does, in words that fit after its name.
  static func readYAML(_ url: URL, about purpose: String = "lies beside the model") throws -> JSONValue {
    try contents(of: url) { bytes, name in
      do {
        return try YAMLReader.read(bytes)
      } catch let error as YAMLError {
        throw CheckpointError(
          .invalidConfiguration,
          "\(quoted(name)) \(purpose) and cannot be understood (\(error)): mend it, or move it away if that is not what it is "
            + "for.")
      }
    }
  }

  /// Reads the JSON object in a string found in a file's metadata.
  static func parse(_ text: String, name: String) throws -> JSONValue {
    var text = text
    return try text.withUTF8 { try parse(UnsafeRawBufferPointer($0), name: name) }
  }

  private static func contents<Result>(
    of url: URL, _ body: (UnsafeRawBufferPointer, _ name: String) throws -> Result
  ) throws -> Result {
    let file = try MappedFile(url)
    let name = "\(url.deletingLastPathComponent().lastPathComponent)/\(url.lastPathComponent)"
    guard file.bytes.count <= maximumLength else { throw tooLarge(name) }
    return try withExtendedLifetime(file) { try body(file.bytes, name) }
  }

  private static func tooLarge(_ name: String) -> CheckpointError {
    CheckpointError(.invalidConfiguration, "\(quoted(name)) is too large to be a configuration: download it again.")
  }

  private static func parse(_ bytes: UnsafeRawBufferPointer, name: String) throws -> JSONValue {
    guard bytes.count <= maximumLength else { throw tooLarge(name) }
    do {
      let value = try JSONValue(parsing: bytes)
      if case .object = value { return value }
      throw JSONError(offset: 0, reason: "an object was expected")
    } catch let error as JSONError {
      throw CheckpointError(.invalidConfiguration, "\(quoted(name)) is not valid JSON (\(error)): download it again.")
    }
  }
}
