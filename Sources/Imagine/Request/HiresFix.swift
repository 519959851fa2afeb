internal import ImagineEngine

/// A second pass at a larger size: composition from the small picture, detail from the large one.
public struct HiresFix: Sendable, Hashable {
  /// How the small picture is made larger.
  public struct Upscaler: Sendable, Hashable {
    let kind: Enlargement

    /// Its latents, bilinear: AUTOMATIC1111's "Latent".
    public static let latent = Upscaler(kind: .latent)
    /// The picture, with a Lanczos filter.
    public static let lanczos = Upscaler(kind: .lanczos)

    /// Every upscaler there is.
    public static let all = Enlargement.allCases.map(Upscaler.init)

    public var name: String { kind.rawValue }
    /// The name in AUTOMATIC1111, such as `Latent (bicubic antialiased)`.
    public var label: String {
      let words = kind.rawValue.split(separator: "_").map(String.init)
      let first = words[0].prefix(1).uppercased() + words[0].dropFirst()
      let rest = kind == .latentNearestExact ? "nearest-exact" : words.dropFirst().joined(separator: " ")
      return rest.isEmpty ? first : "\(first) (\(rest))"
    }

    private init(kind: Enlargement) { self.kind = kind }

    /// Reads an upscaler's name, also as AUTOMATIC1111 writes it, such as `Latent (bicubic antialiased)`.
    ///
    /// - Throws: `ImagineError` with the list of upscalers.
    public init(named name: String) throws {
      let key = name.lowercased().split { !$0.isLetter }.joined(separator: "_")
      guard let kind = Enlargement(rawValue: key) else {
        throw ImagineError(
          .invalidText,
          "No upscaler is called \"\(name)\": choose one of \(Self.all.map(\.name).joined(separator: ", ")).")
      }
      self.kind = kind
    }
  }

  /// How many times larger each side becomes.
  public var scale = 2.0
  /// The size to come to in place of `scale`.
  public var size: Size?
  /// Of the second pass; nil is as many as in the first.
  public var steps: Int?
  /// How much of the picture the second pass changes, 0...1.
  public var strength = 0.7
  public var upscaler = Upscaler.latent
  /// A network that makes the picture larger, in place of `upscaler`; it is opened on the engine of the pipeline.
  public var upscalerModel: UpscalerModel?

  public init() {}
}
