internal import ImagineEngine

/// Something the person should know about a request that is drawn all the same.
public struct Notice: Sendable, Hashable, CustomStringConvertible {
  /// Stable names for programs to tell notices apart.
  public struct Code: RawRepresentable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A prompt holds something that is read otherwise than may be meant: as text, as a weight, or not at all.
    public static let promptLanguage = Code(rawValue: "prompt-language")
    /// A negative prompt without effect.
    public static let negativePrompt = Code(rawValue: "negative-prompt")
    /// A setting that the sampler has no use for.
    public static let settings = Code(rawValue: "settings")
    /// A size far from the model's own.
    public static let unusualSize = Code(rawValue: "unusual-size")
    /// Another device computes than might be expected.
    public static let device = Code(rawValue: "device")
    /// The picture is drawn with less memory, or may not fit.
    public static let memory = Code(rawValue: "memory")
    /// What a device could not do is done another way.
    public static let fallback = Code(rawValue: "fallback")
    /// Something about the model's files.
    public static let model = Code(rawValue: "model")
  }

  public let code: Code
  /// One sentence, or a few.
  public let message: String
  /// Choices that avoid what it tells of, the best first.
  public let remedies: [Remedy]

  public init(_ code: Code, _ message: String, remedies: [Remedy] = []) {
    self.code = code
    self.message = message
    self.remedies = remedies
  }

  init(_ notice: EngineNotice) {
    self.init(
      Code(rawValue: notice.code.rawValue), notice.message, remedies: notice.remedies.map(Remedy.init))
  }

  public var description: String { message }
}
