public import Foundation
internal import ImagineEngine

/// What went wrong, in words for the person at the keyboard.
public struct ImagineError: Error, Sendable, Hashable, CustomStringConvertible, LocalizedError {
  /// Stable names for programs to tell failures apart.
  public struct Code: RawRepresentable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A request that cannot be rendered as it stands: a size, a number of steps, a guidance scale.
    public static let invalidRequest = Code(rawValue: "invalid-request")
    /// A file or folder that is not there, cannot be read, or is damaged.
    public static let unreadableModel = Code(rawValue: "unreadable-model")
    /// A readable file that is no model this version can run: a LoRA, another family.
    public static let unsupportedModel = Code(rawValue: "unsupported-model")
    /// A model with weights missing or of the wrong shape.
    public static let incompleteModel = Code(rawValue: "incomplete-model")
    /// Not enough memory.
    public static let outOfMemory = Code(rawValue: "out-of-memory")
    /// No device has the name or number asked for.
    public static let unknownDevice = Code(rawValue: "unknown-device")
    /// A device that failed, or cannot be used.
    public static let deviceFailed = Code(rawValue: "device-failed")
    /// The model produced values that are no numbers; no picture was made.
    public static let nonFiniteValues = Code(rawValue: "non-finite-values")
    /// A picture that was given and is not there, cannot be read, is damaged, or of a format that is not read.
    public static let unreadablePicture = Code(rawValue: "unreadable-picture")
    /// A picture or dump that could not be written.
    public static let unwritableOutput = Code(rawValue: "unwritable-output")
    /// A file that could not be fetched: it is not there, came damaged, or the connection was lost.
    public static let downloadFailed = Code(rawValue: "download-failed")
    /// A file that its host does not give to everybody.
    public static let accessDenied = Code(rawValue: "access-denied")
    /// A name that could not be understood.
    public static let invalidText = Code(rawValue: "invalid-text")
    /// A mistake of this library's own.
    public static let internalError = Code(rawValue: "internal-error")
  }

  public let code: Code
  /// One sentence that names the thing and the way out.
  public let message: String
  /// Choices that would avoid it, the best first.
  public let remedies: [Remedy]
  /// The file or folder that it is about; nil if it is about none.
  public let path: String?
  /// What computed, if it is about a device.
  public let device: String?
  /// What was thrown further down, for logs; nil if it began here.
  public let cause: (any Error)?

  public init(
    _ code: Code, _ message: String, remedies: [Remedy] = [], path: String? = nil, device: String? = nil,
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.remedies = remedies
    self.path = path
    self.device = device
    self.cause = cause
  }

  public var description: String { message }
  public var errorDescription: String? { message }

  /// Errors are equal that say the same, whatever they come from.
  public static func == (one: ImagineError, other: ImagineError) -> Bool {
    one.code == other.code && one.message == other.message && one.path == other.path && one.device == other.device
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(code)
    hasher.combine(message)
  }
}

extension ImagineError {
  /// Runs `body`; whatever the layers below throw comes out as an `ImagineError`, cancellation as itself.
  package static func translating<Result>(path: URL? = nil, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw translated(error, path: path) }
  }

  static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
    do { return try await body() } catch { throw translated(error) }
  }

  static func translated(_ error: any Error, path: URL? = nil) -> any Error {
    switch EngineError.translated(error) {
    case let error as EngineError:
      error.cause as? ImagineError
        ?? ImagineError(
          Code(rawValue: error.code.rawValue), error.message, remedies: error.remedies.map(Remedy.init),
          path: error.path ?? path?.path(percentEncoded: false), device: error.device, cause: error.cause)
    case let other: other
    }
  }
}
