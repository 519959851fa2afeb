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

  public init() {}
}
