/// A picture that drawing begins from, and how much of it is to change.
public struct InitialImage: Sendable, Hashable {
  public var picture: SourcePicture
  /// How much of it is changed, 0...1: at 0 it stays, at 1 only its size is left. Nil is 0.75; 1 for pictures that grow, and for
  /// models that are told what to keep.
  public var strength: Double?
  /// How it is brought to the request's size. Without a size in the request, the picture's own is taken.
  public var resizing = Resizing.crop
  /// The part that alone is changed; nil is all of it.
  public var mask: Mask?
  /// Pixels that are added around it and painted.
  public var margins = Margins()

  public init(_ picture: SourcePicture) { self.picture = picture }
}

/// How a picture is brought to another size.
public enum Resizing: String, Sendable, Hashable, CaseIterable {
  /// Without regard to its proportions.
  case stretch
  /// Its middle, cut to the new proportions.
  case crop
  /// All of it, with its edges drawn out to the new proportions.
  case fill
  /// Its latents, without regard to proportions.
  case latent
}

/// A part of a picture that alone is to be changed.
public struct Mask: Sendable, Hashable {
  /// What stands there before the first step.
  public enum Content: String, Sendable, Hashable, CaseIterable {
    /// What the picture has there.
    case original
    /// The colours around it.
    case fill
    /// Noise.
    case noise
    /// Nothing: latents of zero.
    case nothing
  }

  /// White is painted anew, black stays. Of any size: it is brought to the picture's.
  public var picture: SourcePicture
  /// How far its edge is softened, in pixels.
  public var blur = 4
  /// Whether black is painted anew instead.
  public var isInverted = false
  public var content = Content.original
  /// Whether the masked part alone is drawn, at the request's size, with so many pixels around it; nil draws the whole.
  public var padding: Int?

  public init(_ picture: SourcePicture) { self.picture = picture }
}

/// Pixels added at the sides of a picture.
public struct Margins: Sendable, Hashable {
  public var left: Int
  public var top: Int
  public var right: Int
  public var bottom: Int

  public init(left: Int = 0, top: Int = 0, right: Int = 0, bottom: Int = 0) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }
}
