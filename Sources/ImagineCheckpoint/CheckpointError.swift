/// Why a file could not be read as weights, or written.
///
/// The description is one sentence that names the file or tensor and says what to do; `code` never changes between
/// releases, so programs can test it.
package struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What went wrong, as an identifier that stays the same from release to release.
  package enum Code: String, Sendable, CaseIterable {
    case fileNotFound
    case notAFile
    case unreadableFile
    case unsupportedFormat
    case refusedPickle
    case truncatedFile
    case changedFile
    case invalidHeader
    case invalidTensor
    case unsupportedDataType
    case invalidIndex
    case missingShard
    case missingTensor
    case missingNetwork
    case elementCountMismatch
    case unrepresentableValue
    case invalidConfiguration
    case notAModelFolder
    case missingWeights
    case cannotWrite
  }

  /// The stable identifier of the failure.
  package let code: String
  /// One sentence for people.
  package let description: String

  package init(_ code: Code, _ description: String) {
    self.code = code.rawValue
    self.description = description
  }
}
