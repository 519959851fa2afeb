/// What went wrong, in words for the person at the keyboard.
public struct ImagineError: Error, Sendable, Hashable, CustomStringConvertible {
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
    /// A picture or dump that could not be written.
    public static let unwritableOutput = Code(rawValue: "unwritable-output")
    /// A name that could not be understood.
    public static let invalidText = Code(rawValue: "invalid-text")
    /// A mistake of this library's own.
    public static let internalError = Code(rawValue: "internal-error")
  }

  public let code: Code
  /// One sentence that names the thing and the way out.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
